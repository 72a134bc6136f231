import { type Clock, isSeaworthyError } from '@seaworthy/core'
import { type StoreFailure, StoreUnavailableError } from './errors.ts'

/** A call of the store did not bring an answer. */
export class StoreCallError {
  readonly reason: StoreFailure
  /** What the store rejected with; undefined if it did not answer in time. */
  readonly cause: unknown

  constructor(reason: StoreFailure, cause: unknown) {
    this.reason = reason
    this.cause = cause
  }

  /** As the caller of a policy gets it. */
  toError(policy: string | undefined): StoreUnavailableError {
    const { reason, cause } = this
    if (reason === 'timeout') return new StoreUnavailableError(policy, reason)
    const { retryAfter } = Object(cause) as { readonly retryAfter?: unknown }
    return new StoreUnavailableError(policy, reason, {
      cause,
      retryAfter: typeof retryAfter === 'number' ? retryAfter : undefined,
    })
  }
}

/** Calls a store with a budget of time: a store that hangs must not hang those who use it. */
export class StoreCalls {
  readonly #clock: Clock
  /** How many calls wait for an answer. */
  pending = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Waits for an answer, for `budget` milliseconds at most.
   *
   * @param late - Gets an answer that came later.
   * @throws {@link StoreCallError}, and nothing else.
   */
  run<T>(call: () => Promise<T>, budget: number, late?: (answer: T) => void): Promise<T> {
    this.pending++
    return new Promise((resolve, reject) => {
      let over = false
      const end = (): boolean => {
        if (over) return false
        over = true
        this.pending--
        timer.cancel()
        return true
      }
      const timer = this.#clock.setTimer(() => {
        if (end()) reject(new StoreCallError('timeout', undefined))
      }, budget)
      attempt(call).then(
        (answer) => (end() ? resolve(answer) : late?.(answer)),
        (cause) => {
          if (end()) reject(new StoreCallError(reasonOf(cause), cause))
        },
      )
    })
  }
}

/** A store may throw where it should reject. */
export async function attempt<T>(call: () => Promise<T>): Promise<T> {
  return await call()
}

function reasonOf(cause: unknown): StoreFailure {
  const { reason } = cause as { readonly reason?: unknown }
  return isSeaworthyError(cause) && reason === 'full' ? 'full' : 'error'
}
