import type { DrillEvent, DrillFact } from '@seaworthy/drill'
import { expect, it } from 'vitest'
import { lineFor } from '../src/progress.ts'

const event = (fact: DrillFact): DrillEvent => ({
  sequence: 1,
  at: 12_345,
  on: 'real',
  phase: 'CHAOS_INJECTION',
  ...fact,
})
const injection = { type: 'injection', injection: 'x-1', scenario: 'datastore_outage' } as const

it('says what is broken and when it is well again, one line each', () => {
  expect(lineFor(event({ type: 'phase.started', phase: 'CHAOS_INJECTION' }))).toBe(
    'breaking one thing after the other …',
  )
  expect(lineFor(event({ ...injection, happened: 'injected', targets: ['Redis'] }))).toBe(
    '    12.3 s  datastore outage: Redis',
  )
  expect(lineFor(event({ ...injection, happened: 'recovered', took: 1700 }))).toBe(
    '    12.3 s  datastore outage: over, well again after 1.7 s',
  )
  expect(lineFor(event({ ...injection, happened: 'refused', reason: 'notSteady' }))).toBe(
    '    12.3 s  datastore outage: refused, notSteady',
  )
})

it('says why something failed or was left out, and nothing else', () => {
  expect(lineFor(event({ type: 'phase.ended', phase: 'CLEANUP', outcome: 'failed', reason: 'stuck' }))).toBe(
    'cleaning up: failed, stuck',
  )
  expect(lineFor(event({ type: 'scenario.skipped', scenario: 'latency_spike', reason: 'why' }))).toBe(
    '  latency spike: why',
  )
  expect(lineFor(event({ type: 'phase.ended', phase: 'CLEANUP', outcome: 'completed' }))).toBeUndefined()
  expect(lineFor(event({ ...injection, happened: 'removed' }))).toBeUndefined()
  expect(lineFor(event({ type: 'traffic.ended', sent: 1, unanswered: 0 }))).toBeUndefined()
})
