/** A server that runs out of memory under a real worker: what is new is refused, what runs still ends, and all comes back by itself. */
import { Hub } from '@seaworthy/core'
import { deadLetters } from '@seaworthy/dead-letter'
import {
  redisConnection,
  redisDeadLetters,
  redisIdempotency,
  redisJourney,
  redisStream,
} from '@seaworthy/redis'
import { newLetter } from '@seaworthy/testing/conformance'
import { startRedis } from '@seaworthy/testing/servers'
import { worker } from '@seaworthy/worker'
import { Redis } from 'ioredis'
import { expect, it, vi } from 'vitest'
import { settled } from './stream-server.ts'

const patiently = <T>(look: () => Promise<T>): Promise<T> =>
  vi.waitFor(look, { timeout: 30_000, interval: 50 })

it('refuses new tasks, claims, letters and stories; what runs ends; and when there is room again, so does the rest', async () => {
  await using server = await startRedis()
  await settled(server.url)
  const client = new Redis(server.url)
  const hub = new Hub()
  const redis = redisConnection(client, { name: 'main', hub, commandTimeout: '2s' })
  const stream = redisStream({ redis, name: 'tasks' })
  const records = redisIdempotency({ redis, queue: 'tasks', hints: false })
  const store = redisDeadLetters({ redis, name: 'tasks' })
  const letters = deadLetters({ store })
  const journeys = redisJourney({ redis, interval: 20, hub })
  hub.recordJourneys(journeys)

  const started: string[] = []
  let open = (): void => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const hands = worker({
    stream,
    deadLetters: letters,
    idempotency: { store: records },
    concurrency: 4,
    name: 'hands',
    hub,
    heartbeat: 300,
    minIdle: 5000,
    retries: { attempts: 3, delay: 20 },
    handler: async (_: unknown, { task, attempt }) => {
      started.push(task)
      if (started.length <= 4) await gate
      if (task === 'bad') throw Object.assign(new Error('never'), { failureClass: 'fatal' })
      if (task === 'again' && attempt === 1) throw new Error('not yet')
    },
  })
  const troubles: string[] = []
  hands.on('storeError', ({ operation }) => void troubles.push(operation))
  const running = ['good', 'better', 'bad', 'again']
  const waiting = ['next', 'later', 'last']
  await stream.enqueueMany([...running, ...waiting].map((id) => ({ id, payload: '1', journey: id })))
  hands.start()
  await patiently(async () => expect(started).toHaveLength(4))
  expect(new Set(started)).toEqual(new Set(running))
  await journeys.flush()

  await client.config('SET', 'maxmemory', '1')
  const full = { code: 'ERR_STORE_UNAVAILABLE', reason: 'full' }
  await expect(stream.enqueue({ id: 'new', payload: '1' })).rejects.toMatchObject(full)
  const request = { owner: 'ann', fingerprint: '', lease: 1000, retain: 1000, takeover: true }
  await expect(records.claim('new', request)).rejects.toMatchObject(full)
  await expect(store.add(newLetter())).rejects.toMatchObject(full)

  open()
  await patiently(async () => expect(await stream.stats()).toMatchObject({ acknowledged: 2, dead: 0 }))
  expect(await records.peek('tasks|good')).toMatchObject({ state: 'completed' })
  // The letter cannot be kept, so the task is not given up; those that wait have no claim, so they do not run.
  await patiently(async () => expect(troubles.length).toBeGreaterThan(3))
  expect((await store.counts()).dead).toBe(0)
  expect(started.filter((task) => waiting.includes(task))).toEqual([])
  const { waiting: left, pending, due, enqueued } = await stream.stats()
  expect([left + pending + due, enqueued]).toEqual([5, 7])
  await journeys.flush()
  expect(journeys.debugStats()['buffered']).toBeGreaterThan(0)
  expect(journeys.dropped).toBe(0)

  await client.config('SET', 'maxmemory', '0')
  await patiently(async () =>
    expect(await stream.stats()).toMatchObject({ acknowledged: 6, dead: 1, waiting: 0, pending: 0, due: 0 }),
  )
  expect([...started].sort()).toEqual([...running, ...waiting, 'again'].sort())
  const { items } = await store.list({ state: 'dead', order: 'newest', limit: 10 })
  expect(items.map(({ taskId }) => taskId)).toEqual(['bad'])
  const story = async (id: string): Promise<string[]> => {
    await journeys.flush()
    return (await journeys.journey(id)).map(({ type }) => type)
  }
  await patiently(async () => expect(await story('good')).toEqual(['started', 'completed']))
  await patiently(async () => expect(await story('bad')).toEqual(['started', 'deadLettered']))
  await patiently(async () =>
    expect(await story('again')).toEqual(['started', 'retried', 'started', 'completed']),
  )

  await hands.close()
  await letters.close()
  await stream.close()
  await journeys.close()
  records.close()
  redis.dispose()
  expect(hands.debugStats()).toMatchObject({ active: 0, settling: 0, unsent: 0, timers: 0 })
  expect(stream.debugStats()).toEqual({ fetching: 0, connections: 0, handedOut: 0 })
  expect(records.debugStats()).toEqual({ waiting: 0, listeners: 0, unanswered: 0 })
  expect(journeys.debugStats()).toEqual({ buffered: 0, timers: 0, listeners: 0 })
  expect(redis.debugStats()).toEqual({ pending: 0, listeners: 0 })
  expect(hub.components()).toEqual([])
  await patiently(async () =>
    expect(
      String(await client.client('LIST'))
        .trim()
        .split('\n'),
    ).toHaveLength(1),
  )
  client.disconnect()
})
