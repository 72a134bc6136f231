/** How delays are spread, so that clients that failed together do not come back together. */
import { type Duration, duration, type Random, ratio } from '@seaworthy/core'

/** Spreads a delay, in milliseconds. Runs before the delay is limited to `minDelay` and `maxDelay`. */
export type Jitter = (delay: number, random: Random) => number

/** The delay as it is. */
export const none: Jitter = (delay) => delay

/** Anything from 0 to the delay: the best spread, and half the wait on average. */
export const full: Jitter = (delay, random) => delay * random()

/** Half the delay, and anything up to the other half. */
export const equal: Jitter = (delay, random) => (delay / 2) * (1 + random())

/**
 * The delay, more or less a share of it: `proportional(0.2)` spreads 10 s over 8 s to 12 s.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when the share is not above 0 and up to 1.
 */
export function proportional(share: number): Jitter {
  const half = ratio('proportional share', share)
  return (delay, random) => delay * (1 + half * (2 * random() - 1))
}

/**
 * The delay, and anything up to `extra` more.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when the duration makes no sense.
 */
export function additive(extra: Duration): Jitter {
  const length = duration('additive extra', extra)
  return (delay, random) => delay + length * random()
}
