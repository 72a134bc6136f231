import { describe, expect, it } from 'vitest'
import { median, percentile, spread } from '../src/statistics.ts'

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
