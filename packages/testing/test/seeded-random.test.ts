import { seededRandom } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const draw = (random: () => number, count: number): number[] => Array.from({ length: count }, random)

describe('seededRandom', () => {
  test('gives the same numbers for the same seed, number or text', () => {
    expect(draw(seededRandom(7), 5)).toEqual(draw(seededRandom('7'), 5))
    expect(draw(seededRandom(7), 5)).not.toEqual(draw(seededRandom(8), 5))
  })

  test('gives these numbers, in every version: recorded seeds stay good', () => {
    expect(draw(seededRandom('seaworthy'), 3)).toMatchInlineSnapshot(`
      [
        0.23614371991569483,
        0.6850730164286921,
        0.0898645597803972,
      ]
    `)
  })

  test('stays in [0, 1) and fills it evenly', () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const values = draw(seededRandom(seed), 2000)
        expect(Math.min(...values)).toBeGreaterThanOrEqual(0)
        expect(Math.max(...values)).toBeLessThan(1)
        const counts = new Array<number>(10).fill(0)
        for (const value of values) (counts[Math.floor(value * 10)] as number)++
        // Each count is binomial with mean 200 and deviation 13.4; six deviations in 1,000 counts do not happen.
        expect(Math.min(...counts)).toBeGreaterThan(200 - 81)
        expect(Math.max(...counts)).toBeLessThan(200 + 81)
      }),
      { numRuns: 100, seed: 1 },
    )
  })

  test('has no correlation between neighbours, nor between neighbouring seeds', () => {
    const correlation = (a: number[], b: number[]): number =>
      a.reduce((sum, value, i) => sum + (value - 0.5) * ((b[i] as number) - 0.5), 0) / a.length / (1 / 12)
    const numbers = draw(seededRandom(1), 20_001)
    expect(Math.abs(correlation(numbers.slice(0, -1), numbers.slice(1)))).toBeLessThan(0.04)
    expect(Math.abs(correlation(draw(seededRandom(1), 20_000), draw(seededRandom(2), 20_000)))).toBeLessThan(
      0.04,
    )
  })

  test('forks depend on seed and label only', () => {
    const before = seededRandom(7)
    const after = seededRandom(7)
    draw(after, 100)
    expect(draw(before.fork('a'), 5)).toEqual(draw(after.fork('a'), 5))
    expect(draw(before.fork('a'), 5)).not.toEqual(draw(before.fork('b'), 5))
    expect(before.fork('a').fork(3).seed).toBe('7/a/3')
    expect(draw(before.fork('a'), 5)).toEqual(draw(seededRandom('7/a'), 5))
  })

  test('refuses a seed that is no number', () => {
    expect(() => seededRandom(Number.NaN)).toThrow('seed must be a finite number or a text')
    expect(() => seededRandom(undefined as never)).toThrow('seed must be')
  })
})
