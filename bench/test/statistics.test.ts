import { describe, expect, it } from 'vitest'
import { median, medianWithin, percentile, spread } from '../src/statistics.ts'

describe('percentile', () => {
  it('is the value itself when there is only one', () => {
    expect(percentile([7], 0.1)).toBe(7)
  })

  it('ends at the smallest and the largest', () => {
    expect(percentile([3, 1, 2], 0)).toBe(1)
    expect(percentile([3, 1, 2], 1)).toBe(3)
  })

  it('lies between neighbours in proportion', () => {
    expect(percentile([0, 10], 0.1)).toBe(1)
    expect(percentile([40, 10, 30, 20, 0], 0.1)).toBe(4)
  })

  it('sorts by value, not by text, and leaves the values in their order', () => {
    const values = [100, 20, 3]
    expect(percentile(values, 0.5)).toBe(20)
    expect(values).toEqual([100, 20, 3])
  })

  it('refuses to make up a value', () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError)
  })
})

describe('median', () => {
  it('is the middle, or halfway between the two', () => {
    expect(median([5, 1, 3])).toBe(3)
    expect(median([4, 1, 3, 2])).toBe(2.5)
  })
})

describe('spread', () => {
  it('holds the median and the extremes', () => {
    expect(spread([2, 9, 1])).toEqual({ median: 2, low: 1, high: 9 })
  })
})

describe('medianWithin', () => {
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

  it('lies between the values that the binomial distribution says', () => {
    // Tables: of 20 values the 6th and the 15th, of 100 the 40th and the 61st, of 6 the first and the last.
    expect(medianWithin(upTo(20))).toEqual({ median: 10.5, low: 6, high: 15 })
    expect(medianWithin(upTo(100))).toEqual({ median: 50.5, low: 40, high: 61 })
    expect(medianWithin(upTo(6))).toEqual({ median: 3.5, low: 1, high: 6 })
  })

  it('holds what it promises', () => {
    let seed = 1
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647 // the minimal standard generator of Park and Miller
      return seed / 2_147_483_647
    }
    const runs = Array.from({ length: 2000 }, () =>
      medianWithin(Array.from({ length: 20 }, () => random() ** 3)),
    )
    const right = runs.filter(({ low, high }) => low <= 0.125 && 0.125 <= high).length / runs.length
    expect(right).toBeGreaterThan(0.94)
    expect(right).toBeLessThan(0.98)
  })

  it('refuses too few values', () => {
    expect(() => medianWithin(upTo(5))).toThrow(RangeError)
  })
})
