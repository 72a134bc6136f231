/** Levels that instances share through a real server. */
import { setTimeout as sleep } from 'node:timers/promises'
import { redisConnection, redisDegradation } from '@seaworthy/redis'
import { startRedis } from '@seaworthy/testing/servers'
import { expect, it } from 'vitest'
import { degradationStoreContract } from '../../degradation/test/store-contract.ts'
import { connect, freshPrefix, type Version } from './idempotency-servers.ts'

const pin = { level: 'severe', mode: 'pin', reason: 'load test', actor: 'ann' } as const

for (const version of ['ioredis 6', 'ioredis 5'] satisfies Version[]) {
  degradationStoreContract(`redisDegradation with ${version}`, async () => {
    const redis = await connect(version)
    return {
      store: redisDegradation({ redis, name: 'shop', prefix: freshPrefix() }),
      advance: (milliseconds) => sleep(milliseconds + 2),
      close: async () => redis.disconnect(),
    }
  })
}

it('leaves nothing on the server that does not expire', async () => {
  const redis = await connect()
  const prefix = freshPrefix()
  const store = redisDegradation({ redis, name: 'shop', prefix })
  await store.exchange('a', 'severe', 60_000)
  await store.exchange('b', 'severe', 1000)
  await store.setOverride(pin, undefined)
  const keys = await redis.keys(`${prefix}*`)
  expect(keys.sort()).toEqual([`${prefix}{shop}:instances`, `${prefix}{shop}:override`])
  const [instances = 0, override = 0] = await Promise.all(keys.map((key) => redis.pttl(key)))
  // The shorter time of another instance does not make it shorter.
  expect(instances).toBeGreaterThan(30_000)
  expect(instances).toBeLessThanOrEqual(60_000)
  expect(override).toBeGreaterThan(24 * 3_600_000)
  await store.setOverride(pin, 5000)
  expect(await redis.pttl(`${prefix}{shop}:override`)).toBeLessThanOrEqual(5000)
  redis.disconnect()
})

it('is one round trip each, whatever the server has forgotten or is short of, and comes back by itself', async () => {
  await using server = await startRedis({ persistence: 'always' })
  const client = await connect('ioredis 6', server.url)
  const connection = redisConnection(client, { commandTimeout: '2s' })
  const store = redisDegradation({ redis: connection, name: 'shop' })
  const all = async (): Promise<void> => {
    await store.exchange('a', 'severe', 60_000)
    await store.setOverride(pin, 60_000)
    await store.clearOverride()
    await store.leave('a')
  }
  await all()
  const monitor = await client.monitor()
  const commands: string[] = []
  monitor.on('monitor', (_time, [command = '']: string[], source: string) => {
    if (source !== 'lua') commands.push(command.toLowerCase())
  })
  await all()
  await expect.poll(() => commands).toEqual(['evalsha', 'evalsha', 'evalsha', 'evalsha'])
  monitor.disconnect()

  await client.script('FLUSH')
  await store.setOverride(pin, undefined)
  await client.config('SET', 'maxmemory', '1')
  expect((await store.exchange('a', 'minor', 60_000)).override).toMatchObject(pin)

  await server.kill()
  const began = performance.now()
  await expect(store.exchange('a', 'minor', 60_000)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  expect(performance.now() - began).toBeLessThan(5000)
  await server.restart()
  await expect
    .poll(() => store.exchange('a', 'minor', 60_000).catch(() => undefined), { timeout: 20_000 })
    .toMatchObject({ targets: ['minor'], override: pin })
  client.disconnect()
})
