/** The errors of incoming requests. Tell them apart by `code`. */
import { SeaworthyError } from '@seaworthy/core'

/** The time that a request was given is over. Code `ERR_REQUEST_DEADLINE`, class `transient`. The reason of its signal. */
export class RequestDeadlineError extends SeaworthyError {
  override name = 'RequestDeadlineError'
  /** How long the request was given, in milliseconds; 0 if it arrived too late. */
  readonly given: number

  constructor(policy: string | undefined, given: number) {
    super('ERR_REQUEST_DEADLINE', `The request's time of ${given} ms is over`, { policy })
    this.given = given
  }
}

/**
 * The client went away before it had the whole response. Code `ERR_CLIENT_DISCONNECTED`, class `fatal`, since nobody
 * waits for the result of another try. The reason of the request's signal.
 */
export class ClientDisconnectedError extends SeaworthyError {
  override name = 'ClientDisconnectedError'

  constructor(policy: string | undefined) {
    super('ERR_CLIENT_DISCONNECTED', 'The client has disconnected', { policy, failureClass: 'fatal' })
  }
}

/** The server is too busy for requests of this priority. Code `ERR_REQUEST_SHED`, class `degraded`. */
export class RequestShedError extends SeaworthyError {
  override name = 'RequestShedError'

  constructor(policy: string | undefined, priority: string) {
    super('ERR_REQUEST_SHED', `Too busy for requests of priority ${priority}`, {
      policy,
      failureClass: 'degraded',
    })
  }
}

/**
 * Servers could read the path of the request in ways to which different rules apply. Code `ERR_AMBIGUOUS_PATH`, class
 * `fatal`. The handler did not run.
 */
export class AmbiguousPathError extends SeaworthyError {
  override name = 'AmbiguousPathError'

  constructor(policy: string | undefined) {
    super('ERR_AMBIGUOUS_PATH', 'The path can be read in more than one way', {
      policy,
      failureClass: 'fatal',
    })
  }
}

/** What the constructor of {@link RequestFailedError} takes. */
export interface RequestFailedOptions {
  /** The status of the response, if one was begun. */
  readonly status: number | undefined
  /** Whether the failure is the handler's, as opposed to the client's. */
  readonly counts: boolean
  /** What the handler threw. */
  readonly cause?: unknown
}

/**
 * How a request that failed looks to the policies of its rule, such as the `classify` of a breaker. Never thrown at
 * anybody. Code `ERR_REQUEST_FAILED`; class `transient` if it counts as a failure, otherwise `fatal`, which is neutral to a
 * breaker.
 */
export class RequestFailedError extends SeaworthyError {
  override name = 'RequestFailedError'
  /** The status of the response, if one was begun. Not called `status`, since the class is decided already. */
  readonly responseStatus: number | undefined

  constructor(policy: string | undefined, { status, counts, cause }: RequestFailedOptions) {
    super('ERR_REQUEST_FAILED', 'The request failed', {
      policy,
      failureClass: counts ? 'transient' : 'fatal',
      cause,
    })
    this.responseStatus = status
  }
}
