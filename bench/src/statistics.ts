/** The statistics that the reports are made of. */

/** What several runs say: their median, and how far they lie apart. */
export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
}

/**
 * The value below which a share of the values lies, between neighbours in proportion.
 *
 * @param share - 0 to 1.
 */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('A percentile needs at least one value')
  const sorted = [...values].sort((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)] as number
  const above = sorted[Math.ceil(position)] as number
  return below + (above - below) * (position - Math.floor(position))
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) }
}

/** Of fewer values not even the extremes are far enough apart to be bounds of the median. */
export const fewestForBounds = 6

/**
 * The median, and the values between which that of all possible runs lies with a probability of about 95 %, whatever their
 * distribution. *Source:* W. J. Conover, "Practical Nonparametric Statistics", 3rd edition, 1999, section 3.2.
 *
 * @param values - {@link fewestForBounds} or more.
 */
export function medianWithin(values: readonly number[]): Spread {
  if (values.length < fewestForBounds)
    throw new RangeError(`Bounds of a median need at least ${fewestForBounds} values`)
  const sorted = [...values].sort((a, b) => a - b)
  const margin = 1.96 * Math.sqrt(values.length)
  const below = Math.max(1, Math.round((values.length - margin) / 2))
  const [low, high] = [sorted[below - 1], sorted[values.length - below]] as [number, number]
  return { median: median(values), low, high }
}
