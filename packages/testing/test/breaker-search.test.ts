import { explore, type BreakerRules } from '@seaworthy/testing'
import { expect, test } from 'vitest'
import { search, transition } from './breaker-search.ts'

const base: BreakerRules = {
  mode: 'enabled', failureThreshold: Infinity, failureRate: 0.5, slowCallDuration: Infinity, slowCallRate: Infinity,
  window: { calls: 3 }, minimumRequests: 2, successThreshold: 1, halfOpen: { concurrency: 1, failures: 0, lease: 2 },
  resetOn: 'close', recovery: () => 2,
}
test.each([
 [3,2,2,1,1,2],[5,3,3,2,2,4],[8,5,3,3,2,5],
])('scale %j', (w,m,r,p,s,f) => {
  for (const manual of [false,true]) {
  const rules = { ...base, window: {calls:w}, minimumRequests:m, recovery: () => r, successThreshold:s, halfOpen:{concurrency:p, failures:0, lease:r}}
  const seen = explore({ ...search({ rules, inFlight: f, manual, lastOpening: 1 }), transition })
  console.log([w,m,r,p,s,f,manual].join(), JSON.stringify(seen))
  }
}, 600_000)
