/** The errors of this package. Tell them apart by `code`. */
import { SeaworthyError, type SeaworthyErrorOptions } from '@seaworthy/core'

/** The codes of this package's errors. */
export type IdempotencyErrorCode =
  | 'ERR_IN_FLIGHT'
  | 'ERR_FINGERPRINT_MISMATCH'
  | 'ERR_LEASE_LOST'
  | 'ERR_OUTCOME_UNRECORDED'
  | 'ERR_UNKNOWN_OUTCOME'
  | 'ERR_STORE_UNAVAILABLE'
  | 'ERR_RESULT_OMITTED'
  | 'ERR_INVALID_KEY'

abstract class IdempotencyError extends SeaworthyError {
  protected constructor(code: IdempotencyErrorCode, message: string, options: SeaworthyErrorOptions) {
    super(code, `${label(options.policy)}: ${message}`, options)
  }
}

/**
 * Why a call does not go on waiting: the policy lets none wait, it waited for as long as it may, or its own deadline
 * comes first.
 */
export type InFlightReason = 'reject' | 'maxWait' | 'deadline'

/**
 * Somebody else is doing the work. Code `ERR_IN_FLIGHT`, class `degraded`: a retry comes back, a circuit breaker does
 * not count it. The function did not run. `retryAfter` is when the other's lease would be over.
 */
export class InFlightError extends IdempotencyError {
  override name = 'InFlightError'
  readonly reason: InFlightReason

  constructor(policy: string | undefined, reason: InFlightReason, retryAfter: number | undefined) {
    super('ERR_IN_FLIGHT', `the work for this key is in flight (${reason})`, {
      policy,
      retryAfter,
      failureClass: 'degraded',
    })
    this.reason = reason
  }
}

/**
 * The key was used before, for something else. Code `ERR_FINGERPRINT_MISMATCH`, class `fatal`. The function did not
 * run.
 */
export class FingerprintMismatchError extends IdempotencyError {
  override name = 'FingerprintMismatchError'

  constructor(policy: string | undefined) {
    super('ERR_FINGERPRINT_MISMATCH', 'this key was used before with another payload', {
      policy,
      failureClass: 'fatal',
    })
  }
}

/** Why an owner must stop: another took its place, its record is gone, or it could not renew its lease in time. */
export type LeaseLoss = 'stale' | 'gone' | 'expired'

/**
 * This call no longer owns the work: somebody else may do it now. Code `ERR_LEASE_LOST`, class `transient`: another
 * try waits for the new owner, or gets its result. It is also the reason with which the function's signal aborts.
 */
export class LeaseLostError extends IdempotencyError {
  override name = 'LeaseLostError'
  readonly reason: LeaseLoss

  constructor(policy: string | undefined, reason: LeaseLoss) {
    super('ERR_LEASE_LOST', `the lease was lost (${reason}); another owner may do the work now`, {
      policy,
      failureClass: 'transient',
    })
    this.reason = reason
  }
}

/**
 * The function succeeded, but the store did not take its result (`onCompletionFailure: 'throw'`). Code
 * `ERR_OUTCOME_UNRECORDED`, class `fatal`: a retry would do the work twice.
 */
export class OutcomeUnrecordedError extends IdempotencyError {
  override name = 'OutcomeUnrecordedError'

  constructor(policy: string | undefined, cause: unknown) {
    super(
      'ERR_OUTCOME_UNRECORDED',
      'the work is done, but its result could not be recorded; do not repeat it',
      {
        policy,
        cause,
        failureClass: 'fatal',
      },
    )
  }
}

/**
 * An earlier run went silent, and nobody knows whether it had its effect. Code `ERR_UNKNOWN_OUTCOME`, class `fatal`.
 * The function did not run. Find out, then `forget` the key, or let a function reconcile (`onAbandoned`).
 */
export class UnknownOutcomeError extends IdempotencyError {
  override name = 'UnknownOutcomeError'
  /** How often the work was begun. */
  readonly attempt: number

  constructor(policy: string | undefined, attempt: number) {
    super('ERR_UNKNOWN_OUTCOME', 'an earlier run went silent; whether it had its effect is not known', {
      policy,
      failureClass: 'fatal',
    })
    this.attempt = attempt
  }
}

/** What is wrong with a store: no answer in time, an error, or no room for another record. */
export type StoreFailure = 'timeout' | 'error' | 'full'

/**
 * The store did not answer in time, answered with an error (`cause`), or has no room. Code `ERR_STORE_UNAVAILABLE`,
 * class `transient`, or `degraded` if it is full. The function did not run.
 */
export class StoreUnavailableError extends IdempotencyError {
  override name = 'StoreUnavailableError'
  readonly reason: StoreFailure

  constructor(
    policy: string | undefined,
    reason: StoreFailure,
    options: Pick<SeaworthyErrorOptions, 'cause' | 'retryAfter'> = {},
  ) {
    super('ERR_STORE_UNAVAILABLE', `the store cannot say whether the work may be done (${reason})`, {
      ...options,
      policy,
      failureClass: reason === 'full' ? 'degraded' : 'transient',
    })
    this.reason = reason
  }
}

/**
 * The work was done before, but its result was not kept: too large, not encodable, or stored in a way the codec
 * cannot read (`cause`). Code `ERR_RESULT_OMITTED`, class `fatal`. The function did not run.
 */
export class ResultOmittedError extends IdempotencyError {
  override name = 'ResultOmittedError'

  constructor(policy: string | undefined, options: Pick<SeaworthyErrorOptions, 'cause'> = {}) {
    super('ERR_RESULT_OMITTED', 'the work was done before, and its result was not kept', {
      ...options,
      policy,
      failureClass: 'fatal',
    })
  }
}

/** A call has no key, or one that cannot be used. Code `ERR_INVALID_KEY`, class `fatal`. The function did not run. */
export class InvalidKeyError extends IdempotencyError {
  override name = 'InvalidKeyError'

  constructor(policy: string | undefined, message: string) {
    super('ERR_INVALID_KEY', message, { policy, failureClass: 'fatal' })
  }
}

function label(policy: string | undefined): string {
  return policy === undefined ? 'idempotency' : `idempotency '${policy}'`
}
