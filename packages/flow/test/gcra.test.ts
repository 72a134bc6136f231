import { sometimes } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Allowance, allowedAt, available, isFull, pass, type Rate } from '../src/gcra.ts'
import { runs } from './runs.ts'

const fresh = (): Allowance => ({ since: Number.NEGATIVE_INFINITY, passed: 0 })

const rates = fc.record<Rate>({
  limit: fc.constantFrom(1, 2, 3, 7, 10, 64, 1000),
  per: fc.constantFrom(1, 10, 100, 1000, 997),
  burst: fc.constantFrom(1, 2, 3, 10, 100),
})

/** Passes as often as it may, up to `most` times. @returns How often. */
function drain(allowance: Allowance, now: number, rate: Rate, most = 1000): number {
  let passed = 0
  while (passed < most && allowedAt(allowance, rate) <= now) {
    pass(allowance, now, rate)
    passed++
  }
  return passed
}

/**
 * Whether one more may pass, by the definition: in every span that ends now, with the grants as a plain list.
 */
function mayPass(grants: readonly number[], now: number, { limit, per, burst }: Rate): boolean {
  return grants.every((start, index) => (grants.length - index + 1 - burst) * per <= (now - start) * limit)
}

describe('the generic cell rate algorithm', () => {
  it('verify 36: passes exactly when the list of all grants allows it, on all pairs of grant times', () => {
    const seen = sometimes(['passed', 'refused', 'refused at the edge'])
    const pauses = fc.array(fc.constantFrom(0, 0, 0, 0, 1, 2, 9, 10, 50, 99, 100, 101, 1000), {
      minLength: 1,
      maxLength: 60,
      size: 'max',
    })
    fc.assert(
      fc.property(rates, pauses, fc.constantFrom(0, 12_345), (rate, history, start) => {
        const allowance = fresh()
        const grants: number[] = []
        let now = start
        for (const pause of history) {
          now += pause
          const allowed = allowedAt(allowance, rate) <= now
          expect(allowed).toBe(mayPass(grants, now, rate))
          if (allowed) {
            pass(allowance, now, rate)
            grants.push(now)
            seen.mark('passed')
          } else {
            seen.mark('refused')
            const wait = allowedAt(allowance, rate) - now
            if (Number.isInteger(wait)) {
              expect(mayPass(grants, now + wait, rate)).toBe(true)
              expect(mayPass(grants, now + wait - 1, rate)).toBe(false)
              seen.mark('refused at the edge')
            }
          }
        }
      }),
      runs(1000),
    )
    seen.verify()
  })

  it('passes exactly the burst at once, whatever the rate and the time: no rounding adds up', () => {
    fc.assert(
      fc.property(rates, fc.double({ min: 0, max: 1e12, noNaN: true }), (rate, now) => {
        const allowance = fresh()
        expect(available(allowance, now, rate)).toBe(rate.burst)
        expect(drain(allowance, now, rate)).toBe(rate.burst)
        expect(available(allowance, now, rate)).toBe(0)
        expect(isFull(allowance, now, rate)).toBe(false)
      }),
      runs(1000),
    )
  })

  it('passes exactly the limit in each period under full load, for a million periods of thirds', () => {
    const rate: Rate = { limit: 3, per: 1000, burst: 1 }
    const allowance = fresh()
    pass(allowance, 0, rate)
    // As if it had gone on like this for a million periods.
    allowance.passed += 3_000_000 - 1
    expect(allowedAt(allowance, rate)).toBe(1_000_000_000)
  })

  it('verify 39: grants nothing to a clock that goes back', () => {
    fc.assert(
      fc.property(rates, fc.integer({ min: 1, max: 1e6 }), (rate, back) => {
        const allowance = fresh()
        drain(allowance, 1e6, rate)
        expect(drain(allowance, 1e6 - back, rate)).toBe(0)
        expect(drain(allowance, 1e6, rate)).toBe(0)
      }),
      runs(200),
    )
  })

  it('verify 38: fills up to the burst and no further, however long nobody calls', () => {
    fc.assert(
      fc.property(rates, fc.integer({ min: 0, max: 1e9 }), (rate, quiet) => {
        const allowance = fresh()
        drain(allowance, 0, rate)
        expect(available(allowance, quiet, rate)).toBeLessThanOrEqual(rate.burst)
        expect(drain(allowance, quiet, rate)).toBe(
          Math.min(rate.burst, Math.floor((quiet * rate.limit) / rate.per)),
        )
      }),
      runs(1000),
    )
  })

  it('says when those pass who come later', () => {
    const rate: Rate = { limit: 10, per: 1000, burst: 3 }
    const allowance = fresh()
    drain(allowance, 500, rate)
    expect([0, 1, 2, 5].map((ahead) => allowedAt(allowance, rate, ahead))).toEqual([600, 700, 800, 1100])
  })
})
