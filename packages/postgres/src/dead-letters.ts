/** Dead letters on PostgreSQL: the factory, its options and what they mean. */
import { count, InvalidOptionError, knownOptions, oneOf } from '@seaworthy/core'
import type { PostgresPool } from './client.ts'
import { connectionOf, type PostgresConnection } from './connection.ts'
import { LetterStore, type PostgresDeadLetterStore } from './dead-letter-store.ts'
import { checkedSchema } from './schema.ts'

/** Options of {@link postgresDeadLetters}. */
export interface PostgresDeadLettersOptions {
  /** Your pool, or one under supervision ({@link postgresConnection}), which other stores may share. */
  readonly pool: PostgresPool | PostgresConnection
  /** Where the tables are. Letters, digits and underscores. @defaultValue `'seaworthy'` */
  readonly schema?: string
  /** The name of the queue. All queues of a schema share its tables. @defaultValue `'letters'` */
  readonly name?: string
  /** How many letters may be dead, leased or replaying. @defaultValue 100,000 */
  readonly maxCount?: number
  /**
   * What becomes of one more: `drop-oldest` removes the oldest dead one, `refuse` refuses the new one.
   *
   * @defaultValue `'refuse'`
   */
  readonly overflow?: 'drop-oldest' | 'refuse'
  /** How many settled letters are remembered, without their payload; upkeep removes the rest. @defaultValue 10,000 */
  readonly keepSettled?: number
  /** How many audit entries are kept; upkeep removes the rest. 0 for no audit. @defaultValue 100,000 */
  readonly auditLimit?: number
}

/**
 * Keeps dead letters on PostgreSQL 12 or later. Each method is one statement and one round trip; all times are those of the server.
 * Run {@link migrate} first.
 *
 * Its {@link PostgresDeadLetterStore.inTransaction} adds a letter in a transaction of yours.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. Methods reject with a {@link PostgresUnavailableError}, within
 *   the `commandTimeout` of the connection, or with a {@link PostgresSchemaError}.
 *
 * @example
 * ```ts
 * import { deadLetters } from '@seaworthy/dead-letter'
 * import { postgresDeadLetters } from '@seaworthy/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: 'postgres://localhost/shop' })
 * const queue = deadLetters({ store: postgresDeadLetters({ pool, name: 'mails' }) })
 * console.log(typeof queue.add) // function
 * await queue.close()
 * await pool.end()
 * ```
 */
export function postgresDeadLetters(options: PostgresDeadLettersOptions): PostgresDeadLetterStore {
  knownOptions('postgresDeadLetters', options, [
    'pool',
    'schema',
    'name',
    'maxCount',
    'overflow',
    'keepSettled',
    'auditLimit',
  ])
  const { pool, schema, name = 'letters', maxCount = 100_000, overflow = 'refuse' } = options
  const { keepSettled = 10_000, auditLimit = 100_000 } = options
  return new LetterStore({
    connection: connectionOf(pool),
    schema: checkedSchema(schema),
    name: checkedName(name),
    maxCount: count('maxCount', maxCount),
    overflow: oneOf('overflow', overflow, ['drop-oldest', 'refuse']),
    keepSettled: count('keepSettled', keepSettled, 0),
    auditLimit: count('auditLimit', auditLimit, 0),
  })
}

/** It is part of every index. */
const longestName = 200

function checkedName(name: string): string {
  if (typeof name === 'string' && name !== '' && name.length <= longestName && !name.includes('\0'))
    return name
  throw new InvalidOptionError('name', `a text of 1 to ${longestName} characters`, name)
}
