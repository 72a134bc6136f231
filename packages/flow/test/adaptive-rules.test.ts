/** The pure parts of the adaptive limit: the window and the two algorithms. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aimd } from '../src/aimd.ts'
import { type GradientState, gradient, initialGradient } from '../src/gradient.ts'
import { SampleWindow, type WindowSummary } from '../src/sample-window.ts'
import { runs } from './runs.ts'

const summary = (parts: Partial<WindowSummary> = {}): WindowSummary => ({
  samples: 10,
  drops: 0,
  peak: 0,
  latency: undefined,
  ...parts,
})

describe('the sample window', () => {
  it('sums up exactly what came, when enough time has passed and enough calls have come', () => {
    const samples = fc.array(
      fc.record({
        after: fc.constantFrom(0, 1, 50, 99, 100, 500),
        active: fc.integer({ min: 1, max: 50 }),
        dropped: fc.boolean(),
        latency: fc.constantFrom(undefined, 0, 0.09, 0.1, 5, 200),
      }),
      { minLength: 1, maxLength: 80, size: 'max' },
    )
    let completed = 0
    fc.assert(
      fc.property(samples, fc.constantFrom(1, 3, 10), (history, least) => {
        const window = new SampleWindow(100, least)
        let now = 0
        let began = 0
        let facts: (typeof history)[number][] = []
        for (const sample of history) {
          now += sample.after
          if (facts.length === 0) began = now
          facts.push(sample)
          const sum = window.add(now, sample.active, sample.dropped, sample.latency)
          if (now - began < 100 || facts.length < least) {
            expect(sum).toBeUndefined()
            continue
          }
          completed++
          const times = facts.flatMap(({ dropped, latency }) =>
            dropped || latency === undefined || latency < 0.1 ? [] : [latency],
          )
          expect(sum).toEqual({
            samples: facts.length,
            drops: facts.filter(({ dropped }) => dropped).length,
            peak: Math.max(...facts.map(({ active }) => active)),
            latency: times.length === 0 ? undefined : times.reduce((a: number, b) => a + b, 0) / times.length,
          })
          facts = []
        }
      }),
      runs(500),
    )
    expect(completed).toBeGreaterThan(100)
  })
})

describe('aimd', () => {
  const rules = { min: 1, max: 200, backoff: 0.9 }

  it('adds 1 after a good window in which at least half of the limit was in use', () => {
    expect(aimd(10, summary({ peak: 5 }), rules)).toBe(11)
    expect(aimd(10, summary({ peak: 4 }), rules)).toBe(10)
    expect(aimd(1, summary({ peak: 1 }), rules)).toBe(2)
    expect(aimd(200, summary({ peak: 200 }), rules)).toBe(200)
  })

  it('shrinks after any drop, however little of the limit was in use', () => {
    expect(aimd(100, summary({ drops: 1, peak: 1 }), rules)).toBe(90)
    expect(aimd(2, summary({ drops: 1 }), rules)).toBe(1)
    expect(aimd(1, summary({ drops: 1 }), rules)).toBe(1)
  })

  it('stays a whole number within its bounds, and moves as the rules say', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 50 }),
        fc.integer({ min: 0, max: 60 }),
        fc.nat(5),
        fc.double({ min: 0.05, max: 0.99, noNaN: true }),
        (limit, peak, drops, backoff) => {
          const next = aimd(limit, summary({ peak, drops }), { min: 2, max: 50, backoff })
          expect(Number.isInteger(next) && next >= 2 && next <= 50).toBe(true)
          if (drops > 0) expect(next < limit || next === 2).toBe(true)
          else if (2 * peak < limit) expect(next).toBe(limit)
          else expect(next).toBe(Math.min(50, limit + 1))
        },
      ),
      runs(500),
    )
  })
})

describe('gradient', () => {
  const rules = { min: 1, max: 200, tolerance: 1.5, smoothing: 0.2, headroom: 4 }
  /** A state that knows what is usual. */
  const settled = (limit: number, usual: number): GradientState => ({ limit, usual, windows: 10 })

  it('learns what is usual: the first windows count alike, later ones little', () => {
    let state = initialGradient(20)
    for (const latency of [10, 20, 30]) state = gradient(state, summary({ latency }), rules)
    expect(state.usual).toBeCloseTo(20)
    const { usual } = gradient(settled(20, 100), summary({ latency: 110 }), rules)
    expect(usual).toBeGreaterThan(100)
    expect(usual).toBeLessThan(100.1)
  })

  it('forgets faster what it learnt under load', () => {
    const { usual } = gradient(settled(20, 100), summary({ latency: 40 }), rules)
    expect(usual).toBeLessThan(96)
  })

  it('grows by a part of its headroom while calls are not slower than tolerated', () => {
    const { limit } = gradient(settled(20, 100), summary({ latency: 140, peak: 10 }), rules)
    expect(limit).toBeCloseTo(20.8)
  })

  it('does not grow when less than half of it was in use, nor shrink for what cannot be its fault', () => {
    for (const latency of [50, 100, 1000]) {
      expect(gradient(settled(20, 100), summary({ latency, peak: 9 }), rules).limit).toBe(20)
    }
  })

  it('first change: shrinks after a drop as steeply as it can, even if calls were fast or few', () => {
    for (const window of [
      summary({ drops: 1, latency: 10, peak: 20 }),
      summary({ drops: 1, latency: 100, peak: 1 }),
      summary({ drops: 10 }),
    ])
      expect(gradient(settled(20, 100), window, rules).limit).toBeCloseTo(18)
  })

  it('second change: grows by no headroom once calls are slower than tolerated', () => {
    // 0.8 of the limit, smoothed, is less than the headroom would have added to a small limit.
    const slow = summary({ latency: (1.5 * 100) / 0.8, peak: 10 })
    const { limit } = gradient(settled(10, 100), slow, rules)
    expect(limit).toBeLessThan(10)
    expect(limit).toBeCloseTo(9.6, 1)
  })

  it('leaves the limit as it is when nothing was measured', () => {
    const state = settled(20, 100)
    expect(gradient(state, summary({ peak: 20 }), rules)).toBe(state)
  })

  it('gets used to being slow under load that never lets up, until it meets its max', () => {
    const room = 10
    const limits = (windows: number, pause: boolean): number => {
      let state = settled(10, 100)
      for (let window = 0; window < windows; window++) {
        // With pauses, every tenth window has next to no load.
        const idle = pause && window % 10 === 0
        const peak = idle ? 1 : Math.floor(state.limit)
        state = gradient(state, summary({ peak, latency: 100 * Math.max(1, peak / room) }), rules)
      }
      return state.limit
    }
    expect(limits(60, false)).toBeLessThan(20)
    expect(limits(5000, false)).toBe(200)
    expect(limits(5000, true)).toBeLessThan(40)
  })

  it('stays within its bounds, and moves in the direction that the window says', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            drops: fc.constantFrom(0, 0, 0, 1),
            latency: fc.constantFrom(undefined, 0.1, 1, 10, 15, 16, 100, 1e6),
            use: fc.double({ min: 0, max: 1, noNaN: true }),
          }),
          { maxLength: 100, size: 'max' },
        ),
        (windows) => {
          let state = initialGradient(20)
          for (const { drops, latency, use } of windows) {
            const peak = Math.ceil(use * state.limit)
            const next = gradient(state, summary({ drops, latency, peak }), rules)
            expect(next.limit >= 1 && next.limit <= 200).toBe(true)
            expect(next.usual >= 0).toBe(true)
            const slower = latency !== undefined && latency > 1.5 * next.usual
            const used = 2 * peak >= state.limit
            if (drops > 0 || (used && slower)) expect(next.limit).toBeLessThanOrEqual(state.limit)
            else if (used && latency !== undefined)
              expect(next.limit > state.limit || next.limit === 200).toBe(true)
            else expect(next.limit).toBe(state.limit)
            state = next
          }
        },
      ),
      runs(500),
    )
  })
})
