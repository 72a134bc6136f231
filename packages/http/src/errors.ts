/** The errors of this package. Tell them apart by `code`. */
import { type FailureClass, formatDuration, SeaworthyError } from '@seaworthy/core'
import { TimeoutError } from '@seaworthy/flow'

/** Which limit struck: of one attempt, of the whole call with all its attempts, or the deadline of the work it was for. */
export type HttpTimeoutScope = 'attempt' | 'total' | 'deadline'

const limits: Record<HttpTimeoutScope, string> = {
  attempt: 'the limit of one attempt',
  total: 'the limit of the call and all its attempts',
  deadline: 'which its deadline left',
}

/**
 * A request took longer than it was given. Code `ERR_TIMEOUT`, class `transient`. The server may have carried it out.
 */
export class HttpTimeoutError extends TimeoutError {
  override name = 'HttpTimeoutError'
  /** Which limit struck. */
  readonly scope: HttpTimeoutScope
  /** What was still to come: the headers of the answer, or the rest of its body. */
  readonly phase: 'headers' | 'body'

  constructor(policy: string | undefined, limit: number, scope: HttpTimeoutScope, phase: 'headers' | 'body') {
    const missing = phase === 'headers' ? 'no answer' : 'the body had not ended'
    super(`http: ${missing} within ${formatDuration(limit)}, ${limits[scope]}`, { policy, limit })
    this.scope = scope
    this.phase = phase
  }
}

/** What the constructor of {@link HttpStatusError} takes. */
export interface HttpStatusErrorOptions {
  /** The name of the policy. */
  readonly policy: string | undefined
  /** How the answer is judged. */
  readonly failureClass: FailureClass
  /** Milliseconds that the server asked to wait, if it did. */
  readonly retryAfter: number | undefined
}

/**
 * The server answered, with a status that is a failure. Code `ERR_HTTP_STATUS`. Your own policies see it in place of such
 * an answer; callers only with `throwOnFailure`.
 */
export class HttpStatusError extends SeaworthyError {
  override name = 'HttpStatusError'
  /** The status of the answer, for example 503. */
  readonly status: number
  /**
   * The answer, with its body unread: a `Response`, or what the client in use has instead. Read or cancel its body. Not
   * enumerable, so that loggers do not print it.
   */
  declare readonly response: unknown

  constructor(status: number, response: unknown, options: HttpStatusErrorOptions) {
    super('ERR_HTTP_STATUS', `http: the server answered ${status}`, options)
    this.status = status
    Object.defineProperty(this, 'response', { value: response, configurable: true })
  }
}

/**
 * The server asked to be left alone for longer than the call can wait, so the request was not sent. Code
 * `ERR_ORIGIN_COOLDOWN`, class `degraded`; `retryAfter` is the rest of the time.
 */
export class OriginCooldownError extends SeaworthyError {
  override name = 'OriginCooldownError'
  /** Scheme, host and port of the server, or what `key` made of it. */
  readonly origin: string

  constructor(policy: string | undefined, origin: string, retryAfter: number) {
    const message = `http: ${origin} asked for a pause of ${formatDuration(retryAfter)} more; nothing was sent`
    super('ERR_ORIGIN_COOLDOWN', message, { policy, retryAfter, failureClass: 'degraded' })
    this.origin = origin
  }
}

/**
 * A policy of yours asked for a second send of a request that may have been carried out already, or whose body is gone. Code
 * `ERR_NOT_REPEATABLE`, class `fatal`. Nothing was sent again; `cause` is how the send before ended, if it has.
 */
export class NotRepeatableError extends SeaworthyError {
  override name = 'NotRepeatableError'

  constructor(policy: string | undefined, method: string, cause: unknown) {
    super('ERR_NOT_REPEATABLE', `http: this ${method} must not be sent a second time`, {
      policy,
      failureClass: 'fatal',
      cause,
    })
  }
}
