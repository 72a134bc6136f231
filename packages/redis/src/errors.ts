/** The errors of this package. Tell them apart by `code`. */
import { SeaworthyError } from '@seaworthy/core'

/**
 * - `disconnected`: there is no connection, and none came in time. Nothing was sent.
 * - `timeout`: no answer came in time. It may have been done.
 * - `full`: the server has no memory left for anything new (`maxmemory`). Nothing was done.
 * - `error`: the server or the client said no; see `cause`.
 */
export type RedisFailure = 'disconnected' | 'timeout' | 'full' | 'error'

const texts: Record<RedisFailure, string> = {
  disconnected: 'not connected',
  timeout: 'no answer in time; it may have been done',
  full: 'the server is out of memory and takes nothing new',
  error: 'the command failed',
}

/**
 * Redis did not do what it was asked. Code `ERR_STORE_UNAVAILABLE`, class `transient`.
 */
export class RedisUnavailableError extends SeaworthyError {
  override name = 'RedisUnavailableError'
  readonly reason: RedisFailure
  /** What was asked for, for example `idempotency.claim`. */
  readonly operation: string

  constructor(policy: string | undefined, operation: string, reason: RedisFailure, cause?: unknown) {
    const detail = cause instanceof Error ? ` (${cause.message})` : ''
    super('ERR_STORE_UNAVAILABLE', `${policy ?? 'redis'}: ${operation}: ${texts[reason]}${detail}`, {
      policy,
      failureClass: 'transient',
      ...(cause !== undefined && { cause }),
    })
    this.reason = reason
    this.operation = operation
  }
}
