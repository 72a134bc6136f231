/** Idempotency records on PostgreSQL: the factory, its options and what they mean. */
import { count, type Duration, duration, knownOptions, optionalFunction } from '@seaworthy/core'
import type { PostgresPool } from './client.ts'
import { connectionOf, type PostgresConnection } from './connection.ts'
import { type PostgresIdempotencyStore, RecordStore } from './idempotency-store.ts'
import type { PostgresListener } from './key-listener.ts'
import { checkedSchema } from './schema.ts'

/** How expired records are removed. */
export interface SweepOptions {
  /** How often each process looks, give or take a fifth. @defaultValue `'1m'` */
  readonly every?: Duration
  /** The most records of one statement; a sweep is up to 20 of them. @defaultValue 500 */
  readonly batch?: number
}

/** Options of {@link postgresIdempotency}. */
export interface PostgresIdempotencyOptions {
  /** Your pool, or one under supervision ({@link postgresConnection}), which other stores may share. */
  readonly pool: PostgresPool | PostgresConnection
  /** Where the tables are. Letters, digits and underscores. @defaultValue `'seaworthy'` */
  readonly schema?: string
  /** How expired records are removed; `false` if you call {@link PostgresIdempotencyStore.sweep} yourself. */
  readonly sweep?: SweepOptions | false
  /**
   * Makes a connection that listens (LISTEN), so that those who wait for a record are woken; for example
   * `() => new Client(connectionString)` of pg. Give it to all processes: those without it wake nobody. It must be a direct connection, not one
   * through PgBouncer in transaction mode.
   *
   * @defaultValue none: who waits polls
   */
  readonly listen?: () => PostgresListener
  /** How long the connection that listens stays open when nobody waits. @defaultValue `'10s'` */
  readonly listenerIdle?: Duration
}

/**
 * Keeps idempotency records on PostgreSQL 12 or later. Each method is one statement and one round trip; all times are those of the server.
 * Run {@link migrate} first.
 *
 * Its {@link PostgresIdempotencyStore.inTransaction} completes a record in the transaction of the effect, so that there is both or neither;
 * {@link idempotentTransaction} does the whole of it.
 *
 * A grant whose answer came too late for whoever asked is given back by itself, so that a server that stalled leaves no keys blocked.
 *
 * It keeps a timer for expired records, which does not keep the process running: {@link PostgresIdempotencyStore.close} stops it.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. Methods reject with a {@link PostgresUnavailableError}, within
 *   the `commandTimeout` of the connection, or with a {@link PostgresSchemaError}.
 *
 * @example
 * ```ts
 * import { idempotency } from '@seaworthy/idempotency'
 * import { postgresIdempotency } from '@seaworthy/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: 'postgres://localhost/shop' })
 * const store = postgresIdempotency({ pool })
 * const once = idempotency({ store, scope: 'charge', ttl: '24h' })
 * console.log(once.kind) // idempotency
 * await store.close()
 * await pool.end()
 * ```
 */
export function postgresIdempotency(options: PostgresIdempotencyOptions): PostgresIdempotencyStore {
  knownOptions('postgresIdempotency', options, ['pool', 'schema', 'sweep', 'listen', 'listenerIdle'])
  const { pool, schema, sweep = {}, listen, listenerIdle = '10s' } = options
  if (sweep !== false) knownOptions('sweep', sweep, ['every', 'batch'])
  const { every = '1m', batch = 500 } = sweep === false ? {} : sweep
  return new RecordStore({
    connection: connectionOf(pool),
    schema: checkedSchema(schema),
    listen: optionalFunction('listen', listen),
    listenerIdle: duration('listenerIdle', listenerIdle),
    sweepEvery: sweep === false ? undefined : duration('sweep.every', every, 1),
    sweepBatch: count('sweep.batch', batch),
  })
}
