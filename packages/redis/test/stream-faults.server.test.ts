/** Task streams on servers that forget, hang, die, are full, or are a cluster; and what the contract cannot ask for. */
import { setTimeout as sleep } from 'node:timers/promises'
import { deadLetters } from '@seaworthy/dead-letter'
import {
  type RedisConnection,
  type RedisStream,
  redisConnection,
  redisDeadLetters,
  redisStream,
} from '@seaworthy/redis'
import { abortListeners } from '@seaworthy/testing'
import { taskStreamConformance } from '@seaworthy/testing/conformance'
import { startRedis, tcpProxy } from '@seaworthy/testing/servers'
import type { Delivery, ReapRequest } from '@seaworthy/worker'
import { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { firstLevels } from './contract-levels.ts'
import { freshStream, pace, settled, settledServer, underTest } from './stream-server.ts'

const reaping: ReapRequest = {
  minIdle: 100,
  count: 100,
  suspects: 100,
  suspectAfter: 2,
  maxStarts: 3,
  maxDeliveries: 50,
  mode: 'claim',
  cursor: '',
}

let url: string
let redis: Redis
beforeAll(async () => {
  url = await settledServer()
  redis = new Redis(url)
})
afterAll(() => redis.disconnect())

const add = (stream: RedisStream, count: number): Promise<readonly string[]> =>
  stream.enqueueMany(Array.from({ length: count }, (_, index) => ({ id: `t${index}`, payload: '1' })))
const fetch = (stream: RedisStream, owner = 'w', count = 100): Promise<readonly Delivery[]> =>
  stream.fetch(owner, { count, wait: 0 })
const receipts = (deliveries: readonly Delivery[]): string[] => deliveries.map(({ receipt }) => receipt)
const key = (stream: RedisStream, part: string): string => `test:{${stream.name}}:${part}`

const idOf = ({ receipt }: Delivery): string => receipt.slice(0, receipt.indexOf('.'))

/** Everything that can be asked of a stream, on an entry that `w` holds. */
const everything = (stream: RedisStream, receipt: string): [string, () => Promise<unknown>][] => [
  ['enqueue', () => stream.enqueue({ payload: '1' })],
  ['fetch', () => fetch(stream)],
  ['beat', () => stream.beat('w', [receipt], [receipt])],
  ['retry', () => stream.retryLater('w', receipt, { delay: 0, reason: 'x' })],
  ['handBack', () => stream.handBack('w', [receipt], { delay: 0, reason: 'x' })],
  ['bury', () => stream.bury('w', receipt, { reason: 'x', letter: undefined })],
  ['acknowledge', () => stream.acknowledge('w', [receipt])],
  ['reap', () => stream.reap('w', reaping)],
  ['promote', () => stream.promote(10)],
  ['reconcile', () => stream.reconcile('w', [], { idle: 0, limit: 10 })],
  ['leave', () => stream.leave('nobody')],
  ['leave', () => stream.prune(60_000)],
  ['stats', () => stream.stats()],
  ['audit', () => stream.audit('t0')],
]

describe('every operation', () => {
  it('is one command, and works when the server has forgotten all scripts', async () => {
    const stream = freshStream(redis)
    await add(stream, 1)
    const [held] = await fetch(stream)
    for (const [name, ask] of everything(stream, held?.receipt as string)) {
      await redis.script('FLUSH')
      await ask()
      const call = vi.spyOn(redis, 'call')
      await ask()
      expect(
        call.mock.calls.map(([command]) => command),
        name,
      ).toEqual(
        // Some of these are lost the second time, which is an answer of the server, too.
        ['EVALSHA'],
      )
      call.mockRestore()
    }
    await stream.close()
  })

  it('ends within its budget while the server hangs, and works again by itself', async () => {
    await using proxy = await tcpProxy({ target: new Target(url) })
    const behind = clientBehind(proxy.port)
    const connection = redisConnection(behind, { commandTimeout: '2s' })
    const stream = freshStream(redis, { redis: connection })
    await add(stream, 2)
    const [held] = await fetch(stream, 'w', 1)
    expect(await stream.fetch('v', { count: 1, wait: 50 })).toHaveLength(1)
    proxy.stall()
    const reading = stream.fetch('v', { count: 1, wait: 20 })
    const asked = everything(stream, held?.receipt as string).map(async ([name, ask]) => {
      const error = await ask().catch((cause: unknown) => cause)
      expect(error).toMatchObject({
        code: 'ERR_STORE_UNAVAILABLE',
        operation: `stream.${name}`,
        reason: 'timeout',
      })
    })
    await Promise.all(asked)
    await expect(reading).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', operation: 'stream.fetch' })
    proxy.reset()
    proxy.heal()
    await vi.waitFor(() => stream.stats(), 5000)
    await stream.enqueue({ id: 'after', payload: '1' })
    const after: string[] = []
    while (!after.includes('after'))
      after.push(...(await stream.fetch('v', { count: 10, wait: 1000 })).map(({ task }) => task))
    await stream.close()
    behind.disconnect()
  })

  it('asks no clock of the client', async () => {
    const clock = { now: () => -1e9, setTimer: () => ({ cancel: () => {} }), sleep: async () => {} }
    const connection = redisConnection(redis, { clock: clock as unknown as RedisConnection['clock'] })
    const stream = freshStream(redis, { redis: connection })
    await stream.enqueue({ id: 'a', payload: '1', delay: 800 })
    expect((await stream.promote(1)).promoted).toBe(0)
    await sleep(805)
    expect((await stream.promote(1)).promoted).toBe(1)
    const [held] = await fetch(stream)
    expect(held?.age).toBeGreaterThanOrEqual(800)
    expect(held?.age).toBeLessThan(60_000)
    const [enqueued] = await stream.audit('a')
    expect(enqueued?.at).toBeGreaterThan(1.7e12)
    await stream.close()
  })
})

describe('50 at once', () => {
  it('get each entry once, and end it once', async () => {
    const stream = freshStream(redis)
    await add(stream, 100)
    const owners = Array.from({ length: 50 }, (_, index) => `w${index}`)
    const got = await Promise.all(owners.map((owner) => stream.fetch(owner, { count: 3, wait: 100 })))
    expect(new Set(got.flat().map(({ task }) => task)).size).toBe(100)
    expect(got.flat()).toHaveLength(100)
    const index = got.findIndex(({ length }) => length > 0)
    const [receipt] = receipts(got[index] as readonly Delivery[]) as [string]
    const answers = await Promise.all(owners.map(() => stream.acknowledge(`w${index}`, [receipt])))
    expect(answers.filter(({ length }) => length === 0)).toHaveLength(1)
    expect(await stream.stats()).toMatchObject({ acknowledged: 1, pending: 99 })
    await stream.close()
  })

  it('take over each entry once', async () => {
    const stream = freshStream(redis)
    await add(stream, 100)
    await fetch(stream)
    await sleep(120)
    const reapers = Array.from({ length: 50 }, (_, index) =>
      stream.reap(`r${index}`, { ...reaping, count: 5 }),
    )
    const taken = (await Promise.all(reapers)).flatMap(({ claimed }) => claimed)
    expect(new Set(taken.map(({ task }) => task)).size).toBe(100)
    expect(taken).toHaveLength(100)
    await stream.close()
  })
})

describe('answers that are lost', () => {
  it('an acknowledgement that is sent again does no harm', async () => {
    await using proxy = await tcpProxy({ target: new Target(url) })
    const behind = clientBehind(proxy.port)
    const stream = freshStream(redis, { redis: redisConnection(behind, { commandTimeout: '2s' }) })
    await add(stream, 1)
    const held = await fetch(stream)
    // The server knows the script from now on.
    await stream.acknowledge('w', ['1-1.1'])
    proxy.dropNextReply()
    await expect(stream.acknowledge('w', receipts(held))).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
    })
    expect(await stream.acknowledge('w', receipts(held))).toEqual(receipts(held))
    expect(await stream.stats()).toMatchObject({ acknowledged: 1, pending: 0, waiting: 0 })
    await stream.close()
    behind.disconnect()
  })

  it('what a read was handed and never saw is found by reconcile', async () => {
    await using proxy = await tcpProxy({ target: new Target(url) })
    const behind = clientBehind(proxy.port)
    const stream = freshStream(redis, { redis: behind })
    const direct = redisStream({ redis, name: stream.name, prefix: 'test:' })
    const controller = new AbortController()
    const reading = stream.fetch('w', { count: 1, wait: 60_000, signal: controller.signal })
    reading.catch(() => {})
    await vi.waitFor(async () => expect((await direct.stats()).owners).toBe(1))
    // The read itself leaves together with the sign of life, or right after it.
    await sleep(50)
    proxy.drop('down')
    await direct.enqueue({ id: 'lost', payload: '1' })
    await vi.waitFor(async () => expect((await direct.stats()).pending).toBe(1))
    controller.abort('given up')
    await expect(reading).rejects.toBe('given up')
    expect(abortListeners(controller.signal)).toBe(0)
    const [found] = await direct.reconcile('w', [], { idle: 0, limit: 10 })
    expect(found).toMatchObject({ task: 'lost', deliveries: 1 })
    await stream.close()
    expect(stream.debugStats()).toEqual({ fetching: 0, connections: 0, handedOut: 0 })
    await direct.close()
    behind.disconnect()
  })
})

describe('a read that waits', () => {
  it('goes on when its group or its stream is deleted', async () => {
    const stream = freshStream(redis, { block: '200ms' })
    for (const wreck of [
      () => redis.xgroup('DESTROY', key(stream, 's'), 'workers'),
      () => redis.del(key(stream, 's')),
      () => redis.del(key(stream, 's'), key(stream, 'w'), key(stream, 'n'), key(stream, 'audit')),
    ]) {
      const warm = stream.fetch('w', { count: 1, wait: 30 })
      await warm
      const reading = stream.fetch('w', { count: 1, wait: 5000 })
      await sleep(60)
      await wreck()
      await sleep(60)
      await stream.enqueue({ payload: '1' })
      const [delivery] = await reading
      expect(await stream.acknowledge('w', [delivery?.receipt as string])).toEqual([])
    }
    await stream.close()
  })

  it('keeps no connection after the stream is closed, and one for each read before', async () => {
    const stream = freshStream(redis)
    const reads = [1, 2, 3].map((index) => stream.fetch(`w${index}`, { count: 1, wait: 60 }))
    await Promise.all(reads)
    expect(stream.debugStats()).toEqual({ fetching: 0, connections: 3, handedOut: 0 })
    const waiting = stream.fetch('w', { count: 1, wait: 60_000 })
    await sleep(20)
    await stream.close()
    expect(await waiting).toEqual([])
    expect(stream.debugStats()).toEqual({ fetching: 0, connections: 0, handedOut: 0 })
    await expect(stream.stats()).rejects.toMatchObject({ code: 'ERR_DISPOSED' })
  })
})

it('verify 53: finds what is behind more suspects than it looks at in one step', async () => {
  const stream = freshStream(redis)
  await add(stream, 150)
  await fetch(stream, 'w', 150)
  await sleep(110)
  let cursor = ''
  do {
    const reaped = await stream.reap('v', { ...reaping, cursor })
    cursor = reaped.cursor
  } while (cursor !== '')
  await stream.enqueue({ id: 'behind', payload: '1' })
  await fetch(stream, 'w', 1)
  await sleep(110)
  const found: string[] = []
  let steps = 0
  do {
    const { claimed, cursor: next } = await stream.reap('u', { ...reaping, suspects: 0, cursor })
    found.push(...claimed.map(({ task }) => task))
    cursor = next
    steps++
  } while (cursor !== '')
  expect(found).toEqual(['behind'])
  expect(steps).toBeGreaterThan(1)
  await stream.close()
})

it('finds receipts far apart among many others of the same owner', async () => {
  const stream = freshStream(redis)
  await add(stream, 1500)
  const held = receipts(await fetch(stream, 'w', 1500))
  const [first, last] = [held[0], held[1499]] as [string, string]
  expect(await stream.acknowledge('w', [last, first, '1-1.1'])).toEqual(['1-1.1'])
  expect(await stream.acknowledge('w', [last, first])).toEqual([last, first])
  // More than Lua passes to one command.
  expect(await stream.beat('w', held, [])).toEqual([first, last])
  expect(await stream.handBack('w', held.slice(1, 1499), { delay: 0, reason: 'x' })).toEqual([])
  expect(await stream.stats()).toMatchObject({ acknowledged: 2, waiting: 1498, pending: 0 })
  await stream.close()
})

it('drops entries whose content somebody deleted, and counts them', async () => {
  const stream = freshStream(redis)
  await add(stream, 2)
  const [first] = await fetch(stream)
  await redis.xdel(key(stream, 's'), idOf(first as Delivery))
  await sleep(110)
  expect(await stream.reap('v', reaping)).toMatchObject({ vanished: 1, claimed: [{ task: 't1' }] })
  expect(await stream.stats()).toMatchObject({ enqueued: 2, vanished: 1, pending: 1, waiting: 0 })
  await stream.close()
})

describe('a server that', () => {
  it('was down does not take the time for silence', async () => {
    await using server = await startRedis({ persistence: 'everysec' })
    const client = new Redis(server.url)
    client.on('error', () => {})
    const stream = freshStream(client, { redis: redisConnection(client, { commandTimeout: '5s' }) })
    await add(stream, 2)
    const [held] = (await fetch(stream)) as [Delivery]
    const patient = { ...reaping, minIdle: 1500 }
    await server.kill()
    await sleep(1600)
    await server.restart()
    const soon = await stream.reap('v', patient)
    expect(soon).toMatchObject({ claimed: [], poison: [], republished: 0 })
    expect(soon.holdOff).toBeGreaterThan(0)
    expect(await stream.beat('w', [held.receipt], [])).toEqual([])
    await sleep(soon.holdOff)
    await stream.beat('w', [held.receipt], [])
    const later = await stream.reap('v', patient)
    expect(later.claimed.map(({ task }) => task)).toEqual(['t1'])
    expect(later.holdOff).toBe(0)
    await stream.close()
    client.disconnect()
  })

  it('is full refuses new tasks, and lets running ones end', async () => {
    await using server = await startRedis()
    const client = new Redis(server.url)
    const stream = freshStream(client)
    await add(stream, 8)
    await stream.enqueue({ id: 'due', payload: '1', delay: 1 })
    const held = receipts(await fetch(stream, 'w', 6)) as [string, string, string, string, ...string[]]
    await settled(server.url)
    await client.config('SET', 'maxmemory', '1')
    await expect(stream.enqueue({ payload: '1' })).rejects.toMatchObject({ reason: 'full' })
    expect((await stream.stats()).enqueued).toBe(9)
    expect(await stream.beat('w', held, [held[0]])).toEqual([])
    expect(await stream.acknowledge('w', [held[0]])).toEqual([])
    expect(await stream.retryLater('w', held[1], { delay: 5, reason: 'x' })).toBe('done')
    expect(await stream.handBack('w', [held[2]], { delay: 0, reason: 'x' })).toEqual([])
    expect(await stream.bury('w', held[3], { reason: 'x', letter: undefined })).toBe('done')
    expect((await stream.fetch('w', { count: 1, wait: 500 })).length).toBe(1)
    await sleep(110)
    expect((await stream.promote(10)).promoted).toBe(2)
    expect((await stream.reap('v', reaping)).claimed).toHaveLength(3)
    await stream.close()
    client.disconnect()
  })
})

it('gives workers what dead letters replay into it', async () => {
  const stream = freshStream(redis)
  const target = { name: stream.name, prefix: 'test:' }
  const store = redisDeadLetters({ redis, name: stream.name, prefix: 'test-dlq:', stream: target })
  const queue = deadLetters({ store })
  const message = { payload: '{"to":"ada"}', headers: { tenant: 'acme' } }
  const letter = await queue.add(message, new Error('broken'), { journey: 'j-1', taskId: 'mail-1' })
  await queue.retry(letter, { actor: 'ada', reason: 'mended' })
  const [delivery] = await fetch(stream)
  expect(delivery).toMatchObject({ payload: message.payload, journey: 'j-1', deliveries: 1, failures: 0 })
  expect(delivery?.headers).toEqual({ tenant: 'acme', 'seaworthy-replay': '1' })
  // Put back and taken again it is the same.
  await stream.retryLater('w', delivery?.receipt as string, { delay: 0, reason: 'x' })
  const [again] = await fetch(stream)
  expect(again).toMatchObject({ entry: delivery?.entry, payload: message.payload, failures: 1 })
  expect((await stream.audit(delivery?.task as string)).map(({ event }) => event)).toEqual([
    'enqueued',
    'retryScheduled',
  ])
  await queue.close()
  await stream.close()
})

describe('on a cluster', () => {
  let stop: () => Promise<void>
  let cluster: Cluster
  beforeAll(async () => {
    const server = await startRedis({
      args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
    })
    const { host, port, password } = server
    const node = new Redis(server.url)
    await node.cluster('ADDSLOTSRANGE', 0, 16_383)
    await vi.waitFor(async () => expect(await node.cluster('INFO')).toContain('cluster_state:ok'), 10_000)
    node.disconnect()
    await settled(server.url)
    cluster = new Cluster([{ host, port }], { redisOptions: { password } })
    stop = () => server.stop()
    await vi.waitFor(() => expect(cluster.status).toBe('ready'), 10_000)
  })
  afterAll(async () => {
    cluster.disconnect()
    await stop()
  })

  firstLevels(
    taskStreamConformance({
      name: 'redisStream',
      clock: 'real',
      pace,
      histories: 25, // every step goes over a network
      create: async (setup) => underTest(cluster as unknown as Redis, setup),
    }),
  )
})

/** Where a proxy in front of the server leads. */
class Target {
  readonly host: string
  readonly port: number

  constructor(address: string) {
    const { hostname, port } = new URL(address)
    this.host = hostname
    this.port = Number(port)
  }
}

function clientBehind(port: number): Redis {
  const address = new URL(url)
  address.port = String(port)
  const client = new Redis(address.href, { retryStrategy: () => 50, autoResendUnfulfilledCommands: false })
  client.on('error', () => {})
  return client
}
