import { seededRandom } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { binomialDistribution, incompleteBeta } from '../src/statistics/binomial.ts'
import { blockMinima } from '../src/statistics/block-minima.ts'
import { hamedRaoFactor, mannKendall, ranks } from '../src/statistics/mann-kendall.ts'
import { normalDistribution, normalQuantile } from '../src/statistics/normal.ts'
import { median, quantile } from '../src/statistics/order.ts'
import { quantileInterval } from '../src/statistics/percentiles.ts'
import {
  rateAtLeast,
  rateAtMost,
  statisticallySupported,
  wilsonInterval,
} from '../src/statistics/proportions.ts'
import { shapesOf } from '../src/statistics/shapes.ts'
import { stepsOf } from '../src/statistics/steps.ts'
import { slopeBounds, theilSen } from '../src/statistics/theil-sen.ts'

// Where a comment says SciPy, the number was computed with SciPy 1.x, or NumPy after the cited definition, and not with this code.
const samples = (values: readonly number[], step = 1) =>
  values.map((value, index) => ({ at: index * step, value }))

describe('medians and quantiles', () => {
  it('the median is the middle one, or between the two in the middle', () => {
    expect(median([5, 1, 3])).toBe(3)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(median([])).toBeNaN()
  })

  it('a quantile is a sample that was seen: the smallest that its share does not exceed', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
    expect([0, 0.01, 0.5, 0.99, 1].map((share) => quantile(hundred, share))).toEqual([1, 1, 50, 99, 100])
    expect(quantile([7], 0.99)).toBe(7)
    expect(quantile([], 0.5)).toBeNaN()
  })
})

describe('distributions', () => {
  it('the normal distribution agrees with SciPy', () => {
    expect(normalDistribution(-3)).toBeCloseTo(0.00134989803163, 12)
    expect(normalDistribution(0.5)).toBeCloseTo(0.69146246127401, 12)
    expect(normalDistribution(0)).toBe(0.5)
    expect([normalDistribution(-9), normalDistribution(9)]).toEqual([0, 1])
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 9)
    expect(normalQuantile(0.9999)).toBeCloseTo(3.719016485455709, 8)
  })

  it('the incomplete beta function and the binomial distribution agree with SciPy, up to a million trials', () => {
    expect(incompleteBeta(0.3, 2.5, 7)).toBeCloseTo(0.6412224629717214, 10)
    expect(incompleteBeta(0.999, 3000, 2)).toBeCloseTo(0.19884957599214476, 9)
    expect(incompleteBeta(0.5, 0.5, 0.5)).toBeCloseTo(0.5, 10)
    expect(binomialDistribution(37, 100, 0.4)).toBeCloseTo(0.3068097622709849, 10)
    expect(binomialDistribution(980, 1000, 0.99)).toBeCloseTo(0.003288359787727489, 10)
    expect(binomialDistribution(999_000, 1_000_000, 0.999)).toBeCloseTo(0.5042115551670037, 6)
    expect([binomialDistribution(-1, 5, 0.5), binomialDistribution(5, 5, 0.5)]).toEqual([0, 1])
  })
})

describe('rates', () => {
  it('22 of 24 are 92 %, and between 74 and 98 % (Wilson)', () => {
    const { lower, upper } = wilsonInterval(22, 24)
    expect(lower).toBeCloseTo(0.7415119780678932, 9)
    expect(upper).toBeCloseTo(0.9768411847029568, 9)
    expect(wilsonInterval(0, 0)).toEqual({ lower: 0, upper: 1 })
    expect(wilsonInterval(0, 9).lower).toBe(0)
    expect(wilsonInterval(9, 9).upper).toBe(1)
  })

  it('verify 2.9: 80 % is shown by 14/14, 23/24, 45/50 and 87/100, and not by one less', () => {
    expect(rateAtLeast(23, 24)).toBeCloseTo(0.8171075302443536, 9)
    expect(rateAtLeast(22, 24)).toBeCloseTo(0.7601989838711838, 9)
    for (const [successes, trials] of [
      [14, 14],
      [20, 20],
      [23, 24],
      [45, 50],
      [87, 100],
    ] as const)
      expect(statisticallySupported(successes, trials, 0.8)).toBe(true)
    for (const [successes, trials] of [
      [13, 13],
      [22, 24],
      [44, 50],
      [86, 100],
      [0, 0],
    ] as const)
      expect(statisticallySupported(successes, trials, 0.8)).toBe(false)
  })

  it('verify 2.9: 99.9 % availability takes 2,995 requests of which none is bad', () => {
    expect(statisticallySupported(2995, 2995, 0.999)).toBe(true)
    expect(statisticallySupported(2994, 2994, 0.999)).toBe(false)
    expect(rateAtMost(0, 2995)).toBeCloseTo(1 - 0.9990002555790989, 9)
  })

  it('the exact bound is missed by no more than it says', () => {
    const random = seededRandom('rates')
    let missed = 0
    const runs = 2000
    for (let run = 0; run < runs; run++) {
      let successes = 0
      for (let trial = 0; trial < 30; trial++) if (random() < 0.85) successes++
      if (rateAtLeast(successes, 30) > 0.85) missed++
    }
    expect(missed).toBeGreaterThan(0)
    expect(missed / runs).toBeLessThanOrEqual(0.06)
  })

  it('counts that make no sense are refused', () => {
    expect(() => wilsonInterval(3, 2)).toThrow('successes must be a whole number from 0 to trials; got 3')
    expect(() => rateAtLeast(1, 1.5)).toThrow('trials must be a whole number')
  })
})

describe('intervals of percentiles', () => {
  it('the median of 100 lies between the 40th and the 61st, the 99th percentile of 1,000 between ranks 983 and 997 (SciPy)', () => {
    const upTo = (length: number) => Array.from({ length }, (_, index) => length - index)
    expect(quantileInterval(upTo(100), 0.5)).toEqual({ lower: 40, upper: 61 })
    expect(quantileInterval(upTo(1000), 0.99)).toEqual({ lower: 983, upper: 997 })
  })

  it('too few samples know nothing of a far percentile', () => {
    const values = Array.from({ length: 368 }, (_, index) => index)
    expect(quantileInterval(values, 0.99)).toMatchObject({ upper: 367 })
    expect(quantileInterval(values.slice(1), 0.99)).toBeUndefined()
    expect(quantileInterval([], 0.5)).toBeUndefined()
  })
})

describe('the Mann-Kendall test', () => {
  const digits = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4, 3]

  it('S and its variance, with ties, agree with NumPy', () => {
    const { s, variance, z } = mannKendall(digits)
    expect(s).toBe(27)
    expect(variance).toBeCloseTo(1796.3333333333333, 9)
    expect(z).toBeCloseTo(26 / Math.sqrt(1796.3333333333333), 12)
  })

  it('a series and its reverse are opposites, and one without any change has no trend', () => {
    expect(mannKendall([...digits].reverse()).z).toBeCloseTo(-mannKendall(digits).z, 12)
    expect(mannKendall([2, 2, 2, 2])).toMatchObject({ s: 0, variance: 0, z: 0 })
  })

  it('ranks that are shared are the mean of those that are taken', () => {
    expect(ranks([10, 30, 10, 20])).toEqual([1.5, 4, 1.5, 3])
  })

  it("Hamed and Rao's factor agrees with NumPy, and is never below 1", () => {
    const series = Array.from({ length: 40 }, (_, index) => Math.sin(index / 3) + 0.05 * index)
    const { slope } = theilSen(samples(series))
    expect(hamedRaoFactor(series.map((value, index) => value - slope * index))).toBeCloseTo(
      1.6539909685456244,
      6,
    )
    const random = seededRandom('differences')
    const noise = Array.from({ length: 41 }, () => random())
    const differences = noise.slice(1).map((value, index) => value - (noise[index] as number))
    expect(hamedRaoFactor(differences)).toBe(1)
    expect(hamedRaoFactor([1, 2, 3])).toBe(1)
  })

  it('verify 0.8: without the factor, noise that resembles itself looks like a trend far too often', () => {
    const random = seededRandom('resemblance')
    let [plain, corrected] = [0, 0]
    for (let run = 0; run < 300; run++) {
      let value = 0
      const noise = Array.from({ length: 60 }, () => (value = 0.8 * value + random() - 0.5))
      const { slope } = theilSen(samples(noise))
      const factor = hamedRaoFactor(noise.map((each, index) => each - slope * index))
      if (mannKendall(noise).z > 2.326) plain++
      if (mannKendall(noise, factor).z > 2.326) corrected++
    }
    expect(plain).toBeGreaterThan(40)
    expect(corrected).toBeLessThan(plain / 2)
  })
})

describe('the line of Theil and Sen', () => {
  const values = [1.1, 2.3, 2.9, 4.2, 4.8, 6.9, 6.5, 8.1, 30, 9.7, 11.2, 11.9]

  it('slope and bounds agree with SciPy, an outlier notwithstanding', () => {
    const { slope, slopes } = theilSen(samples(values, 2))
    expect(slope).toBeCloseTo(0.49267676767676766, 12)
    const { lower, upper } = slopeBounds(slopes, mannKendall(values).variance, 1.959963984540054)
    expect(lower).toBeCloseTo(0.45, 12)
    expect(upper).toBeCloseTo(0.55, 12)
  })

  it('few samples have a slope of 0 or of their own', () => {
    expect(theilSen(samples([4])).slope).toBe(0)
    expect(theilSen(samples([4, 6]))).toMatchObject({ slope: 2, intercept: 4 })
  })
})

describe('floors', () => {
  it('a block is its lowest sample; blocks without any are left out', () => {
    const values = [5, 4, 6, undefined, undefined, undefined, 9, undefined]
    const floor = blockMinima(
      values.map((value, at) => ({ at, value })),
      3,
    )
    expect(floor).toEqual([
      { at: 1, value: 4 },
      { at: 6.5, value: 9 },
    ])
  })
})

describe('steps', () => {
  /** Tries every way to cut. */
  function bySearch(values: readonly number[], levels: number, shortest: number, from = 0): number {
    const cost = (part: readonly number[]): number => {
      const mean = part.reduce((sum, each) => sum + each, 0) / part.length
      return part.reduce((sum, each) => sum + (each - mean) ** 2, 0)
    }
    if (levels === 1)
      return values.length - from >= shortest ? cost(values.slice(from)) : Number.POSITIVE_INFINITY
    let best = Number.POSITIVE_INFINITY
    for (let to = from + shortest; to <= values.length - shortest; to++)
      best = Math.min(best, cost(values.slice(from, to)) + bySearch(values, levels - 1, shortest, to))
    return best
  }

  it('the stair of each number of levels is the best there is', () => {
    const random = seededRandom('stairs')
    let compared = 0
    for (let run = 0; run < 20; run++) {
      const values = Array.from({ length: 11 }, () => Math.round(random() * 20))
      for (const { levels, starts, unexplained } of stepsOf(values, 3, 2)) {
        expect(unexplained).toBeCloseTo(bySearch(values, levels.length, 2), 9)
        expect(starts[0]).toBe(0)
        expect(starts).toHaveLength(levels.length)
        compared++
      }
    }
    expect(compared).toBe(80)
  })

  it('finds where two levels meet, and makes no level shorter than it may', () => {
    const two = stepsOf([1, 1, 1, 1, 5, 5, 5], 6, 2)
    expect(two[1]).toEqual({ levels: [1, 5], starts: [0, 4], unexplained: 0 })
    expect(two).toHaveLength(3) // 7 values have room for three levels of two
  })
})

describe('shapes', () => {
  const names = ['constant', 'linear', 'exponential', 'saturating', 'settling', 'steps', 'wave'] as const
  const best = (shape: (share: number) => number) => {
    const random = seededRandom('shapes')
    const values = Array.from({ length: 40 }, (_, index) => 100 + shape(index / 39) + 0.1 * (random() - 0.5))
    const shapes = shapesOf(samples(values))
    return [...names].sort((a, b) => shapes[a].bic - shapes[b].bic)[0]
  }

  it('the criterion is lowest for the shape that a series was made of', () => {
    expect(best(() => 0)).toBe('constant')
    expect(best((share) => 5 * share)).toBe('linear')
    expect(best((share) => 0.1 * Math.exp(share / 0.25))).toBe('exponential')
    expect(best((share) => 10 * (1 - Math.exp(-share / 0.2)))).toBe('saturating')
    expect(best((share) => (share < 0.4 ? 0 : 8 * (1 - Math.exp((0.4 - share) / 0.1))))).toBe('settling')
    expect(best((share) => Math.floor(share * 3.99))).toBe('steps')
    expect(best((share) => 4 * Math.sin(2 * Math.PI * 2.3 * share + 1))).toBe('wave')
  })

  it('a line is found under a wave', () => {
    const values = Array.from({ length: 40 }, (_, index) => 100 + index / 10 + 3 * Math.sin(index))
    const { wavingLine, wave } = shapesOf(samples(values))
    expect(wavingLine.gain).toBeCloseTo(3.9, 0)
    expect(wavingLine.bic).toBeLessThan(wave.bic - 6)
  })

  it('a series that does not change at all has finite criteria', () => {
    const shapes = shapesOf(samples(Array.from({ length: 20 }, () => 7)))
    for (const name of names) expect(shapes[name].bic).toBeLessThan(0)
    expect(shapes.exponential.gain).toBe(0)
    expect(shapes.constant.bic).toBeLessThan(shapes.linear.bic)
  })
})
