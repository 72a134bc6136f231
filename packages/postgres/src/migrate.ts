/** Applies the files in `migrations`, which are plain SQL for everybody to read. */
import { knownOptions } from '@seaworthy/core'
import idempotency from '../migrations/0001-idempotency.sql'
import deadLetters from '../migrations/0002-dead-letters.sql'
import type { PostgresPool, PostgresQueries } from './client.ts'
import { checkedSchema } from './schema.ts'

/** Options of {@link migrate}. */
export interface MigrateOptions {
  /** Where the tables are to be. Letters, digits and underscores. @defaultValue `'seaworthy'` */
  readonly schema?: string
}

/** What {@link migrate} did. */
export interface Migrated {
  /** The files that were applied now, by number. */
  readonly applied: readonly number[]
  /** How far the schema is. */
  readonly version: number
}

/** In order; the first has number 1. */
const texts = [idempotency, deadLetters]

/**
 * Brings a schema up to date: applies, in one transaction, each file of `@seaworthy/postgres/migrations` that was not applied yet. Processes that do
 * so at once wait for each other. It never changes or removes what is there otherwise.
 *
 * The user of the pool must be allowed to create schemas, tables and functions. Where it is not, apply the files by hand, with `psql
 * --single-transaction --file=…`, and grant it usage of the schema, and all on its tables and sequences.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when the schema has no good name; what the server says.
 *
 * @example
 * ```ts
 * import { migrate } from '@seaworthy/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env['DATABASE_URL'] })
 * await migrate(pool).catch((error) => console.log(error.code)) // ECONNREFUSED where no server is
 * await pool.end()
 * ```
 */
export async function migrate(pool: PostgresPool, options: MigrateOptions = {}): Promise<Migrated> {
  knownOptions('migrate', options, ['schema'])
  const schema = checkedSchema(options.schema)
  const client = await pool.connect()
  client.on?.('error', ignore)
  let broken = false
  try {
    await client.query('BEGIN')
    // Released by the end of the transaction, so it works through PgBouncer, too.
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('seaworthy migrations', 0))`)
    const known = await versionOf(client, schema)
    const applied: number[] = []
    for (let version = known + 1; version <= texts.length; version++) {
      await client.query(inSchema(texts[version - 1] as string, schema))
      applied.push(version)
    }
    await client.query('COMMIT')
    return { applied, version: Math.max(known, texts.length) }
  } catch (error) {
    broken = await client.query('ROLLBACK').then(
      () => false,
      () => true,
    )
    throw error
  } finally {
    client.off?.('error', ignore)
    client.release(broken)
  }
}

/** A connection that breaks says so twice: here, and by the statement that fails. */
const ignore = (): void => {}

async function versionOf(client: PostgresQueries, schema: string): Promise<number> {
  const { rows: found } = await client.query('SELECT to_regclass($1) IS NOT NULL AS there', [
    `"${schema}".migrations`,
  ])
  if (found[0]?.['there'] !== true) return 0
  const { rows } = await client.query(`SELECT max(version)::text AS version FROM "${schema}".migrations`)
  return Number(rows[0]?.['version'] ?? 0)
}

/** The files say `seaworthy.` wherever they mean the schema. */
const inSchema = (text: string, schema: string): string => text.replace(/\bseaworthy(?=[.;])/g, `"${schema}"`)
