/** What the size of the window costs. One call in ten rejects, so that outcomes of both kinds come and go. */
import { circuitBreaker } from '@seaworthy/circuit-breaker'
import * as cockatiel from 'cockatiel'
import * as mollitia from 'mollitia'
import Opossum from 'opossum'
import { type AsyncFunction, bare, type Contender, type Execute, type Subject } from '../harness.ts'
import { failsOneInTen, passesOutcomesOn } from './functions.ts'

const call = (fn: AsyncFunction): Promise<unknown> => fn()

/** A window costs what it costs once it is full. */
async function filled(execute: Execute, calls: number): Promise<Execute> {
  const fn = failsOneInTen()
  for (let i = 0; i < calls; i++) await execute(fn).catch(() => {})
  return execute
}

const ownWindow = (calls: number): Contender => ({
  name: `seaworthy: ${calls.toLocaleString('en-US')} calls`,
  build: () => {
    const policy = circuitBreaker({
      failureThreshold: false,
      failureRate: 0.95,
      window: { calls },
      minimumRequests: Math.min(calls, 100),
    })
    return filled((fn) => policy.execute(fn), calls)
  },
})

const cockatielWindow = (size: number): Contender => ({
  name: `cockatiel: ${size.toLocaleString('en-US')} calls`,
  build: () => {
    const policy = cockatiel.circuitBreaker(cockatiel.handleAll, {
      halfOpenAfter: 10_000,
      breaker: new cockatiel.CountBreaker({
        threshold: 0.95,
        size,
        minimumNumberOfCalls: Math.min(size, 100),
      }),
    })
    return filled((fn) => policy.execute(fn), size)
  },
})

const mollitiaWindow = (size: number): Contender => ({
  name: `mollitia: ${size.toLocaleString('en-US')} calls`,
  build: () => {
    const breaker = new mollitia.SlidingCountBreaker({
      slidingWindowSize: size,
      minimumNumberOfCalls: Math.min(size, 100),
      failureRateThreshold: 95,
    })
    const circuit = new mollitia.Circuit({ options: { modules: [breaker] } })
    return filled((fn) => circuit.fn(fn).execute(), size)
  },
})

const opossumWindow = (buckets: number): Contender => ({
  name: `opossum: 10 s in ${buckets.toLocaleString('en-US')} buckets`,
  build: () => {
    const breaker = new Opossum(call, {
      timeout: false,
      errorThresholdPercentage: 95,
      volumeThreshold: 100,
      enableSnapshots: false,
      rollingPercentilesEnabled: false,
      rollingCountTimeout: 10_000,
      rollingCountBuckets: buckets,
    })
    return filled((fn) => breaker.fire(fn), 100)
  },
})

/** Peers stop where filling the window alone would take minutes. */
const windows: readonly Contender[] = [
  ...[10, 100, 1_000, 10_000, 100_000, 1_000_000].map(ownWindow),
  ...[10, 1_000, 100_000, 1_000_000].map(cockatielWindow),
  ...[10, 1_000].map(mollitiaWindow),
  ...[10, 10_000].map(opossumWindow),
]

export const windowSubjects: readonly Subject[] = [
  {
    name: 'window',
    title: 'Circuit breaker closed, one call in ten rejects, by the size of the window',
    contenders: [bare, ...windows],
    functions: () => [failsOneInTen()],
    verify: passesOutcomesOn(failsOneInTen),
    rejects: true,
    period: 10,
  },
]
