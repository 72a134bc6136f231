/** Installing the tables, and what is said where they are missing. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { migrate, postgresDeadLetters, postgresIdempotency } from '@seaworthy/postgres'
import { newLetter } from '@seaworthy/testing/conformance'
import { postgresForTests } from '@seaworthy/testing/servers'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { changedSchema, dropSchema, freshName, freshSchema, patient, poolOf, run } from './databases.ts'

const folder = fileURLToPath(new URL('../migrations', import.meta.url))
let pool: Pool

beforeAll(async () => {
  pool = await poolOf()
})
afterAll(() => pool.end())

const request = { owner: 'me', fingerprint: '', lease: 1000, retain: 1000, takeover: true }

describe('migrate', () => {
  it('applies every file once, however many do so at a time, and nothing the next time', async () => {
    const schema = freshName()
    const all = await Promise.all(Array.from({ length: 8 }, () => migrate(pool, { schema })))
    expect(all.map(({ applied }) => applied).filter(({ length }) => length > 0)).toEqual([[1, 2]])
    expect(all.map(({ version }) => version)).toEqual(Array(8).fill(2))
    expect(await migrate(pool, { schema })).toEqual({ applied: [], version: 2 })
    expect(readdirSync(folder)).toHaveLength(2)
    await dropSchema(pool, schema)
  })

  it('goes on where somebody began by hand', async () => {
    const schema = await changedSchema(pool, (sql) => (sql.includes('dead_letters (') ? 'SELECT 1' : sql))
    expect(await migrate(pool, { schema })).toEqual({ applied: [2], version: 2 })
    await dropSchema(pool, schema)
  })

  it('has files that psql applies, also to another schema', async ({ skip }) => {
    if (spawnSync('psql', ['--version']).status !== 0) skip('there is no psql')
    const { url } = await postgresForTests()
    const schema = freshName()
    for (const file of readdirSync(folder).sort()) {
      const applied = spawnSync(
        'sh',
        [
          '-c',
          `sed 's/\\bseaworthy\\([.;]\\)/"${schema}"\\1/g' "$1" | psql --single-transaction -v ON_ERROR_STOP=1 "$2"`,
          'sh',
          `${folder}/${file}`,
          url,
        ],
        { encoding: 'utf8' },
      )
      expect(applied.stderr).not.toContain('ERROR')
      expect(applied.status).toBe(0)
    }
    expect(await migrate(pool, { schema })).toEqual({ applied: [], version: 2 })
    await dropSchema(pool, schema)
  })

  it('leaves nothing behind when it fails, not even a connection', async () => {
    const schema = freshName()
    await run(pool, `CREATE SCHEMA "${schema}"; CREATE TABLE "${schema}".dead_letters (mine int)`)
    await expect(migrate(pool, { schema })).rejects.toMatchObject({ code: '42P07' })
    const tables = await run(
      pool,
      `SELECT table_name FROM information_schema.tables WHERE table_schema = '${schema}'`,
    )
    expect(tables).toEqual([{ table_name: 'dead_letters' }])
    expect(pool.idleCount).toBe(pool.totalCount)
    await dropSchema(pool, schema)
  })

  it.each(['', 'a b', 'x"; DROP SCHEMA public; --', 'pg_mine', 'ä', 'x'.repeat(64), 7])(
    'refuses %j as a schema',
    async (schema) => {
      const options = { schema: schema as string }
      await expect(migrate(pool, options)).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' })
      expect(() => postgresIdempotency({ pool, ...options })).toThrow('schema must be')
      expect(() => postgresDeadLetters({ pool, ...options })).toThrow('schema must be')
    },
  )
})

describe('a store', () => {
  it('says what to do where there are no tables, and works as soon as there are', async () => {
    const schema = freshName()
    const records = postgresIdempotency({ pool: patient(pool), schema, sweep: false })
    const letters = postgresDeadLetters({ pool: patient(pool), schema })
    const missing = { code: 'ERR_POSTGRES_SCHEMA', schema, version: 0, needed: 2 }
    await expect(records.claim('key', request)).rejects.toMatchObject(missing)
    await expect(letters.counts()).rejects.toMatchObject(missing)
    await expect(letters.counts()).rejects.toThrow('run migrate(pool)')
    await migrate(pool, { schema })
    expect(await records.claim('key', request)).toMatchObject({ kind: 'acquired' })
    expect(await letters.add(newLetter())).toMatchObject({ outcome: 'added' })
    await dropSchema(pool, schema)
  })

  it('says how old its tables are', async () => {
    const schema = await changedSchema(pool, (sql) => (sql.includes('dead_letters (') ? 'SELECT 1' : sql))
    const letters = postgresDeadLetters({ pool: patient(pool), schema })
    await expect(letters.counts()).rejects.toMatchObject({ code: 'ERR_POSTGRES_SCHEMA', version: 1 })
    await expect(letters.counts()).rejects.toThrow('is at migration 1, not 2')
    await dropSchema(pool, schema)
  })

  it('keeps to its schema', async () => {
    const [one, two] = [await freshSchema(pool), await freshSchema(pool)]
    const stores = [one, two].map((schema) =>
      postgresIdempotency({ pool: patient(pool), schema, sweep: false }),
    )
    for (const store of stores) expect(await store.claim('key', request)).toMatchObject({ kind: 'acquired' })
    for (const schema of [one, two]) await dropSchema(pool, schema)
  })
})
