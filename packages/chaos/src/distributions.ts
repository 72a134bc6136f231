/** How long delays are. */
import { duration, type Random } from '@seaworthy/core'
import type { Delay } from './fault.ts'

/**
 * One delay, in milliseconds.
 *
 * @param random - Drawn from once or twice.
 */
export function delayFrom(delay: Delay, random: Random): number {
  if (typeof delay !== 'object') return duration('delay', delay)
  switch (delay.distribution) {
    case 'uniform': {
      const min = duration('delay.min', delay.min)
      return min + (duration('delay.max', delay.max) - min) * random()
    }
    case 'lognormal': {
      const long = duration('delay.median', delay.median) * Math.exp(delay.sigma * standardNormal(random))
      return Math.min(long, duration('delay.cap', delay.cap))
    }
    case 'pareto': {
      const long = duration('delay.scale', delay.scale) / (1 - random()) ** (1 / delay.shape)
      return Math.min(long, duration('delay.cap', delay.cap))
    }
  }
}

/** An exponentially distributed time: how long until the next of events that come independently, `mean` apart on average. */
export function exponential(mean: number, random: Random): number {
  return -mean * Math.log(1 - random())
}

/** Source: G. E. P. Box, M. E. Muller, "A note on the generation of random normal deviates" (1958). */
function standardNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
