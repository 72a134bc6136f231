import { type Layer, type Listener, type Policy, PolicyBase, type PolicyDescription } from '@seaworthy/core'
import type { RetryEvents } from './events.ts'
import type { RetryOptions } from './options.ts'
import { type RetryPolicy, retry } from './retry.ts'
import type { RetryStatistics } from './retry-statistics.ts'

/** What a handler has done since it was made. */
export interface RetryHandlerStatistics extends RetryStatistics {
  /** How many calls began. */
  readonly calls: number
  /** How often functions ran. */
  readonly attempts: number
  /** How many calls succeeded, at once or after retries. */
  readonly succeeded: number
  /** How many calls failed in the end. */
  readonly failed: number
}

/** A retry policy that counts every call. */
export interface RetryHandler extends Policy<never, RetryEvents> {
  /** What it has done since it was made. */
  statistics(): RetryHandlerStatistics
}

/**
 * {@link retry} as an object to keep beside a client: it runs or wraps any number of functions and knows how
 * they fared, also those that succeeded at once.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { retryHandler } from '@seaworthy/retry'
 *
 * const handler = retryHandler({ attempts: 3, delay: '50ms' })
 * let calls = 0
 * const flaky = handler.wrap(async () => {
 *   if (++calls === 1) throw new Error('connection reset')
 *   return 'done'
 * })
 * console.log(await flaky())
 * const { attempts, recovered } = handler.statistics()
 * console.log({ attempts, recovered }) // { attempts: 2, recovered: 1 }
 * ```
 */
export function retryHandler<R = unknown>(options: RetryOptions<R> = {}): RetryHandler {
  return new CountingRetry(retry(options), options)
}

class CountingRetry extends PolicyBase<never, RetryEvents> implements RetryHandler {
  readonly #policy: RetryPolicy
  readonly #counters = { calls: 0, succeeded: 0, failed: 0 }

  constructor(policy: RetryPolicy, options: Pick<RetryOptions, 'name' | 'hub'>) {
    super(policy.kind, options.name, options.hub)
    this.#policy = policy
  }

  override layers(): readonly Layer[] {
    const counters = this.#counters
    const counting: Layer = {
      kind: 'retry-handler',
      steady: true,
      enter: () => {
        counters.calls++
        return undefined
      },
      success: () => {
        counters.succeeded++
      },
      failure: () => {
        counters.failed++
      },
    }
    return [counting, ...this.#policy.layers()]
  }

  override on<E extends keyof RetryEvents>(event: E, listener: Listener<RetryEvents[E]>): () => void {
    return this.#policy.on(event, listener)
  }

  override describe(): PolicyDescription[] {
    return this.#policy.describe()
  }

  override debugStats(): Record<string, number> {
    return this.#policy.debugStats()
  }

  override dispose(): void {
    this.#policy.dispose()
    super.dispose()
  }

  statistics(): RetryHandlerStatistics {
    const retried = this.#policy.statistics()
    const { calls } = this.#counters
    return { ...this.#counters, attempts: calls + retried.retries, ...retried }
  }
}
