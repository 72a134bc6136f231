/** I13, verify 16: a breaker that is saved and restored has the future of the one that goes on. */
import { type CircuitBreakerOptions, circuitBreaker } from '@seaworthy/circuit-breaker'
import { sometimes } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HandClock } from './breakers.ts'

const seconds = (most: number) => fc.integer({ min: 0, max: most }).map((tenths) => tenths * 100)

/** A call: how long after the last one it begins, how long it takes, how it ends. */
const histories = fc.array(
  fc.record({
    after: fc.oneof(seconds(3), seconds(3), seconds(60)),
    takes: seconds(14),
    end: fc.constantFrom('success', 'failure', 'failure', 'neutral'),
  }),
  { maxLength: 40 },
)

const rules: fc.Arbitrary<CircuitBreakerOptions> = fc.record({
  failureThreshold: fc.constantFrom(3, 5, false as const),
  failureRate: fc.constantFrom(0.5, 0.8),
  minimumRequests: fc.constantFrom(2, 4),
  window: fc.constantFrom({ calls: 4 }, { calls: 10 }, { time: '2s' as const, buckets: 4 }),
  slowCallDuration: fc.constantFrom('1s' as const, false as const),
  successThreshold: fc.constantFrom(1, 2),
  recoveryTimeout: fc.constantFrom(
    700,
    { initial: 500, max: 4000, jitter: 0 },
    { initial: 500, max: 4000, jitter: 0, resetOn: 'stable' as const },
  ),
})

/** Goes through a history and says everything that can be seen from outside. */
function play(
  breaker: ReturnType<typeof circuitBreaker>,
  clock: HandClock,
  history: HistoryOf<typeof histories>,
): object[] {
  return history.map(({ after, takes, end }) => {
    clock.move(after)
    let admitted = true
    try {
      const permit = breaker.acquire()
      clock.move(takes)
      permit[end]()
    } catch {
      admitted = false
    }
    const { totals: _, epoch: __, cause: ___, ...seen } = breaker.snapshot()
    return { ...seen, admitted }
  })
}

type HistoryOf<A> = A extends fc.Arbitrary<infer History> ? History : never

describe('a snapshot', () => {
  it('I13: that went through JSON continues as the original does, on another clock', () => {
    const seen = sometimes(['open', 'closed', 'failures in a row', 'failures in the window', 'slow calls'])
    fc.assert(
      fc.property(
        rules,
        histories,
        histories,
        fc.integer({ min: 0, max: 1000 }),
        (options, past, future, start) => {
          const clock = new HandClock()
          const breaker = circuitBreaker({ ...options, clock })
          play(breaker, clock, past)
          const saved = breaker.snapshot()
          // Its trials are lost with the process: there it is open with no wait left, here it goes on.
          if (saved.state === 'halfOpen') return
          // New windows begin their buckets at multiples of the width on the clock: here 500 ms.
          const otherClock = new HandClock((clock.now() % 500) + start * 500)
          const restored = circuitBreaker({ ...options, clock: otherClock })
          expect(restored.restore(JSON.parse(JSON.stringify(saved)))).toBe(true)
          seen.mark(saved.state as 'open')
          if (saved.consecutiveFailures > 1) seen.mark('failures in a row')
          if (saved.failures > 1) seen.mark('failures in the window')
          if (saved.slowCalls > 0) seen.mark('slow calls')
          expect(play(restored, otherClock, future)).toEqual(play(breaker, clock, future))
        },
      ),
      { numRuns: 500 },
    )
    seen.verify()
  })
})
