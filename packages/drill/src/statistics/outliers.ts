/** Values that stand alone. */
import { median } from './order.ts'
import type { Sample } from './theil-sen.ts'

/** Neighbours to either side. */
const reach = 2
/**
 * From where a value stands alone, in standard deviations of what lies between values and their medians. Many a value is the median itself, so that is less than
 * the noise: this is some four times the noise.
 */
const far = 7
/** Makes the median of absolute deviations a standard deviation, where noise is normal. */
const normalScale = 1.4826

/**
 * Puts the median of its neighbourhood in the place of each value that is far from it. A change of level is none: those after it are its neighbours.
 * Without any, the very same array is returned.
 *
 * Source: F. R. Hampel, "The influence curve and its role in robust estimation" (1974), as the filter of R. K. Pearson, "Outliers in process modeling and
 * identification" (2002); here with one scale for the whole series, since five values say little about their own.
 */
export function withoutOutliers(samples: readonly Sample[]): readonly Sample[] {
  const medians = samples.map((_, index) =>
    median(samples.slice(Math.max(0, index - reach), index + reach + 1).map(({ value }) => value)),
  )
  const distances = samples.map(({ value }, index) => Math.abs(value - (medians[index] as number)))
  const limit = far * normalScale * median(distances)
  if (distances.every((distance) => distance <= limit)) return samples
  return samples.map((sample, index) =>
    (distances[index] as number) > limit ? { at: sample.at, value: medians[index] as number } : sample,
  )
}
