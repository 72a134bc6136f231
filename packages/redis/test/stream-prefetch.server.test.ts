/** What a worker fetches ahead from a server, and gives back to it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '@seaworthy/core'
import { type Worker, worker } from '@seaworthy/worker'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freshStream, settledServer } from './stream-server.ts'

let redis: Redis
beforeAll(async () => {
  redis = new Redis(await settledServer())
})
afterAll(() => redis.disconnect())

/** So slow that tasks seem short on any machine. */
const clock = { ...systemClock, now: () => systemClock.now() / 10 }

it('tasks that wait behind long ones go back to the server and run elsewhere, each once', async () => {
  const stream = freshStream(redis)
  const runs = new Map<string, string[]>()
  let open: () => void = () => {}
  let gate = Promise.resolve()
  const make = (name: string): Worker =>
    worker<string>({
      stream,
      deadLetters: 'discard',
      name,
      clock,
      concurrency: 3,
      handler: (task) => {
        runs.set(task, [...(runs.get(task) ?? []), name])
        return task.startsWith('long') && name === 'busy' ? gate : undefined
      },
    })
  const busy = make('busy')
  const givenBack: string[] = []
  busy.on('postponed', ({ task, reason }) => reason === 'noSlot' && givenBack.push(task))
  busy.start()
  let enqueued = 0
  const waiting = (): number => busy.debugStats()['waiting'] ?? 0
  for (let round = 0; waiting() === 0; round++) {
    open()
    gate = new Promise((resolve) => {
      open = resolve
    })
    const ids = [
      ...Array.from({ length: 300 }, (_, index) => `short ${round} ${index}`),
      ...Array.from({ length: 12 }, (_, index) => `long ${round} ${index}`),
    ]
    await stream.enqueueMany(ids.map((id) => ({ id, payload: JSON.stringify(id) })))
    enqueued += ids.length
    const began = (): number => [...runs.keys()].filter((task) => task.startsWith(`long ${round} `)).length
    while (began() < 3) await sleep(5)
  }
  const stuck = waiting()
  while (givenBack.length < stuck) await sleep(5)
  expect(waiting()).toBe(0)
  const other = make('other')
  other.start()
  while ((await stream.stats()).acknowledged < enqueued - 3) await sleep(5)
  for (const task of givenBack) expect(runs.get(task)).toEqual(['other'])
  const steps = (await stream.audit(givenBack[0] ?? '')).map(({ event, reason }) => reason ?? event)
  expect(steps).toEqual(['enqueued', 'noSlot', 'acknowledged'])
  open()
  await Promise.all([busy.close(), other.close()])
  expect(await stream.stats()).toMatchObject({ acknowledged: enqueued, pending: 0, waiting: 0, owners: 0 })
  expect([...runs.values()].every((by) => by.length === 1)).toBe(true)
  expect(busy.debugStats()).toMatchObject({ active: 0, waiting: 0, settling: 0, timers: 0 })
  await stream.close()
})
