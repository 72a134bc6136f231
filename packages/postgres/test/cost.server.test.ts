/** What a statement looks at, by the server's own count: nothing walks through a table. */
import { postgresDeadLetters, postgresIdempotency } from '@seaworthy/postgres'
import { newLetter } from '@seaworthy/testing/conformance'
import type { Pool, PoolClient } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dropSchema, freshSchema, patient, poolOf, run } from './databases.ts'

const many = 100_000
let pool: Pool
let schema: string

beforeAll(async () => {
  pool = await poolOf()
  schema = await freshSchema(pool)
  // As the functions would make them, in one statement. Every hundredth is of a rare type; one in ten is due.
  await run(
    pool,
    `INSERT INTO "${schema}".dead_letters
       (queue, id, state, type, error_class, replays, died_at, due, facts, details, payload)
     SELECT 'letters', lpad((1700000000000 + n)::text, 13, '0') || lpad(n::text, 9, '0') || '-token', 'dead',
       CASE WHEN n % 100 = 0 THEN 'rare' ELSE 'mail' END, 'Error: ' || n % 7, 0, to_timestamp(1700000000 + n / 1000.0),
       CASE WHEN n % 10 = 0 THEN now() - interval '1 hour' END,
       '{"failure":"timeout","failureClass":"transient","error":{"name":"Error","message":"no"}}',
       '{"history":[],"causes":[]}', repeat(md5(n::text), 100)
     FROM generate_series(1, ${many}) AS n;
     INSERT INTO "${schema}".idempotency
     SELECT sha256(n::text::bytea), n::text, 'completed', 'acquired', 'me', n, 1, '', now(),
       now() + n * interval '1 minute' - interval '100 minutes', 'done'
     FROM generate_series(1, ${many}) AS n`,
  )
  // As autovacuum does.
  for (const table of ['dead_letters', 'idempotency', 'dead_letter_room'])
    await run(pool, `VACUUM ANALYZE "${schema}".${table}`)
}, 120_000)

afterAll(async () => {
  await dropSchema(pool, schema)
  await pool.end()
})

interface Looked {
  /** Rows that were read one after another, and rows that an index found. */
  readonly read: number
  readonly found: number
}

/** Counts what is looked at in a transaction, which is rolled back. */
async function counted(work: (client: PoolClient) => Promise<unknown>): Promise<Looked> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const before = await looked(client)
    await work(client)
    const after = await looked(client)
    return { read: after.read - before.read, found: after.found - before.found }
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
}

/** By this connection, since the server took its numbers the last time. */
async function looked(client: PoolClient): Promise<Looked> {
  const { rows } = await client.query(
    `SELECT sum(seq_tup_read)::int AS read, sum(idx_tup_fetch)::int AS found
     FROM pg_stat_xact_user_tables WHERE schemaname = $1 AND relname IN ('dead_letters', 'idempotency')`,
    [schema],
  )
  return rows[0] as Looked
}

const letters = (client: PoolClient) =>
  postgresDeadLetters({ pool: patient(pool), schema, maxCount: 2 * many }).inTransaction(client)
const records = (client: PoolClient) =>
  postgresIdempotency({ pool: patient(pool), schema, sweep: false }).inTransaction(client)

describe('of 100,000 dead letters', () => {
  const deep = `${1_700_000_000_000 + many / 2}`
  it.each([
    ['the first page', { order: 'oldest' }],
    ['the newest page', { order: 'newest' }],
    ['a page in the middle', { order: 'oldest', cursor: deep }],
    ['a page of a rare type', { order: 'newest', type: 'rare' }],
    ['a page of an error class', { order: 'oldest', errorClass: 'Error: 3', cursor: deep }],
    ['a page of both', { order: 'oldest', type: 'rare', errorClass: 'Error: 3' }],
  ] as const)('%s reads its 50 letters and the one behind', async (_name, query) => {
    const counts = await counted(async (client) => {
      const page = await letters(client).list({ state: 'dead', limit: 50, ...query })
      expect(page.items).toHaveLength(50)
    })
    expect(counts).toEqual({ read: 0, found: 51 })
  })

  it('a page leaves the payloads alone, and is found by an index in well under 2 ms', async () => {
    const call = `SELECT "${schema}".dead_letter_list('letters', 'dead', true, NULL, 50, 'rare', NULL)`
    const client = await pool.connect()
    await client.query(call) // The first call in a session compiles the function.
    const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${call}`)
    client.release()
    const [{ Plan: plan }] = rows[0]['QUERY PLAN']
    // 51 letters on as many pages, and the way down the index. Each payload would be a page or more besides.
    expect(plan['Shared Hit Blocks'] + plan['Shared Read Blocks']).toBeLessThan(120)
  })

  it('claims, retries, settles and adds look only at what they change', async () => {
    const claim = { limit: 20, leaseFor: 1000, owner: 'me', type: undefined, errorClass: undefined }
    for (const dueOnly of [true, false]) {
      const counts = await counted((client) => letters(client).claim({ ...claim, dueOnly }))
      expect(counts.read).toBe(0)
      expect(counts.found).toBeLessThanOrEqual(100)
    }
    const one = await counted(async (client) => {
      const store = letters(client)
      const { items } = await store.list({ state: 'dead', order: 'oldest', limit: 1 })
      const id = items[0]?.id ?? ''
      const result = await store.retry(id, { actor: 'me', reason: undefined, owner: 'me', leaseFor: 1000 })
      if (result.outcome !== 'replaying') throw new Error(result.outcome)
      await store.settle(id, result.fence, {
        outcome: 'replayed',
        dueIn: undefined,
        actor: 'me',
        reason: undefined,
      })
      await store.add(newLetter({ dedupeKey: 'new' }))
      await store.lookup?.('new')
    })
    expect(one.read).toBe(0)
    expect(one.found).toBeLessThanOrEqual(15)
  })

  it('a step of trimming finds what goes, and counts without reading a letter', async () => {
    const trim = { olderThan: undefined, keep: many - 100, settledBefore: 0, batch: 50, actor: 'me' }
    const counts = await counted((client) => letters(client).trim(trim))
    expect(counts.read).toBe(0)
  })
})

describe('of 100,000 records', () => {
  it('a sweep removes the expired ones, a batch at a time, and looks at no others', async () => {
    const counts = await counted(async (client) => {
      const { rows } = await client.query(`SELECT "${schema}".idempotency_sweep(60)`)
      expect(rows[0].idempotency_sweep).toBe(60)
      const again = await client.query(`SELECT "${schema}".idempotency_sweep(60)`)
      expect(again.rows[0].idempotency_sweep).toBeGreaterThanOrEqual(39)
      expect(again.rows[0].idempotency_sweep).toBeLessThan(60)
    })
    expect(counts.read).toBe(0)
    expect(counts.found).toBeLessThanOrEqual(500)
  })

  it('every method looks at the record of its key', async () => {
    const counts = await counted(async (client) => {
      const store = records(client)
      const claim = await store.claim('new', {
        owner: 'me',
        fingerprint: '',
        lease: 1,
        retain: 9999,
        takeover: true,
      })
      if (claim.kind !== 'acquired') throw new Error(claim.kind)
      const token = { owner: 'me', fence: claim.fence }
      await store.renew('new', { ...token, lease: 9999, retain: 9999 })
      await store.complete('new', { ...token, state: 'completed', payload: 'x', ttl: 9999 })
      await store.peek('new')
      await store.forget('new')
    })
    expect(counts.read).toBe(0)
    expect(counts.found).toBeLessThanOrEqual(10)
  })
})
