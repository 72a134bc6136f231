/** The standard normal distribution. */

const density = (z: number): number => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)

/**
 * The chance that a standard normal value is at most `z`.
 *
 * Source: G. Marsaglia, "Evaluating the normal distribution", Journal of Statistical Software 11 (2004): the series
 * z + z³/3 + z⁵/15 + …, summed until it no longer changes.
 */
export function normalDistribution(z: number): number {
  if (z > 8) return 1
  if (z < -8) return 0
  let sum = z
  let term = z
  for (let odd = 3; sum !== sum + term || odd === 3; odd += 2) {
    term *= (z * z) / odd
    sum += term
  }
  return 0.5 + sum * density(z)
}

/**
 * The value that a standard normal one does not exceed with the given chance: `normalQuantile(0.975)` is 1.96.
 *
 * @param chance - Between 0 and 1, both excluded.
 */
export function normalQuantile(chance: number): number {
  let low = -8
  let high = 8
  while (high - low > 1e-12) {
    const middle = (low + high) / 2
    if (normalDistribution(middle) < chance) low = middle
    else high = middle
  }
  return (low + high) / 2
}
