import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Pace } from '../src/pace.ts'

describe('the pace of a worker', () => {
  it('says nothing before it has been watched for a while', () => {
    const pace = new Pace(1, 20, 0)
    expect(pace.ahead(0, 0)).toBe(0)
    expect(pace.ahead(19, 1000)).toBe(0)
  })

  it('lets as many be fetched ahead as get their turn within 5 ms', () => {
    const pace = new Pace(1, 100, 0)
    expect(pace.ahead(20, 40)).toBe(10)
    expect(pace.ahead(40, 60)).toBe(7) // 60 in 40 ms
  })

  it('never lets more be fetched ahead than it may', () => {
    expect(new Pace(1, 20, 0).ahead(20, 10_000)).toBe(20)
    expect(new Pace(1, 0, 0).ahead(20, 10_000)).toBe(0)
  })

  it('lets whole rounds of the slots be fetched ahead, and no part of one', () => {
    const ahead = (slots: number, most: number, freed: number) => new Pace(slots, most, 0).ahead(20, freed)
    expect(ahead(10, 20, 39)).toBe(0)
    expect(ahead(10, 20, 40)).toBe(10)
    expect(ahead(10, 25, 10_000)).toBe(20)
    expect(ahead(50, 20, 10_000)).toBe(0)
  })

  it('does not take for a habit what ends at one instant after a long run', () => {
    const pace = new Pace(1, 20, 0)
    expect(pace.ahead(1000, 1)).toBe(0)
    expect(pace.ahead(1000.5, 10)).toBe(0)
    expect(pace.ahead(1001, 10)).toBe(0)
  })

  it('forgets how quick it was within two spans', () => {
    const pace = new Pace(1, 20, 0)
    expect(pace.ahead(20, 200)).toBe(20)
    expect(pace.ahead(1020, 201)).toBe(0)
    expect(pace.ahead(2020, 202)).toBe(0)
  })

  it('expects of nobody to wait for more than 5 ms, at the true rate of a steady worker', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        fc.array(fc.double({ min: 0.01, max: 50, noNaN: true }), { minLength: 1, maxLength: 50 }),
        (rate, steps) => {
          const pace = new Pace(1, 1000, 0)
          let now = 0
          for (const step of steps) {
            now += step
            // Half a task may have been cut off at the end of a span.
            expect(pace.ahead(now, Math.floor(rate * now))).toBeLessThanOrEqual((rate + 1 / 20) * 5 + 1e-9)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})
