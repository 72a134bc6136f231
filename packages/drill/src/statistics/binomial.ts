/** How many of a number of independent trials succeed. */

/** Stirling's series; exact to 1e-12 once the argument has been raised above 10. */
function logGamma(x: number): number {
  if (x < 10) return logGamma(x + 1) - Math.log(x)
  const square = 1 / (x * x)
  const series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / x
  return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + series
}

/**
 * The regularized incomplete beta function, the distribution behind the binomial one.
 *
 * Source: NIST Digital Library of Mathematical Functions, 8.17.22 (the continued fraction) and 8.17.4 (the symmetry), evaluated as in
 * W. J. Lentz, "Generating Bessel functions in Mie scattering calculations using continued fractions" (1976).
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x))
  return front / (a * continuedFraction(x, a, b))
}

/** 1 + d₁/(1 + d₂/(1 + …)), from its front. */
function continuedFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300
  let value = 1
  let numerator = 1
  let denominator = 0
  for (let index = 1; index <= 10_000; index++) {
    const half = index >> 1
    const term =
      index % 2 === 0
        ? (half * (b - half) * x) / ((a + index - 1) * (a + index))
        : (-(a + half) * (a + b + half) * x) / ((a + index - 1) * (a + index))
    denominator = 1 / (1 + term * denominator || tiny)
    numerator = 1 + term / numerator || tiny
    const change = numerator * denominator
    value *= change
    if (Math.abs(change - 1) < 1e-14) break
  }
  return value
}

/** The chance of at most `most` successes in `trials`, each of which succeeds with `chance`. */
export function binomialDistribution(most: number, trials: number, chance: number): number {
  if (most < 0) return 0
  if (most >= trials) return 1
  return incompleteBeta(1 - chance, trials - most, most + 1)
}
