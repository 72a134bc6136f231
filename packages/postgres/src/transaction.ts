/** Runs work once per key, in a transaction that commits its effect and its record together, or neither. */
import {
  type Context,
  type Duration,
  duration,
  type ExecuteOptions,
  InvalidOptionError,
} from '@seaworthy/core'
import {
  type IdempotencyOptions,
  type IdempotencyPolicy,
  idempotency,
  idempotencyOf,
  taggedJson,
} from '@seaworthy/idempotency'
import type { PostgresClient } from './client.ts'
import { Commit } from './commit.ts'
import { GrantBook } from './grant-book.ts'
import { type PostgresIdempotencyStore, RecordStore } from './idempotency-store.ts'

/** Options of {@link idempotentTransaction}: those of {@link idempotency}, but for what a transaction decides by itself. */
export interface IdempotentTransactionOptions
  extends Omit<IdempotencyOptions, 'store' | 'onCompletionFailure' | 'onStoreError'> {
  /** Where the records are. The transactions run on its pool. */
  readonly store: PostgresIdempotencyStore
  /** @defaultValue that of the server, which is `read committed` unless somebody changed it */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable'
  /**
   * The server ends a transaction that has been idle for so long, so that one whose client is gone without a word holds no locks. Longer than
   * your function waits for anything but the database; `false` leaves it to the server.
   *
   * @defaultValue `'1m'`
   */
  readonly idleTimeout?: Duration | false
  /** How long to find out whether a transaction was committed whose answer was lost. @defaultValue `'10s'` */
  readonly resolveTimeout?: Duration
}

/** Runs work once per key in a transaction. Made by {@link idempotentTransaction}. */
export interface IdempotentTransaction<Client extends PostgresClient = PostgresClient> {
  /** Claims, waits, renews and tells: events, `peek`, `forget`. Its `execute` runs no transaction. */
  readonly policy: IdempotencyPolicy
  /**
   * Runs a function in a transaction, unless its key was done before: then the call gets the stored result.
   *
   * @param work - Does what it does through `client`. It must neither end the transaction nor use the client afterwards. It may run more than
   *   once, but only one run is ever committed.
   * @throws What `work` threw: the transaction was rolled back. What the policy throws, for example a `LeaseLostError` for an owner whose place was
   * taken: it was rolled back, too. A {@link CommitUnknownError} or {@link PostgresUnavailableError}: call again with the same key.
   */
  execute<T>(
    work: (client: Client, context: Context) => T | PromiseLike<T>,
    options?: ExecuteOptions,
  ): Promise<T>
}

/**
 * Exactly one effect for a key: the function's statements and the record that they were done are one transaction.
 *
 * The claim comes before it, so duplicates elsewhere see the work in flight. A process that dies before COMMIT leaves nothing but that claim, which
 * another takes over when its lease is over. An owner that was paused for longer cannot commit: the server refuses its completion. An answer to COMMIT
 * that is lost is made up for by looking at the record.
 *
 * Only what is in the same database is in the transaction. Calls to others that `work` makes can happen more than once.
 *
 * @typeParam Client - What your pool gives out, for example `PoolClient` of pg.
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { PGlite } from '@electric-sql/pglite'
 * import { idempotentTransaction, migrate, postgresIdempotency, singleConnection } from '@seaworthy/postgres'
 *
 * const database = new PGlite()
 * const pool = singleConnection(database)
 * await migrate(pool)
 * const store = postgresIdempotency({ pool })
 * const once = idempotentTransaction({ store, scope: 'greet' })
 * const greet = () => once.execute(async (client) => (await client.query(`SELECT 'hello' AS word`)).rows, { key: 'ada' })
 * console.log(await greet(), await greet()) // twice the same, from one transaction
 * await store.close()
 * await database.close()
 * ```
 */
export function idempotentTransaction<Client extends PostgresClient = PostgresClient>(
  options: IdempotentTransactionOptions,
): IdempotentTransaction<Client> {
  const { store, isolation, idleTimeout = '1m', resolveTimeout = '10s', ...rest } = options
  if (!(store instanceof RecordStore)) throw new InvalidOptionError('store', 'a postgresIdempotency()', store)
  const { codec = taggedJson, maxResultSize = 65_536, ttl } = rest
  const kept = typeof ttl === 'object' ? (ttl.completed ?? '24h') : (ttl ?? '24h')
  const grants = new GrantBook(store)
  const policy = idempotency({
    ...rest,
    store: grants,
    onCompletionFailure: 'return',
    onStoreError: 'closed',
  })
  const idle = idleTimeout === false ? undefined : duration('idleTimeout', idleTimeout, 1)
  const settings = {
    store,
    grants,
    name: rest.name,
    begin: beginning(isolation, idle),
    ttl: duration('ttl', kept, 1),
    resolveTimeout: duration('resolveTimeout', resolveTimeout, 1),
    encode: (value: unknown) => encoded(() => codec.encode(value), maxResultSize),
  }
  return {
    policy,
    execute: <T>(
      work: (client: Client, context: Context) => T | PromiseLike<T>,
      call?: ExecuteOptions,
    ): Promise<T> =>
      policy.execute((context) => {
        const claimed = idempotencyOf(context)
        // The policy runs nothing without a claim, unless it is told to.
        if (claimed === undefined) throw new InvalidOptionError('key', 'a key', undefined)
        // The type of the client is what the caller says about the pool.
        const run = (client: PostgresClient): T | PromiseLike<T> => work(client as Client, context)
        return new Commit(settings, claimed, context).run(run)
      }, call),
  }
}

const levels: readonly unknown[] = ['read committed', 'repeatable read', 'serializable', undefined]

/** @param idle - Milliseconds. */
function beginning(isolation: string | undefined, idle: number | undefined): string {
  if (!levels.includes(isolation))
    throw new InvalidOptionError(
      'isolation',
      "'read committed', 'repeatable read' or 'serializable'",
      isolation,
    )
  const level = isolation === undefined ? '' : ` ISOLATION LEVEL ${isolation.toUpperCase()}`
  const limit =
    idle === undefined ? '' : `; SET LOCAL idle_in_transaction_session_timeout = ${Math.ceil(idle)}`
  return `BEGIN${level}${limit}`
}

/** The text of a result; undefined if it cannot be kept, of which the policy tells. */
function encoded(encode: () => string, maxSize: number): string | undefined {
  try {
    const text = encode()
    return Buffer.byteLength(text) > maxSize ? undefined : text
  } catch {
    return undefined
  }
}
