/** The errors of this package. Tell them apart by `code`. */
import { SeaworthyError } from '@seaworthy/core'

/** The codes of this package. */
export type PostgresErrorCode =
  | 'ERR_STORE_UNAVAILABLE'
  | 'ERR_POSTGRES_SCHEMA'
  | 'ERR_STALE_GRANT'
  | 'ERR_COMMIT_UNKNOWN'

/**
 * - `disconnected`: no connection came in time, or none could be made. Nothing was sent.
 * - `timeout`: no answer came in time. It may have been done.
 * - `interrupted`: the connection broke before the answer came. It may have been done.
 * - `full`: the server has no disk or memory left. Nothing was done.
 * - `unready`: the server takes no changes at the moment: it is a replica, or starts or ends. Nothing was done.
 * - `conflict`: others changed the same, also when it was tried again. Nothing was done.
 * - `error`: the server said no; see `cause`. Nothing was done.
 */
export type PostgresFailure =
  | 'disconnected'
  | 'timeout'
  | 'interrupted'
  | 'full'
  | 'unready'
  | 'conflict'
  | 'error'

const texts: Record<PostgresFailure, string> = {
  disconnected: 'no connection',
  timeout: 'no answer in time; it may have been done',
  interrupted: 'the connection broke; it may have been done',
  full: 'the server has no room left',
  unready: 'the server takes no changes at the moment',
  conflict: 'others changed the same, again and again',
  error: 'the statement failed',
}

/**
 * PostgreSQL did not do what it was asked. Code `ERR_STORE_UNAVAILABLE`, class `transient`.
 */
export class PostgresUnavailableError extends SeaworthyError {
  override name = 'PostgresUnavailableError'
  readonly reason: PostgresFailure
  /** What was asked for, for example `idempotency.claim`. */
  readonly operation: string

  constructor(policy: string | undefined, operation: string, reason: PostgresFailure, cause?: unknown) {
    const detail = cause instanceof Error && cause.message !== '' ? ` (${cause.message})` : ''
    super('ERR_STORE_UNAVAILABLE', `${policy ?? 'postgres'}: ${operation}: ${texts[reason]}${detail}`, {
      policy,
      failureClass: 'transient',
      ...(cause !== undefined && { cause }),
    })
    this.reason = reason
    this.operation = operation
  }
}

/**
 * The tables and functions of a schema are not there, or older than this version needs. Code `ERR_POSTGRES_SCHEMA`, class `persistent`. Run
 * {@link migrate}, or apply the files in `migrations` by hand.
 */
export class PostgresSchemaError extends SeaworthyError {
  override name = 'PostgresSchemaError'
  readonly schema: string
  /** The last migration that was applied; 0 if there is none. */
  readonly version: number
  /** The one that is needed. */
  readonly needed: number

  constructor(schema: string, version: number, needed: number, cause?: unknown) {
    const found =
      version === 0 ? 'has no tables of @seaworthy/postgres' : `is at migration ${version}, not ${needed}`
    super(
      'ERR_POSTGRES_SCHEMA',
      `The schema '${schema}' ${found}: run migrate(pool), or apply the files of @seaworthy/postgres/migrations`,
      { failureClass: 'persistent', ...(cause !== undefined && { cause }) },
    )
    this.schema = schema
    this.version = version
    this.needed = needed
  }
}

/**
 * Why a grant no longer counts: another owner has the record (`stale`), it is gone (`gone`), or this grant was completed before
 * (`already`).
 */
export type StaleGrant = 'stale' | 'gone' | 'already'

/**
 * A transaction was to complete a record under a grant that no longer counts. Code `ERR_STALE_GRANT`, class `transient`: another try gets the
 * outcome that counts. The server lets the transaction only roll back, so its effect is undone.
 */
export class StaleGrantError extends SeaworthyError {
  override name = 'StaleGrantError'
  readonly reason: StaleGrant

  constructor(policy: string | undefined, reason: StaleGrant, cause?: unknown) {
    super(
      'ERR_STALE_GRANT',
      `${policy ?? 'postgres'}: the grant of this transaction no longer counts (${reason}); it was rolled back`,
      { policy, failureClass: 'transient', ...(cause !== undefined && { cause }) },
    )
    this.reason = reason
  }
}

/**
 * COMMIT was sent, no answer came, and the record could not be asked in time. Code `ERR_COMMIT_UNKNOWN`, class `transient`: call again with the
 * same key. If it was committed, the call gets the stored result; if not, the work is done.
 */
export class CommitUnknownError extends SeaworthyError {
  override name = 'CommitUnknownError'

  constructor(policy: string | undefined, cause: unknown) {
    super(
      'ERR_COMMIT_UNKNOWN',
      `${policy ?? 'postgres'}: whether the transaction was committed is not known yet; call again with the same key`,
      { policy, failureClass: 'transient', cause },
    )
  }
}
