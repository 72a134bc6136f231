/** The stores on servers and networks that fail. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Hub } from '@seaworthy/core'
import type { ClaimRequest, IdempotencyStore } from '@seaworthy/idempotency'
import {
  type PostgresIdempotencyOptions,
  type PostgresPool,
  postgresConnection,
  postgresDeadLetters,
  postgresIdempotency,
} from '@seaworthy/postgres'
import { VirtualClock } from '@seaworthy/testing'
import { newLetter } from '@seaworthy/testing/conformance'
import { postgresForTests, startPostgres, tcpProxy } from '@seaworthy/testing/servers'
import { Client, type Pool } from 'pg'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { dropSchema, freshSchema, poolOf, run } from './databases.ts'

const cleanUps: (() => unknown)[] = []
let pool: Pool
let schema: string

beforeEach(async () => {
  pool = await poolOf()
  schema = await freshSchema(pool)
})

afterEach(async () => {
  vi.restoreAllMocks()
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
  await dropSchema(pool, schema)
  await pool.end()
})

const request = (owner: string, rest: Partial<ClaimRequest> = {}): ClaimRequest => ({
  owner,
  fingerprint: '',
  lease: 30_000,
  retain: 60_000,
  takeover: true,
  ...rest,
})

function supervised(inner: PostgresPool, commandTimeout = 300) {
  const connection = postgresConnection(inner, { hub: new Hub(), commandTimeout, failuresUntilDown: 2 })
  const store = postgresIdempotency({ pool: connection, schema, sweep: false })
  cleanUps.push(() => store.close())
  return { connection, store }
}

/** A pool behind a network that can be broken. */
async function farAway(max = 3) {
  const { host, port, url } = await postgresForTests()
  const proxy = await tcpProxy({ target: { host, port } })
  const address = new URL(url)
  address.port = String(proxy.port)
  address.hostname = proxy.host
  const far = await poolOf({ max }, address.href)
  cleanUps.push(async () => {
    await proxy.close()
    await far.end()
  })
  return { proxy, far, url: address.href }
}

/** Asks until the answer is as wanted: for what happens soon. */
async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const answer = await ask().catch((error) => error as T)
    if (wanted(answer) || tries === 200) return answer
    await sleep(25)
  }
}

const works = (store: IdempotencyStore) =>
  until(
    () => store.peek('nothing'),
    (answer) => answer === undefined,
  )

describe('within its budget an operation', () => {
  it('rejects when there is no connection, and takes none from those who still want one', async () => {
    const one = await poolOf({ max: 1 })
    cleanUps.push(() => one.end())
    const { store, connection } = supervised(one)
    const held = await one.connect()
    const late = store.claim('key', request('me'))
    await expect(late).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', reason: 'disconnected' })
    expect(connection.debugStats()).toMatchObject({ pending: 0, held: 0, abandoned: 1 })
    held.release()
    expect(await store.claim('key', request('you'))).toMatchObject({ kind: 'acquired' })
    expect(connection.debugStats()).toMatchObject({ pending: 0, held: 0, abandoned: 0 })
  })

  it('rejects when there is no server, at once, and when nobody answers', async () => {
    const nowhere = await poolOf({}, 'postgres://nobody@127.0.0.1:9/none')
    cleanUps.push(() => nowhere.end())
    await expect(supervised(nowhere).store.peek('key')).rejects.toMatchObject({ reason: 'disconnected' })
    const { proxy, far } = await farAway()
    proxy.stall()
    await expect(supervised(far).store.peek('key')).rejects.toMatchObject({ reason: 'disconnected' })
  })

  it('rejects at its end whatever a pool does', async () => {
    const clock = new VirtualClock()
    const hub = new Hub()
    const never: PostgresPool = { connect: () => new Promise(() => {}) }
    const connection = postgresConnection(never, { name: 'db', hub, clock, commandTimeout: '1s' })
    const store = postgresIdempotency({ pool: connection, sweep: false })
    const rejected = expect(store.peek('key')).rejects.toMatchObject({ reason: 'disconnected' })
    await clock.advance(999)
    expect(connection.debugStats()).toMatchObject({ pending: 1 })
    await clock.advance(1)
    await rejected
    for (let asked = 1; asked < 1000; asked++) store.peek('key').catch(() => {})
    await clock.advance('1s')
    // The queue of the pool is long enough.
    await expect(store.peek('key')).rejects.toThrow('for a long time')
    expect(clock.pendingTimers).toBe(0)
    const throwing: PostgresPool = {
      connect() {
        throw new Error('no')
      },
    }
    const broken = postgresIdempotency({ pool: postgresConnection(throwing, { clock }), sweep: false })
    await expect(broken.peek('key')).rejects.toMatchObject({ reason: 'disconnected' })
    connection.dispose()
    expect(hub.component('postgres', 'db')).toBeUndefined()
  })

  it('gives back a grant whose answer came too late', async () => {
    const { proxy, far } = await farAway()
    const { store, connection } = supervised(far)
    await works(store)
    proxy.stall('down')
    await expect(store.claim('key', request('late'))).rejects.toMatchObject({ reason: 'timeout' })
    expect(await supervised(pool).store.peek('key')).toMatchObject({ state: 'inFlight', owner: 'late' })
    proxy.heal()
    const near = supervised(pool, 5000).store
    await until(
      () => near.peek('key'),
      (view) => view === undefined,
    )
    expect(await near.claim('key', request('next'))).toMatchObject({ kind: 'acquired' })
    // The answer to what gave it back has the longer way.
    const stats = await until(
      async () => connection.debugStats(),
      ({ pending }) => pending === 0,
    )
    expect(stats).toMatchObject({ pending: 0 })
  })

  it('gives a grant back whose answer was lost with its connection', async () => {
    const { proxy, far } = await farAway()
    const { store } = supervised(far)
    await works(store)
    proxy.dropNextReply()
    await expect(store.claim('key', request('lost'))).rejects.toMatchObject({ reason: 'interrupted' })
    const near = supervised(pool, 5000).store
    const gone = await until(
      () => near.peek('key'),
      (view) => view === undefined,
    )
    expect(gone).toBeUndefined()
  })

  it.each(['late', 'lost'] as const)(
    'leaves a grant with an owner who has asked again before the first answer was %s',
    async (fate) => {
      const { proxy, far } = await farAway()
      const { store } = supervised(far)
      await works(store)
      if (fate === 'late') proxy.stall('down')
      else proxy.stall()
      await expect(store.claim('key', request('ann'))).rejects.toMatchObject({ reason: 'timeout' })
      const again = until(
        () => store.claim('key', request('ann')).catch(() => undefined),
        (claim) => claim !== undefined,
      )
      if (fate === 'lost') proxy.reset()
      proxy.heal()
      const claim = await again
      expect(claim).toMatchObject({ kind: 'acquired', attempt: 1 })
      const near = supervised(pool, 5000).store
      await sleep(700) // by then what was late or lost has been noticed
      expect(await near.peek('key')).toMatchObject({ owner: 'ann', state: 'inFlight', attempt: 1 })
      expect(await near.claim('key', request('bob'))).toMatchObject({ kind: 'inFlight' })
    },
  )

  it('waits until a grant has been given back before its owner can have another', async () => {
    const { proxy, far } = await farAway()
    const { store } = supervised(far)
    await works(store)
    const owners = Array.from({ length: 20 }, (_, index) => `owner ${index}`)
    for (const owner of owners) {
      proxy.dropNextReply()
      await expect(store.claim(owner, request(owner))).rejects.toMatchObject({ reason: 'interrupted' })
      const claim = await until(
        () => store.claim(owner, request(owner)).catch(() => undefined),
        (claim) => claim !== undefined,
      )
      expect(claim).toMatchObject({ kind: 'acquired' })
    }
    const near = supervised(pool, 5000).store
    for (const owner of owners) expect(await near.peek(owner)).toMatchObject({ owner, state: 'inFlight' })
  })

  it('leaves no connection in the pool that hangs for ever', async () => {
    const { proxy, far } = await farAway(2)
    const { store, connection } = supervised(far)
    await works(store)
    proxy.drop('up') // and the sender notices nothing
    const asked = await Promise.allSettled(Array.from({ length: 6 }, () => store.peek('key')))
    expect(asked.map(({ status }) => status)).toEqual(Array(6).fill('rejected'))
    expect(connection.health()).toMatchObject({ state: 'down' })
    const stats = await until(
      async () => connection.debugStats(),
      ({ held }) => held === 0,
    )
    expect(stats).toMatchObject({ held: 0 })
    proxy.heal()
    expect(await works(store)).toBeUndefined()
    expect(connection.health()).toMatchObject({ state: 'up', failures: 0 })
  })
})

describe('the health of a connection', () => {
  it('is on the hub, and tells of a server that goes and comes back', async () => {
    const server = await startPostgres()
    cleanUps.push(() => server.stop())
    const own = await poolOf({}, server.url)
    cleanUps.push(() => own.end())
    const there = await freshSchema(own)
    const hub = new Hub()
    const connection = postgresConnection(own, { name: 'main', hub, failuresUntilDown: 2 })
    const store = postgresIdempotency({ pool: connection, schema: there, sweep: false })
    const told: string[] = []
    for (const event of ['failed', 'down', 'up'] as const) connection.on(event, () => told.push(event))
    await store.peek('key')
    expect(hub.component('postgres', 'main')?.snapshot()).toEqual({
      state: 'up',
      connections: { total: 1, idle: 1, waiting: 0 },
      pending: 0,
      failures: 0,
      latency: expect.any(Number),
    })
    await server.kill()
    for (let tries = 0; tries < 2; tries++) await store.peek('key').catch(() => {})
    expect(told).toEqual(['failed', 'failed', 'down'])
    expect(connection.health().state).toBe('down')
    await server.restart()
    expect(await works(store)).toBeUndefined()
    expect(told.at(-1)).toBe('up')
    connection.dispose()
  })

  it('tells a server that takes no changes from one that is not there', async () => {
    const readOnly = await poolOf({ options: '-c default_transaction_read_only=on' })
    cleanUps.push(() => readOnly.end())
    await expect(supervised(readOnly).store.claim('key', request('me'))).rejects.toMatchObject({
      reason: 'unready',
    })
  })
})

describe('clients with wrong clocks', () => {
  it('get the same answers', async () => {
    const { store } = supervised(pool, 5000)
    await store.claim('key', request('me'))
    const { now } = Date
    for (const skew of [-3_600_000, 3_600_000]) {
      vi.spyOn(Date, 'now').mockImplementation(() => now() + skew)
      const busy = await store.claim('key', request('you'))
      if (busy.kind !== 'inFlight') throw new Error(busy.kind)
      expect(busy.leaseLeft).toBeGreaterThan(20_000)
      expect(busy.leaseLeft).toBeLessThanOrEqual(30_000)
    }
  })
})

describe('many at once', () => {
  it.each(['read committed', 'repeatable read', 'serializable'])(
    'get one grant, one replay, and letters of their own (%s)',
    async (level) => {
      const options = `-c default_transaction_isolation=${level.replace(' ', '\\ ')}`
      const own = await poolOf({ max: 20, options })
      cleanUps.push(() => own.end())
      const { store, connection } = supervised(own, 20_000)
      const everybody = Array.from({ length: 50 }, (_, at) => `owner ${at}`)
      const claims = await Promise.all(everybody.map((owner) => store.claim('key', request(owner))))
      expect(claims.filter(({ kind }) => kind === 'acquired')).toHaveLength(1)
      expect(claims.filter(({ kind }) => kind === 'inFlight')).toHaveLength(49)

      const letters = postgresDeadLetters({ pool: connection, schema, maxCount: 40 })
      const added = await Promise.all(everybody.map(() => letters.add(newLetter())))
      const accepted = added.filter(({ outcome }) => outcome === 'added')
      // A transaction that sees less than what is committed may let one in too many.
      if (level === 'repeatable read') expect(accepted.length).toBeGreaterThanOrEqual(40)
      else expect(accepted).toHaveLength(40)

      const leased = await Promise.all(
        everybody.map((owner) =>
          letters
            .claim({ limit: 3, leaseFor: 60_000, owner, dueOnly: false })
            .then(({ letters: got }) => got),
        ),
      )
      const ids = leased.flat().map(({ id }) => id)
      expect(new Set(ids).size).toBe(ids.length)

      const twins = await Promise.all(
        everybody.map(() => letters.add(newLetter({ dedupeKey: 'twin', token: 'same' }))),
      )
      if (level !== 'repeatable read')
        expect(new Set(twins.map(({ outcome }) => outcome))).toEqual(new Set(['full']))
    },
  )

  it('are answered in the order in which they asked, though their keys are taken in another', async () => {
    const { store } = supervised(pool, 5000)
    await store.claim('b', request('other'))
    const claims = ['c', 'b', 'a', 'c'].map((key, at) => ({ key, request: request(`owner ${at}`) }))
    const kinds = (await store.claimMany?.(claims))?.map(({ kind }) => kind)
    expect(kinds).toEqual(['acquired', 'inFlight', 'acquired', 'inFlight'])
  })

  it('add a letter once that has one dedupe key', async () => {
    const { connection } = supervised(pool, 20_000)
    const letters = postgresDeadLetters({ pool: connection, schema })
    const twins = await Promise.all(
      Array.from({ length: 50 }, () => letters.add(newLetter({ dedupeKey: 'twin' }))),
    )
    expect(twins.filter(({ outcome }) => outcome === 'added')).toHaveLength(1)
    expect(new Set(twins.map((each) => 'id' in each && each.id)).size).toBe(1)
    expect(await letters.counts()).toMatchObject({ dead: 1 })
  })
})

describe('letters that others change by hand', () => {
  it('make room: the limit counts what is there', async () => {
    const { connection } = supervised(pool, 5000)
    const letters = postgresDeadLetters({ pool: connection, schema, maxCount: 2 })
    const add = async () => (await letters.add(newLetter())).outcome
    expect([await add(), await add(), await add()]).toEqual(['added', 'added', 'full'])
    await run(pool, `DELETE FROM "${schema}".dead_letters`)
    expect([await add(), await add(), await add()]).toEqual(['added', 'added', 'full'])
    await run(pool, `TRUNCATE "${schema}".dead_letters`)
    expect([await add(), await add(), await add()]).toEqual(['added', 'added', 'full'])
  })

  it('keep a short account of what is there', async () => {
    const { connection } = supervised(pool, 5000)
    const letters = postgresDeadLetters({ pool: connection, schema })
    for (let added = 0; added < 20; added++) await letters.add(newLetter())
    const rows = () => run(pool, `SELECT change FROM "${schema}".dead_letter_room`)
    expect(await rows()).toHaveLength(20)
    const trim = { olderThan: undefined, keep: undefined, settledBefore: undefined, batch: 10, actor: 'me' }
    await letters.trim(trim)
    expect(await rows()).toEqual([{ change: 20 }])
  })

  it('forget entries of the audit beyond their number', async () => {
    const { connection } = supervised(pool, 5000)
    const letters = postgresDeadLetters({ pool: connection, schema, auditLimit: 5 })
    for (let added = 0; added < 12; added++) await letters.add(newLetter())
    const trim = { olderThan: undefined, keep: undefined, settledBefore: undefined, batch: 4, actor: 'me' }
    expect((await letters.trim(trim)).more).toBe(true)
    expect((await letters.trim(trim)).more).toBe(false)
    expect((await letters.audit({ limit: 100 })).entries).toHaveLength(5)
    const silent = postgresDeadLetters({ pool: connection, schema, name: 'silent', auditLimit: 0 })
    await silent.add(newLetter())
    expect((await silent.audit({ limit: 100 })).entries).toEqual([])
  })
})

describe('expired records', () => {
  it('are swept on a timer that keeps nothing running', async () => {
    const clock = new VirtualClock()
    // Without spread: time that passes on while the server is at work would use up the budgets of the statements.
    const connection = postgresConnection(pool, { hub: new Hub(), clock, random: () => 0.5 })
    const store = postgresIdempotency({ pool: connection, schema, sweep: { every: '1m', batch: 2 } })
    for (const key of ['a', 'b', 'c', 'd', 'e'])
      await store.claim(key, request('me', { lease: 1, retain: key === 'e' ? 60_000 : 1 }))
    await sleep(10)
    const keys = () => run(pool, `SELECT key FROM "${schema}".idempotency ORDER BY key`)
    expect(await keys()).toHaveLength(5)
    await clock.advance('1m')
    await until(keys, (left) => left.length === 1)
    expect(await keys()).toEqual([{ key: 'e' }])
    await store.close()
    expect(store.debugStats()).toEqual({ waiting: 0, listeners: 0, timers: 0 })
  })

  it('are left alone where nobody sweeps', () => {
    const clock = new VirtualClock()
    postgresIdempotency({ pool: postgresConnection(pool, { clock }), schema, sweep: false })
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('hints', () => {
  async function listening(options: Partial<PostgresIdempotencyOptions> = {}) {
    const { proxy, far, url } = await farAway()
    const store = postgresIdempotency({
      pool: postgresConnection(far, { hub: new Hub(), commandTimeout: 500 }),
      schema,
      sweep: false,
      listen: () => new Client(url),
      listenerIdle: 200,
      ...options,
    })
    cleanUps.push(() => store.close())
    const near = postgresIdempotency({ pool, schema, sweep: false, listen: () => new Client(url) })
    return { proxy, store, near }
  }

  it('come back by themselves, and those who wait meanwhile are told to look', async () => {
    const { proxy, store, near } = await listening()
    const claim = await near.claim('key', request('me'))
    if (claim.kind !== 'acquired') throw new Error(claim.kind)
    const wait = () => store.waitFor?.('key', new AbortController().signal) ?? Promise.reject()
    const first = wait()
    await until(
      async () => store.debugStats()['listeners'],
      (listeners) => listeners === 1,
    )
    await sleep(300)
    proxy.reset()
    await first
    const second = wait()
    await sleep(700)
    await near.complete('key', {
      owner: 'me',
      fence: claim.fence,
      state: 'completed',
      payload: 'x',
      ttl: 9999,
    })
    await second
    expect(store.debugStats()).toMatchObject({ waiting: 0 })
    await until(
      async () => store.debugStats()['listeners'],
      (listeners) => listeners === 0,
    )
    expect(store.debugStats()).toMatchObject({ waiting: 0, listeners: 0 })
  })

  it('wait for a server that is not there, and end when they are told to', async () => {
    const { proxy, store } = await listening()
    proxy.refuse()
    const controller = new AbortController()
    const waiting = store.waitFor?.('key', controller.signal)
    await sleep(300)
    controller.abort()
    await waiting
    expect(store.debugStats()).toMatchObject({ waiting: 0 })
    proxy.heal()
  })

  it('are nothing but a hash to others', async () => {
    const { near } = await listening()
    const heard: unknown[] = []
    const client = new Client((await postgresForTests()).url)
    await client.connect()
    client.on('notification', ({ channel, payload }) => heard.push({ channel, payload }))
    await client.query('LISTEN seaworthy_idempotency')
    await near.claim('a secret', request('me'))
    await near.forget('a secret')
    await until(
      async () => heard.length,
      (length) => length > 0,
    )
    await client.end()
    expect(heard).toContainEqual({
      channel: 'seaworthy_idempotency',
      payload: expect.stringMatching(/^[0-9a-f]{32}$/),
    })
  })
})
