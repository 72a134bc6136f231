import { type CircuitRules, circuitBreaker } from '@seaworthy/circuit-breaker'
import { describe, expect, it } from 'vitest'
import {
  type BreakerReport,
  type BreakerTestId,
  type BreakerTestResult,
  breakerOptions,
  testBreaker,
  transitionCoverage,
} from '../src/index.ts'
import { type Bug, toyBreaker } from './toy-breaker.ts'

const ours = (options?: CircuitRules) =>
  testBreaker((setup) => circuitBreaker(breakerOptions(setup)), options && { options })

const failures = ({ tests }: BreakerReport): string[] =>
  tests.flatMap(({ id, evidence }) =>
    Object.values(evidence).flatMap((part) => ('failure' in part ? [`${id}: ${part['failure']}`] : [])),
  )

describe('the seven breaker tests', () => {
  it('pass for the circuit breaker of the house, and come by all twelve changes of state and no other', async () => {
    const report = await ours()
    expect(failures(report)).toEqual([])
    expect(report.tests.map(({ id, passed }) => [id, passed])).toEqual(
      ['CB1', 'CB2', 'CB3', 'CB4', 'CB5', 'CB6', 'CB7'].map((id) => [id, true]),
    )
    expect(report.coverage).toMatchObject({ missing: [], illegal: [], share: 1 })
    expect(Object.keys(report.coverage.seen)).toHaveLength(12)
    expect(report.passed).toBe(true)
  })

  it('pass for a right breaker of another make', async () => {
    const report = await testBreaker(toyBreaker())
    expect(failures(report)).toEqual([])
    expect(report).toMatchObject({ passed: true, coverage: { missing: [], illegal: [], share: 1 } })
  })

  it('show figures: CB4 waits 1, 2, 4, 8, 16, 30, 30, 30 seconds, and 1 again after a recovery', async () => {
    const { tests } = await ours()
    const { evidence } = tests.find(({ id }) => id === 'CB4') as BreakerTestResult
    const { waits, again } = evidence['waits grow'] as { waits: number[]; again: number }
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30, 30].map((wait) => wait * 1000))
    expect(again).toBe(1000)
    const spread = evidence['waits grow, with jitter'] as { waits: number[] }
    expect(new Set(spread.waits).size).toBe(8)
  })

  it('show figures: CB1 opens at the right call, CB2 lets none of 1000 calls through, CB5 has two trials', async () => {
    const { tests } = await ours()
    const [cb1, cb2, , , cb5] = tests.map(({ evidence }) => evidence)
    expect(cb1?.['failures in a row']).toMatchObject({ openedAtCall: 11, rule: 'failureThreshold' })
    expect(cb1?.['share of failures']).toMatchObject({ openedAtCall: 10 })
    expect(cb2?.['nothing gets through']).toMatchObject({ calls: 1000, reached: 0, wait: 60_000 })
    expect(cb5?.['few trials, none for ever']).toMatchObject({ trials: 2, lost: 2 })
  })

  it('are the same for every run of a seed', async () => {
    expect(await ours()).toEqual(await ours())
  })

  it('run alone when asked for by id', async () => {
    const report = await testBreaker(toyBreaker(), { only: ['CB3'] })
    expect(report.tests.map(({ id }) => id)).toEqual(['CB3'])
    expect(report.passed).toBe(true)
    await expect(testBreaker(toyBreaker(), { only: ['CB8' as 'CB7'] })).rejects.toThrow("one of 'CB1', 'CB2'")
  })
})

describe('rules of a user', () => {
  const rules: readonly CircuitRules[] = [
    {},
    { failureThreshold: 3, recoveryTimeout: '30s', successThreshold: 2 },
    {
      failureThreshold: 12,
      failureRate: 0.9,
      minimumRequests: 20,
      window: { calls: 50 },
      recoveryTimeout: '250ms',
    },
    { failureThreshold: false, failureRate: 0.25, minimumRequests: 8, window: { time: '30s', buckets: 6 } },
    { halfOpen: { concurrency: 5, failures: 1, lease: '2s' }, successThreshold: 4 },
    {
      failureThreshold: 1,
      successThreshold: 1,
      recoveryTimeout: { initial: '2s', factor: 3, max: '20s', jitter: 0.5 },
    },
    { recoveryTimeout: { initial: '1s', max: '8s', resetOn: 'stable' } },
    { slowCallDuration: '2s', slowCallRate: 0.5, minimumRequests: 4, failureThreshold: 4 },
    { recoveryTimeout: (opening) => opening * 1000 },
  ]

  it.each(rules)('are what the tests adapt to: %j', async (options) => {
    const report = await ours(options)
    expect(failures(report)).toEqual([])
    expect(report).toMatchObject({ passed: true, coverage: { missing: [], illegal: [] } })
    const toy = await testBreaker(toyBreaker(), { options })
    expect(failures(toy)).toEqual([])
  })

  it('that show nothing of what a test looks at make it fail, with the reason', async () => {
    const { tests, passed } = await ours({ failureThreshold: false, failureRate: false })
    const first = tests.find(({ id }) => id === 'CB1')
    expect(passed).toBe(false)
    expect(first).toMatchObject({
      passed: false,
      evidence: {
        'failures in a row': { notApplicable: 'failureThreshold is off' },
        'share of failures': { notApplicable: 'failureRate is off' },
      },
    })
  })

  it('that the breaker does not follow are found out', async () => {
    const report = await testBreaker(
      (setup) => circuitBreaker({ ...breakerOptions(setup), recoveryTimeout: '31s' }),
      { options: { recoveryTimeout: '30s' }, only: ['CB3'] },
    )
    expect(failures(report)).toEqual(['CB3: the wait is 31000, and must be 30000'])
  })
})

describe('a wrong breaker fails the right test, for the right reason', () => {
  const wrong: readonly [BreakerTestId, Bug, RegExp][] = [
    ['CB1', 'opens one failure late', /after call 11, a failure: state is 'closed', and must be 'open'/],
    [
      'CB1',
      'above the rate instead of at it',
      /after call 10, a failure: state is 'closed', and must be 'open'/,
    ],
    ['CB1', 'opens twice', /the number of openings is 2, and must be 1/],
    ['CB2', 'lets calls through while open', /calls that reached the dependency is \d+, and must be 0/],
    ['CB2', 'says a wrong retryAfter', /retryAfter is 60005, and must be 60000/],
    ['CB3', 'tries a millisecond early', /1 ms before the wait is over: a call was let in/],
    ['CB3', 'closes one trial early', /after 2 of 3 trials: state is 'closed', and must be 'halfOpen'/],
    [
      'CB3',
      'remembers after closing',
      /after closing nothing is remembered: after failure 1 of 5: state is 'open'/,
    ],
    ['CB4', 'waits do not grow', /wait 2 is 1000, and must be 2000/],
    ['CB4', 'backoff is not reset', /the wait after a recovery is 30000, and must be 1000/],
    ['CB4', 'jitter out of bounds', /wait \d is [\d.]+, and must be from \d+ to \d+/],
    ['CB4', 'no jitter', /no wait is longer than without jitter/],
    ['CB5', 'no limit of trials', /trials of 20 callers at once is 20, and must be 2/],
    ['CB5', 'a call given up keeps its place', /places that a call given up has freed is 0, and must be 1/],
    ['CB5', 'no lease', /lost trials keep it half-open for ever/],
    ['CB6', 'window never forgets', /state is 'open', and must be 'closed'/],
    ['CB6', 'slow calls do not count', /after 10 slow successes: state is 'closed', and must be 'open'/],
    ['CB6', 'ignored outcomes count', /after 100 ignored outcomes: state is 'open'|in state 'open'/],
    ['CB7', 'no epoch', /after late failures: state is 'open', and must be 'halfOpen'/],
    ['CB7', 'late successes close it', /after late successes: state is 'closed', and must be 'halfOpen'/],
    ['CB7', 'isolation ends by itself', /isolated, long after the wait: a call was let in/],
    ['CB7', 'reset keeps the backoff', /the wait after reset is \d+, and must be 1000/],
    ['CB7', 'a timer is left after dispose', /the number of timers left is \d+, and must be \d+/],
    ['CB2', 'uses real time', /performance.now was used inside a simulation/],
  ]

  it.each(wrong)('%s: a breaker that %s', async (id, bug, reason) => {
    const report = await testBreaker(toyBreaker(bug), { only: [id] })
    expect(report.passed).toBe(false)
    expect(failures(report).join('\n')).toMatch(reason)
  })
})

describe('transition coverage', () => {
  it('names what is missing and what must not be', () => {
    const { missing, illegal, share } = transitionCoverage([
      { from: 'closed', to: 'open', reason: 'failureRate' },
      { from: 'open', to: 'closed', reason: 'successThreshold' },
      { from: 'closed', to: 'disposed', reason: 'dispose' },
    ])
    expect(illegal).toEqual(['open -> closed (successThreshold)'])
    expect(missing).toHaveLength(11)
    expect(share).toBeCloseTo(1 / 12)
  })
})
