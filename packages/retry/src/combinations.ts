/** Delay strategies made of delay strategies. */
import { count, type FailureClass, oneOf } from '@seaworthy/core'
import type { DelayInput, DelayStrategy } from './strategies.ts'

/**
 * The sum, or the longest, of what several strategies answer.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when `how` is neither.
 *
 * @example
 * ```ts
 * import { combine, exponential, fixed, retry } from '@seaworthy/retry'
 *
 * const policy = retry({ delay: combine('sum', fixed('200ms'), exponential('100ms')) })
 * console.log(await policy.execute(() => 'done'))
 * ```
 */
export function combine(how: 'sum' | 'max', ...strategies: readonly DelayStrategy[]): DelayStrategy {
  oneOf('combine how', how, ['sum', 'max'])
  return spreadBy(strategies, (input) => {
    const delays = strategies.map((strategy) => strategy(input))
    return how === 'sum' ? delays.reduce((sum, delay) => sum + delay, 0) : Math.max(0, ...delays)
  })
}

/** A strategy and for how many retries it decides. */
export type ChainLink = readonly [retries: number, strategy: DelayStrategy]

/**
 * One strategy after the other: each decides for its number of retries, the last one for all that remain. Each
 * counts its retries from 1.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when a number of retries is not a whole number of at least
 *   1.
 *
 * @example
 * ```ts
 * import { chain, exponential, fixed, retry } from '@seaworthy/retry'
 *
 * // Two quick retries, then patience.
 * const policy = retry({ attempts: 8, delay: chain([2, fixed('50ms')], exponential('1s')) })
 * console.log(await policy.execute(() => 'done'))
 * ```
 */
export function chain(...links: readonly [...ChainLink[], last: DelayStrategy]): DelayStrategy {
  const first = links.slice(0, -1) as ChainLink[]
  const last = links[links.length - 1] as DelayStrategy
  for (const [retries] of first) count('chain retries', retries)
  return spreadBy([...first.map(([, strategy]) => strategy), last], (input) => {
    let { retry } = input
    for (const [retries, strategy] of first) {
      if (retry <= retries) return strategy({ ...input, retry })
      retry -= retries
    }
    return last({ ...input, retry })
  })
}

/**
 * A strategy for each failure class.
 *
 * @param strategies - For the classes that differ.
 * @param otherwise - For the rest.
 *
 * @example
 * ```ts
 * import { byClass, exponential, retry } from '@seaworthy/retry'
 *
 * // A dependency that sheds load gets more room than one that merely failed.
 * const policy = retry({ delay: byClass({ degraded: exponential('5s') }, exponential('200ms')) })
 * console.log(await policy.execute(() => 'done'))
 * ```
 */
export function byClass(
  strategies: Partial<Record<FailureClass, DelayStrategy>>,
  otherwise: DelayStrategy,
): DelayStrategy {
  return spreadBy([...Object.values(strategies), otherwise], (input) =>
    (strategies[input.failureClass] ?? otherwise)(input),
  )
}

/** A combination spreads delays if all its parts do. */
function spreadBy(parts: readonly DelayStrategy[], delay: (input: DelayInput) => number): DelayStrategy {
  return Object.assign(delay, { random: parts.every(({ random }) => random === true) })
}
