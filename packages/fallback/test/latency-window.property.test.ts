import { sometimes } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LatencyWindow } from '../src/latency-window.ts'

const filled = (latencies: readonly number[]): LatencyWindow => {
  const window = new LatencyWindow(1000, 0)
  for (const latency of latencies) window.record(latency, 0)
  return window
}

describe('the latency window', () => {
  it('estimates no quantile before there are samples above it', () => {
    for (const [share, fewest] of [
      [0.5, 20],
      [0.9, 50],
      [0.95, 100],
      [0.99, 500],
      [0.999, 5000],
    ] as const) {
      const window = filled(Array(fewest - 1).fill(7))
      expect(window.quantile(share, 0)).toBeUndefined()
      window.record(7, 0)
      expect(window.quantile(share, 0)).toBeGreaterThanOrEqual(7)
    }
  })

  it('never answers below 1 ms, nor far above 13 minutes', () => {
    expect(filled(Array(20).fill(0)).quantile(0.5, 0)).toBe(1)
    expect(filled(Array(20).fill(0.2)).quantile(0.5, 0)).toBe(1)
    expect(filled(Array(20).fill(Number.NaN)).quantile(0.5, 0)).toBe(1)
    const most = filled(Array(20).fill(1e9)).quantile(0.5, 0) as number
    expect(most / 60_000).toBeGreaterThan(13)
    expect(most / 60_000).toBeLessThan(14)
  })

  it('is at most 5 % above the true quantile of the last one to two lengths, and never below', () => {
    const seen = sometimes(['one half', 'two halves', 'forgot one', 'forgot all', 'too few'])
    const length = 1000
    const sample = fc.record({
      after: fc.oneof(
        { weight: 12, arbitrary: fc.integer({ min: 0, max: 40 }) },
        { weight: 1, arbitrary: fc.constantFrom(length - 1, length, 2 * length, 5 * length) },
      ),
      latency: fc.double({ min: 1, max: 700_000, noNaN: true }),
    })
    fc.assert(
      fc.property(
        fc.array(sample, { minLength: 30, maxLength: 400, size: 'max' }),
        fc.constantFrom(0.5, 0.75, 0.9, 0.95),
        (samples, share) => {
          const window = new LatencyWindow(length, 0)
          let now = 0
          let since = 0
          let halves: [previous: number[], current: number[]] = [[], []]
          for (const { after, latency } of samples) {
            now += after
            if (now - since >= 2 * length) {
              seen.mark('forgot all')
              halves = [[], []]
              since = now
            } else if (now - since >= length) {
              seen.mark('forgot one')
              halves = [halves[1], []]
              since += length
            }
            halves[1].push(latency)
            window.record(latency, now)
          }
          const all = halves.flat().sort((a, b) => a - b)
          const estimate = window.quantile(share, now)
          if (all.length < Math.max(20, Math.round(5 / (1 - share)))) {
            seen.mark('too few')
            expect(estimate).toBeUndefined()
            return
          }
          seen.mark(halves[0].length > 0 ? 'two halves' : 'one half')
          const truth = all[Math.ceil(share * all.length) - 1] as number
          expect(estimate).toBeGreaterThanOrEqual(truth * (1 - 1e-9))
          expect(estimate).toBeLessThanOrEqual(truth * 1.05 * (1 + 1e-9))
        },
      ),
      { numRuns: 300 },
    )
    seen.verify()
  })

  it('forgets when it is only asked, too', () => {
    const window = filled(Array(20).fill(7))
    expect(window.quantile(0.5, 1999)).toBeDefined()
    expect(window.quantile(0.5, 3000)).toBeUndefined()
    expect(filled(Array(20).fill(7)).quantile(0.5, 2000)).toBeUndefined()
  })
})
