/** A worker with an idempotency store: each task id once. */
import { memoryIdempotencyStore } from '@seaworthy/idempotency'
import { expectNoLeaks } from '@seaworthy/testing'
import type { TaskEnd, TaskStream } from '@seaworthy/worker'
import { expect, it } from 'vitest'
import { scene, wire } from './toys.ts'

/** A scene with a store. */
function guarded() {
  const all = scene()
  const store = memoryIdempotencyStore({ clock: all.clock })
  return { ...all, store }
}

it('A1: a task that was enqueued twice runs once, and both entries are acknowledged', async () => {
  const { clock, stream, store, make, add, close, said } = guarded()
  await add('a')
  await add('a')
  const fences: unknown[] = []
  const w = make({ idempotency: { store }, concurrency: 1, handler: (_, { fence }) => fences.push(fence) })
  w.start()
  await clock.advance('1s')
  await add('a')
  await clock.advance('1s')
  expect(fences).toEqual([expect.any(Number)])
  expect(said('duplicate')).toHaveLength(2)
  expect(said('completed')).toHaveLength(1)
  expect(await stream.stats()).toMatchObject({ acknowledged: 3, pending: 0 })
  await close(w)
})

it('a duplicate of what runs waits for it, outside of the slots and at no cost', async () => {
  const { clock, stream, store, make, add, close, said } = guarded()
  await add('a', 'a')
  let runs = 0
  const w = make({
    idempotency: { store },
    handler: () => {
      runs++
      return clock.sleep(30_000)
    },
  })
  w.start()
  await clock.advance('2m')
  expect(runs).toBe(1)
  expect(said('postponed').every(({ reason, attempt }) => reason === 'inFlight' && attempt === 1)).toBe(true)
  expect(said('postponed').length).toBeGreaterThan(0)
  expect(said('duplicate')).toHaveLength(1)
  expect(await stream.stats()).toMatchObject({ acknowledged: 2, pending: 0, due: 0 })
  await close(w)
})

it('the key has the name of the stream and the id of the task', async () => {
  const { clock, stream, store, make, add, close } = guarded()
  await add('a|{1}')
  const w = make({ idempotency: { store }, handler: () => {} })
  w.start()
  await clock.settle()
  expect(await store.peek(`${stream.name}|a%7C%7B1%7D`)).toMatchObject({ state: 'completed' })
  await close(w)
})

it('a failure leaves the key open for the next try', async () => {
  const { clock, stream, store, make, add, close } = guarded()
  await add('a')
  const attempts: [number, number][] = []
  const w = make({
    idempotency: { store },
    retries: { delay: 100 },
    handler: (_, { attempt, fence }) => {
      attempts.push([attempt, fence as number])
      if (attempt < 3) throw new Error('no luck')
    },
  })
  w.start()
  await clock.advance('5s')
  expect(attempts.map(([attempt]) => attempt)).toEqual([1, 2, 3])
  const fences = attempts.map(([, fence]) => fence)
  expect(fences).toEqual([...new Set(fences)].sort((left, right) => left - right))
  expect((await stream.stats()).acknowledged).toBe(1)
  await close(w)
})

it('a long run keeps its grant', async () => {
  const { clock, store, make, add, close, said } = guarded()
  await add('a')
  let runs = 0
  const w = make({
    idempotency: { store },
    handler: () => {
      runs++
      return clock.sleep(600_000)
    },
  })
  w.start()
  await clock.advance('11m')
  expect(runs).toBe(1)
  expect(said('lost')).toEqual([])
  expect(said('completed')).toHaveLength(1)
  await close(w)
})

it('after a death the next one gets the key at once, with a higher fence', async () => {
  const { clock, stream, store, make, add, close } = guarded()
  await add('a')
  const fences: number[] = []
  const line = wire(stream)
  // The store cannot be reached by the dead either.
  const unreachable = wire(store as never)
  const victim = make({
    stream: line.stream,
    idempotency: { store: unreachable.stream as never },
    handler: (_, { fence }) => {
      fences.push(fence as number)
      return clock.sleep(1e9)
    },
  })
  victim.start()
  await clock.advance('12s')
  line.cut()
  unreachable.cut()
  const heir = make({ idempotency: { store }, handler: (_, { fence }) => fences.push(fence as number) })
  heir.start()
  await clock.advance('23s')
  expect(fences).toHaveLength(2)
  expect(fences[1]).toBeGreaterThan(fences[0] as number)
  expect((await stream.stats()).acknowledged).toBe(1)
  await close(heir)
})

it('where nobody may run it twice, a task whose worker died over it is left to a person', async () => {
  const { clock, stream, store, deadLetters, make, add, close } = guarded()
  await add('a')
  await store.claim(`${stream.name}|a`, {
    owner: 'dead',
    fingerprint: '',
    lease: 10,
    retain: 1e6,
    takeover: true,
  })
  await clock.advance(20)
  let runs = 0
  const w = make({ idempotency: { store, onAbandoned: 'deadLetter' }, handler: () => runs++ })
  w.start()
  await clock.advance('1s')
  expect(runs).toBe(0)
  expect(deadLetters.letters[0]).toMatchObject({
    error: { code: 'ERR_TASK_UNKNOWN_OUTCOME' },
    options: { failure: 'unknown_outcome' },
  })
  await close(w)
})

it('an id that stands for other work is a conflict, and a dead letter', async () => {
  const { clock, stream, store, deadLetters, make, close } = guarded()
  await stream.enqueue({ id: 'a', payload: '1' })
  await stream.enqueue({ id: 'a', payload: '2' })
  const runs: unknown[] = []
  const w = make({ idempotency: { store }, concurrency: 1, handler: (payload) => runs.push(payload) })
  w.start()
  await clock.advance('1s')
  expect(runs).toEqual([1])
  expect(deadLetters.letters).toMatchObject([
    { message: { payload: '2' }, error: { code: 'ERR_TASK_CONFLICT' } },
  ])
  await close(w)
})

it('a store that is down is asked until it answers, and nothing runs without its word', async () => {
  const { clock, stream, store, make, add, close, said } = guarded()
  const line = wire(store as never)
  await add('a')
  let runs = 0
  const w = make({ idempotency: { store: line.stream as never }, handler: () => runs++ })
  line.fate = () => 'fail'
  w.start()
  await clock.advance('2m')
  expect(runs).toBe(0)
  expect((await stream.stats()).pending).toBe(1)
  line.fate = () => 'hang'
  await clock.advance('20s')
  line.fate = () => 'ok'
  await clock.advance('12s')
  expect(runs).toBe(1)
  expect(said('storeError').map(({ operation }) => operation)).toContain('idempotency.claim')
  expect((await stream.stats()).acknowledged).toBe(1)
  await close(w)
  expectNoLeaks({ policies: [w], clock })
})

it('verify 44: a run whose grant cannot be renewed is given up before another one may begin', async () => {
  const { clock, store, make, add, close, said } = guarded()
  const line = wire(store as never)
  await add('a')
  const aborted: number[] = []
  const w = make({
    idempotency: { store: line.stream as never },
    handler: (_, { signal }) => {
      signal.addEventListener('abort', () => aborted.push(clock.now()))
      return clock.sleep(120_000, signal)
    },
  })
  w.start()
  await clock.advance('1s')
  line.fate = (method) => (method === 'renew' ? 'fail' : 'ok')
  await clock.advance('25s')
  expect(said('lost')).toMatchObject([{ reason: 'fenced' }])
  // The lease ends 3 s before minIdle, and the margin before that.
  expect(aborted[0]).toBeLessThan(22_000)
  line.fate = () => 'ok'
  await close(w)
})

it('a run whose record somebody forgot is aborted', async () => {
  const { clock, stream, store, make, add, close, said } = guarded()
  await add('a')
  const w = make({ idempotency: { store }, handler: (_, { signal }) => clock.sleep(60_000, signal) })
  w.start()
  await clock.advance('1s')
  await store.forget(`${stream.name}|a`)
  await clock.advance('8s')
  expect(said('lost')).toMatchObject([{ reason: 'taken' }])
  await close(w)
})

it('a drain leaves no grant behind: the next worker runs the task at once', async () => {
  const { clock, stream, store, make, add, close } = guarded()
  await add('obeys', 'ignores')
  const w = make({
    idempotency: { store },
    drain: 100,
    handler: async (payload, { signal }) => clock.sleep(60_000, payload === 'obeys' ? signal : undefined),
  })
  w.start()
  await clock.advance('1s')
  await close(w)
  const runs: unknown[] = []
  const next = make({ idempotency: { store }, handler: (payload) => runs.push(payload) })
  next.start()
  await clock.advance('1s')
  expect([...runs].sort()).toEqual(['ignores', 'obeys'])
  expect((await stream.stats()).acknowledged).toBe(2)
  await close(next)
})

it('completion and acknowledgement are one step where the stream can do that', async () => {
  const { clock, stream, store, make, add, close, said } = guarded()
  const commits: string[] = []
  let answer: 'done' | 'stale' | 'lost' = 'done'
  const joined: TaskStream = new Proxy(stream, {
    get: (target, property) => {
      const value = Reflect.get(target, property, target) as unknown
      if (property !== 'commits') return typeof value === 'function' ? value.bind(target) : value
      return () => ({
        async commit(owner: string, [end]: readonly [TaskEnd]) {
          const { receipt, key, completion } = end
          commits.push(key)
          if (answer !== 'done') return [answer]
          await store.complete(key, completion)
          await stream.acknowledge(owner, [receipt])
          return ['done']
        },
      })
    },
  })
  await add('a')
  const w = make({ stream: joined, idempotency: { store }, handler: () => {} })
  w.start()
  await clock.settle()
  expect(commits).toEqual(['tasks|a'])
  expect(said('completed')).toMatchObject([{ task: 'a' }])
  answer = 'stale'
  await add('b')
  await clock.settle()
  expect(said('postponed')).toMatchObject([{ task: 'b', reason: 'superseded' }])
  answer = 'lost'
  await add('c')
  await clock.settle()
  expect(said('late')).toMatchObject([{ task: 'c', outcome: 'success' }])
  await close(w)
})
