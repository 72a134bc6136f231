import {
  type Call,
  type Inner,
  type Layer,
  type Policy,
  PolicyBase,
  type PolicyDescription,
} from '@seaworthy/core'
import type { RetryEvents } from './events.ts'
import { longestDelays } from './longest-delays.ts'
import type { RetryOptions } from './options.ts'
import { RetryLoop, type Shared } from './retry-loop.ts'
import type { Counters, RetryStatistics } from './retry-statistics.ts'
import { rulesOf } from './rules.ts'

/** A policy that runs a function again when it fails. */
export interface RetryPolicy extends Policy<never, RetryEvents> {
  /** What it has done since it was made. */
  statistics(): RetryStatistics
}

/**
 * Runs a function again when it fails in a way that another try may mend.
 *
 * The first attempt costs nothing; from the first failure on, p-retry runs the loop. The last error is what the caller gets, the
 * same object, with non-enumerable `attempts` and `retryReason` (see {@link retryInfo}). An abort ends every wait at
 * once with the caller's reason, and nothing runs after it. p-retry's `AbortError`, thrown by the function, stops
 * at once: the caller gets the error inside it.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { retry } from '@seaworthy/retry'
 *
 * const policy = retry({ attempts: 3, delay: '50ms' })
 * const answer = await policy.execute(({ attempt }) => {
 *   if (attempt < 3) throw new Error('connection reset')
 *   return `attempt ${attempt} went through`
 * })
 * console.log(answer) // attempt 3 went through
 * ```
 */
export function retry<R = unknown>(options: RetryOptions<R> = {}): RetryPolicy {
  return new Retry(options as RetryOptions)
}

/** The policy behind {@link retry}, for handlers to extend. */
export class Retry extends PolicyBase<never, RetryEvents> implements RetryPolicy {
  readonly #shared: Shared
  readonly #counters: Counters = { retrying: 0, retries: 0, recovered: 0, gaveUp: {}, totalDelay: 0 }
  readonly #options: RetryOptions

  constructor(options: RetryOptions) {
    const rules = rulesOf(options)
    super('retry', options.name, options.hub)
    this.#options = options
    this.#shared = { rules, events: this.events, counters: this.#counters }
    this.register(() => this.statistics())
  }

  /** With a single attempt there is nothing to do, and a retry further in may own retrying. */
  override layers(): readonly Layer[] {
    return this.#shared.rules.attempts === 1 ? [] : [layerOf(this.#shared)]
  }
  ...
}
