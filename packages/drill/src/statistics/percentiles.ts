/** How well samples know a percentile. */
import { binomialDistribution } from './binomial.ts'
import { ascending } from './order.ts'
import { type Interval, usualConfidence } from './proportions.ts'

/**
 * Two samples between which the quantile of what was sampled lies, with at least the given confidence, whatever its distribution.
 *
 * How many samples fall below the quantile is binomial, so ranks that leave no more than (1 - confidence)/2 on either side will do.
 *
 * Source: H. A. David, H. N. Nagaraja, "Order Statistics" (3rd edition, 2003), section 7.1.
 *
 * @param share - Between 0 and 1; 0.99 is the 99th percentile.
 * @param confidence - @defaultValue 0.95
 * @returns Undefined when there are too few samples to know: 368 are needed for the 99th percentile.
 */
export function quantileInterval(
  values: readonly number[],
  share: number,
  confidence: number = usualConfidence,
): Interval | undefined {
  const tail = (1 - confidence) / 2
  const size = values.length
  // Rank r, counted from 1, is not above the quantile when at least r samples are below it.
  const lower = firstWhere(size + 1, (below) => binomialDistribution(below, size, share) > tail)
  const upper = firstWhere(size + 1, (below) => binomialDistribution(below, size, share) >= 1 - tail) + 1
  if (lower < 1 || upper > size) return undefined
  const sorted = ascending(values)
  return { lower: sorted[lower - 1] as number, upper: sorted[upper - 1] as number }
}

/** The first whole number from 0 for which something holds that goes on to hold, or `end`. */
function firstWhere(end: number, holds: (value: number) => boolean): number {
  let low = 0
  let high = end
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
