/** How long things take in a simulation: distributions that real services resemble. */
import { type Duration, duration, InvalidOptionError, knownOptions, type Random } from '@seaworthy/core'

/**
 * How long one piece of work takes: always the same; exponentially distributed around a mean; or lognormally, which fits most services: half
 * of the calls take up to `median`, one in a hundred more than `p99`.
 */
export type ServiceTime =
  | Duration
  | { readonly law: 'exponential'; readonly mean: Duration }
  | { readonly law: 'lognormal'; readonly median: Duration; readonly p99: Duration }

/** A distribution, checked. Milliseconds. */
export interface TimeLaw {
  readonly mean: number
  /** The time within which all but one in a hundred end. */
  readonly p99: number
  /** Draws one. */
  draw(random: Random): number
}

/** The point of the standard normal distribution below which 99 % lie. */
const normal99 = 2.3263

/** Reads a service time. @throws {@link @seaworthy/core!InvalidOptionError} when it makes no sense. */
export function timeLaw(option: string, time: ServiceTime): TimeLaw {
  if (typeof time !== 'object') {
    const value = duration(option, time)
    return { mean: value, p99: value, draw: () => value }
  }
  if (time?.law === 'exponential') {
    knownOptions(option, time, ['law', 'mean'])
    const mean = duration(`${option}.mean`, time.mean)
    return { mean, p99: mean * Math.log(100), draw: (random) => -mean * Math.log(1 - random()) }
  }
  if (time?.law === 'lognormal') {
    knownOptions(option, time, ['law', 'median', 'p99'])
    const median = duration(`${option}.median`, time.median, Number.MIN_VALUE)
    const p99 = duration(`${option}.p99`, time.p99, median)
    const spread = Math.log(p99 / median) / normal99
    const mean = median * Math.exp(spread ** 2 / 2)
    return { mean, p99, draw: (random) => median * Math.exp(spread * normal(random)) }
  }
  throw new InvalidOptionError(option, "a duration, or { law: 'exponential' | 'lognormal', ... }", time)
}

/** Source: G. Box, M. Muller, "A note on the generation of random normal deviates" (1958). */
const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
