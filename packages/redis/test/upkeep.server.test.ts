/** Jobs that run once across instances: the store of upkeep in memory and on real servers. */
import { setTimeout as sleep } from 'node:timers/promises'
import { redisUpkeep } from '@seaworthy/redis'
import { VirtualClock } from '@seaworthy/testing'
import { startRedis } from '@seaworthy/testing/servers'
import { describe, expect, it } from 'vitest'
import { memoryUpkeepStore, type UpkeepStore } from '../../ops/src/upkeep/lease-store.ts'
import { connect, freshPrefix, type Version } from './idempotency-servers.ts'

interface Under {
  readonly store: UpkeepStore
  readonly advance: (milliseconds: number) => Promise<unknown>
  readonly close: () => void
}

const inMemory = async (): Promise<Under> => {
  const clock = new VirtualClock()
  return { store: memoryUpkeepStore({ clock }), advance: (ms) => clock.advance(ms), close: () => {} }
}

const onServer = (version: Version) => async (): Promise<Under> => {
  const redis = await connect(version)
  return {
    store: redisUpkeep({ redis, prefix: freshPrefix() }),
    advance: (ms) => sleep(ms + 2),
    close: () => redis.disconnect(),
  }
}

describe.each([
  ['memory', inMemory],
  ['ioredis 6', onServer('ioredis 6')],
  ['ioredis 5', onServer('ioredis 5')],
] as const)('turns in %s', (_name, create) => {
  async function setUp() {
    const under = await create()
    const ask = (owner: string, leaseFor = 60_000, early = false, job = 'a{b}') =>
      under.store.begin({ job, owner, leaseFor, early })
    const end = (owner: string, nextIn: number) => under.store.end({ job: 'a{b}', owner, nextIn })
    return {
      ...under,
      ask,
      end,
      async [Symbol.asyncDispose]() {
        under.close()
      },
    }
  }

  it('belong to one owner at a time, who may keep them', async () => {
    await using under = await setUp()
    const { ask } = under
    expect(await ask('ann')).toBe(0)
    const wait = await ask('bob')
    expect(wait).toBeGreaterThan(50_000)
    expect(wait).toBeLessThanOrEqual(60_000)
    expect(await ask('bob', 1000, true)).toBeGreaterThan(1)
    expect(await ask('ann', 100_000)).toBe(0)
    expect(await ask('bob')).toBeGreaterThan(60_000)
    expect(await ask('bob', 1000, false, 'a}b{')).toBe(0) // another job
  })

  it('lapse, and then belong to whoever asks', async () => {
    await using under = await setUp()
    const { advance, ask, end } = under
    expect(await ask('ann', 150)).toBe(0)
    await advance(200)
    expect(await ask('bob')).toBe(0)
    await end('ann', 0) // it is not hers any more
    expect(await ask('cid')).toBeGreaterThan(1)
  })

  it('end with the time of the next, which early ones need not wait for', async () => {
    await using under = await setUp()
    const { advance, ask, end } = under
    await ask('ann')
    await end('bob', 0)
    expect(await ask('bob')).toBeGreaterThan(1)
    await end('ann', 400)
    const wait = await ask('bob')
    expect(wait).toBeGreaterThan(1)
    expect(wait).toBeLessThanOrEqual(400)
    expect(await ask('ann')).toBeGreaterThan(1)
    expect(await ask('bob', 60_000, true)).toBe(0)
    await end('bob', 300)
    await advance(350)
    expect(await ask('cid')).toBe(0)
  })

  it('can be ended after they have lapsed, if nobody else has taken them', async () => {
    await using under = await setUp()
    const { advance, ask, end } = under
    await ask('ann', 100)
    await advance(150)
    await end('ann', 60_000)
    expect(await ask('bob')).toBeGreaterThan(1)
  })

  it('go to exactly one of many who ask at once', async () => {
    await using under = await setUp()
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => under.ask(`owner ${i}`)))
    expect(answers.filter((answer) => answer === 0)).toHaveLength(1)
  })
})

it('expires, survives a forgotten script and a restart, and works on a full server', async () => {
  await using server = await startRedis({ persistence: 'always', args: ['--maxmemory', '1'] })
  const client = await connect('ioredis 6', server.url)
  const store = redisUpkeep({ redis: client })
  const ask = (owner: string) => store.begin({ job: 'report', owner, leaseFor: 60_000, early: false })
  expect(await ask('ann')).toBe(0)
  expect(await client.pttl('upkeep:{report}')).toBeGreaterThan(86_400_000)
  await client.script('FLUSH')
  expect(await ask('bob')).toBeGreaterThan(1)
  await server.kill()
  await expect(ask('bob')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  await server.restart()
  await expect.poll(() => ask('bob').catch(() => 0), { timeout: 20_000 }).toBeGreaterThan(1)
  client.disconnect()
})
