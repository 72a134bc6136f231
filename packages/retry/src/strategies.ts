/**
 * How long to wait before each retry: functions without state or side effects, so that a schedule can be
 * computed, tested and shared. A bundler drops those that are not used.
 */
import { type Duration, duration, type FailureClass, number, type Random } from '@seaworthy/core'

/** What a {@link DelayStrategy} is told. */
export interface DelayInput {
  /**
   * Which retry the delay comes before: 1 for the first. Begins again at 1 after a wait that the server asked
   * for.
   */
  readonly retry: number
  /** The policy's own delay before the retry at `retry - 1`, in milliseconds; 0 for the first. */
  readonly previous: number
  /** How the failure was judged. */
  readonly failureClass: FailureClass
  /** The policy's source of randomness. */
  readonly random: Random
}

/**
 * Answers how many milliseconds to wait before a retry, from 0; fractions are rounded up. A strategy of your
 * own that throws or answers something else is treated as if it had not been given, and its error goes to the
 * hub's `listenerError`.
 */
export interface DelayStrategy {
  (input: DelayInput): number
  /**
   * Whether it spreads delays by itself. Then the policy adds no jitter unless asked to.
   *
   * @defaultValue `false`
   */
  readonly random?: boolean
}

/** The upper bound of a growing strategy. */
export interface Growth {
  /** The longest delay. @defaultValue `'30s'` */
  readonly max?: Duration
}

/** Options of {@link exponential}. */
export interface ExponentialGrowth extends Growth {
  /** What each delay is multiplied with to get the next; at least 1. @defaultValue 2 */
  readonly factor?: number
}

/** Options of {@link linear}. */
export interface LinearGrowth extends Growth {
  /** What is added to each delay to get the next. @defaultValue the base */
  readonly step?: Duration
}

/**
 * `base · factor^(retry - 1)`, at most `max`: 1 s, 2 s, 4 s, 8 s, 16 s, 30 s, 30 s.
 *
 * @param base - The first delay. @defaultValue `'1s'`
 * @throws {@link @seaworthy/core!InvalidOptionError} when a duration or the factor makes no sense.
 *
 * @example
 * ```ts
 * import { exponential, retry } from '@seaworthy/retry'
 *
 * const policy = retry({ delay: exponential('100ms', { max: '5s' }) })
 * console.log(await policy.execute(() => 'done'))
 * ```
 */
export function exponential(
  base: Duration = '1s',
  { factor = 2, max = '30s' }: ExponentialGrowth = {},
): DelayStrategy {
  const first = duration('exponential base', base)
  const growth = number('exponential factor', factor, 1)
  const longest = duration('exponential max', max)
  // An infinite power must not meet a base of 0: their product is not a number.
  return ({ retry }) => Math.min(longest, first * Math.min(growth ** (retry - 1), Number.MAX_VALUE))
}

/**
 * `base + step · (retry - 1)`, at most `max`: 1 s, 2 s, 3 s.
 *
 * @param base - The first delay. @defaultValue `'1s'`
 * @throws {@link @seaworthy/core!InvalidOptionError} when a duration makes no sense.
 */
export function linear(
  base: Duration = '1s',
  { step = base, max = '30s' }: LinearGrowth = {},
): DelayStrategy {
  const first = duration('linear base', base)
  const growth = duration('linear step', step)
  const longest = duration('linear max', max)
  return ({ retry }) => Math.min(longest, first + growth * (retry - 1))
}

/**
 * The same delay before every retry. A plain duration as `delay` means the same.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when the duration makes no sense.
 */
export function fixed(delay: Duration): DelayStrategy {
  const length = duration('fixed delay', delay)
  return () => length
}

const root = 5 ** 0.5
const goldenRatio = (1 + root) / 2

/**
 * `base` times 1, 1, 2, 3, 5, 8, …, at most `max`: slower to grow than doubling.
 *
 * Source: J. Binet's closed form, rounded. It is exact for the first 70 retries; by then a base of 1 ms has
 * grown to 6000 years.
 *
 * @param base - The first two delays. @defaultValue `'1s'`
 * @throws {@link @seaworthy/core!InvalidOptionError} when a duration makes no sense.
 */
export function fibonacci(base: Duration = '1s', { max = '30s' }: Growth = {}): DelayStrategy {
  const first = duration('fibonacci base', base)
  const longest = duration('fibonacci max', max)
  return ({ retry }) => {
    const nth = Math.round(Math.min(goldenRatio ** retry, Number.MAX_VALUE) / root)
    return Math.min(longest, first * nth)
  }
}

/**
 * A random delay between `base` and three times the one before, at most `max`. Spreads many clients with the
 * fewest calls, but its first retry comes later than with full jitter: good for work that nobody waits for.
 *
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015, "Decorrelated Jitter".
 *
 * @param base - The shortest delay. @defaultValue `'1s'`
 * @throws {@link @seaworthy/core!InvalidOptionError} when a duration makes no sense.
 */
export function decorrelated(base: Duration = '1s', { max = '30s' }: Growth = {}): DelayStrategy {
  const shortest = duration('decorrelated base', base)
  const longest = duration('decorrelated max', max)
  const delay = ({ previous, random }: DelayInput): number => {
    const spread = 3 * Math.max(shortest, previous) - shortest
    return Math.min(longest, shortest + random() * spread)
  }
  return Object.assign(delay, { random: true })
}

/** A sequence is read this far; later retries repeat the last delay. */
const longestSequence = 1000

/**
 * The delays of an array, of any other iterable, or of a generator function. After the last one, that one
 * repeats; without any there is no delay. The sequence is read once, as far as retries need it and 1000 delays
 * at most.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when a delay that is read makes no sense.
 *
 * @example
 * ```ts
 * import { delays, retry } from '@seaworthy/retry'
 *
 * const policy = retry({ delay: delays(['100ms', '1s', '10s']), jitter: 'equal' })
 * console.log(await policy.execute(() => 'done'))
 * ```
 */
export function delays(source: Iterable<Duration> | (() => Iterable<Duration>)): DelayStrategy {
  const iterable = typeof source === 'function' ? source() : source
  const iterator = iterable[Symbol.iterator]()
  const known: number[] = []
  let exhausted = false
  return ({ retry }) => {
    while (!exhausted && known.length < Math.min(retry, longestSequence)) {
      const next = iterator.next()
      if (next.done) exhausted = true
      else known.push(duration(`delay ${known.length + 1}`, next.value))
    }
    return known[Math.min(retry, known.length) - 1] ?? 0
  }
}
