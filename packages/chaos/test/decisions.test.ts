import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decisionStream, splitmix64 } from '../src/decisions.ts'
import { delayFrom, exponential } from '../src/distributions.ts'
import { FlappingChain } from '../src/flapping.ts'

/** The published algorithm, as it is written down. */
function reference(state: bigint, skip: number): number {
  const mask = (1n << 64n) - 1n
  let z = (state + 0x9e3779b97f4a7c15n * BigInt(skip + 1)) & mask
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask
  z ^= z >> 31n
  return Number(z >> 11n) / 2 ** 53
}

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })

describe('decisions', () => {
  it('are those of splitmix64, bit by bit', () => {
    fc.assert(
      fc.property(word, word, fc.nat({ max: 100_000 }), (high, low, skip) => {
        const state = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
        expect(splitmix64(high, low, skip)).toBe(reference(state, skip))
      }),
      { numRuns: 1000 },
    )
  })

  it('differ by seed, scenario, target, number and draw', () => {
    const first = decisionStream(1, 'outage', 'redis').at(1, 0)
    const others = [
      decisionStream(2, 'outage', 'redis').at(1, 0),
      decisionStream(1, 'timeout', 'redis').at(1, 0),
      decisionStream(1, 'outage', 'kafka').at(1, 0),
      decisionStream(1, 'redis', 'outage').at(1, 0),
      decisionStream(1, 'outage', 'redis').at(2, 0),
      decisionStream(1, 'outage', 'redis').at(1, 1),
    ]
    expect(new Set([first, ...others]).size).toBe(7)
    expect(decisionStream('1', 'outage', 'redis').at(1, 0)).toBe(first)
  })

  it('are spread evenly, also between numbers that follow each other', () => {
    const stream = decisionStream('even', 'a', 'a')
    const counts = new Array<number>(16).fill(0)
    for (let ordinal = 1; ordinal <= 16_000; ordinal++) {
      const cell = Math.floor(stream.at(ordinal, 0) * 4) * 4 + Math.floor(stream.at(ordinal + 1, 0) * 4)
      counts[cell] = (counts[cell] as number) + 1
    }
    // Chi squared with 15 degrees of freedom is above 37.7 once in a thousand; the seed is fixed.
    const chi = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
    expect(chi).toBeLessThan(37.7)
  })
})

describe('distributions', () => {
  const draws = (seed: string): (() => number) => {
    const stream = decisionStream(seed, 'draws', '')
    let ordinal = 0
    return () => stream.at(ordinal++, 0)
  }
  const many = (sample: () => number): number[] =>
    Array.from({ length: 20_000 }, sample).sort((a, b) => a - b)
  const quantile = (sorted: number[], share: number): number =>
    sorted[Math.floor(sorted.length * share)] as number

  it('uniform delays lie between their ends', () => {
    const random = draws('uniform')
    const sorted = many(() => delayFrom({ distribution: 'uniform', min: 100, max: '300ms' }, random))
    expect(sorted[0]).toBeGreaterThanOrEqual(100)
    expect(sorted.at(-1)).toBeLessThan(300)
    expect(quantile(sorted, 0.5)).toBeCloseTo(200, -1)
  })

  it('log-normal delays have their median, their spread and their cap', () => {
    const random = draws('lognormal')
    const delay = { distribution: 'lognormal', median: '1s', sigma: 0.8, cap: '10s' } as const
    const sorted = many(() => delayFrom(delay, random))
    expect(quantile(sorted, 0.5) / 1000).toBeCloseTo(1, 1)
    // One standard deviation up, 84.13 %, is e^0.8.
    expect(quantile(sorted, 0.8413) / 1000).toBeCloseTo(Math.exp(0.8), 1)
    expect(sorted.at(-1)).toBe(10_000)
  })

  it('Pareto delays begin at their scale, have their median and their cap', () => {
    const random = draws('pareto')
    const sorted = many(() => delayFrom({ distribution: 'pareto', scale: 50, shape: 1.5, cap: '5s' }, random))
    expect(sorted[0]).toBeGreaterThanOrEqual(50)
    expect(quantile(sorted, 0.5)).toBeCloseTo(50 * 2 ** (1 / 1.5), -1)
    expect(sorted.at(-1)).toBe(5000)
  })

  it('exponential times have their mean', () => {
    const random = draws('exponential')
    const sorted = many(() => exponential(1000, random))
    const mean = sorted.reduce((sum, each) => sum + each, 0) / sorted.length
    expect(Math.abs(mean - 1000)).toBeLessThan(30)
  })
})

describe('flapping', () => {
  it('spends its time in both states in proportion, and does not depend on how often it is asked', () => {
    const options = { good: 0, bad: 1, goodFor: '5s', badFor: '2s' } as const
    const stream = decisionStream(3, 'flapping', 'x')
    const often = new FlappingChain(options, stream, 0)
    const rarely = new FlappingChain(options, stream, 0)
    let bad = 0
    let changes = 0
    let before = 0
    const seconds = 20_000
    for (let now = 0; now < seconds * 10; now++) {
      const rate = often.rateAt(now * 100)
      bad += rate
      if (rate !== before) changes++
      before = rate
      if (now % 97 === 0) expect(rarely.rateAt(now * 100)).toBe(rate)
    }
    expect(bad / (seconds * 10)).toBeCloseTo(2 / 7, 1)
    // Two changes every seven seconds.
    expect(changes / seconds).toBeCloseTo(2 / 7, 1)
  })
})
