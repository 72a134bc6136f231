/** Scripts in a pipeline with a command behind them. */
import { redisConnection, redisIdempotency } from '@seaworthy/redis'
import { type RedisServer, startRedis } from '@seaworthy/testing/servers'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { commandsOf } from '../src/client.ts'
import { Script } from '../src/script.ts'
import { connect, freshPrefix, type Version } from './idempotency-servers.ts'

let primary: RedisServer
let replica: RedisServer
let admin: Redis
beforeAll(async () => {
  primary = await startRedis()
  replica = await startRedis({ replicaOf: primary })
  admin = new Redis(primary.url)
  // A replica that is in step does not count for its primary until it has said so, once a second.
  await vi.waitFor(async () => expect(await admin.wait(1, 100)).toBe(1), 10_000)
})
afterAll(async () => {
  admin.disconnect()
  await replica.stop()
  await primary.stop()
})

const incr = (): Script => new Script(`-- ${freshPrefix()}`, "return redis.call('INCRBY', KEYS[1], ARGV[1])")

describe.each<Version>(['ioredis 6', 'ioredis 5'])('with %s', (version) => {
  it('the script goes by its hash, with its whole text only to a server that does not know it', async () => {
    const client = await connect(version, primary.url)
    await client.ping()
    const heard: string[] = []
    const monitor = await admin.duplicate().monitor()
    monitor.on('monitor', (_time, args: string[], source: string) => {
      if (source !== 'lua' && /^(eval|evalsha|wait)$/i.test(String(args[0])))
        heard.push(String(args[0]).toUpperCase())
    })
    const script = incr()
    const key = freshPrefix()
    const run = (by: number) => script.runThen(commandsOf(client), [key], [by], ['WAIT', 1, 5000])
    expect(await run(2)).toEqual([2, 1])
    expect(await run(3)).toEqual([5, 1])
    await admin.script('FLUSH')
    expect(await run(4)).toEqual([9, 1])
    const twice = ['EVALSHA', 'WAIT', 'EVAL', 'WAIT']
    await vi.waitFor(() => expect(heard).toEqual([...twice, 'EVALSHA', 'WAIT', ...twice]), 5000)
    monitor.disconnect()
    client.disconnect()
  })

  it('an error of the script is thrown, one of the command behind it is its answer', async () => {
    const client = commandsOf(await connect(version, primary.url))
    const key = freshPrefix()
    await expect(
      new Script("return redis.error_reply('NO way')").runThen(client, [key], [], ['PING']),
    ).rejects.toThrow('NO way')
    const [answer, next] = await incr().runThen(client, [key], [7], ['WAIT', 'x', 1])
    expect(answer).toBe(7)
    expect(next).toMatchObject({ message: expect.stringContaining('not an integer') })
    ;(client as unknown as Redis).disconnect()
  })
})

it('WAIT stays honest when the script has to be sent again: it speaks of what the script wrote', async () => {
  const client = await connect('ioredis 6', primary.url)
  const store = redisIdempotency({
    redis: redisConnection(client, { commandTimeout: '5s' }),
    prefix: freshPrefix(),
    waitReplicas: 1,
    replicaTimeout: 300,
  })
  const claim = (key: string) =>
    store.claim(key, { owner: 'ann', fingerprint: '', lease: 30_000, retain: 60_000, takeover: true })
  expect(await claim('first')).toMatchObject({ kind: 'acquired' })
  // Nothing was written on a new connection: a WAIT alone has nothing to wait for, and would count all replicas.
  client.disconnect(true)
  await vi.waitFor(async () => expect(await client.ping()).toBe('PONG'), 5000)
  replica.pause()
  await admin.script('FLUSH')
  await expect(claim('second')).rejects.toMatchObject({ code: 'ERR_NOT_REPLICATED', replicas: 0, needed: 1 })
  replica.resume()
  await admin.script('FLUSH')
  await vi.waitFor(async () => expect(await claim('third')).toMatchObject({ kind: 'acquired' }), {
    timeout: 10_000,
    interval: 200,
  })
  store.close()
  client.disconnect()
})
