import { describe, expect, it } from 'vitest'
import type { MemoryPoint } from '../src/memory/points.ts'
import { type JudgeMemoryOptions, judgeMemory } from '../src/memory/verdict.ts'

const megabyte = 2 ** 20

/** A noise that is the same in every run and has no trend. */
const ripple = (index: number): number => Math.sin(index * 2.399) + Math.sin(index * 1.117)

/** Four hours, a sample in 30 seconds. `shape` is MB at a share of the run. */
function run(
  shape: (share: number) => number,
  more: (share: number, index: number) => Partial<MemoryPoint> = () => ({}),
) {
  return Array.from({ length: 481 }, (_, index): MemoryPoint => {
    const heapFloor = (100 + shape(index / 480) + 0.2 * ripple(index)) * megabyte
    return {
      at: index * 30_000,
      until: index * 30_000,
      samples: 1,
      rss: 160 * megabyte,
      rssHighest: 160 * megabyte,
      nonHeap: 40 * megabyte,
      heapFloor,
      externalFloor: 2 * megabyte,
      collections: index,
      ...more(index / 480, index),
    }
  })
}

const judge = (points: readonly MemoryPoint[], options?: JudgeMemoryOptions) => judgeMemory(points, options)

describe('verdicts', () => {
  it('what does not grow is none, and passes', () => {
    const verdict = judge(run(() => 0))
    expect(verdict).toMatchObject({ verdict: 'none', outcome: 'pass', signal: 'heap', extrapolated: false })
    expect(Math.abs(verdict.growthPercent ?? Number.NaN)).toBeLessThan(0.5)
    expect(verdict).not.toHaveProperty('pattern')
    expect(verdict.reason).toBe('The heap after major collections: It does not grow.')
  })

  it('rule 8: a leak below the threshold warns, with the projection', () => {
    const verdict = judge(run((share) => 6 * share))
    expect(verdict).toMatchObject({ verdict: 'leak', outcome: 'warn', pattern: 'linear' })
    expect(verdict.projectedGrowthPercent).toBeCloseTo(6, 0)
  })

  it('rule 8: a leak whose projection reaches the threshold fails, though it has not come so far', () => {
    const early = run((share) => 30 * share).slice(0, 160)
    const verdict = judge(early)
    expect(verdict).toMatchObject({ verdict: 'leak', outcome: 'fail', extrapolated: true })
    expect(verdict.growthPercent).toBeLessThan(10)
    expect(verdict.projectedGrowthPercent).toBeCloseTo(30, -1)
  })

  it('rule 8: growth of the threshold fails even where it has stopped', () => {
    const verdict = judge(run((share) => (share < 0.5 ? 0 : 14)))
    expect(verdict.verdict).not.toBe('leak')
    expect(verdict.outcome).toBe('fail')
    expect(
      judge(
        run((share) => (share < 0.5 ? 0 : 14)),
        { growthThresholdPercent: 20 },
      ).outcome,
    ).toBe('pass')
  })

  it.each([0.03, 0.06, 0.1])(
    'what explodes late fails, though nearly all of the time there was no trend: %d',
    (time) => {
      const verdict = judge(run((share) => 40 * Math.exp((share - 1) / time)))
      expect(verdict).toMatchObject({ verdict: 'leak', pattern: 'exponential', outcome: 'fail' })
    },
  )

  it('what was seen for less than the contract is projected only where there is a leak', () => {
    const short = judge(run(() => 0).slice(0, 100), { contract: '24h' })
    expect(short).toMatchObject({ verdict: 'none', outcome: 'pass', extrapolated: true })
    expect(short).not.toHaveProperty('projectedGrowthPercent')
  })

  it('a cache that fills has plateaued', () => {
    const { verdict, outcome, evidence } = judge(
      run((share) => 20 * (1 - Math.exp(-share / 0.3))),
      { growthThresholdPercent: 30 },
    )
    expect(verdict).toBe('plateaued')
    expect(outcome).toBe('pass')
    expect(evidence.heap?.direction).toBe('plateaued')
  })

  it('buffers grow outside of the heap: native-or-fragmentation', () => {
    const points = run(
      () => 0,
      (share) => ({ externalFloor: (2 + 30 * share) * megabyte }),
    )
    const verdict = judge(points)
    expect(verdict).toMatchObject({ verdict: 'native-or-fragmentation', signal: 'external', outcome: 'fail' })
    expect(verdict.evidence.heap?.direction).toBe('level')
    expect(verdict).not.toHaveProperty('pattern')
  })

  it('a few kilobytes of buffers are no matter, though they have doubled', () => {
    const points = run(
      () => 0,
      (share) => ({ externalFloor: (1 + share) * megabyte }),
    )
    expect(judge(points)).toMatchObject({ verdict: 'none', outcome: 'pass' })
  })

  it('resident memory besides the heap grows: native-or-fragmentation, once it was watched for long enough', () => {
    const points = run(
      () => 0,
      (share) => ({ nonHeap: (40 + 40 * share) * megabyte }),
    )
    expect(judge(points)).toMatchObject({ verdict: 'native-or-fragmentation', signal: 'nonHeap' })
    expect(judge(points, { residentAfter: '5h' })).toMatchObject({ verdict: 'none', signal: 'heap' })
  })

  it('where only the system can be asked, resident memory is judged, and the verdict says so', () => {
    const outside = run(() => 0).map(({ at, until, samples }, index): MemoryPoint => {
      const rss = (150 + index / 10 + ripple(index)) * megabyte
      return { at, until, samples, rss, rssHighest: rss, collections: 0 }
    })
    const verdict = judge(outside)
    expect(verdict).toMatchObject({ verdict: 'leak', signal: 'rss', pattern: 'linear', outcome: 'fail' })
    expect(verdict.reason).toContain('all that can be seen from outside')
  })
})

describe('too little', () => {
  it('rule 1: fewer than 20 blocks are inconclusive, which is neither pass nor fail', () => {
    for (const points of [[], run(() => 0).slice(0, 10)]) {
      expect(judge(points)).toMatchObject({ verdict: 'inconclusive', outcome: 'inconclusive', evidence: {} })
    }
  })

  it('a heap that was hardly ever collected is inconclusive; its resident memory does not take its place', () => {
    const points = run(() => 0).map(
      ({ heapFloor, ...rest }, index) => (index % 60 === 0 ? { ...rest, heapFloor } : rest) as MemoryPoint,
    )
    const verdict = judge(points)
    expect(verdict).toMatchObject({ verdict: 'inconclusive', signal: 'heap' })
    expect(verdict.reason).toContain('force collections')
  })

  it('rule 1: the warm-up is a minute, 15 % and three collections, whatever is longest', () => {
    expect(judge(run(() => 0)).warmUp).toBe(72 * 30_000)
    expect(
      judge(
        run(() => 0),
        { warmUp: '1h' },
      ).warmUp,
    ).toBe(3_600_000)
    const late = run(
      () => 0,
      (_, index) => ({ collections: Math.max(0, index - 200) }),
    )
    expect(judge(late).warmUp).toBe(203 * 30_000)
    expect(
      judge(
        run(() => 0),
        { warmUp: 0, warmUpShare: 0, warmUpCollections: 0 },
      ).warmUp,
    ).toBe(0)
  })
})

describe('patterns', () => {
  it('a line, an exponential and a stair are told apart', () => {
    expect(judge(run((share) => 20 * share)).pattern).toBe('linear')
    expect(judge(run((share) => (20 * (Math.exp(share / 0.2) - 1)) / Math.exp(5))).pattern).toBe(
      'exponential',
    )
    expect(judge(run((share) => 6 * Math.floor(share * 4.99))).pattern).toBe('stepwise')
  })

  it('a stair of many steps is like a line', () => {
    expect(['linear', 'unclassified']).toContain(judge(run((share) => Math.floor(share * 40) / 2)).pattern)
  })
})

describe('evidence', () => {
  it('every number of the rule is in it', () => {
    const { evidence, samples, collections, watched } = judge(run((share) => 12 * share))
    expect({ samples, collections, watched }).toEqual({
      samples: 481,
      collections: 480,
      watched: 480 * 30_000,
    })
    const heap = evidence.heap
    expect(heap?.blocks).toBeGreaterThanOrEqual(30)
    expect(heap?.blocks).toBeLessThanOrEqual(60)
    expect(heap?.z).toBeGreaterThan(2.326)
    expect(heap?.slopeLowerPercent).toBeGreaterThan(3)
    expect(heap?.slopePercent).toBeGreaterThan(heap?.slopeLowerPercent ?? 0)
    expect(heap?.tailZ).toBeGreaterThan(1.645)
    expect(heap?.tailGrowthPercent).toBeGreaterThan(1)
    expect(heap?.lastThirdGrowthPercent).toBeGreaterThan(0)
    expect(Object.keys(heap?.bic ?? {})).toHaveLength(8)
    expect(heap?.direction).toBe('rising')
  })

  it('a wave on a leak is taken out, and counted', () => {
    const verdict = judge(run((share) => 12 * share + 4 * Math.sin(2 * Math.PI * 4 * share)))
    expect(verdict.verdict).toBe('leak')
    expect(verdict.evidence.heap?.waves).toBeCloseTo(3.4, 0) // the warm-up is cut off
  })

  it('options that make no sense are refused by name', () => {
    expect(() => judge([], { contract: 0 })).toThrow('contract must be a duration')
    expect(() => judge([], { warmUpShare: 2 })).toThrow('warmUpShare must be a share')
    expect(() => judge([], { treshold: 3 } as JudgeMemoryOptions)).toThrow("judgeMemory option 'treshold'")
  })
})
