/** Long random histories: the machine as it lives on in a policy, and the policy itself, beside the model. */
import { circuitBreaker, type Isolation } from '@seaworthy/circuit-breaker'
import { sometimes, VirtualClock } from '@seaworthy/testing'
import {
  type BreakerMoment,
  type BreakerRules,
  type BreakerUnderTest,
  type BreakerView,
  breakerCommands,
  breakerHistory,
  breakerModel,
} from '@seaworthy/testing/models'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { machineUnderTest } from './machine.ts'

const off = Number.POSITIVE_INFINITY
const base: Partial<BreakerRules> = {
  halfOpen: { concurrency: 2, failures: 1, lease: 40 },
  recovery: (opening, { retryAfter = 0 }) =>
    Math.max(Math.min(100 * 2 ** (opening - 1), 400), Math.min(retryAfter, 400)),
}

const cases: Record<string, BreakerRules> = {
  'failures in a row': breakerModel({ ...base, failureThreshold: 3, failureRate: off }).rules,
  'failure rate of calls': breakerModel({
    ...base,
    failureThreshold: off,
    minimumRequests: 4,
    window: { calls: 9 },
  }).rules,
  'failure rate in time': breakerModel({
    ...base,
    failureThreshold: off,
    minimumRequests: 4,
    window: { time: 100, buckets: 4 },
  }).rules,
  'slow calls': breakerModel({
    ...base,
    failureThreshold: off,
    slowCallDuration: 50,
    minimumRequests: 3,
    window: { calls: 8 },
  }).rules,
  'slow calls in time': breakerModel({
    ...base,
    failureThreshold: off,
    slowCallDuration: 50,
    slowCallRate: 0.5,
    minimumRequests: 3,
    window: { time: 300, buckets: 5 },
    resetOn: 'stable',
  }).rules,
  'observed only': breakerModel({ ...base, mode: 'observe', failureThreshold: 3, minimumRequests: 4 }).rules,
}
const names = Object.keys(cases)

/** What must come by in the histories of a case, or they prove nothing. */
function momentsOf(rules: BreakerRules): BreakerMoment[] {
  const always = ['stale outcome', 'became isolated', 'became disposed', 'rejected: isolated'] as const
  const slow: BreakerMoment[] = rules.slowCallDuration === off ? [] : ['slow call']
  if (rules.mode !== 'enabled') return [...always, ...slow, 'would open']
  const reasons: BreakerMoment[] = [
    ...(rules.failureThreshold === off ? [] : (['opened: failureThreshold'] as const)),
    ...(rules.failureRate === off ? [] : (['opened: failureRate'] as const)),
    ...(rules.slowCallDuration === off ? [] : (['opened: slowCallRate'] as const)),
  ]
  const states = [
    'became open',
    'became halfOpen',
    'became closed',
    'rejected: open',
    'rejected: halfOpen',
  ] as const
  return [
    ...always,
    ...slow,
    ...reasons,
    ...states,
    'opened: trial',
    'opened: trip',
    'lost trial',
    'longer for a hint',
    'reconfigured: halfOpen',
  ]
}

function checkHistories(rules: BreakerRules, make: () => BreakerUnderTest, numRuns: number): void {
  const expected = momentsOf(rules)
  const seen = sometimes(expected)
  const onMoment = (moment: BreakerMoment): void => {
    if (expected.includes(moment)) seen.mark(moment)
  }
  fc.assert(
    fc.property(breakerCommands({ rules, onMoment }), (commands) => {
      fc.modelRun(() => ({ model: breakerHistory(rules), real: make() }), commands)
    }),
    { numRuns, seed: 20_240_229 },
  )
  seen.verify()
}

describe('the machine', () => {
  test.each(names)('lives like the model: %s', (name) => {
    const rules = cases[name] as BreakerRules
    checkHistories(rules, () => machineUnderTest(rules), 250)
  })
})

/** A clock that a synchronous test can set. */
class SetClock extends VirtualClock {
  time = 0

  override now(): number {
    return this.time
  }
}

const orFalse = (value: number): number | false => (value === off ? false : value)

/** The rules as a user would write them. */
function optionsOf(rules: BreakerRules) {
  const {
    recovery: _,
    resetOn,
    slowCallRate,
    failureThreshold,
    failureRate,
    slowCallDuration,
    ...same
  } = rules
  return {
    ...same,
    failureThreshold: orFalse(failureThreshold),
    failureRate: orFalse(failureRate),
    slowCallDuration: orFalse(slowCallDuration),
    ...(slowCallDuration === off ? {} : { slowCallRate }),
    recoveryTimeout: { initial: 100, max: 400, jitter: 0, resetOn },
  }
}

function policyUnderTest(rules: BreakerRules): BreakerUnderTest {
  const clock = new SetClock()
  const at = <T>(now: number, act: () => T): T => {
    clock.time = now
    return act()
  }
  const { mode, ...options } = optionsOf(rules)
  const breaker = circuitBreaker({ mode, clock, ...options })
  const held: Isolation[] = []
  return {
    call: (now) =>
      at(now, () => {
        try {
          const permit = breaker.acquire()
          const counting = breaker.mode !== 'disabled'
          return (outcome, later, retryAfter) => {
            const { stale } = breaker.snapshot().totals
            at(later, () => permit[outcome]({ retryAfter }))
            return counting ? breaker.snapshot().totals.stale === stale : undefined
          }
        } catch {
          return undefined
        }
      }),
    view: (now) =>
      at(now, () => {
        const { state, retryAfter, epoch, age, openings, openFor, cause, ...counts } = breaker.snapshot()
        const { consecutiveFailures, calls, failures, timedCalls, slowCalls } = counts
        const seen: Partial<BreakerView> = { state, retryAfter, epoch, since: now - age }
        if (state === 'open')
          return { ...seen, opening: { number: openings, openFor, cause: cause as never } }
        return state === 'closed'
          ? { ...seen, consecutiveFailures, calls, failures, timedCalls, slowCalls }
          : seen
      }),
    trip: (now, openFor) => at(now, () => breaker.trip(openFor)),
    reset: (now) => at(now, () => breaker.reset()),
    isolate: (now) => at(now, () => held.push(breaker.isolate('test'))),
    release: (now) => at(now, () => held.pop()?.release()),
    dispose: (now) => at(now, () => breaker.dispose()),
    reconfigure: (changed, now) =>
      at(now, () => {
        const { mode: changedMode, ...patch } = optionsOf(changed)
        breaker.reconfigure(patch)
        if (changedMode !== breaker.mode) breaker.setMode(changedMode)
      }),
  }
}

describe('the policy', () => {
  test.each(names)('lives like the model: %s', (name) => {
    const rules = cases[name] as BreakerRules
    checkHistories(rules, () => policyUnderTest(rules), 150)
  })
})

describe('histories', () => {
  test('find a breaker that is wrong, and shrink to few commands', () => {
    const rules = cases['failures in a row'] as BreakerRules
    const wrong = { ...rules, failureThreshold: 4 }
    const property = fc.property(breakerCommands({ rules }), (commands) => {
      fc.modelRun(() => ({ model: breakerHistory(rules), real: machineUnderTest(wrong) }), commands)
    })
    const { failed, counterexample, errorInstance } = fc.check(property, { seed: 1, numRuns: 200 })
    expect(failed).toBe(true)
    const [commands = ''] = String(counterexample).split(' /*')
    expect(commands.split(',').sort().join()).toBe(
      'call,call,call,failure of call 0,failure of call 0,failure of call 0',
    )
    expect(String(errorInstance)).toContain("state: the breaker says 'closed', the model 'open'")
  })
})
