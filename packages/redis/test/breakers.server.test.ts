/** Circuits that instances share through a real server. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type CircuitBreaker, type CircuitBreakerOptions, circuitBreaker } from '@seaworthy/circuit-breaker'
import { Hub } from '@seaworthy/core'
import { type RedisBreakersOptions, redisBreakers, redisConnection } from '@seaworthy/redis'
import { redisForTests, startRedis, tcpProxy } from '@seaworthy/testing/servers'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startProcess, type TestProcess } from '../../../tools/processes/start-process.ts'
import { breakerStoreContract } from '../../circuit-breaker/test/store-contract.ts'
import { connect, freshPrefix, type Version } from './idempotency-servers.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

for (const version of ['ioredis 6', 'ioredis 5'] satisfies Version[]) {
  breakerStoreContract(`redisBreakers with ${version}`, async () => {
    const redis = await connect(version)
    const breakers = redisBreakers({ redis, prefix: freshPrefix() })
    return {
      store: breakers.store,
      advance: (milliseconds) => sleep(milliseconds + 2),
      async close() {
        breakers.close()
        redis.disconnect()
      },
    }
  })
}

const eventually = (look: () => unknown): Promise<unknown> =>
  vi.waitFor(look, { timeout: 15_000, interval: 20 })

/** An instance in this process, with a client of its own. */
async function instance(
  url: string,
  prefix: string,
  options: CircuitBreakerOptions = {},
  sharing: Partial<RedisBreakersOptions> = {},
): Promise<CircuitBreaker & { readonly fail: () => Promise<void>; readonly client: Redis }> {
  const client = new Redis(url, { retryStrategy: () => 20 })
  client.on('error', () => {})
  const redis = redisConnection(client, { commandTimeout: '5s' })
  const store = redisBreakers({ redis, prefix, interval: '200ms', ...sharing })
  const breaker = circuitBreaker({
    name: 'stock',
    hub: new Hub(),
    store,
    failureThreshold: 1,
    successThreshold: 1,
    recoveryTimeout: '500ms',
    ...options,
  })
  cleanUps.push(async () => {
    breaker.dispose()
    store.close()
    client.disconnect()
  })
  const fail = async (): Promise<void> => {
    await breaker.settle(() => Promise.reject(new Error('down')))
  }
  return Object.assign(breaker, { fail, client })
}

const ok = (): string => 'fine'

describe('instances with one server', () => {
  it('hear of each other at once, by hints, and without them with the next exchange', async () => {
    const { url } = await redisForTests()
    for (const [hints, interval] of [
      [true, '1m'],
      [false, '100ms'],
    ] as const) {
      const prefix = freshPrefix()
      const all = await Promise.all(
        [0, 1, 2].map(() => instance(url, prefix, { recoveryTimeout: '1m' }, { hints, interval })),
      )
      const [one, two, three] = all as [(typeof all)[0], (typeof all)[0], (typeof all)[0]]
      // They know each other, and listen.
      await eventually(async () => {
        const hash = await one.client.hkeys(`${prefix}{stock}`)
        expect(hash.filter((field) => field.startsWith('m'))).toHaveLength(3)
        const [, listening] = (await one.client.pubsub('NUMSUB', `${prefix}{stock}`)) as [string, number]
        expect(listening).toBe(hints ? 3 : 0)
      })
      await three.execute(ok)
      await one.fail()
      await two.fail()
      await eventually(() => expect(three.state).toBe('open'))
      await one.everywhere?.reset()
      await eventually(() => expect([two.state, three.state]).toEqual(['closed', 'closed']))
      expect(await one.client.pttl(`${prefix}{stock}`)).toBeGreaterThan(3_600_000)
      expect(await one.client.keys(`${prefix}*`)).toHaveLength(1)
    }
  })

  it('need one round trip for each operation', async () => {
    const { url } = await redisForTests()
    const prefix = freshPrefix()
    const { client } = await instance(url, prefix, {}, { interval: '1m', hints: false })
    const { store } = redisBreakers({ redis: client, prefix, hints: false })
    const all = async (): Promise<void> => {
      await store.exchange('x', { instance: 'a', sequence: 1, ttl: 1000, reports: [] })
      await store.startTrial('x', { key: '', id: '1', lease: 1000, limit: 1 })
      await store.endTrial('x', { key: '', id: '1', epoch: 0, outcome: 'success', needed: 1 })
      await store.command('x', '', { kind: 'reset' })
      await store.leave('x', 'a')
    }
    await all()
    const address = String(await client.client('INFO')).match(/ addr=(\S+)/)?.[1]
    const monitor = await client.monitor()
    const commands: string[] = []
    monitor.on('monitor', (_time, [command = '']: string[], source: string) => {
      if (source === address) commands.push(command.toLowerCase())
    })
    await all()
    await expect.poll(() => commands).toEqual(Array(5).fill('evalsha'))
    monitor.disconnect()
  })
})

it('a rolling restart keeps what is known', async () => {
  const { url } = await redisForTests()
  const prefix = freshPrefix()
  const make = () => instance(url, prefix, { recoveryTimeout: '1m' })
  const all = await Promise.all([make(), make(), make()])
  for (const each of all) await each.fail()
  const hash = `${prefix}{stock}`
  for (const old of all) {
    await eventually(async () => expect(await old.client.hlen(hash)).toBe(4)) // three instances and the circuit
    old.dispose()
    const fresh = await make()
    await eventually(() => expect(fresh.state).toBe('open'))
    expect(fresh.snapshot().retryAfter).toBeGreaterThan(30_000)
  }
})

describe('a server that fails', () => {
  it('leaves breakers to themselves when it is killed, partitioned or hung, and knows everything after', async () => {
    await using server = await startRedis({ persistence: 'always' })
    const proxy = await tcpProxy({ target: { port: server.port } })
    cleanUps.push(() => proxy.close())
    const url = `redis://:${encodeURIComponent(server.password)}@${proxy.host}:${proxy.port}`
    const prefix = freshPrefix()
    const breaker = await instance(url, prefix)
    const events: string[] = []
    breaker.on('storeDown', () => void events.push('down'))
    breaker.on('storeUp', () => void events.push('up'))
    await breaker.execute(ok)
    await breaker.everywhere?.isolate('deploy')
    const killAndRestart = async () => {
      await server.kill()
      return () => server.restart()
    }
    const partition = async () => {
      proxy.stall()
      return async () => proxy.heal()
    }
    for (const fail of [killAndRestart, partition]) {
      const repair = await fail()
      await eventually(() => expect(events.at(-1)).toBe('down'))
      // An operator's word is kept until it can be told; calls never wait.
      expect(breaker.state).toBe('isolated')
      await repair()
      await eventually(() => expect(events.at(-1)).toBe('up'))
    }
    const fresh = await instance(server.url, prefix)
    await eventually(() => expect(fresh.snapshot().isolation).toBe('deploy'))

    await fresh.client.script('FLUSH')
    expect(await fresh.everywhere?.release()).toBe(true)
    await eventually(() => expect([breaker.state, fresh.state]).toEqual(['closed', 'closed']))

    // A trial is decided here when the store cannot be asked.
    await server.kill()
    await eventually(() => expect(events.at(-1)).toBe('down'))
    await breaker.fail()
    expect(breaker.state).toBe('open')
    await sleep(510)
    const began = performance.now()
    expect(await breaker.execute(ok)).toBe('fine')
    // It has not waited for the store's budget.
    expect(performance.now() - began).toBeLessThan(4000)
    expect(breaker.state).toBe('closed')
    await server.restart()
  })

  it('takes what is small even when its memory is full', async () => {
    await using server = await startRedis({ args: ['--maxmemory', '1'] })
    const prefix = freshPrefix()
    const [one, two] = await Promise.all([instance(server.url, prefix), instance(server.url, prefix)])
    expect(await one.everywhere?.isolate('deploy')).toBe(true)
    await eventually(() => expect(two.state).toBe('isolated'))
  })
})

interface Line {
  readonly ready?: true
  readonly to?: string
  readonly reason?: string
  readonly hangs?: true
}

describe('processes', () => {
  async function started(prefix: string, how: string, recovery = 1000, count = 1): Promise<TestProcess> {
    const { url } = await redisForTests()
    const child = startProcess(new URL('./processes/sharing-breaker.ts', import.meta.url), [
      url,
      prefix,
      how,
      String(recovery),
      String(count),
    ])
    cleanUps.push(async () => {
      child.kill('SIGKILL')
      await child.ended
    })
    await child.line<Line>(({ ready }) => ready === true)
    return child
  }
  const changes = (child: TestProcess): Line[] => (child.lines as Line[]).filter(({ to }) => to !== undefined)

  it('one bad host among ten opens nobody else, and ten more do', async () => {
    const prefix = freshPrefix()
    const good = await Promise.all([1, 2, 3].map(() => started(prefix, 'good', 1000, 3)))
    const bad = await started(prefix, 'bad', 30_000)
    for (const child of [...good, bad]) child.go()
    await bad.line<Line>(({ to }) => to === 'open')
    await sleep(1500)
    expect(good.flatMap(changes)).toEqual([])
    const worse = await started(prefix, 'bad', 30_000, 10)
    worse.go()
    for (const child of good) await child.line<Line>(({ to, reason }) => to === 'open' && reason === 'fleet')
  })

  it('a killed process that ran the trial blocks the others for its lease, and no longer', async () => {
    const prefix = freshPrefix()
    const hanging = await started(prefix, 'hang', 300)
    hanging.go()
    await hanging.line<Line>(({ hangs }) => hangs === true)
    const { url } = await redisForTests()
    const other = await instance(url, prefix, { halfOpen: { lease: '2s' } })
    await eventually(async () => expect(await other.client.hlen(`${prefix}{stock}`)).toBe(3))
    hanging.kill('SIGKILL')
    await hanging.ended
    await other.fail()
    await sleep(520)
    const refused = await other.settle(ok)
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'ERR_CIRCUIT_OPEN' } })
    await eventually(async () => expect(await other.execute(ok)).toBe('fine'))
  })
})
