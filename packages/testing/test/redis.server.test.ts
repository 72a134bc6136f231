import { existsSync } from 'node:fs'
import { activeHandles, newHandles } from '@seaworthy/testing'
import { type RedisServer, redisForTests, startRedis } from '@seaworthy/testing/servers'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { redis, stateOf } from './real-servers.ts'
import { eventually, Wire } from './wire.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('a private Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis({ persistence: 'everysec', args: ['--maxmemory', '64mb'] })
  })
  afterAll(() => server.stop())

  test('takes our password and no other', async () => {
    expect(await redis(server, 'PING')).toEqual(['+PONG'])
    expect(await redis({ port: server.port, password: 'guess' }, 'PING')).toEqual([
      '-NOAUTH Authentication required.',
    ])
    expect(server.url).toBe(`redis://:${server.password}@127.0.0.1:${server.port}`)
    expect(stateOf(server.pid as number)).not.toBe('gone')
  })

  test('gets further arguments', async () => {
    expect(await redis(server, 'CONFIG GET maxmemory')).toContain(String(64 * 1024 ** 2))
  })

  test('keeps what it acknowledged when it is killed, behind the same address', async () => {
    const { pid, url } = server
    expect(await redis(server, 'SET paid yes')).toEqual(['+OK'])
    await server.kill()
    expect(server.pid).toBeUndefined()
    expect(stateOf(pid as number)).toBe('gone')
    await server.restart()
    expect(server.pid).not.toBe(pid)
    expect(server.url).toBe(url)
    expect(await redis(server, 'GET paid')).toEqual(['$3', 'yes'])
  })

  test('is ended cleanly by a restart, and by SIGTERM', async () => {
    await redis(server, 'SET cleanly yes')
    const { pid } = server
    await Promise.all([server.restart(), server.restart()])
    expect(server.pid).not.toBe(pid)
    await server.kill('SIGTERM')
    expect(server.pid).toBeUndefined()
    await server.kill()
    await server.restart()
    expect(await redis(server, 'GET cleanly')).toEqual(['$3', 'yes'])
  })

  test('hangs when paused, takes connections, and answers when resumed', async () => {
    const before = await Wire.open(server.port)
    before.send(`AUTH ${server.password}\r\n`)
    await before.received(5)
    server.pause()
    await eventually('it is stopped', () => stateOf(server.pid as number) === 'T')
    before.send('PING\r\n')
    const after = await Wire.open(server.port)
    after.send(`AUTH ${server.password}\r\n`)
    await eventually(
      'requests are sent',
      () => before.socket.writableLength + after.socket.writableLength === 0,
    )
    expect([before.text, after.text]).toEqual(['+OK\r\n', ''])
    server.resume()
    expect(await before.received(12)).toBe('+OK\r\n+PONG\r\n')
    expect(await after.received(5)).toBe('+OK\r\n')
    before.socket.destroy()
    after.socket.destroy()
  })

  test.each(['SIGTERM', 'SIGKILL'] as const)('ends of %s while it is paused', async (signal) => {
    server.pause()
    await server.kill(signal)
    expect(() => server.pause()).toThrow('Redis does not run')
    server.resume()
    await server.restart()
    expect(await redis(server, 'PING')).toEqual(['+PONG'])
  })

  test('forgets everything when it is killed without persistence', async () => {
    const forgetful = await startRedis()
    await redis(forgetful, 'SET paid yes')
    await forgetful.kill()
    await forgetful.restart()
    expect(await redis(forgetful, 'GET paid')).toEqual(['$-1'])
    await forgetful.stop()
  })

  test('is copied by a replica, which can take over', async () => {
    const primary = await startRedis()
    await redis(primary, 'SET paid yes')
    const replica = await startRedis({ replicaOf: primary })
    expect(await redis(replica, 'GET paid')).toEqual(['$3', 'yes'])
    expect(await redis(replica, 'SET paid no')).toEqual([
      "-READONLY You can't write against a read only replica.",
    ])
    await primary.kill()
    expect(await redis(replica, 'REPLICAOF NO ONE', 'SET paid no', 'GET paid')).toEqual([
      '+OK',
      '+OK',
      '$2',
      'no',
    ])
    await Promise.all([primary.stop(), replica.stop()])
  })

  test('can be a cluster of one', async () => {
    const cluster = await startRedis({ args: ['--cluster-enabled', 'yes'] })
    expect(await redis(cluster, 'CLUSTER ADDSLOTSRANGE 0 16383')).toEqual(['+OK'])
    await cluster.stop()
  })
})

describe('the end of a private Redis', () => {
  test('leaves nothing behind, however often it is asked for', async () => {
    const before = activeHandles()
    const server = await startRedis()
    const pid = server.pid as number
    const directory = (await redis(server, 'CONFIG GET dir'))[4] as string
    expect(existsSync(directory)).toBe(true)
    await Promise.all([server.stop(), server.stop(), server[Symbol.asyncDispose]()])
    await server.stop()
    expect(stateOf(pid)).toBe('gone')
    expect(existsSync(directory)).toBe(false)
    await eventually('the handles are closed', () => Object.keys(newHandles(before)).length === 0)
    await expect(server.restart()).rejects.toThrow('Redis was stopped for good: start another one')
    await server.kill()
    expect(server.pid).toBeUndefined()
  })

  test('wins over a restart that is under way', async () => {
    for (const spawned of [false, true]) {
      const server = await startRedis()
      const { pid } = server
      const directory = (await redis(server, 'CONFIG GET dir'))[4] as string
      const restarted = Promise.allSettled([server.restart()])
      if (spawned) await eventually('it is started again', () => ![undefined, pid].includes(server.pid))
      await server.stop()
      expect(server.pid).toBeUndefined()
      expect(existsSync(directory)).toBe(false)
      await restarted
    }
  })

  test('says what a server printed that did not start', async () => {
    await expect(startRedis({ args: ['--nonsense', 'yes'] })).rejects.toThrow(
      /^Redis ended while it started\. It printed:\n.*nonsense/s,
    )
  })

  test('does not come with options that do not exist', async () => {
    await expect(startRedis({ persistance: 'always' } as never)).rejects.toThrow("option 'persistance'")
    await expect(startRedis({ persistence: 'sometimes' as never })).rejects.toThrow(
      'persistence must be one of',
    )
  })
})

describe('redisForTests', () => {
  test('takes the server that REDIS_URL names', async () => {
    vi.stubEnv('REDIS_URL', 'rediss://me:p%40ss@redis.example')
    expect(await redisForTests()).toEqual({
      url: 'rediss://me:p%40ss@redis.example',
      host: 'redis.example',
      port: 6379,
      username: 'me',
      password: 'p@ss',
    })
  })

  test('does not repeat a URL that it cannot read', async () => {
    vi.stubEnv('REDIS_URL', 'secret@redis')
    await expect(redisForTests()).rejects.toThrow(/^REDIS_URL is not a URL such as redis:.*host:6379$/)
  })

  test('starts one for all who ask', async () => {
    vi.stubEnv('REDIS_URL', '')
    const [one, other] = await Promise.all([redisForTests(), redisForTests()])
    expect(other).toBe(one)
    expect(await redis(one, 'PING')).toEqual(['+PONG'])
  })
})
