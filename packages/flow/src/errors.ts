/** The errors of this package. Tell them apart by `code`. */
import { SeaworthyError } from '@seaworthy/core'

/** What the constructor of {@link TimeoutError} takes. */
export interface TimeoutErrorOptions {
  /** The name of the policy. */
  readonly policy: string | undefined
  /** How long the call was given, in milliseconds. */
  readonly limit: number
  /** What the function failed with after its time was up (cooperative mode). */
  readonly cause?: unknown
}

/** A call took longer than it was given. Code `ERR_TIMEOUT`, class `transient`. */
export class TimeoutError extends SeaworthyError {
  override name = 'TimeoutError'
  /** How long the call was given, in milliseconds; 0 if its deadline was over before it could start. */
  readonly limit: number

  constructor(message: string, options: TimeoutErrorOptions) {
    super('ERR_TIMEOUT', message, options)
    this.limit = options.limit
  }
}

/**
 * Why a call was not let in:
 *
 * - `full`: no slot was free, and no place in the queue.
 * - `maxWait`: it waited as long as the policy allows.
 * - `deadline`: its own deadline came first.
 */
export type QueueRefusal = 'full' | 'maxWait' | 'deadline'

/**
 * A bulkhead had no room for the call. Code `ERR_BULKHEAD_FULL`, class `degraded`. The function did not run.
 */
export class BulkheadFullError extends SeaworthyError {
  override name = 'BulkheadFullError'
  /** What kept the call out. */
  readonly reason: QueueRefusal

  constructor(message: string, policy: string | undefined, reason: QueueRefusal) {
    super('ERR_BULKHEAD_FULL', message, { policy, failureClass: 'degraded' })
    this.reason = reason
  }
}

/**
 * An adaptive limit had no room for the call. Code `ERR_CONCURRENCY_LIMITED`, class `degraded`. The function
 * did not run.
 */
export class ConcurrencyLimitedError extends SeaworthyError {
  override name = 'ConcurrencyLimitedError'
  /** What kept the call out. */
  readonly reason: QueueRefusal

  constructor(message: string, policy: string | undefined, reason: QueueRefusal) {
    super('ERR_CONCURRENCY_LIMITED', message, { policy, failureClass: 'degraded' })
    this.reason = reason
  }
}

/**
 * Why a rate limit turned a call away:
 *
 * - `limit`: the rate is used up, and the policy does not let calls wait.
 * - `maxWait`: its turn would come later than the policy lets it wait.
 * - `deadline`: its turn would come after its own deadline.
 */
export type RateRefusal = 'limit' | 'maxWait' | 'deadline'

/**
 * A rate limit turned the call away. Code `ERR_RATE_LIMITED`, class `degraded`. The function did not run.
 * `retryAfter` is the exact time until a call would pass, if no other one comes first.
 */
export class RateLimitedError extends SeaworthyError {
  override name = 'RateLimitedError'
  /** What kept the call out. */
  readonly reason: RateRefusal

  constructor(message: string, policy: string | undefined, reason: RateRefusal, retryAfter: number) {
    super('ERR_RATE_LIMITED', message, { policy, failureClass: 'degraded', retryAfter })
    this.reason = reason
  }
}

/** How messages call a policy. */
export function policyLabel({
  kind,
  name,
}: {
  readonly kind: string
  readonly name: string | undefined
}): string {
  return name === undefined ? kind : `${kind} '${name}'`
}
