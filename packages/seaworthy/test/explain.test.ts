import { sometimes, VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import {
  type AnyPolicy,
  adaptiveConcurrency,
  bulkhead,
  circuitBreaker,
  explain,
  fallback,
  fixed,
  hedge,
  pipeline,
  rateLimit,
  retry,
  staleCache,
  timeout,
} from 'seaworthy'
import { describe, expect, it } from 'vitest'

type Make = (clock: VirtualClock) => AnyPolicy

const length = fc.integer({ min: 1, max: 30 })
const policy: fc.Arbitrary<Make> = fc.oneof(
  length.map(
    (limit): Make =>
      (clock) =>
        timeout(limit, { clock }),
  ),
  length.map(
    (limit): Make =>
      (clock) =>
        timeout(limit, { clock, mode: 'cooperative' }),
  ),
  fc.record({ attempts: fc.integer({ min: 1, max: 3 }), delay: length }).map(
    ({ attempts, delay }): Make =>
      (clock) =>
        retry({ clock, attempts, delay: fixed(delay), jitter: 'none' }),
  ),
  fc.constant<Make>((clock) => circuitBreaker({ clock, failureThreshold: false, failureRate: false })),
  fc.constant<Make>((clock) => bulkhead({ clock, concurrency: 100 })),
  length.map(
    (delay): Make =>
      (clock) =>
        hedge({ clock, delay }),
  ),
)

describe('explain of the real policies', () => {
  it('bounds what a call that fails does, and often exactly', async () => {
    const seen = sometimes(['exact time', 'exact count', 'retried', 'timed out'])
    await fc.assert(
      fc.asyncProperty(fc.array(policy, { maxLength: 4 }), fc.nat(20), async (makers, taken) => {
        const clock = new VirtualClock()
        const whole = pipeline(...makers.map((make) => make(clock)))
        const { worstCase, amplification } = explain(whole, { functionDuration: taken })
        let runs = 0
        const settled = await clock.runUntilSettled(
          whole.settle(async () => {
            runs++
            await clock.sleep(taken) // ignores its signal
            throw Object.assign(new Error('down'), { code: 'ECONNRESET' })
          }),
        )
        expect(settled.status).toBe('rejected')
        expect(clock.now()).toBeLessThanOrEqual(worstCase)
        expect(runs).toBeLessThanOrEqual(amplification)
        if (clock.now() === worstCase) seen.mark('exact time')
        if (runs === amplification) seen.mark('exact count')
        if (runs > 1) seen.mark('retried')
        if (settled.status === 'rejected' && (settled.reason as { code?: string }).code === 'ERR_TIMEOUT')
          seen.mark('timed out')
      }),
      { numRuns: 300 },
    )
    seen.verify()
  }, 30_000)

  it('finds the recommended order without a trap', () => {
    const whole = pipeline(
      fallback('last known stock'),
      retry({ attempts: 4 }),
      hedge({ delay: '200ms' }),
      rateLimit({ limit: 50, per: '1s' }),
      bulkhead({ concurrency: 10, queue: 20, maxWait: '500ms' }),
      circuitBreaker(),
      timeout('2s'),
    )
    expect(explain(whole).warnings).toEqual([])
  })

  it('finds the traps in a wrong order', () => {
    const whole = pipeline(
      bulkhead({ concurrency: 4 }),
      rateLimit({ limit: 5, per: '1s' }),
      circuitBreaker({ name: 'wrong-order', recoveryTimeout: '60s' }),
      retry({ attempts: 3 }),
      fallback('anything', { when: () => true }),
      retry(),
      timeout('5s'),
    )
    const codes = explain(whole, { target: { recovery: '30s' } }).warnings.map(({ code }) => code)
    expect(codes).toEqual([
      'recovery-misses-target',
      'retry-inside-retry',
      'breaker-outside-retry',
      'fallback-inside-retry',
      'fallback-inside-breaker',
      'fallback-hides-bugs',
      'retries-bypass-rate-limit',
      'places-held-while-waiting',
    ])
    whole.dispose()
  })

  it('sees through what cannot open, does not limit, or answers too early', () => {
    const codes = (...policies: AnyPolicy[]): string[] =>
      explain(pipeline(...policies)).warnings.map(({ code }) => code)
    expect(codes(retry(), circuitBreaker({ mode: 'observe' }), timeout(100))).toEqual([
      'retry-outside-dead-breaker',
    ])
    expect(codes(timeout(100, { mode: 'cooperative' }))).toEqual(['cooperative-limit'])
    expect(codes(timeout('2m'), retry(), circuitBreaker())).toEqual(['hang-goes-unnoticed'])
    expect(codes(retry(), staleCache({ key: () => 'stock', ttl: '1m' }), timeout(100))).toEqual([
      'fallback-inside-retry',
    ])
    expect(codes(adaptiveConcurrency({ queue: 5, maxWait: '1s' }), timeout(100))).toEqual([])
  })
})
