import { Hub, type HubEvent, type JourneyEntry } from '@seaworthy/core'
import { type RedisJourneyOptions, redisConnection, redisJourney } from '@seaworthy/redis'
import { VirtualClock } from '@seaworthy/testing'
import { startRedis } from '@seaworthy/testing/servers'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { JourneyBuffer } from '../src/journey-buffer.ts'
import { lineOf, storyOf } from '../src/journey-lines.ts'
import { connect, freshPrefix } from './idempotency-servers.ts'

const cleanUps: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A recorder whose timers and ages are virtual, on a real server. */
async function setUp(options: Partial<RedisJourneyOptions> = {}, client?: Redis) {
  const clock = new VirtualClock()
  const hub = new Hub()
  const redis = client ?? (await connect())
  if (client === undefined) cleanUps.push(() => redis.disconnect())
  const prefix = freshPrefix()
  const connection = redisConnection(redis, { commandTimeout: 200, hub })
  const journeys = redisJourney({ redis: connection, prefix, clock, hub, ...options })
  cleanUps.push(() => journeys.close())
  hub.recordJourneys(journeys)
  const publish = (journey: string, type: string, payload: object = { attempt: 1 }): void =>
    hub.publish('retry', 'payments', type, payload, journey)
  const types = async (id: string): Promise<string[]> => typesOf(await journeys.journey(id))
  return { clock, hub, redis, prefix, journeys, publish, types }
}

const typesOf = (story: readonly JourneyEntry[]): string[] => story.map(({ type }) => type)

const event = (type: string): HubEvent => ({
  kind: 'retry',
  name: 'payments',
  type,
  payload: {},
  journey: 'a',
})

describe('a journey on Redis', () => {
  it('tells the events of a piece of work, with names and payloads, by the time of the server', async () => {
    const { clock, redis, journeys, publish } = await setUp({ source: 'me' })
    publish('order 7 {ü}', 'retrying', { attempt: 1, delay: 200 })
    await clock.advance(60)
    publish('order 7 {ü}', 'gave up')
    await journeys.flush()
    const story = await journeys.journey('order 7 {ü}')
    const [seconds, microseconds] = await redis.time()
    const now = Number(seconds) * 1000 + Number(microseconds) / 1000
    expect(story).toMatchObject([
      {
        source: 'me',
        kind: 'retry',
        name: 'payments',
        type: 'retrying',
        payload: { attempt: 1, delay: 200 },
      },
      { source: 'me', kind: 'retry', name: 'payments', type: 'gave up', payload: { attempt: 1 } },
    ])
    const [first, second] = story.map(({ at }) => at) as [number, number]
    expect(second - first).toBeCloseTo(60)
    expect(second).toBeLessThanOrEqual(now)
    expect(second).toBeGreaterThan(now - 5000)
  })

  it('puts the events of several processes in order, whoever wrote first', async () => {
    const one = await setUp({ source: 'one', interval: '1h' })
    const two = await setUp({ source: 'two', interval: '1h', prefix: one.prefix })
    one.publish('a', 'first')
    await one.clock.advance(2000)
    two.publish('a', 'second')
    await two.clock.advance(1000)
    await one.clock.advance(1000)
    one.publish('a', 'third')
    await two.journeys.flush()
    await one.journeys.flush()
    expect(await one.types('a')).toEqual(['first', 'second', 'third'])
    expect(await two.types('a')).toEqual(['first', 'second', 'third'])
    expect(await one.types('b')).toEqual([])
  })

  it('keeps the latest events, for as long as it was told to', async () => {
    const { redis, prefix, journeys, publish, types } = await setUp({ keep: 3, maxAge: '1m' })
    for (let i = 1; i <= 5; i++) publish('a', `event ${i}`)
    await journeys.flush()
    expect(await types('a')).toEqual(['event 3', 'event 4', 'event 5'])
    publish('a', 'event 6')
    await journeys.flush()
    expect(await types('a')).toEqual(['event 4', 'event 5', 'event 6'])
    const left = await redis.pttl(`${prefix}{a}`)
    expect(left).toBeGreaterThan(50_000)
    expect(left).toBeLessThanOrEqual(60_000)
  })

  it('writes what came in an interval together, one script for each journey', async () => {
    const { url } = await ownServer()
    const client = await connect('ioredis 6', url)
    cleanUps.push(() => client.disconnect())
    const { clock, journeys, publish, types } = await setUp({ interval: '50ms' }, client)
    const calls = async (): Promise<number> =>
      Number(/cmdstat_rpush:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0)
    for (let i = 0; i < 100; i++) publish(i % 2 === 0 ? 'a' : 'b', `event ${i}`)
    expect(journeys.debugStats()).toMatchObject({ buffered: 100, timers: 1 })
    await clock.advance(49)
    expect(await calls()).toBe(0)
    await clock.advance(1)
    await journeys.flush()
    expect(await calls()).toBe(2)
    expect(await types('a')).toHaveLength(50)
    expect(journeys.debugStats()).toMatchObject({ buffered: 0, timers: 0 })
    expect(clock.pendingTimers).toBe(0)
  })

  it('writes a long story in pieces, in order', async () => {
    const { journeys, publish, types } = await setUp({ keep: 5000 })
    const expected = Array.from({ length: 1200 }, (_, i) => `event ${i}`)
    for (const type of expected) publish('a', type)
    await journeys.flush()
    expect(await types('a')).toEqual(expected)
    expect(journeys.dropped).toBe(0)
  })
})

async function ownServer() {
  const server = await startRedis({ persistence: 'everysec' })
  cleanUps.push(() => server.stop())
  return server
}

describe('a store of journeys that is down', () => {
  it('loses no call, drops what is too much, says so, and gets the rest when it is back', async () => {
    const server = await ownServer()
    const client = await connect('ioredis 6', server.url)
    cleanUps.push(() => client.disconnect())
    const { clock, hub, journeys, publish, types } = await setUp({ buffer: 10, name: 'stories' }, client)
    const told: unknown[] = []
    journeys.on('dropped', (lost) => void told.push(lost))
    publish('a', 'before')
    await journeys.flush()
    await server.kill()
    for (let i = 0; i < 15; i++) publish('a', `event ${i}`)
    await journeys.flush()
    expect(told).toEqual([{ name: 'stories', reason: 'buffer', count: 5 }])
    expect(journeys.dropped).toBe(5)
    expect(hub.component('journey', 'stories')?.snapshot()).toEqual({ buffered: 10, written: 1, dropped: 5 })
    await expect(journeys.journey('a')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    await server.restart()
    await client.ping()
    expect(clock.pendingTimers).toBe(1) // it tries again by itself
    await clock.advance('5s')
    await journeys.flush()
    expect(await types('a')).toEqual(['before', ...Array.from({ length: 10 }, (_, i) => `event ${i}`)])
  })

  it('counts once what it was sent twice, since it had taken it when it hung', async () => {
    const server = await ownServer()
    const client = await connect('ioredis 6', server.url)
    cleanUps.push(() => client.disconnect())
    const { journeys, publish, types } = await setUp({}, client)
    await journeys.flush()
    await client.ping()
    publish('a', 'first')
    publish('a', 'second')
    server.pause()
    await journeys.flush()
    expect(journeys.debugStats()['buffered']).toBe(2)
    server.resume()
    await client.ping()
    publish('a', 'third')
    await journeys.flush()
    expect(await types('a')).toEqual(['first', 'second', 'third'])
    expect(journeys.debugStats()['buffered']).toBe(0)
  })

  it('waits while it is full', async () => {
    const server = await ownServer()
    const client = await connect('ioredis 6', server.url)
    cleanUps.push(() => client.disconnect())
    const { journeys, publish, types } = await setUp({}, client)
    await client.config('SET', 'maxmemory', '1mb')
    publish('a', 'first')
    await journeys.flush()
    expect(journeys.debugStats()['buffered']).toBe(1)
    await client.config('SET', 'maxmemory', '0')
    await journeys.flush()
    expect(await types('a')).toEqual(['first'])
  })

  it('keeps what a connection that broke, or a server that takes no writes, may not have got', async () => {
    const server = await ownServer()
    const client = new Redis(server.url, { retryStrategy: () => 50, autoResendUnfulfilledCommands: false })
    client.on('error', () => {})
    cleanUps.push(() => client.disconnect())
    const { journeys, publish, types } = await setUp({}, client)
    publish('a', 'first')
    await journeys.flush()
    // In a failover the primary is a replica for a while.
    await client.replicaof('127.0.0.1', 1)
    publish('a', 'second')
    await journeys.flush()
    expect(journeys.debugStats()['buffered']).toBe(1)
    await client.replicaof('NO', 'ONE')
    await journeys.flush()
    server.pause()
    publish('a', 'third')
    const writing = journeys.flush()
    await server.kill()
    await writing
    expect(journeys.debugStats()['buffered']).toBe(1)
    await server.restart()
    await client.ping()
    await journeys.flush()
    expect(await types('a')).toEqual(['first', 'second', 'third'])
    expect(journeys.dropped).toBe(0)
  })

  it('drops what it refuses, and what JSON cannot hold, and nothing else', async () => {
    const { redis, prefix, journeys, publish, types } = await setUp()
    const told: unknown[] = []
    journeys.on('dropped', ({ reason, count }) => void told.push([reason, count]))
    await redis.set(`${prefix}{taken}`, 'something else')
    publish('taken', 'first')
    publish('a', 'odd', { big: 1n })
    publish('a', 'even')
    await journeys.flush()
    expect(await types('a')).toEqual(['even'])
    expect(told).toEqual([
      ['encoding', 1],
      ['refused', 1],
    ])
    expect(journeys.debugStats()).toMatchObject({ buffered: 0, timers: 0 })
  })

  it('writes what waits when it is closed, and takes nothing afterwards', async () => {
    const { clock, hub, journeys, publish, types } = await setUp({ name: 'stories' })
    publish('a', 'first')
    await journeys.close()
    publish('a', 'second')
    expect(await types('a')).toEqual(['first'])
    expect(journeys.dropped).toBe(1)
    expect(hub.component('journey', 'stories')).toBeUndefined()
    expect(clock.pendingTimers).toBe(0)
    expect(journeys.debugStats()).toEqual({ buffered: 0, timers: 0, listeners: 0 })
  })
})

describe('lines', () => {
  it('keep the order of their source, though a batch that was long under way looks late', () => {
    const line = (at: number, source: string, sequence: number, type: string): string =>
      `${at} ${lineOf(source, sequence, event(type))}`
    const story = storyOf([
      line(200_000, 'one', 0, 'a'),
      line(100_000, 'one', 1, 'b'),
      line(150_000, 'two', 0, 'c'),
      line(250_000, 'two', 1, 'd'),
    ])
    expect(story.map(({ type, at }) => [type, at])).toEqual([
      ['c', 150],
      ['a', 200],
      ['b', 200],
      ['d', 250],
    ])
  })

  it('count once when they came twice', () => {
    const lines = [0, 1, 0, 1, 2].map(
      (sequence) => `5 ${lineOf('one', sequence, event(`event ${sequence}`))}`,
    )
    expect(typesOf(storyOf(lines))).toEqual(['event 0', 'event 1', 'event 2'])
  })
})

describe('the buffer', () => {
  it('never hands out two batches of one journey, and puts back in order', () => {
    const buffer = new JourneyBuffer(10)
    for (let i = 0; i < 5; i++) expect(buffer.add('a', event(String(i)), i)).toBe(true)
    buffer.add('b', event('b'), 9)
    const batches = buffer.take(10, 3)
    expect(batches.map(({ journey, events }) => [journey, events.length])).toEqual([
      ['a', 3],
      ['b', 1],
    ])
    expect(buffer.size).toBe(6)
    for (const batch of batches) buffer.putBack(batch)
    expect(buffer.take(1, 10)[0]?.events.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4])
  })

  it('is bounded, what was taken included', () => {
    const buffer = new JourneyBuffer(2)
    buffer.add('a', event('1'), 0)
    buffer.add('a', event('2'), 0)
    buffer.take(1, 10)
    expect(buffer.add('a', event('3'), 0)).toBe(false)
    buffer.settle(2)
    expect(buffer.add('a', event('3'), 0)).toBe(true)
  })
})

it('options that make no sense are refused', async () => {
  const redis = await connect()
  cleanUps.push(() => redis.disconnect())
  expect(() => redisJourney({ redis, keep: 0 })).toThrow('keep must be')
  expect(() => redisJourney({ redis, maxAge: '0s' })).toThrow('maxAge must be')
  expect(() => redisJourney({ redis, interval: -1 })).toThrow('interval must be')
  expect(() => redisJourney({ redis, buffer: 0 })).toThrow('buffer must be')
  expect(() => redisJourney({ redis, source: 'a b' })).toThrow('source must be')
  expect(() => redisJourney({ redis, prefix: '{' })).toThrow('prefix must be')
  expect(() => redisJourney({ redis, max: 1 } as never)).toThrow("'max'")
})
