/** Worker, dead letters and replay together, with the real queue. */
import { deadLetters, memoryDeadLetters } from '@seaworthy/dead-letter'
import { replayTo, type TaskMessage } from '@seaworthy/worker'
import { expect, it } from 'vitest'
import { scene } from './toys.ts'

it('A4, verify 49: a task dies, is looked at, and replayed once; as a new task, with a fresh budget', async () => {
  const { clock, random, stream, make, close } = scene()
  const store = memoryDeadLetters({ clock })
  const letters = deadLetters<TaskMessage>({ store, replay: replayTo(stream), clock, random })
  await stream.enqueue({ id: 'mail-1', payload: '"ada"', headers: { tenant: 'acme' }, journey: 'j-1' })
  let broken = true
  const runs: [string, number, Readonly<Record<string, string>>, string | undefined][] = []
  const w = make({
    deadLetters: letters,
    retries: { attempts: 2, delay: 100 },
    handler: (_, { task, attempt, headers, journey }) => {
      runs.push([task, attempt, headers, journey])
      if (broken) throw new Error('upstream is down')
    },
  })
  w.start()
  await clock.advance('5s')
  const [letter] = (await letters.list()).items
  expect(letter).toMatchObject({
    taskId: 'mail-1',
    source: 'tasks',
    type: 'tasks',
    journey: 'j-1',
    maxRetries: 1,
    retryCount: 1,
    replays: 0,
    failureClass: 'transient',
    error: { name: 'Error', message: 'upstream is down' },
  })
  const id = letter?.id as string
  expect((await letters.view(id, { actor: 'grace' }))?.message).toEqual({
    payload: '"ada"',
    headers: { tenant: 'acme' },
  })

  // It dies a second time.
  const replays = await Promise.all([1, 2, 3].map(() => letters.retry(id, { actor: 'grace' })))
  expect(replays.filter(({ outcome }) => outcome === 'replayed')).toHaveLength(1)
  await clock.advance('5s')
  const [second] = (await letters.list()).items
  expect(second).toMatchObject({ replays: 1, retryCount: 1 })

  broken = false
  await letters.retry(second?.id as string, { actor: 'grace' })
  await clock.advance('5s')
  expect(runs.map(([, attempt]) => attempt)).toEqual([1, 2, 1, 2, 1])
  const [task, , headers, journey] = runs.at(-1) as (typeof runs)[number]
  expect(task).toBe(second?.replayId)
  expect(headers).toEqual({ tenant: 'acme', 'seaworthy-replay': '2' })
  expect(journey).toBe('j-1')
  expect(await stream.stats()).toMatchObject({ enqueued: 3, acknowledged: 1, dead: 2, pending: 0 })
  await close(w)
})
