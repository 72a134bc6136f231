/** The shape of a leak. */
import type { Shapes } from '../statistics/shapes.ts'
import { rules } from './floor.ts'

/** How a leak grows. `unclassified` when no shape is clearly better than the others. */
export type LeakPattern = 'linear' | 'exponential' | 'stepwise' | 'unclassified'

/** By how much the criterion of the best shape must be lower than that of the next: strong evidence. */
const margin = 6

/**
 * Names the shape of a floor that was judged to leak.
 *
 * @param reference - What a step is a share of, in bytes.
 */
export function leakPattern(shapes: Shapes, reference: number): LeakPattern {
  const candidates = [
    { pattern: 'linear', bic: shapes.linear.bic, possible: true },
    { pattern: 'exponential', bic: shapes.exponential.bic, possible: doublesSoon(shapes) },
    { pattern: 'stepwise', bic: shapes.steps.bic, possible: isStair(shapes, reference) },
  ] as const
  const [best, next] = candidates.filter(({ possible }) => possible).sort((a, b) => a.bic - b.bic)
  if (best === undefined) return 'unclassified'
  return next === undefined || next.bic - best.bic >= margin ? best.pattern : 'unclassified'
}

/** What doubles in more than twice the window cannot be told from a line. */
function doublesSoon({ exponential }: Shapes): boolean {
  return exponential.gain > 0 && exponential.time * Math.LN2 < 2
}

/** At least two steps up, none back. */
function isStair({ steps: { levels } }: Shapes, reference: number): boolean {
  const least = (reference * rules.stepPercent) / 100
  const changes = levels.slice(1).map((level, index) => level - (levels[index] as number))
  return changes.filter((change) => change >= least).length >= 2 && changes.every((change) => change > -least)
}
