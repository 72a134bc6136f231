/** The breaker itself beside the reference model: calls through permits and through pipelines, time by hand. */
import { type CircuitBreakerOptions, circuitBreaker } from '@seaworthy/circuit-breaker'
import { sometimes } from '@seaworthy/testing'
import {
  type BreakerMoment,
  type BreakerRules,
  type BreakerUnderTest,
  breakerCommands,
  breakerHistory,
  breakerModel,
} from '@seaworthy/testing/models'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { HandClock, listen } from './breakers.ts'

const off = Number.POSITIVE_INFINITY
const orFalse = (rule: number): number | false => (rule === off ? false : rule)

/** The rules as options. */
function optionsOf(rules: BreakerRules): CircuitBreakerOptions {
  const { failureThreshold, failureRate, slowCallDuration, slowCallRate, recovery, resetOn, ...same } = rules
  const [initial, second] = [1, 2].map((opening) => recovery(opening, {} as never)) as [number, number]
  return {
    ...same,
    failureThreshold: orFalse(failureThreshold),
    failureRate: orFalse(failureRate),
    slowCallDuration: orFalse(slowCallDuration),
    ...(slowCallDuration === off ? {} : { slowCallRate }),
    recoveryTimeout: {
      initial,
      factor: second / initial,
      max: recovery(99, {} as never),
      jitter: 0,
      resetOn,
    },
  }
}

/** A breaker that can be compared with the model; every change of state it tells must fit to the last. */
function underTest(rules: BreakerRules): BreakerUnderTest & { check(): void } {
  const clock = new HandClock()
  const breaker = circuitBreaker({ ...optionsOf(rules), clock })
  const events = listen(breaker)
  const isolations: { release(): void }[] = []
  const at = (now: number): void => clock.move(now - clock.now())
  return {
    call(now) {
      at(now)
      try {
        const permit = breaker.acquire()
        return (outcome, later) => {
          at(later)
          const { stale } = breaker.snapshot().totals
          permit[outcome]()
          return breaker.snapshot().totals.stale === stale
        }
      } catch {
        return undefined
      }
    },
    view(now) {
      at(now)
      const { state, epoch, retryAfter, consecutiveFailures, calls, failures, timedCalls, slowCalls } =
        breaker.snapshot()
      if (state === 'halfOpen') return { state, epoch, retryAfter, trialFailures: failures }
      return { state, epoch, retryAfter, consecutiveFailures, calls, failures, timedCalls, slowCalls }
    },
    trip(now, openFor) {
      at(now)
      breaker.trip(openFor)
    },
    reset(now) {
      at(now)
      breaker.reset()
    },
    isolate(now) {
      at(now)
      isolations.push(breaker.isolate('test'))
    },
    release(now) {
      at(now)
      isolations.pop()?.release()
    },
    dispose(now) {
      at(now)
      breaker.dispose()
    },
    check() {
      let from = 'closed'
      let epoch = 1
      for (const event of events) {
        if (event.type !== 'stateChange') continue
        expect(event['from']).toBe(from)
        expect(event['epoch']).toBeGreaterThan(epoch)
        from = event['to'] as string
        epoch = event['epoch'] as number
      }
      if (from !== 'disposed') expect(breaker.state).toBe(from)
    },
  }
}

const waits = (opening: number): number => Math.min(100 * 2 ** (opening - 1), 400)

const cases: Record<string, Partial<BreakerRules>> = {
  'failures in a row': { failureThreshold: 3, failureRate: off },
  'a rate of the last calls': {
    failureThreshold: off,
    failureRate: 0.5,
    minimumRequests: 4,
    window: { calls: 6 },
  },
  'a rate in time': {
    failureThreshold: off,
    failureRate: 0.4,
    minimumRequests: 3,
    window: { time: 500, buckets: 5 },
  },
  'slow calls': {
    failureThreshold: 4,
    slowCallDuration: 120,
    slowCallRate: 0.5,
    minimumRequests: 3,
    halfOpen: { concurrency: 1, failures: 0, lease: 40 },
  },
  'several trials': {
    failureThreshold: 2,
    successThreshold: 2,
    halfOpen: { concurrency: 3, failures: 1, lease: 300 },
  },
  'waits that start over when stable': { failureThreshold: 2, successThreshold: 1, resetOn: 'stable' },
  'mode observe': { failureThreshold: 2, mode: 'observe' },
}

const always: BreakerMoment[] = ['stale outcome', 'became isolated']
const opening: BreakerMoment[] = ['opened: trip', 'opened: trial', 'became halfOpen', 'rejected: open']

describe('a breaker does what the model says (verify 1 to 17)', () => {
  const rare = sometimes<BreakerMoment>(['lost trial', 'slow call'])
  afterAll(() => rare.verify())

  it.each(Object.entries(cases))('opened by %s', (_name, given) => {
    const { rules } = breakerModel({
      halfOpen: { concurrency: 1, failures: 0, lease: 150 },
      ...given,
      recovery: waits,
    })
    const watched = rules.mode === 'observe' ? [...always, 'would open' as const] : [...always, ...opening]
    const seen = sometimes<BreakerMoment>(watched)
    const onMoment = (moment: BreakerMoment): void => {
      if (watched.includes(moment)) seen.mark(moment)
      if (moment === 'lost trial' || moment === 'slow call') rare.mark(moment)
    }
    fc.assert(
      fc.property(breakerCommands({ rules, onMoment }), (commands) => {
        const real = underTest(rules)
        fc.modelRun(() => ({ model: breakerHistory(rules), real }), commands)
        real.check()
      }),
      { numRuns: 300 },
    )
    seen.verify()
  })
})
