/** Workers that are killed, frozen and poisoned, and a server that is killed under them. All of them are real processes. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type RedisStream, redisConnection } from '@seaworthy/redis'
import { seededRandom } from '@seaworthy/testing'
import { type RedisServer, startRedis } from '@seaworthy/testing/servers'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { type RunningWorker, startWorker, trailOf, workerProgram } from './stream-processes.ts'
import { freshStream, settled } from './stream-server.ts'
import type { Work } from './stream-worker.ts'

const prefix = 'test:'
const program = workerProgram()
let server: RedisServer
let client: Redis
beforeAll(async () => {
  server = await startRedis({ persistence: 'everysec' })
  client = new Redis(server.url, { retryStrategy: () => 50 })
  client.on('error', () => {})
  await settled(server.url)
})
afterAll(async () => {
  client.disconnect()
  await server.stop()
  program.remove()
})

let workers: RunningWorker[] = []
afterEach(() => {
  for (const each of workers) each.process.kill('SIGKILL')
  workers = []
})

const newStream = (): RedisStream =>
  freshStream(client, {
    redis: redisConnection(client, { commandTimeout: '2s' }),
    name: randomUUID(),
    auditLimit: Number.POSITIVE_INFINITY,
  })
const start = (stream: RedisStream, concurrency = 10): RunningWorker => {
  const started = startWorker(program.file, server.url, stream.name, prefix, String(concurrency))
  workers.push(started)
  return started
}
const task = (id: string, work: Partial<Work> = {}) => ({
  id,
  payload: JSON.stringify({ take: 10, fate: 'succeed', ...work }),
})
const patiently = <T>(look: () => Promise<T>): Promise<T> =>
  vi.waitFor(look, { timeout: 40_000, interval: 50 })
/** Which events ended entries, by entry. */
const endings = async (stream: RedisStream): Promise<Map<string, string[]>> => {
  const found = new Map<string, string[]>()
  for (const { event, entry } of await trailOf(client, stream.name, prefix)) {
    if (event !== 'acknowledged' && event !== 'dead') continue
    found.set(entry, [...(found.get(entry) ?? []), event])
  }
  return found
}
const has = (worker: RunningWorker, line: string): Promise<void> =>
  patiently(async () => expect(worker.lines).toContain(line))

it('loses nothing and ends nothing twice while workers and the server are killed', async () => {
  const random = seededRandom(1)
  const stream = newStream()
  const ids = Array.from({ length: 2000 }, (_, index) => `t${index}`)
  for (let index = 0; index < ids.length; index += 500) {
    const chunk = ids.slice(index, index + 500)
    await stream.enqueueMany(chunk.map((id, at) => task(id, { fate: at % 50 === 0 ? 'fail' : 'succeed' })))
  }
  for (let count = 0; count < 3; count++) start(stream)
  await patiently(async () => expect((await stream.stats()).acknowledged).toBeGreaterThan(50))
  for (let round = 0; round < 6; round++) {
    await sleep(100 + random() * 200)
    if (round === 2 || round === 4) {
      await server.kill()
      await server.restart()
      continue
    }
    const [victim] = workers.splice(Math.floor(random() * workers.length), 1)
    victim?.process.kill('SIGKILL')
    start(stream)
  }
  await patiently(async () => {
    const { waiting, pending, due } = await stream.stats()
    expect(waiting + pending + due).toBe(0)
  })
  const { enqueued, acknowledged, dead } = await stream.stats()
  expect([enqueued, acknowledged + dead, dead]).toEqual([2000, 2000, 40])
  const ended = await endings(stream)
  expect(ended.size).toBe(2000)
  expect([...ended.values()].every(({ length }) => length === 1)).toBe(true)
  const told = await trailOf(client, stream.name, prefix)
  expect(new Set(told.map(({ task: id }) => id))).toEqual(new Set(ids))
  // It was not for nothing: tasks of the killed were taken over.
  expect(told.some(({ event }) => event === 'claimed')).toBe(true)
  await stream.close()
})

it('takes over from a worker that was killed, after minIdle and soon', async () => {
  const stream = newStream()
  const pair = [start(stream), start(stream)] as const
  await patiently(async () => expect(pair.every(({ owner }) => owner !== undefined)).toBe(true))
  await stream.enqueue(task('slow', { take: 1500 }))
  const started = ({ lines }: RunningWorker): boolean => lines.includes('started slow')
  await patiently(async () => expect(pair.some(started)).toBe(true))
  const [victim, other] = started(pair[0]) ? pair : [pair[1], pair[0]]
  victim.process.kill('SIGKILL')
  await has(other, 'completed slow')
  const claims = (await trailOf(client, stream.name, prefix)).filter(({ event }) => event === 'claimed')
  expect(claims).toEqual([expect.objectContaining({ task: 'slow', owner: other.owner })])
  expect(claims[0]?.idle).toBeGreaterThanOrEqual(900)
  // A scan comes every 100 ms; the rest is for a busy machine.
  expect(claims[0]?.idle).toBeLessThan(900 + 3000)
  await stream.close()
})

it('refuses what a frozen worker says when it wakes up', async () => {
  const stream = newStream()
  const zombie = start(stream)
  await stream.enqueue(task('slow', { take: 600 }))
  await has(zombie, 'started slow')
  zombie.process.kill('SIGSTOP')
  const other = start(stream)
  await has(other, 'completed slow')
  zombie.process.kill('SIGCONT')
  await patiently(async () => expect(zombie.lines.some((line) => /^(late|lost) slow$/.test(line))).toBe(true))
  await has(zombie, 'late slow')
  expect(zombie.lines).not.toContain('completed slow')
  expect([...(await endings(stream)).values()]).toEqual([['acknowledged']])
  // It is well again, and knows it.
  other.process.kill('SIGKILL')
  await stream.enqueue(task('next'))
  await has(zombie, 'completed next')
  await stream.close()
})

it('buries a task that ends its process, and completes those beside it', async () => {
  const stream = newStream()
  const innocent = Array.from({ length: 30 }, (_, index) => `t${index}`)
  await stream.enqueueMany([
    task('poison', { take: 100, fate: 'exit' }),
    ...innocent.map((id) => task(id, { take: 40 })),
  ])
  let supervising = true
  const supervisor = (async () => {
    let current = start(stream)
    while (supervising) {
      if (current.gone) current = start(stream)
      await sleep(20)
    }
  })()
  await patiently(async () => expect(await stream.stats()).toMatchObject({ acknowledged: 30, dead: 1 }))
  supervising = false
  await supervisor
  const told = await trailOf(client, stream.name, prefix)
  expect(told.filter(({ event }) => event === 'dead').map(({ task: id }) => id)).toEqual(['poison'])
  // Poison at the third start on record, as its workers say.
  expect(told.filter(({ event, task: id }) => event === 'started' && id === 'poison').length).toBe(3)
  await stream.close()
})
