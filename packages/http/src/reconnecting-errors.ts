/** The errors of connections that reconnect. Tell them apart by `code`. */
import { type FailureClass, SeaworthyError } from '@seaworthy/core'

/**
 * Why a connection was lost where nobody gave an error:
 *
 * - `ended`: the other side closed it.
 * - `timeout`: it did not open in time.
 * - `silence`: nothing was heard of it for too long.
 * - `overflow`: messages came faster than they were taken, and the source cannot be paused.
 * - `reconnect`: `reconnect()` was called.
 */
export type LossReason = 'ended' | 'timeout' | 'silence' | 'overflow' | 'reconnect'

/** A connection was lost. Code `ERR_CONNECTION_LOST`, class `transient`. */
export class ConnectionLostError extends SeaworthyError {
  override name = 'ConnectionLostError'
  readonly reason: LossReason

  /** @param retryAfter - Milliseconds that the other side asked to wait, if it did. */
  constructor(reason: LossReason, policy?: string | undefined, retryAfter?: number | undefined) {
    super('ERR_CONNECTION_LOST', `The connection was lost (${reason})`, { policy, retryAfter })
    this.reason = reason
  }
}

/** Why there will be no more attempts. */
export type GiveUpReason = 'fatal' | 'attempts' | 'elapsed'

/**
 * There will be no more attempts: the error was fatal, or there were too many, or it took too long. Code `ERR_RECONNECT_FAILED`,
 * class `persistent`. `cause` is the last error.
 */
export class ReconnectFailedError extends SeaworthyError {
  override name = 'ReconnectFailedError'
  readonly reason: GiveUpReason

  constructor(reason: GiveUpReason, policy: string | undefined, cause: unknown) {
    super('ERR_RECONNECT_FAILED', `Gave up reconnecting (${reason})`, {
      policy,
      failureClass: 'persistent',
      cause,
    })
    this.reason = reason
  }
}

/** The outbox is full. Code `ERR_OUTBOX_FULL`, class `degraded`. The message was not taken. */
export class OutboxFullError extends SeaworthyError {
  override name = 'OutboxFullError'

  constructor(policy: string | undefined, limit: number) {
    super('ERR_OUTBOX_FULL', `All ${limit} places of the outbox are taken`, {
      policy,
      failureClass: 'degraded',
    })
  }
}

/** The connection was closed for good. Code `ERR_CONNECTION_CLOSED`, class `persistent`. */
export class ConnectionClosedError extends SeaworthyError {
  override name = 'ConnectionClosedError'

  constructor(policy: string | undefined) {
    super('ERR_CONNECTION_CLOSED', 'The connection is closed for good', {
      policy,
      failureClass: 'persistent',
    })
  }
}

/** What the constructor of {@link EventStreamError} takes. */
export interface EventStreamErrorOptions {
  /** The status of the response, if the response was at fault. */
  readonly status?: number | undefined
  readonly failureClass: FailureClass
  readonly retryAfter?: number | undefined
}

/**
 * The answer is no stream of events, or one that cannot be read. Code `ERR_EVENT_STREAM`; the class is that of its status, or
 * `fatal` if a server says that there is nothing to come back for (204, another type of content).
 */
export class EventStreamError extends SeaworthyError {
  override name = 'EventStreamError'
  readonly status: number | undefined

  constructor(message: string, { status, failureClass, retryAfter }: EventStreamErrorOptions) {
    super('ERR_EVENT_STREAM', message, { failureClass, retryAfter })
    this.status = status
  }
}

/** A WebSocket closed. Code `ERR_WEB_SOCKET_CLOSED`, class `transient`; `closeCode` says why, such as 1006 for a broken connection. */
export class WebSocketClosedError extends SeaworthyError {
  override name = 'WebSocketClosedError'
  /** The code of the close frame, RFC 6455 section 7.4. */
  readonly closeCode: number

  constructor(closeCode: number) {
    super('ERR_WEB_SOCKET_CLOSED', `The WebSocket closed (${closeCode})`)
    this.closeCode = closeCode
  }
}
