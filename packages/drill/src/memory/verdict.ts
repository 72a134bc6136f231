/** What a series of memory points says about a process. */
import { type Duration, duration, knownOptions, number, ratio } from '@seaworthy/core'
import { blockMinima } from '../statistics/block-minima.ts'
import type { Sample } from '../statistics/theil-sen.ts'
import { type FloorEvidence, type FloorJudgement, judgeFloor, leastBlocks } from './floor.ts'
import { type LeakPattern, leakPattern } from './pattern.ts'
import type { MemoryPoint } from './points.ts'

/**
 * What was found.
 *
 * - `none`: what is held does not grow.
 * - `leak`: it grows, and goes on to grow.
 * - `plateaued`: it has grown, and stopped: a cache, a pool, a warm-up.
 * - `inconclusive`: too little was seen. It is no `none`.
 * - `native-or-fragmentation`: the process grows and its heap does not: buffers, native code, or an allocator that does not give memory back.
 * - `critical`: it came so close to a limit that it was not waited for more.
 */
export type MemoryFinding =
  | 'none'
  | 'leak'
  | 'plateaued'
  | 'inconclusive'
  | 'native-or-fragmentation'
  | 'critical'

/**
 * Of what the floor was taken: the heap after major collections, the buffers that belong to it, resident memory besides the heap, or resident memory
 * where that is all there is.
 */
export type MemorySignal = 'heap' | 'external' | 'nonHeap' | 'rss'

/** Options of {@link judgeMemory}. */
export interface JudgeMemoryOptions {
  /** For how long a process has to keep within its growth. A leak that was seen for less is projected. @defaultValue `'4h'` */
  readonly contract?: Duration
  /** Growth of the floor that fails, in percent. @defaultValue 10 */
  readonly growthThresholdPercent?: number
  /** What is left out at the beginning: at least so long. @defaultValue `'1m'` */
  readonly warmUp?: Duration
  /** And at least this share of the whole. @defaultValue 0.15 */
  readonly warmUpShare?: number
  /** And until so many major collections have been seen, where they can be seen at all. @defaultValue 3 */
  readonly warmUpCollections?: number
  /**
   * How long resident memory has to be watched before it alone says anything: an allocator takes its time to settle.
   * @defaultValue `'10m'`
   */
  readonly residentAfter?: Duration
}

/** A verdict, with all numbers that led to it. */
export interface MemoryVerdict {
  readonly verdict: MemoryFinding
  /** `fail`: growth of the threshold or more. `warn`: a leak that stays below it. */
  readonly outcome: 'pass' | 'warn' | 'fail' | 'inconclusive'
  /** Only with the verdict `leak`. */
  readonly pattern?: LeakPattern
  /** What the verdict is about. */
  readonly signal: MemorySignal
  /** From the median of the first fifth of the floor to that of the last. Undefined when inconclusive. */
  readonly growthPercent?: number
  /** What a leak makes of the base over the contract. Only with a leak, or growth outside of the heap. */
  readonly projectedGrowthPercent?: number
  /** Whether less than the contract was seen. */
  readonly extrapolated: boolean
  /** A sentence for people. */
  readonly reason: string
  /** What was judged, by signal. */
  readonly evidence: Readonly<Partial<Record<MemorySignal, FloorEvidence>>>
  /** Milliseconds from the first to the last sample. */
  readonly watched: number
  /** Milliseconds of that that were left out as warm-up. */
  readonly warmUp: number
  /** How many samples were taken, those of the warm-up included. */
  readonly samples: number
  /** How many major collections were seen. */
  readonly collections: number
}

/** {@link JudgeMemoryOptions}, checked. */
export interface MemoryRules {
  readonly contract: number
  readonly growthThresholdPercent: number
  readonly warmUp: number
  readonly warmUpShare: number
  readonly warmUpCollections: number
  readonly residentAfter: number
}

/** Names of {@link JudgeMemoryOptions}. */
export const judgeOptionNames: readonly string[] = [
  'contract',
  'growthThresholdPercent',
  'warmUp',
  'warmUpShare',
  'warmUpCollections',
  'residentAfter',
]

/** @throws {@link @seaworthy/core!InvalidOptionError} when one makes no sense. */
export function memoryRules(options: JudgeMemoryOptions = {}): MemoryRules {
  return {
    contract: duration('contract', options.contract ?? '4h', 1),
    growthThresholdPercent: number('growthThresholdPercent', options.growthThresholdPercent ?? 10),
    warmUp: duration('warmUp', options.warmUp ?? '1m'),
    warmUpShare: ratio('warmUpShare', options.warmUpShare ?? 0.15, true),
    warmUpCollections: number('warmUpCollections', options.warmUpCollections ?? 3),
    residentAfter: duration('residentAfter', options.residentAfter ?? '10m'),
  }
}

/**
 * Judges the memory of a process. It looks at the floor of the heap (what is left right after major garbage collections), tests it for a
 * trend that is significant though neighbouring values resemble each other, large enough to matter and still going on, and compares shapes, so that what
 * warms up, fills up or comes and goes is no leak. See `docs/memory-verdict.md` for how often it errs.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { judgeMemory } from '@seaworthy/drill'
 *
 * const megabytes = (hour: number) => 100 + 3 * hour + Math.sin(50 * hour) // 3 MB more every hour
 * const points = Array.from({ length: 480 }, (_, minute) => {
 *   const heap = megabytes(minute / 120) * 2 ** 20
 *   return { at: minute * 30_000, until: minute * 30_000, samples: 1, rss: heap, rssHighest: heap, heapFloor: heap, collections: minute }
 * })
 * const { verdict, outcome, pattern } = judgeMemory(points)
 * console.log(verdict, outcome, pattern) // leak warn linear
 * ```
 */
export function judgeMemory(points: readonly MemoryPoint[], options: JudgeMemoryOptions = {}): MemoryVerdict {
  knownOptions('judgeMemory', options, judgeOptionNames)
  return judgeBy(points, memoryRules(options))
}

/** {@link judgeMemory} with options that are checked already. */
export function judgeBy(points: readonly MemoryPoint[], rules: MemoryRules): MemoryVerdict {
  const { settled, ...seen } = afterWarmUp(points, rules)
  const common = { ...seen, extrapolated: seen.watched < rules.contract }
  const inside = settled.some(({ heapFloor }) => heapFloor !== undefined)
  const [main, ...others] = inside ? signalsInside(seen.watched >= rules.residentAfter) : (['rss'] as const)
  const floor = floorOf(settled, main)
  if (floor.length < leastBlocks) return { ...inconclusive(main, floor.length), ...common }
  const first = judgeFloor(floor)
  const evidence: Partial<Record<MemorySignal, FloorEvidence>> = { [main]: first.evidence }
  const verdict = verdictOf(main, first, rules)
  if (verdict.verdict !== 'leak') {
    // What the heap does not show. Its growth is a share of all that the process holds.
    for (const signal of others) {
      const floor = floorOf(settled, signal)
      if (floor.length < leastBlocks) continue
      const judgement = judgeFloor(floor, first.evidence.base + (floor[0] as Sample).value)
      evidence[signal] = judgement.evidence
      if (judgement.evidence.direction === 'rising')
        return { ...verdictOf(signal, judgement, rules), ...common, evidence }
    }
  }
  return { ...verdict, ...common, evidence }
}

/** In order of trust: buffers are known exactly, the rest is what the allocator makes of it. */
function signalsInside(longEnough: boolean): readonly [MemorySignal, ...MemorySignal[]] {
  return longEnough ? ['heap', 'external', 'nonHeap'] : ['heap', 'external']
}

function verdictOf(
  signal: MemorySignal,
  { evidence, shapes, slope }: FloorJudgement,
  rules: MemoryRules,
): Omit<MemoryVerdict, 'extrapolated' | 'watched' | 'warmUp' | 'samples' | 'collections' | 'evidence'> {
  const rising = evidence.direction === 'rising'
  const growthPercent = (100 * (evidence.last - evidence.base)) / evidence.reference
  const pattern = rising && shapes ? leakPattern(shapes, evidence.reference) : undefined
  // A line through an exponential says little of where it goes; what it has added by now is the least.
  const added = pattern === 'exponential' ? (shapes?.exponential.gain ?? 0) : 0
  const projectedGrowthPercent = (100 * Math.max(slope * rules.contract, added)) / evidence.reference
  const tooMuch =
    growthPercent >= rules.growthThresholdPercent ||
    (rising && projectedGrowthPercent >= rules.growthThresholdPercent)
  const leak = rising && (signal === 'heap' || signal === 'rss')
  return {
    verdict: leak ? 'leak' : findings[evidence.direction],
    outcome: tooMuch ? 'fail' : rising ? 'warn' : 'pass',
    ...(leak && pattern && { pattern }),
    signal,
    growthPercent,
    ...(rising && { projectedGrowthPercent }),
    reason: `${names[signal]}: ${evidence.reason}`,
  }
}

const names: Readonly<Record<MemorySignal, string>> = {
  heap: 'The heap after major collections',
  external: 'Buffers of the heap',
  nonHeap: 'Resident memory besides the heap',
  rss: 'Resident memory, all that can be seen from outside',
}

const findings = { level: 'none', plateaued: 'plateaued', rising: 'native-or-fragmentation' } as const

function inconclusive(
  signal: MemorySignal,
  left: number,
): Pick<MemoryVerdict, 'verdict' | 'outcome' | 'signal' | 'reason' | 'evidence'> {
  const what = signal === 'heap' ? 'samples right after a major collection' : 'samples'
  return {
    verdict: 'inconclusive',
    outcome: 'inconclusive',
    signal,
    reason: `After the warm-up there are ${left} blocks with ${what}; ${leastBlocks} are needed. Watch for longer, or force collections.`,
    evidence: {},
  }
}

/** Leaves out the beginning, when caches are empty and code is not compiled. */
function afterWarmUp(points: readonly MemoryPoint[], rules: MemoryRules) {
  const start = points[0]?.at ?? 0
  const last = points[points.length - 1]
  const watched = (last?.until ?? 0) - start
  const collectionsBefore = points[0]?.collections ?? 0
  const collections = (last?.collections ?? 0) - collectionsBefore
  const end = start + Math.max(rules.warmUp, rules.warmUpShare * watched)
  const needed = collections > 0 ? rules.warmUpCollections : 0
  const settled = points.filter(
    ({ at, collections }) => at >= end && collections - collectionsBefore >= needed,
  )
  return {
    settled,
    watched,
    warmUp: (settled[0]?.at ?? last?.until ?? 0) - start,
    samples: points.reduce((sum, { samples }) => sum + samples, 0),
    collections,
  }
}

/** Between 30 and 60 blocks, or as many as there are samples. */
function floorOf(points: readonly MemoryPoint[], signal: MemorySignal): Sample[] {
  const samples = points.map((point) => ({ at: point.at, value: point[fields[signal]] }))
  return blockMinima(samples, Math.max(1, Math.ceil(points.length / 40)))
}

const fields = { heap: 'heapFloor', external: 'externalFloor', nonHeap: 'nonHeap', rss: 'rss' } as const
