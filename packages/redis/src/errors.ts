/** The errors of this package. Tell them apart by `code`. */
import { SeaworthyError } from '@seaworthy/core'

/**
 * - `disconnected`: there is no connection, and none came in time. Nothing was sent.
 * - `timeout`: no answer came in time. It may have been done.
 * - `interrupted`: the connection broke before the answer came. It may have been done.
 * - `full`: the server has no memory left for anything new (`maxmemory`). Nothing was done.
 * - `unready`: the server does not serve at the moment: it loads its files, is a replica, cannot write to its disk, or its cluster is
 *   not complete. Nothing was done.
 * - `error`: the server or the client said no; see `cause`.
 */
export type RedisFailure = 'disconnected' | 'timeout' | 'interrupted' | 'full' | 'unready' | 'error'

const texts: Record<RedisFailure, string> = {
  disconnected: 'not connected',
  timeout: 'no answer in time; it may have been done',
  interrupted: 'the connection broke; it may have been done',
  full: 'the server is out of memory and takes nothing new',
  unready: 'the server does not serve at the moment',
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

/** What a text begins with, and what that means. Classes and names of errors differ between versions of ioredis. */
const meanings: readonly (readonly [RegExp, RedisFailure])[] = [
  [/^OOM\b/, 'full'],
  [/^(LOADING|READONLY|MASTERDOWN|MISCONF|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|BUSY)\b/, 'unready'],
  [/^(Connection is closed|Command aborted due to connection close|Reached the max retries)/, 'interrupted'],
  [/^(Stream isn't writeable|Failed to refresh slots cache)/, 'disconnected'],
]

/** What a rejection of the client means. */
export function failureOf(cause: unknown): RedisFailure {
  if (!(cause instanceof Error)) return 'error'
  // ECONNRESET and its like, as the operating system tells them.
  if ('syscall' in cause) return 'interrupted'
  return meanings.find(([begin]) => begin.test(cause.message))?.[1] ?? 'error'
}
