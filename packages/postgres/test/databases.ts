/** Databases, schemas and pools for tests. */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import { Hub } from '@seaworthy/core'
import {
  migrate,
  type PostgresConnection,
  type PostgresPool,
  postgresConnection,
  singleConnection,
} from '@seaworthy/postgres'
import { postgresForTests } from '@seaworthy/testing/servers'
import { Pool, type PoolConfig } from 'pg'

/** @param url - @defaultValue the server that the tests share */
export async function poolOf(config: PoolConfig = {}, url?: string): Promise<Pool> {
  return new Pool({ connectionString: url ?? (await postgresForTests()).url, ...config })
}

/** PGlite, as a pool. */
export function pglitePool(): { readonly pool: PostgresPool; close(): Promise<void> } {
  const database = new PGlite()
  return { pool: singleConnection(database), close: () => database.close() }
}

/** Supervised with a hub of its own, and with time enough for a busy machine. */
export const patient = (pool: PostgresPool): PostgresConnection =>
  postgresConnection(pool, { hub: new Hub(), commandTimeout: '20s' })

/** A name that no other test has. */
export const freshName = (): string => `test_${randomUUID().replaceAll('-', '')}`

/** Runs statements on any connection. */
export async function run(pool: PostgresPool, text: string): Promise<Record<string, unknown>[]> {
  const client = await pool.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    client.release()
  }
}

/** A schema with everything in it, that nobody else uses. */
export async function freshSchema(pool: PostgresPool): Promise<string> {
  const schema = freshName()
  await migrate(pool, { schema })
  return schema
}

export const dropSchema = (pool: PostgresPool, schema: string): Promise<unknown> =>
  run(pool, `DROP SCHEMA "${schema}" CASCADE`)

/** A schema from files that somebody has changed. */
export async function changedSchema(pool: PostgresPool, change: (sql: string) => string): Promise<string> {
  const schema = freshName()
  for (const file of ['0001-idempotency.sql', '0002-dead-letters.sql'])
    await run(pool, change(await migration(file)).replace(/\bseaworthy(?=[.;])/g, `"${schema}"`))
  return schema
}

/** The text of a migration. */
const migration = (file: string): Promise<string> =>
  readFile(fileURLToPath(new URL(`../migrations/${file}`, import.meta.url)), 'utf8')

/** A clock of a schema that tests can move. */
export interface TestClock {
  advance(milliseconds: number): Promise<void>
}

/**
 * Puts a clock into a schema that runs, but can be put forward; or one that stands still.
 *
 * @param kind - `ticks`: it stands still, but for a microsecond whenever it is asked.
 */
export async function testClock(
  pool: PostgresPool,
  schema: string,
  kind: 'runs' | 'stands' | 'ticks',
): Promise<TestClock> {
  const start = `timestamptz '2026-01-02 03:04:05.678Z'`
  const tick = `nextval('"${schema}".ticks') * interval '1 microsecond'`
  const now = {
    runs: 'clock_timestamp() + passed',
    stands: `${start} + passed`,
    ticks: `${start} + passed + ${tick}`,
  }[kind]
  await run(
    pool,
    `CREATE SEQUENCE "${schema}".ticks;
     CREATE TABLE "${schema}".test_time AS SELECT interval '0' AS passed;
     CREATE OR REPLACE FUNCTION "${schema}".clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS
     $$ SELECT ${now} FROM "${schema}".test_time $$`,
  )
  return {
    advance: async (milliseconds) => {
      await run(pool, `UPDATE "${schema}".test_time SET passed = passed + ${milliseconds} * interval '1 ms'`)
    },
  }
}
