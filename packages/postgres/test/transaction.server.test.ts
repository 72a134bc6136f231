/** Exactly one effect, on a server and a network that break. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Hub } from '@seaworthy/core'
import { deadLetters } from '@seaworthy/dead-letter'
import { taggedJson } from '@seaworthy/idempotency'
import {
  type IdempotentTransactionOptions,
  idempotentTransaction,
  type PostgresClient,
  type PostgresPool,
  postgresConnection,
  postgresDeadLetters,
  postgresIdempotency,
} from '@seaworthy/postgres'
import { postgresForTests, startPostgres, tcpProxy } from '@seaworthy/testing/servers'
import type { Pool, PoolClient } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startProcess } from '../../../tools/processes/start-process.ts'
import { dropSchema, freshSchema, poolOf, run } from './databases.ts'

const cleanUps: (() => unknown)[] = []
let pool: Pool
let schema: string

beforeEach(async () => {
  pool = await poolOf()
  schema = await freshSchema(pool)
  await run(pool, `CREATE TABLE "${schema}".effects (key text, by text)`)
})

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
  await dropSchema(pool, schema)
  await pool.end()
})

interface Setup extends Partial<Omit<IdempotentTransactionOptions, 'store'>> {
  readonly on?: PostgresPool
  readonly commandTimeout?: number
}

function setUp({ on = pool, commandTimeout = 5000, ...options }: Setup = {}) {
  const connection = postgresConnection(on, { hub: new Hub(), commandTimeout })
  const store = postgresIdempotency({ pool: connection, schema, sweep: false })
  cleanUps.push(() => store.close())
  const once = idempotentTransaction<PoolClient>({ store, storeTimeout: '10s', ...options })
  return { connection, store, once }
}

const effect = (client: Pick<PostgresClient, 'query'>, by = 'me', key = 'key') =>
  client.query(`INSERT INTO "${schema}".effects VALUES ($1, $2)`, [key, by])

async function effects(): Promise<unknown[]> {
  return (await run(pool, `SELECT by FROM "${schema}".effects`)).map(({ by }) => by)
}

/** A pool that does something before a certain statement is sent, once. */
function before(inner: Pool, wanted: (text: string) => boolean, accident: () => unknown): PostgresPool {
  let happened = false
  return {
    async connect() {
      const client = await inner.connect()
      const query = async (text: string, values?: unknown[]) => {
        if (!happened && wanted(text)) {
          happened = true
          await accident()
        }
        return client.query(text, values)
      }
      return {
        query,
        release: (destroy) => client.release(destroy),
        on: (event, listener) => client.on(event, listener),
        off: (event, listener) => client.off(event, listener),
      }
    },
    on: (event, listener) => inner.on(event, listener),
  }
}

describe('a transaction for a key', () => {
  it('commits its effect and its result together, for a hundred duplicates in four pools once', async () => {
    const runs: number[] = []
    const call = async (at: number) => {
      const { once } = policies[at % 4] as ReturnType<typeof setUp>
      return once.execute(
        async (client) => {
          runs.push(at)
          await effect(client, `call ${at}`)
          await sleep(50)
          return { by: `call ${at}` }
        },
        { key: 'key' },
      )
    }
    const policies = await Promise.all(
      [0, 1, 2, 3].map(async () => {
        const own = await poolOf({ max: 4 })
        cleanUps.push(() => own.end())
        return setUp({ on: own, whenInFlight: 'wait', maxWait: '20s' })
      }),
    )
    const results = await Promise.all(Array.from({ length: 100 }, (_, at) => call(at)))
    expect(runs).toHaveLength(1)
    expect(await effects()).toEqual([`call ${runs[0]}`])
    expect(new Set(results.map(({ by }) => by))).toEqual(new Set(await effects()))
    expect(await call(7)).toEqual({ by: `call ${runs[0]}` })
    for (const { connection } of policies)
      expect(connection.debugStats()).toMatchObject({ pending: 0, held: 0, abandoned: 0 })
  })

  it('rolls back what a function did that threw, passes the error on, and does the work at the next call', async () => {
    const { once, store } = setUp()
    const broken = new Error('the printer is out of paper')
    const failing = once.execute(
      async (client) => {
        await effect(client)
        throw broken
      },
      { key: 'key' },
    )
    expect(await failing.catch((error: unknown) => error)).toBe(broken)
    expect(await effects()).toEqual([])
    expect(await store.peek('key')).toMatchObject({ state: 'retryable', attempt: 1 })
    await once.execute((client) => effect(client), { key: 'key' }).catch(() => {})
    expect(await effects()).toEqual(['me'])
    expect(pool.totalCount).toBe(pool.idleCount)
  })

  it('does not commit when the function has swallowed an error of the database', async () => {
    const { once } = setUp()
    const swallowing = once.execute(
      async (client) => {
        await effect(client)
        await client.query('SELECT 1 / 0').catch(() => {})
      },
      { key: 'key' },
    )
    await expect(swallowing).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(await effects()).toEqual([])
  })

  it('keeps a lease while it works, and does not lose it to its own lock', async () => {
    const { once } = setUp({ lease: 2000 })
    const work = async (client: PoolClient) => {
      await effect(client)
      await sleep(5000)
    }
    await once.execute(work, { key: 'key' })
    expect(await effects()).toEqual(['me'])
  })

  it('passes on what the server says at COMMIT, for example that it cannot be serialized', async () => {
    const { once } = setUp({ isolation: 'serializable' })
    const both = await Promise.allSettled(
      ['a', 'b'].map((key) =>
        once.execute(
          async (client) => {
            await client.query(`SELECT count(*) FROM "${schema}".effects`)
            await sleep(100)
            await effect(client, key)
          },
          { key },
        ),
      ),
    )
    const refused = both.filter((each) => each.status === 'rejected')
    expect(refused).toHaveLength(1)
    expect(refused[0]?.reason).toMatchObject({ code: '40001' })
    expect(await effects()).toHaveLength(1)
  })

  it('ends in the server when its client has been silent for too long', async () => {
    const { once } = setUp({ idleTimeout: 100 })
    const silent = once.execute(
      async (client) => {
        await effect(client)
        await sleep(400)
      },
      { key: 'key' },
    )
    await expect(silent).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(await effects()).toEqual([])
  })
})

describe('an owner that lost its place', () => {
  const request = { fingerprint: '', lease: 30_000, retain: 60_000, takeover: true }

  it('cannot commit its effect, and is told', async () => {
    const { once, store } = setUp()
    const late = once.execute(
      async (client) => {
        await effect(client, 'late')
        await store.forget('key')
        await once.execute((other) => effect(other, 'next'), { key: 'other' }).catch(() => {})
        await store.claim('key', { ...request, owner: 'next' })
      },
      { key: 'key' },
    )
    await expect(late).rejects.toMatchObject({ code: 'ERR_LEASE_LOST', reason: 'stale' })
    expect(await effects()).toEqual(['next'])
  })

  it.each(['stale', 'gone', 'already'] as const)('cannot commit by hand either: %s', async (reason) => {
    const { store } = setUp()
    const grant = await store.claim('key', { ...request, owner: 'me' })
    if (grant.kind !== 'acquired') throw new Error(grant.kind)
    const done = {
      owner: 'me',
      fence: grant.fence,
      state: 'completed',
      payload: taggedJson.encode(1),
      ttl: 60_000,
    } as const
    if (reason === 'already') await store.complete('key', done)
    else await store.forget('key')
    if (reason === 'stale') await store.claim('key', { ...request, owner: 'next' })
    const client = await pool.connect()
    await client.query('BEGIN')
    await effect(client)
    const error = await store
      .inTransaction(client)
      .complete('key', done)
      .catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'ERR_STALE_GRANT', reason })
    // Somebody does not care.
    expect((await client.query('COMMIT')).command).toBe('ROLLBACK')
    client.release()
    expect(await effects()).toEqual([])
  })

  it('makes others wait for its record between completion and commit, and no duplicate for long', async () => {
    const { store } = setUp({ commandTimeout: 300 })
    const impatient = setUp({ commandTimeout: 300 }).store
    const grant = await store.claim('key', { ...request, owner: 'me' })
    if (grant.kind !== 'acquired') throw new Error(grant.kind)
    const client = await pool.connect()
    await client.query('BEGIN')
    const settled = {
      owner: 'me',
      fence: grant.fence,
      state: 'completed',
      payload: 'x',
      ttl: 60_000,
    } as const
    expect(await store.inTransaction(client).complete('key', settled)).toBe('stored')
    // As long as the lease lasts it is in flight for others, without waiting.
    expect(await impatient.claim('key', { ...request, owner: 'next' })).toMatchObject({ kind: 'inFlight' })
    await run(pool, `SELECT 1`)
    const dropped = impatient.forget('key').catch((error: unknown) => error)
    expect(await dropped).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', reason: 'timeout' })
    await client.query('ROLLBACK')
    client.release()
  })
})

describe('whatever the network does', () => {
  const points = ['BEGIN', 'INSERT INTO', 'idempotency_complete', 'COMMIT', 'idempotency_claim'] as const
  const accidents = ['loses the answer', 'resets the connection', 'stalls', 'loses the question'] as const

  const cases = points.flatMap((point) => accidents.map((accident) => ({ point, accident })))

  it('there is one effect, and every call that succeeds has its result', async () => {
    const outcomes = await Promise.all(cases.map(async (each) => ({ ...each, ...(await survive(each)) })))
    for (const { point, accident, key, result } of outcomes) {
      const rows = await run(pool, `SELECT by FROM "${schema}".effects WHERE key = '${key}'`)
      expect({ point, accident, by: rows.map(({ by }) => by) }).toEqual({ point, accident, by: [result] })
    }
  })

  it('a lost answer to COMMIT is made up for at once: nobody has to call again', async () => {
    const { result, failures } = await survive(
      { point: 'COMMIT', accident: 'loses the answer' },
      { commandTimeout: 10_000, lease: 30_000 },
    )
    expect(failures).toEqual([])
    expect(await effects()).toEqual([result])
  })

  /** Calls until it succeeds. */
  async function survive({ point, accident }: (typeof cases)[number], options: Setup = {}) {
    const { host, port, url } = await postgresForTests()
    const proxy = await tcpProxy({ target: { host, port } })
    const address = new URL(url)
    address.port = String(proxy.port)
    address.hostname = proxy.host
    const own = await poolOf({ max: 3 }, address.href)
    cleanUps.push(async () => {
      await proxy.close()
      await own.end()
    })
    const key = `${point} ${accident}`
    const happen = (): unknown => {
      if (accident === 'loses the answer') return proxy.dropNextReply()
      if (accident === 'resets the connection') return proxy.reset()
      if (accident === 'stalls') proxy.stall()
      else proxy.drop('up')
      setTimeout(() => proxy.heal(), 1200)
      return
    }
    const broken = before(own, (text) => text.includes(point), happen)
    const { once, connection } = setUp({
      on: broken,
      commandTimeout: 400,
      lease: 1000,
      idleTimeout: 2000,
      ...options,
    })
    const failures: unknown[] = []
    for (let tries = 0; ; tries++) {
      const by = `try ${tries}`
      const work = async (client: PoolClient): Promise<string> => {
        await effect(client, by, key)
        return by
      }
      try {
        const result = await once.execute(work, { key })
        await sleep(1000)
        expect(connection.debugStats()).toMatchObject({ pending: 0, held: 0 })
        return { key, result, failures }
      } catch (error) {
        failures.push((error as { readonly code?: unknown }).code)
        if (tries > 80) throw error
        await sleep(100)
      }
    }
  }
})

describe('a process that is killed', () => {
  it.each([
    { when: 'worked', first: [] },
    { when: 'completed', first: [] },
    { when: 'committed', first: ['child'] },
  ])('when it has $when leaves $first behind, and the next call one effect', async ({ when, first }) => {
    const { url } = await postgresForTests()
    const child = startProcess(new URL('./processes/transaction.ts', import.meta.url), [url, schema, when])
    await child.line(({ at }: { readonly at?: string }) => at === when)
    child.kill('SIGKILL')
    await child.ended
    expect(await effects()).toEqual(first)
    const { once } = setUp({ whenInFlight: 'wait', maxWait: '30s' })
    const work = async (client: PoolClient): Promise<string> => {
      await effect(client)
      return 'me'
    }
    const result = await once.execute(work, { key: 'key' })
    expect(await effects()).toEqual([result])
    expect(result).toBe(first[0] ?? 'me')
  })
})

describe('a server that is killed', () => {
  it('in the middle of a transaction leaves nothing, and the next call finds it back by itself', async () => {
    const server = await startPostgres()
    cleanUps.push(() => server.stop())
    const own = await poolOf({}, server.url)
    cleanUps.push(() => own.end())
    const there = await freshSchema(own)
    await run(own, `CREATE TABLE "${there}".effects (by text)`)
    const connection = postgresConnection(own, { hub: new Hub(), commandTimeout: 1000, failuresUntilDown: 1 })
    const told: string[] = []
    connection.on('down', () => told.push('down'))
    connection.on('up', () => told.push('up'))
    const store = postgresIdempotency({ pool: connection, schema: there, sweep: false })
    cleanUps.push(() => store.close())
    const once = idempotentTransaction<PoolClient>({ store, lease: 1000 })
    const insert = (client: PoolClient, by: string) =>
      client.query(`INSERT INTO "${there}".effects VALUES ($1)`, [by])
    const interrupted = once.execute(
      async (client) => {
        await insert(client, 'first')
        await server.kill()
        await insert(client, 'second')
      },
      { key: 'key' },
    )
    await expect(interrupted).rejects.toThrow()
    await expect(store.peek('key')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    await server.restart()
    const again = async (): Promise<string> => {
      for (let tries = 0; ; tries++) {
        try {
          return await once.execute(
            async (client) => {
              await insert(client, 'third')
              return 'third'
            },
            { key: 'key' },
          )
        } catch (error) {
          if (tries > 100) throw error
          await sleep(100)
        }
      }
    }
    expect(await again()).toBe('third')
    expect(await run(own, `SELECT by FROM "${there}".effects`)).toEqual([{ by: 'third' }])
    expect(told).toEqual(expect.arrayContaining(['down', 'up']))
  })
})

describe('a dead letter in a transaction', () => {
  it('is there exactly if it commits', async () => {
    const store = postgresDeadLetters({ pool, schema })
    const letters = deadLetters<{ readonly order: number }>({ store })
    const counts: number[] = []
    for (const end of ['ROLLBACK', 'COMMIT']) {
      const { letter, stored } = await letters.prepare({ order: 7 }, new Error('declined'))
      const client = await pool.connect()
      await client.query('BEGIN')
      await effect(client)
      const added = await store.inTransaction(client).add(letter)
      expect((await store.counts()).dead).toBe(0)
      await client.query(end)
      client.release()
      if (end === 'COMMIT') expect((await letters.get(stored(added)))?.errorClass).toBe('Error: declined')
      counts.push((await store.counts()).dead, (await effects()).length)
    }
    expect(counts).toEqual([0, 0, 1, 1])
    await letters.close()
  })
})
