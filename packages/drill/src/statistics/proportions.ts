/** What a number of successes says about the rate behind them. */
import { InvalidOptionError } from '@seaworthy/core'
import { incompleteBeta } from './binomial.ts'
import { normalQuantile } from './normal.ts'

/** Where a figure lies, with some confidence. */
export interface Interval {
  readonly lower: number
  readonly upper: number
}

/** The usual level: an interval misses the truth once in twenty times. */
export const usualConfidence = 0.95

/**
 * Where the rate lies, from both sides. Close to its nominal confidence on average over rates, and never outside of 0 to 1.
 *
 * Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference" (1927).
 *
 * @param confidence - @defaultValue 0.95
 * @throws {@link @seaworthy/core!InvalidOptionError} when the counts are no counts, or more succeeded than were tried.
 */
export function wilsonInterval(
  successes: number,
  trials: number,
  confidence: number = usualConfidence,
): Interval {
  checkCounts(successes, trials)
  if (trials === 0) return { lower: 0, upper: 1 }
  const z = normalQuantile((1 + confidence) / 2)
  const rate = successes / trials
  const scale = 1 + (z * z) / trials
  const centre = (rate + (z * z) / (2 * trials)) / scale
  const half = (z / scale) * Math.sqrt((rate * (1 - rate)) / trials + (z * z) / (4 * trials * trials))
  // At the ends the formula is exact, and rounding is not.
  return {
    lower: successes === 0 ? 0 : centre - half,
    upper: successes === trials ? 1 : centre + half,
  }
}

/**
 * The lowest rate that the successes do not speak against: with the given confidence, the rate is at least this. Never less sure than it says.
 *
 * Source: C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial" (1934), one-sided.
 *
 * @param confidence - @defaultValue 0.95
 * @throws {@link @seaworthy/core!InvalidOptionError} when the counts are no counts, or more succeeded than were tried.
 */
export function rateAtLeast(successes: number, trials: number, confidence: number = usualConfidence): number {
  checkCounts(successes, trials)
  if (successes === 0) return 0
  // The rate at which so many successes or more would be as rare as 1 - confidence.
  return invert((rate) => incompleteBeta(rate, successes, trials - successes + 1), 1 - confidence)
}

/** {@link rateAtLeast} from above: with the given confidence, the rate is at most this. */
export function rateAtMost(successes: number, trials: number, confidence: number = usualConfidence): number {
  return 1 - rateAtLeast(trials - successes, trials, confidence)
}

/**
 * Whether the successes show that the rate is at least `target`, rather than just not to contradict it. 22 of 24 are more than 80 %,
 * but a service that recovers 4 times out of 5 does as well as that more often than one time in twenty.
 *
 * @param target - A rate from 0 to 1.
 * @param confidence - @defaultValue 0.95
 * @throws {@link @seaworthy/core!InvalidOptionError} when the counts are no counts, or more succeeded than were tried.
 *
 * @example
 * ```ts
 * import { statisticallySupported } from '@seaworthy/drill'
 *
 * console.log(statisticallySupported(22, 24, 0.8), statisticallySupported(23, 24, 0.8)) // false true
 * ```
 */
export function statisticallySupported(
  successes: number,
  trials: number,
  target: number,
  confidence: number = usualConfidence,
): boolean {
  return trials > 0 && rateAtLeast(successes, trials, confidence) >= target
}

/** Where a rising function from 0 to 1 takes a value. */
function invert(rising: (x: number) => number, value: number): number {
  let low = 0
  let high = 1
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (rising(middle) < value) low = middle
    else high = middle
  }
  return low
}

function checkCounts(successes: number, trials: number): void {
  if (!Number.isSafeInteger(trials) || trials < 0)
    throw new InvalidOptionError('trials', 'a whole number of at least 0', trials)
  if (!Number.isSafeInteger(successes) || successes < 0 || successes > trials)
    throw new InvalidOptionError('successes', 'a whole number from 0 to trials', successes)
}
