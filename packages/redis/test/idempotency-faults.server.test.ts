/** The store on servers that fail, and on servers of all kinds. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Claim, ClaimRequest, Token } from '@seaworthy/idempotency'
import {
  NotReplicatedError,
  type RedisIdempotencyOptions,
  redisConnection,
  redisIdempotency,
} from '@seaworthy/redis'
import { type RedisOptions, startRedis, tcpProxy } from '@seaworthy/testing/servers'
import { Cluster, Redis } from 'ioredis'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { changedScripts, connect, freshPrefix, storeWith } from './idempotency-servers.ts'

const cleanUps: (() => unknown)[] = []

afterEach(async () => {
  vi.restoreAllMocks()
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function server(options?: RedisOptions) {
  const redis = await startRedis(options)
  cleanUps.push(() => redis.stop())
  return redis
}

async function clientOf(url?: string): Promise<Redis> {
  const client = await connect('ioredis 6', url)
  cleanUps.push(() => client.disconnect())
  return client
}

async function storeOn(client: Redis, options: Partial<RedisIdempotencyOptions> = {}) {
  const redis = redisConnection(client, { commandTimeout: '2s' })
  const store = redisIdempotency({ redis, prefix: freshPrefix(), ...options })
  cleanUps.push(() => store.close())
  return store
}

const request = (owner: string, rest: Partial<ClaimRequest> = {}): ClaimRequest => ({
  owner,
  fingerprint: '',
  lease: 30_000,
  retain: 60_000,
  takeover: true,
  ...rest,
})

const done = (token: Token) => ({ ...token, state: 'completed' as const, payload: 'done', ttl: 60_000 })

function tokenOf(owner: string, claim: Claim): Token {
  if (claim.kind !== 'acquired') throw new Error(claim.kind)
  return { owner, fence: claim.fence }
}

/** Asks until the answer is as wanted: for what happens soon. */
async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const answer = await ask().catch((error) => error as T)
    if (wanted(answer) || tries === 200) return answer
    await sleep(25)
  }
}

describe('one operation', () => {
  it('is one round trip', async () => {
    const redis = await server()
    const client = await clientOf(redis.url)
    const store = await storeOn(client)
    const warm = tokenOf('ann', await store.claim('warm', request('ann')))
    await store.renew('warm', { ...warm, lease: 1000, retain: 1000 })
    await store.peek('warm')
    await store.complete('warm', done(warm))
    await store.forget('warm')

    const commands: string[] = []
    const monitor = await client.monitor()
    cleanUps.push(() => monitor.disconnect())
    monitor.on('monitor', (_time, [command], source) => {
      if (source !== 'lua') commands.push(String(command).toUpperCase())
    })
    const token = tokenOf('ann', await store.claim('key', request('ann')))
    await store.claim('key', request('bob'))
    await store.renew('key', { ...token, lease: 1000, retain: 1000 })
    await store.peek('key')
    await store.complete('key', done(token))
    await store.claim('key', request('bob'))
    await store.forget('key')
    await client.ping()
    await until(
      async () => commands.at(-1),
      (last) => last === 'PING',
    )
    expect(commands).toEqual([...Array(7).fill('EVALSHA'), 'PING'])
  })

  it('takes no time from its client', async () => {
    const store = await storeOn(await clientOf())
    await store.claim('key', request('ann'))
    const { now } = Date
    for (const skew of [-3_600_000, 3_600_000]) {
      vi.spyOn(Date, 'now').mockImplementation(() => now() + skew)
      vi.spyOn(performance, 'now').mockReturnValue(performance.now())
      const busy = await store.claim('key', request('bob'))
      if (busy.kind !== 'inFlight') throw new Error(busy.kind)
      expect(busy.leaseLeft).toBeGreaterThan(20_000)
      expect(busy.leaseLeft).toBeLessThanOrEqual(30_000)
      vi.restoreAllMocks()
    }
  })

  it('gives greater fences also while the clock of the server stands still, or goes back', async () => {
    const client = await clientOf()
    const prefix = freshPrefix()
    const fences: number[] = []
    for (const seconds of [2000, 2000, 1000, 1000]) {
      const atThatTime = (lua: string): string => lua.replaceAll("redis.call('TIME')", `{ ${seconds}, 0 }`)
      const store = storeWith(client, changedScripts(atThatTime), { prefix })
      const claim = await store.claim('key', request(`owner ${fences.length}`))
      if (!('fence' in claim)) throw new Error(claim.kind)
      fences.push(claim.fence)
      const token = { owner: `owner ${fences.length - 1}`, fence: claim.fence }
      await store.complete('key', { ...done(token), state: 'retryable' })
    }
    expect(fences).toEqual([2e9, 2e9 + 1, 2e9 + 2, 2e9 + 3])
  })

  it('survives that the server forgets all scripts', async () => {
    const redis = await server()
    const client = await clientOf(redis.url)
    const store = await storeOn(client)
    const flush = () => client.script('FLUSH')
    const token = tokenOf('ann', await store.claim('key', request('ann')))
    await flush()
    expect(await store.renew('key', { ...token, lease: 1000, retain: 1000 })).toBe('renewed')
    await flush()
    expect(await store.complete('key', done(token))).toBe('stored')
    await flush()
    expect(await store.claim('key', request('bob'))).toEqual({ kind: 'completed', result: 'done' })
    await flush()
    expect(await store.peek('key')).toMatchObject({ state: 'completed' })
    await flush()
    expect(await store.forget('key')).toBe('forgotten')
  })

  it('refuses what is no record of ours, and leaves it alone', async () => {
    const client = await clientOf()
    const store = await storeOn(client)
    await client.set(store.recordKey('key'), 'something else')
    await client.lpush(store.recordKey('list'), 'something else')
    await expect(store.claim('key', request('ann'))).rejects.toMatchObject({ reason: 'error' })
    await expect(store.forget('key')).rejects.toMatchObject({ reason: 'error' })
    await expect(store.claim('list', request('ann'))).rejects.toMatchObject({ reason: 'error' })
    expect(await client.get(store.recordKey('key'))).toBe('something else')
  })
})

describe('a server that fails', () => {
  it('killed and started again: calls end in time, and what was acknowledged is still there', async () => {
    const redis = await server({ persistence: 'everysec' })
    const store = await storeOn(await clientOf(redis.url))
    const running = tokenOf('ann', await store.claim('running', request('ann')))
    await store.complete('done', done(tokenOf('ann', await store.claim('done', request('ann')))))
    await redis.kill()

    const began = performance.now()
    const calls = [
      () => store.claim('other', request('ann')),
      () => store.renew('other', { ...running, lease: 1, retain: 1 }),
      () => store.complete('other', done(running)),
      () => store.forget('other'),
      () => store.peek('other'),
    ].map((call) => call())
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: 'rejected', reason: { code: 'ERR_STORE_UNAVAILABLE' } })
    }
    expect(performance.now() - began).toBeLessThan(5000)

    await redis.restart()
    expect(
      await until(
        () => store.peek('running'),
        (view) => view?.state === 'inFlight',
      ),
    ).toMatchObject(running)
    expect(await store.claim('done', request('bob'))).toEqual({ kind: 'completed', result: 'done' })
    expect(await store.complete('running', done(running))).toBe('stored')
  })

  it.each(['one by one', 'at once'])(
    'that hung: grants that were asked for %s and came too late for anybody are given back',
    async (how) => {
      const redis = await server()
      const store = await storeOn(await clientOf(redis.url), { queue: 'tasks' })
      const before = tokenOf('ann', await store.claim('retried', request('ann')))
      await store.complete('retried', { ...done(before), state: 'retryable', payload: 'oops' })
      const abandoned = tokenOf('ann', await store.claim('recovered', request('ann')))
      await store.renew('recovered', { ...abandoned, lease: 0, retain: 60_000 })
      redis.pause()
      const keys = ['acquired', 'retried', 'recovered']
      const claims = keys.map((key) => ({ key, request: request('bob') }))
      const late = await Promise.allSettled(
        how === 'at once'
          ? [store.claimMany?.(claims)]
          : claims.map((claim) => store.claim(claim.key, claim.request)),
      )
      for (const each of late) expect(each).toMatchObject({ reason: { reason: 'timeout' } })
      expect(store.debugStats()['unanswered']).toBe(3)
      redis.resume()

      const state = async (key: string) => (await store.peek(key))?.state
      expect(
        await until(
          async () => store.debugStats()['unanswered'],
          (count) => count === 0,
        ),
      ).toBe(0)
      expect(
        await until(
          () => state('acquired'),
          (is) => is === undefined,
        ),
      ).toBeUndefined()
      expect(
        await until(
          () => state('retried'),
          (is) => is === 'retryable',
        ),
      ).toBe('retryable')
      expect(
        await until(
          () => state('recovered'),
          (is) => is === 'abandoned',
        ),
      ).toBe('abandoned')
      expect(await store.claim('retried', request('cy'))).toMatchObject({ kind: 'retried', error: 'oops' })
    },
  )

  it.each(['by itself', 'with others'])(
    'that hung: a grant stays with an owner who asked for it %s and asked again',
    async (how) => {
      const redis = await server()
      const store = await storeOn(await clientOf(redis.url), { queue: 'tasks' })
      await store.peek('key')
      redis.pause()
      const claims = ['other', 'key'].map((key) => ({ key, request: request('ann') }))
      const first = how === 'by itself' ? store.claim('key', request('ann')) : store.claimMany?.(claims)
      await expect(first).rejects.toMatchObject({ reason: 'timeout' })
      const again = store.claim('key', request('ann'))
      redis.resume()
      const { fence } = tokenOf('ann', await again)
      await sleep(100)
      expect(await store.peek('key')).toMatchObject({ state: 'inFlight', owner: 'ann', fence })
      expect(store.debugStats()['unanswered']).toBe(0)
    },
  )

  it('whose replies are lost: what is sent twice does no harm', async () => {
    const redis = await server()
    const proxy = await tcpProxy({ target: redis })
    cleanUps.push(() => proxy.close())
    const client = await clientOf(redis.url.replace(String(redis.port), String(proxy.port)))
    const store = await storeOn(client)
    await store.complete('warm', done(tokenOf('ann', await store.claim('warm', request('ann')))))
    // ioredis sends again by itself what was not answered when it is connected again.
    proxy.dropNextReply()
    const { fence } = tokenOf(
      'ann',
      await until(
        () => store.claim('key', request('ann')),
        (claim) => 'fence' in claim,
      ),
    )
    expect(await store.peek('key')).toMatchObject({ owner: 'ann', fence, attempt: 1 })
    proxy.dropNextReply()
    const completed = await until(
      () => store.complete('key', done({ owner: 'ann', fence })),
      (answer) => typeof answer === 'string',
    )
    expect(completed).toBe('already')
    expect(proxy.counters.repliesLost).toBe(2)
    expect(await store.claim('key', request('bob'))).toEqual({ kind: 'completed', result: 'done' })
  })

  it('that is full: refuses new work, and lets work that runs go on and end', async () => {
    const redis = await server()
    const client = await clientOf(redis.url)
    const store = await storeOn(client)
    const running = tokenOf('ann', await store.claim('running', request('ann')))
    const other = tokenOf('ann', await store.claim('other', request('ann')))
    await client.config('SET', 'maxmemory', '1mb')
    await expect(store.claim('new', request('ann'))).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      reason: 'full',
    })
    expect(await store.renew('running', { ...running, lease: 30_000, retain: 60_000 })).toBe('renewed')
    expect(await store.complete('running', done(running))).toBe('stored')
    expect(await store.claim('running', request('bob'))).toEqual({ kind: 'completed', result: 'done' })
    expect(await store.claim('other', request('bob'))).toMatchObject({ kind: 'inFlight' })
    expect(await store.peek('other')).toMatchObject({ state: 'inFlight' })
    expect(await store.forget('other', other.fence)).toBe('forgotten')
    await client.config('SET', 'maxmemory', '0')
    expect(await store.claim('new', request('ann'))).toMatchObject({ kind: 'acquired' })
  })
})

describe('replicas', () => {
  it('have a grant before it counts; without them it is refused and given back', async () => {
    const primary = await server()
    const replica = await server({ replicaOf: primary })
    const client = await clientOf(primary.url)
    // A replica that is in sync does not count for its primary until it has said so, once a second.
    await until(
      () => client.wait(1, 100),
      (replicas) => replicas === 1,
    )
    const store = await storeOn(client, { waitReplicas: 1, replicaTimeout: 800 })
    expect(await store.claim('first', request('ann'))).toMatchObject({ kind: 'acquired' })

    replica.pause()
    const refused = await store.claim('second', request('ann')).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(NotReplicatedError)
    expect(refused).toMatchObject({ code: 'ERR_NOT_REPLICATED', replicas: 0, needed: 1 })
    expect(
      await until(
        () => store.peek('second'),
        (view) => view === undefined,
      ),
    ).toBeUndefined()
    // What changes nothing needs no replica.
    expect(await store.claim('first', request('bob'))).toMatchObject({ kind: 'inFlight' })
    replica.resume()
    expect(
      await until(
        () => store.claim('second', request('bob')),
        (claim) => 'kind' in claim,
      ),
    ).toMatchObject({ kind: 'acquired' })
  })
})

describe('a cluster', () => {
  it('does all of it, wherever the key is', async () => {
    const redis = await server({ args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'] })
    const node = await clientOf(redis.url)
    await node.cluster('ADDSLOTSRANGE', 0, 16_383)
    await until(
      () => node.cluster('INFO'),
      (info) => String(info).includes('cluster_state:ok'),
    )
    const { host, port, password } = redis
    const client = new Cluster([{ host, port }], { redisOptions: { password } })
    cleanUps.push(() => client.disconnect())

    for (const options of [{}, { queue: 'mails' }]) {
      const store = redisIdempotency({ redis: client, prefix: freshPrefix(), ...options })
      cleanUps.push(() => store.close())
      for (const key of ['a', 'b', 'c']) {
        const token = tokenOf(
          'ann',
          await until(
            () => store.claim(key, request('ann')),
            (is) => 'kind' in is,
          ),
        )
        const heard = store.waitFor?.(key, new AbortController().signal)
        await sleep(100)
        expect(await store.renew(key, { ...token, lease: 1000, retain: 1000 })).toBe('renewed')
        expect(await store.complete(key, done(token))).toBe('stored')
        await heard
        expect(await store.claim(key, request('bob'))).toEqual({ kind: 'completed', result: 'done' })
        expect(await store.peek(key)).toMatchObject({ state: 'completed' })
        expect(await store.forget(key)).toBe('forgotten')
      }
    }
    const careful = redisIdempotency({
      redis: client,
      prefix: freshPrefix(),
      waitReplicas: 1,
      replicaTimeout: 5,
    })
    await expect(careful.claim('key', request('ann'))).rejects.toBeInstanceOf(NotReplicatedError)
  })
})

describe('hints', () => {
  const waiting = async () => {
    const redis = await server()
    const client = await clientOf(redis.url)
    const store = await storeOn(client, { listenerIdle: 50 })
    const token = tokenOf('ann', await store.claim('key', request('ann')))
    const wait = (signal = new AbortController().signal) => store.waitFor?.('key', signal) ?? Promise.reject()
    return { client, store, token, wait }
  }
  const listening = async (client: Redis, key: string): Promise<unknown> =>
    until(
      () => client.call('PUBSUB', 'NUMSUB', key),
      (answer) => Number((answer as unknown[])[1]) > 0,
    )

  it('share one connection, which is closed when nobody has waited for a while', async () => {
    const { client, store, token, wait } = await waiting()
    const waits = [wait(), wait()]
    await listening(client, store.recordKey('key'))
    expect(store.debugStats()).toMatchObject({ waiting: 2, listeners: 1 })
    await store.complete('key', done(token))
    await Promise.all(waits)
    expect(store.debugStats()).toMatchObject({ waiting: 0, listeners: 1 })
    await until(
      async () => store.debugStats()['listeners'],
      (count) => count === 0,
    )
    expect(store.debugStats()).toEqual({ waiting: 0, listeners: 0, unanswered: 0 })
  })

  it('come also if the work ended before the server knew that we listen', async () => {
    const { store, token, wait } = await waiting()
    await store.complete('key', done(token))
    await wait() // resolves, though nothing is published any more
    expect(store.debugStats()).toMatchObject({ waiting: 0 })
  })

  it('come after a lost connection, since they may have been missed', async () => {
    const { client, store, wait } = await waiting()
    const heard = wait()
    await listening(client, store.recordKey('key'))
    await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await heard
    expect(store.debugStats()).toMatchObject({ waiting: 0 })
  })

  it('end with the client', async () => {
    const { client, store, wait } = await waiting()
    const heard = wait()
    await listening(client, store.recordKey('key'))
    await client.quit()
    await heard
    expect(store.debugStats()).toMatchObject({ waiting: 0, listeners: 0 })
  })

  it('work for clients with a prefix of their own', async () => {
    const redis = await server()
    const client = new Redis(redis.url, { keyPrefix: 'app:' })
    cleanUps.push(() => client.disconnect())
    const store = await storeOn(client, { prefix: 'idempotency:' })
    const token = tokenOf('ann', await store.claim('key', request('ann')))
    const heard = store.waitFor?.('key', new AbortController().signal)
    await listening(client, 'app:idempotency:{key}')
    await store.complete('key', done(token))
    await heard
    expect(await (await clientOf(redis.url)).exists('app:idempotency:{key}')).toBe(1)
  })

  it('can be left out', async () => {
    const store = await storeOn(await clientOf(), { hints: false })
    expect(store.waitFor).toBeUndefined()
    expect(await store.complete('key', done(tokenOf('ann', await store.claim('key', request('ann')))))).toBe(
      'stored',
    )
  })
})

it('options that make no sense are refused', async () => {
  const redis = await clientOf()
  expect(() => redisIdempotency({ redis, prefix: 'a{b' })).toThrow('prefix must be a text without { and }')
  expect(() => redisIdempotency({ redis, queue: '' })).toThrow('queue must be')
  expect(() => redisIdempotency({ redis, waitReplicas: -1 })).toThrow('waitReplicas must be')
  expect(() => redisIdempotency({ redis, replicaTimeout: 0 })).toThrow('replicaTimeout must be')
  expect(() => redisIdempotency({ redis, hints: 1 as never })).toThrow('hints must be')
  expect(() => redisIdempotency({ redis, listenerIdle: -1 })).toThrow('listenerIdle must be')
  expect(() => redisIdempotency({ redis, ttl: 1 } as never)).toThrow("'ttl'")
})
