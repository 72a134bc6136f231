/** Medians and quantiles of samples. */

/** A sorted copy, smallest first. */
export function ascending(values: readonly number[]): number[] {
  // A typed array sorts numbers several times as fast as an array with a comparison.
  return Array.from(Float64Array.from(values).sort())
}

/** The middle value, or the mean of the two in the middle. NaN for no values. */
export function median(values: readonly number[]): number {
  return medianOfSorted(ascending(values))
}

/** {@link median} of values that are sorted already. */
export function medianOfSorted(sorted: readonly number[]): number {
  const middle = sorted.length / 2
  const above = sorted[Math.floor(middle)] ?? Number.NaN
  return Number.isInteger(middle) ? (above + (sorted[middle - 1] ?? Number.NaN)) / 2 : above
}

/**
 * The value below which a share of the samples lies: the smallest sample that at least that share does not exceed. It is always a
 * sample that was seen, never a value between two.
 *
 * Source: R. J. Hyndman, Y. Fan, "Sample quantiles in statistical packages" (1996), definition 1.
 *
 * @param share - From 0 to 1; 0.99 is the 99th percentile.
 * @returns NaN for no values.
 */
export function quantile(values: readonly number[], share: number): number {
  return quantileOfSorted(ascending(values), share)
}

/** {@link quantile} of values that are sorted already. */
function quantileOfSorted(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}
