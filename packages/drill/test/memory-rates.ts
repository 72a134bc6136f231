/** How often the memory verdict errs, on made-up series whose truth is known. */
import type { MemoryFinding } from '../src/memory/verdict.ts'
import { judgeMemory } from '../src/memory/verdict.ts'
import { fromOutside, type SeriesKind, series, seriesKinds } from './memory-series.ts'

/** Percent of the series of a kind. */
export interface Rates {
  readonly kind: SeriesKind
  readonly runs: number
  /** Found to leak: `leak` or `native-or-fragmentation`. */
  readonly flagged: number
  /** Failed the exit criterion: a leak or growth of 10 % in four hours. */
  readonly failed: number
  /** How often each pattern was named, of those found to leak. */
  readonly patterns: Readonly<Record<string, number>>
  /** Found to leak from resident memory alone. Undefined when not asked for. */
  readonly flaggedFromOutside: number | undefined
}

const isFlagged = (verdict: MemoryFinding): boolean =>
  verdict === 'leak' || verdict === 'native-or-fragmentation'

/** @param seeds - Series of other seeds than those the rule was made with tell how good it is. */
export function ratesOf(kind: SeriesKind, seeds: string, runs: number, outside = false): Rates {
  const counts = { flagged: 0, failed: 0, outside: 0 }
  const patterns: Record<string, number> = {}
  for (let run = 0; run < runs; run++) {
    const points = series(kind, `${seeds}/${run}`)
    const { verdict, outcome, pattern } = judgeMemory(points)
    if (isFlagged(verdict)) counts.flagged++
    if (outcome === 'fail') counts.failed++
    if (pattern !== undefined) patterns[pattern] = (patterns[pattern] ?? 0) + 1
    if (outside && isFlagged(judgeMemory(fromOutside(points)).verdict)) counts.outside++
  }
  const percent = (count: number): number => (100 * count) / runs
  return {
    kind,
    runs,
    flagged: percent(counts.flagged),
    failed: percent(counts.failed),
    patterns,
    flaggedFromOutside: outside ? percent(counts.outside) : undefined,
  }
}

/** Of every kind. */
export const allRates = (seeds: string, runs: number, outside = false): Rates[] =>
  seriesKinds.map((kind) => ratesOf(kind, seeds, runs, outside))
