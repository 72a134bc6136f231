/** What a connection finds out about its server, how it tells failures apart, and that it leaves nothing on the client. */
import { Hub } from '@seaworthy/core'
import { redisConnection, redisIdempotency } from '@seaworthy/redis'
import { type RedisServer, startRedis } from '@seaworthy/testing/servers'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { onClient } from '../src/client-events.ts'
import { failureOf } from '../src/errors.ts'
import { factsOf, riskOf } from '../src/server-facts.ts'
import { connect, freshPrefix, type Version } from './idempotency-servers.ts'

let server: RedisServer
let admin: Redis
beforeAll(async () => {
  server = await startRedis({ persistence: 'everysec', args: ['--maxmemory', '64mb'] })
  admin = new Redis(server.url)
})
afterAll(async () => {
  admin.disconnect()
  await server.stop()
})

const claiming = { owner: 'ann', fingerprint: '', lease: 30_000, retain: 60_000, takeover: true }
const patiently = (look: () => unknown): Promise<unknown> => vi.waitFor(look, { timeout: 10_000 })

describe.each<Version>(['ioredis 6', 'ioredis 5'])('with %s', (version) => {
  it('tells what its server is, once somebody has used it', async () => {
    const client = await connect(version, server.url)
    const connection = redisConnection(client, { hub: new Hub() })
    expect(connection.health().server).toBeUndefined()
    await connection.command('ping', 'PING', [])
    await patiently(() =>
      expect(connection.health()).toMatchObject({
        state: 'up',
        reason: undefined,
        server: {
          version: expect.stringMatching(/^\d+\.\d+/),
          role: 'primary',
          maxMemory: 64 * 2 ** 20,
          evictionPolicy: 'noeviction',
          appendOnlyFile: true,
        },
      }),
    )
    client.disconnect()
  })
})

describe('a server that may throw away what it was to keep', () => {
  it('makes its health degraded and is told once, and it goes on working', async () => {
    await using evicting = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] })
    const client = await connect('ioredis 6', evicting.url)
    const hub = new Hub()
    const connection = redisConnection(client, { name: 'main', hub })
    const told: unknown[] = []
    connection.on('degraded', (event) => void told.push(event))
    const store = redisIdempotency({ redis: connection, prefix: freshPrefix() })
    expect(await store.claim('key', claiming)).toMatchObject({ kind: 'acquired' })
    await patiently(() => expect(connection.health()).toMatchObject({ state: 'degraded', reason: 'evicts' }))
    expect(hub.component('redis', 'main')?.snapshot()).toMatchObject({
      state: 'degraded',
      reason: 'evicts',
      server: { evictionPolicy: 'allkeys-lru', appendOnlyFile: false },
    })
    const degraded = { name: 'main', reason: 'evicts', evictionPolicy: 'allkeys-lru' }
    expect(told).toEqual([degraded])

    // The same one again: no news.
    client.disconnect(true)
    await store.peek('key')
    await connection.inspect()
    expect(told).toHaveLength(1)
    expect(await store.claim('other', claiming)).toMatchObject({ kind: 'acquired' })

    await client.config('SET', 'maxmemory-policy', 'noeviction')
    expect(await connection.inspect()).toMatchObject({ evictionPolicy: 'noeviction' })
    expect(connection.health()).toMatchObject({ state: 'up', reason: undefined })
    await client.config('SET', 'maxmemory-policy', 'volatile-ttl')
    await hub.component('redis', 'main')?.actions['inspect']?.()
    expect(told).toEqual([degraded, { ...degraded, evictionPolicy: 'volatile-ttl' }])

    store.close()
    connection.dispose()
    client.disconnect()
  })

  it('is noticed where another server takes the place of a good one', async () => {
    const good = await startRedis()
    const client = await connect('ioredis 6', good.url)
    const connection = redisConnection(client, { commandTimeout: '5s' })
    await connection.command('ping', 'PING', [])
    await patiently(() =>
      expect(connection.health()).toMatchObject({ state: 'up', server: { role: 'primary' } }),
    )
    await client.config('SET', 'maxmemory-policy', 'allkeys-random')
    await client.config('REWRITE')
    await good.restart()
    await connection.command('ping', 'PING', [])
    await patiently(() => expect(connection.health().state).toBe('degraded'))
    client.disconnect()
    await good.stop()
  })

  it('is not known where the server does not tell, and that does no harm', async () => {
    await admin.call('ACL', 'SETUSER', 'shy', 'on', '>secret', '~*', '&*', '+@all', '-info', '-config')
    const client = new Redis(server.port, server.host, {
      username: 'shy',
      password: 'secret',
      enableReadyCheck: false,
    })
    const connection = redisConnection(client)
    const asked = vi.spyOn(client, 'call')
    expect(await connection.command('ping', 'PING', [])).toBe('PONG')
    await expect(connection.inspect()).rejects.toMatchObject({ operation: 'inspect', reason: 'error' })
    expect(await connection.command('ping', 'PING', [])).toBe('PONG')
    expect(connection.health()).toMatchObject({
      state: 'up',
      reason: undefined,
      failures: 0,
      server: undefined,
    })
    // Once by itself, once as told to; not again after that.
    expect(asked.mock.calls.filter(([command]) => command === 'INFO')).toHaveLength(2)
    client.disconnect()
  })

  it('reads what it is told, and nothing into what it is not', () => {
    expect(factsOf('')).toEqual({
      version: undefined,
      role: undefined,
      maxMemory: undefined,
      evictionPolicy: undefined,
      appendOnlyFile: undefined,
    })
    const facts = factsOf('redis_version:7.2.4\r\nrole:slave\r\nmaxmemory:0\r\naof_enabled:0\r\n')
    expect(facts).toEqual({
      version: '7.2.4',
      role: 'replica',
      maxMemory: 0,
      evictionPolicy: undefined,
      appendOnlyFile: false,
    })
    expect(riskOf(facts)).toBeUndefined()
    expect(riskOf({ ...facts, evictionPolicy: 'noeviction' })).toBeUndefined()
    expect(riskOf({ ...facts, evictionPolicy: 'volatile-lru' })).toBe('evicts')
  })
})

describe('failures', () => {
  it.each([
    ['OOM command not allowed when used memory > maxmemory', 'full'],
    ['READONLY Can not run script with write flag on readonly replica.', 'unready'],
    ['LOADING Redis is loading the dataset in memory', 'unready'],
    ['MISCONF Redis is configured to save RDB snapshots, but ...', 'unready'],
    ['CLUSTERDOWN The cluster is down', 'unready'],
    ['Connection is closed.', 'interrupted'],
    ['Reached the max retries per request limit (which is 20).', 'interrupted'],
    ['Command aborted due to connection close', 'interrupted'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'error'],
    ['NOPERM this user has no permissions', 'error'],
    ['ERR no such key', 'error'],
    ['LOADINGS', 'error'],
  ])('"%s" is %s', (text, reason) => {
    expect(failureOf(new Error(text))).toBe(reason)
  })

  it('of the network are told from those of the server', () => {
    expect(failureOf(Object.assign(new Error('read ECONNRESET'), { syscall: 'read' }))).toBe('interrupted')
    expect(failureOf('no error at all')).toBe('error')
  })

  it('a replica is unready for what writes, and says so', async () => {
    await using replica = await startRedis({ replicaOf: server })
    const client = await connect('ioredis 6', replica.url)
    const connection = redisConnection(client)
    const store = redisIdempotency({ redis: connection, prefix: freshPrefix() })
    await expect(store.claim('key', claiming)).rejects.toMatchObject({ reason: 'unready' })
    await connection.command('ping', 'PING', [])
    await patiently(() => expect(connection.health().server).toMatchObject({ role: 'replica' }))
    store.close()
    client.disconnect()
  })

  it('a connection that breaks under a call without another try is interrupted', async () => {
    await using own = await startRedis()
    const client = new Redis(own.url, { retryStrategy: () => null })
    client.on('error', () => {})
    const connection = redisConnection(client)
    await connection.command('ping', 'PING', [])
    own.pause()
    const waiting = expect(connection.command('ping', 'PING', [])).rejects.toMatchObject({
      reason: 'interrupted',
    })
    await own.kill()
    await waiting
    expect(connection.debugStats()).toEqual({ pending: 0, listeners: 0 })
  })
})

describe('listeners on the client', () => {
  const warnings = (): { readonly heard: Error[]; stop(): void } => {
    const heard: Error[] = []
    const listener = (warning: Error): void => void heard.push(warning)
    process.on('warning', listener)
    return { heard, stop: () => process.off('warning', listener) }
  }
  /** Node emits warnings in a later turn. */
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
  }

  it('are one for all stores that wait for hints, and none when they are closed', async () => {
    const client = await connect('ioredis 6', server.url)
    const { heard, stop } = warnings()
    await client.ping()
    const before = client.listenerCount('end')
    const stores = Array.from({ length: 30 }, () =>
      redisIdempotency({ redis: client, prefix: freshPrefix() }),
    )
    const waits = await Promise.all(
      stores.map(async (store) => {
        await store.claim('key', claiming)
        return { over: store.waitFor?.('key', new AbortController().signal) }
      }),
    )
    await turns()
    expect(client.listenerCount('end')).toBe(before + 1)
    for (const store of stores.slice(1)) store.close()
    expect(client.listenerCount('end')).toBe(before + 1)
    stores[0]?.close()
    expect(client.listenerCount('end')).toBe(before)
    await Promise.all(waits.map(({ over }) => over))
    for (const store of stores)
      expect(store.debugStats()).toEqual({ waiting: 0, listeners: 0, unanswered: 0 })
    stop()
    expect(heard).toEqual([])
    client.disconnect()
  })

  it('wake every store when the client ends', async () => {
    const client = await connect('ioredis 6', server.url)
    const stores = Array.from({ length: 12 }, () =>
      redisIdempotency({ redis: client, prefix: freshPrefix() }),
    )
    const waits = stores.map(async (store) => {
      await store.claim('key', claiming)
      await store.waitFor?.('key', new AbortController().signal)
    })
    await patiently(() =>
      expect(stores.map((store) => store.debugStats()['waiting'])).toEqual(Array(12).fill(1)),
    )
    client.disconnect()
    await Promise.all(waits)
    for (const store of stores) expect(store.debugStats()).toMatchObject({ waiting: 0, listeners: 0 })
  })

  it('are one for all operations of all connections that wait for the server', async () => {
    await using own = await startRedis()
    const client = new Redis(own.url, { retryStrategy: () => 50 })
    client.on('error', () => {})
    await client.ping()
    const { heard, stop } = warnings()
    const before = client.listenerCount('ready')
    await own.kill()
    await patiently(() => expect(client.status).not.toBe('ready'))
    const connections = Array.from({ length: 30 }, () => redisConnection(client, { commandTimeout: '20s' }))
    const waiting = connections.map((each) => each.command('ping', 'PING', []))
    expect(client.listenerCount('ready')).toBe(before + 1)
    await turns()
    await own.restart()
    expect(await Promise.all(waiting)).toEqual(Array(30).fill('PONG'))
    expect(client.listenerCount('ready')).toBe(before)
    stop()
    expect(heard).toEqual([])
    client.disconnect()
  })

  it('call each who asked, as often as asked, until that one has had enough', () => {
    const listeners = new Set<() => void>()
    const client = {
      on: (_event: string, listener: () => void) => void listeners.add(listener),
      off: (_event: string, listener: () => void) => void listeners.delete(listener),
    }
    const calls: string[] = []
    const one = (): void => void calls.push('one')
    const ends = [
      onClient(client, 'ready', one),
      onClient(client, 'ready', one),
      onClient(client, 'end', one),
    ]
    expect(listeners.size).toBe(2)
    for (const listener of [...listeners]) listener()
    expect(calls).toHaveLength(3)
    ends[0]?.()
    ends[0]?.()
    for (const listener of [...listeners]) listener()
    expect(calls).toHaveLength(5)
    for (const end of ends) end()
    expect(listeners.size).toBe(0)
  })
})
