/** Whether a series goes up or down, whatever the shape and the distribution. */

/** What the test of Mann and Kendall says. */
export interface TrendTest {
  /** How many more pairs go up than go down. */
  readonly s: number
  /** The variance that `s` has without a trend; ties and, if asked for, autocorrelation are accounted for. */
  readonly variance: number
  /** By how much autocorrelation has raised the variance. 1 where it has not. */
  readonly varianceFactor: number
  /** How many standard deviations `s` is above 0. Above 2.326 an upward trend is significant at 1 %. */
  readonly z: number
}

/**
 * The Mann-Kendall test for a trend, with the correction for ties.
 *
 * Sources: H. B. Mann, "Nonparametric tests against trend" (1945); M. G. Kendall, "Rank correlation methods" (1975); R. O. Gilbert,
 * "Statistical methods for environmental pollution monitoring" (1987), section 16.4 (ties, continuity).
 *
 * @param varianceFactor - What the variance is multiplied with; see {@link hamedRaoFactor}. @defaultValue 1
 */
export function mannKendall(values: readonly number[], varianceFactor = 1): TrendTest {
  let s = 0
  for (let later = 1; later < values.length; later++) {
    const value = values[later] as number
    for (let earlier = 0; earlier < later; earlier++) s += Math.sign(value - (values[earlier] as number))
  }
  const variance = varianceOfS(values) * varianceFactor
  const z = variance > 0 ? (s - Math.sign(s)) / Math.sqrt(variance) : 0
  return { s, variance, varianceFactor, z }
}

function varianceOfS(values: readonly number[]): number {
  const ties = new Map<number, number>()
  for (const value of values) ties.set(value, (ties.get(value) ?? 0) + 1)
  const weight = (size: number): number => size * (size - 1) * (2 * size + 5)
  let sum = weight(values.length)
  for (const size of ties.values()) sum -= weight(size)
  return sum / 18
}

/**
 * By how much the variance of a Mann-Kendall test has to be raised because neighbours resemble each other. It is never below 1: correlation
 * that would make the test more sensitive is left out.
 *
 * Source: K. H. Hamed, A. R. Rao, "A modified Mann-Kendall trend test for autocorrelated data", Journal of Hydrology 204 (1998),
 * equation 14, with the autocorrelations of the ranks that are significant at 5 %, up to a quarter of the length.
 *
 * @param residuals - The series without its trend.
 */
export function hamedRaoFactor(residuals: readonly number[]): number {
  const size = residuals.length
  if (size < 8) return 1
  const centred = ranks(residuals).map((rank) => rank - (size + 1) / 2)
  const square = sumOfProducts(centred, 0)
  if (square === 0) return 1
  const significant = 1.96 / Math.sqrt(size)
  let sum = 0
  for (let lag = 1; lag <= size / 4; lag++) {
    const correlation = sumOfProducts(centred, lag) / square
    if (Math.abs(correlation) > significant)
      sum += (size - lag) * (size - lag - 1) * (size - lag - 2) * correlation
  }
  return Math.max(1, 1 + (2 / (size * (size - 1) * (size - 2))) * sum)
}

/** From 1; those that are equal share the mean of their ranks. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, index) => index)
  order.sort((a, b) => (values[a] as number) - (values[b] as number))
  const result = new Array<number>(values.length)
  for (let from = 0; from < order.length; ) {
    const value = values[order[from] as number]
    let to = from
    while (to < order.length && values[order[to] as number] === value) to++
    for (const index of order.slice(from, to)) result[index] = (from + 1 + to) / 2
    from = to
  }
  return result
}

/** The sum of the products of what is `lag` apart; divided by that of lag 0, the autocorrelation. */
function sumOfProducts(centred: readonly number[], lag: number): number {
  let sum = 0
  for (let index = lag; index < centred.length; index++)
    sum += (centred[index] as number) * (centred[index - lag] as number)
  return sum
}
