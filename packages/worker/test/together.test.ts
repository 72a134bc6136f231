/** Many tasks in one call to a store, and each with an answer of its own. */
import { type ClaimOf, type IdempotencyStore, memoryIdempotencyStore } from '@seaworthy/idempotency'
import { expectNoLeaks, VirtualClock } from '@seaworthy/testing'
import { registerConformance, taskStreamConformance } from '@seaworthy/testing/conformance'
import {
  type CommitAnswer,
  memoryStream,
  type TaskCommit,
  type TaskEnd,
  type TaskStream,
} from '@seaworthy/worker'
import * as vitest from 'vitest'
import { scene, wire } from './toys.ts'

const { expect, it } = vitest

/** Ends tasks and records together. Its steps are apart, which nobody sees who waits for it. */
const toyCommit = (stream: TaskStream, store: IdempotencyStore): TaskCommit => ({
  async commit(owner, ends) {
    const answers: CommitAnswer[] = []
    for (const { receipt, key, completion } of ends) {
      const [lost] = await stream.beat(owner, [receipt], [])
      const settled = lost === undefined && (await store.complete(key, completion))
      if (settled === false) answers.push('lost')
      else if (settled === 'stale') answers.push('stale')
      else answers.push((await stream.acknowledge(owner, [receipt])).length === 0 ? 'done' : 'lost')
    }
    return answers
  },
})

const withCommits = (stream: TaskStream, commits: TaskStream['commits']): TaskStream =>
  new Proxy(stream, {
    get: (target, property) => {
      if (property === 'commits') return commits
      const value = Reflect.get(target, property, target) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })

const kit = taskStreamConformance({
  name: 'the toy',
  clock: 'controlled',
  async create({ capacity }) {
    const clock = new VirtualClock()
    const records = memoryIdempotencyStore({ clock })
    const inner = memoryStream({ capacity, clock })
    const commit = toyCommit(inner, records)
    const stream = withCommits(inner, (store) => (store === records ? commit : undefined))
    return { stream, records, advance: (time) => clock.advance(time), close: () => inner.close() }
  },
})
registerConformance(kit, vitest, { only: ({ name }) => name.startsWith('commits: ') })

/** A scene with a store of records, and a stream that commits to it, both behind wires. */
function joined() {
  const all = scene()
  const records = memoryIdempotencyStore({ clock: all.clock })
  const storeLine = wire(records as never)
  const commitLine = wire(toyCommit(all.stream, records) as never)
  const batches: number[] = []
  const commit = (owner: string, ends: readonly TaskEnd[]): Promise<readonly CommitAnswer[]> => {
    batches.push(ends.length)
    return (commitLine.stream as unknown as TaskCommit).commit(owner, ends)
  }
  const stream = withCommits(all.stream, () => ({ commit }))
  const store = storeLine.stream as never as IdempotencyStore
  return { ...all, stream, records, store, storeLine, commitLine, batches }
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `t${index}`)

it('tasks that are fetched together are claimed in one call, and those that end together are committed in one', async () => {
  const { clock, stream, store, storeLine, batches, make, add, close, said } = joined()
  await add(...names(15))
  const w = make({ stream, idempotency: { store }, concurrency: 20, handler: () => {} })
  w.start()
  await clock.settle()
  expect(storeLine.calls).toEqual({ claimMany: 1 })
  expect(batches).toEqual([15])
  expect(said('completed')).toHaveLength(15)
  expect(await stream.stats()).toMatchObject({ acknowledged: 15, pending: 0 })
  await close(w)
  expectNoLeaks({ policies: [w], clock })
})

it('a single one is claimed by itself', async () => {
  const { clock, stream, store, storeLine, batches, make, add, close } = joined()
  await add('a')
  const w = make({ stream, idempotency: { store }, handler: () => {} })
  w.start()
  await clock.settle()
  expect(storeLine.calls).toEqual({ claim: 1 })
  expect(batches).toEqual([1])
  await close(w)
})

it('one call is under way at a time, what ends meanwhile goes with the next, and a full batch does not wait', async () => {
  const { clock, stream, store, commitLine, batches, make, add, close } = joined()
  const w = make({ stream, idempotency: { store }, concurrency: 200, handler: () => {} })
  w.start()
  await clock.settle()
  commitLine.fate = () => 'hang'
  for (const each of names(10)) {
    await add(each)
    await clock.settle()
  }
  expect(batches).toEqual([1])
  await add(...names(60).slice(10))
  await clock.settle()
  expect(batches).toEqual([1, 16, 16, 16])
  expect(w.debugStats()).toMatchObject({ unsent: 11 })
  commitLine.fate = () => 'ok'
  await close(w)
})

it('each has an answer of its own', async () => {
  const { clock, stream, records, store, make, add, close, said } = joined()
  await add(...names(5))
  await records.claim('tasks|t1', { owner: 'x', fingerprint: '', lease: 60_000, retain: 1e6, takeover: true })
  await records.claim('tasks|t2', { owner: 'x', fingerprint: 'other', lease: 1, retain: 1e6, takeover: true })
  const done = await records.claim('tasks|t3', {
    owner: 'x',
    fingerprint: '',
    lease: 1,
    retain: 1e6,
    takeover: true,
  })
  const { fence } = done as { fence: number }
  await records.complete('tasks|t3', { owner: 'x', fence, state: 'completed', payload: undefined, ttl: 1e6 })
  const runs: unknown[] = []
  const w = make({ stream, idempotency: { store }, handler: (payload) => runs.push(payload) })
  w.start()
  await clock.settle()
  expect(runs).toEqual(['t0', 't4'])
  expect(said('postponed')).toMatchObject([{ task: 't1', reason: 'inFlight' }])
  expect(said('deadLettered')).toMatchObject([{ task: 't2', reason: 'conflict' }])
  expect(said('duplicate')).toMatchObject([{ task: 't3' }])
  expect(said('completed')).toMatchObject([{ task: 't0' }, { task: 't4' }])
  await close(w)
})

it('of a commit, too: what went to somebody else comes back, and the rest is done', async () => {
  const { clock, stream, records, store, make, add, close, said } = joined()
  await add(...names(4))
  let taken = false
  const take = async (key: string): Promise<void> => {
    taken = true
    await records.forget(key)
    await records.claim(key, { owner: 'x', fingerprint: '', lease: 1, retain: 1e6, takeover: true })
  }
  const w = make({
    stream,
    idempotency: { store },
    handler: async (payload) => {
      await clock.sleep(100)
      if (payload === 't1' && !taken) await take('tasks|t1')
    },
  })
  w.start()
  await clock.advance('1s')
  expect(said('postponed')).toMatchObject([{ task: 't1', reason: 'superseded' }])
  expect(said('completed').map(({ task }) => task)).toEqual(['t0', 't2', 't3'])
  await clock.advance('2m')
  expect(said('completed').map(({ task }) => task)).toContain('t1')
  await close(w)
})

it('a record that cannot be read holds up its own task and no other', async () => {
  const { clock, stream, store, make, add, close, said } = joined()
  const bad = 'tasks|t3'
  let mended = false
  const fail = async (): Promise<never> => {
    throw new Error('cannot be read')
  }
  const picky: IdempotencyStore = new Proxy(store, {
    get: (target, property) => {
      const value = Reflect.get(target, property, target) as unknown
      if (mended || typeof value !== 'function') return value
      if (property === 'claim')
        return (key: string, request: never) => (key === bad ? fail() : target.claim(key, request))
      if (property === 'claimMany')
        return (claims: readonly ClaimOf[]) =>
          claims.some(({ key }) => key === bad) ? fail() : target.claimMany?.(claims)
      return value
    },
  })
  await add(...names(10))
  const runs: unknown[] = []
  const w = make({ stream, idempotency: { store: picky }, handler: (payload) => runs.push(payload) })
  w.start()
  await clock.advance('1s')
  expect(runs).toHaveLength(9)
  expect(runs).not.toContain('t3')
  await add('later')
  await clock.advance('1s')
  expect(runs).toContain('later')
  mended = true
  await clock.advance('10s')
  expect(runs).toHaveLength(11)
  expect(said('storeError').map(({ operation }) => operation)).toContain('idempotency.claim')
  expect(said('storeRecovered').map(({ operation }) => operation)).toContain('idempotency.claim')
  expect(await stream.stats()).toMatchObject({ acknowledged: 11, pending: 0 })
  await close(w)
  expectNoLeaks({ policies: [w], clock })
})

it('a commit that fails for one is tried for each', async () => {
  const { clock, stream, records, store, make, add, close, said } = joined()
  let mended = false
  const inner = stream.commits(records) as TaskCommit
  const picky: TaskCommit = {
    async commit(owner, ends) {
      if (!mended && ends.some(({ key }) => key === 'tasks|t3')) throw new Error('cannot be read')
      return inner.commit(owner, ends)
    },
  }
  await add(...names(10))
  const w = make({ stream: withCommits(stream, () => picky), idempotency: { store }, handler: () => {} })
  w.start()
  await clock.advance('1s')
  expect(await stream.stats()).toMatchObject({ acknowledged: 9, pending: 1 })
  await add('later')
  await clock.advance('1s')
  expect(await stream.stats()).toMatchObject({ acknowledged: 10, pending: 1 })
  mended = true
  await clock.advance('10s')
  expect(await stream.stats()).toMatchObject({ acknowledged: 11, pending: 0 })
  expect(said('completed')).toHaveLength(11)
  await close(w)
  expectNoLeaks({ policies: [w], clock })
})

it('an answer that is lost costs a question more and no run', async () => {
  const { clock, stream, store, storeLine, commitLine, make, add, close, said } = joined()
  await add(...names(20))
  storeLine.fate = (method) => (method === 'claimMany' ? 'loseAnswer' : 'ok')
  const runs: unknown[] = []
  const w = make({
    stream,
    idempotency: { store },
    concurrency: 20,
    handler: (payload) => runs.push(payload),
  })
  w.start()
  await clock.advance('1s')
  expect(new Set(runs).size).toBe(20)
  expect(runs).toHaveLength(20)
  storeLine.fate = () => 'ok'
  // Of a commit nobody knows then that it was theirs; what counts is done.
  commitLine.fate = (method) =>
    method === 'commit' && (commitLine.calls['commit'] ?? 0) % 2 === 1 ? 'loseAnswer' : 'ok'
  await add(...names(40).slice(20))
  await clock.advance('10s')
  expect(runs).toHaveLength(40)
  expect(await stream.stats()).toMatchObject({ acknowledged: 40, pending: 0 })
  expect(said('completed').length + said('late').length).toBe(40)
  await close(w)
  expectNoLeaks({ policies: [w], clock })
})

it('a worker that ends while nobody answers ends in time, and others do what it could not commit', async () => {
  const { clock, stream, records, store, commitLine, make, add, close, said } = joined()
  await add(...names(5))
  const w = make({ stream, idempotency: { store }, drain: 100, handler: () => {} })
  commitLine.fate = () => 'hang'
  w.start()
  await clock.settle()
  expect(await stream.stats()).toMatchObject({ pending: 5 })
  await close(w)
  expect(await stream.stats()).toMatchObject({ pending: 0, waiting: 5, owners: 0 })
  expect(said('completed')).toEqual([])
  const runs: unknown[] = []
  const next = make({ idempotency: { store: records }, handler: (payload) => runs.push(payload) })
  next.start()
  await clock.advance('1s')
  expect(runs).toHaveLength(5)
  await close(next)
})

it('claims whose answer comes when the worker has ended start nothing', async () => {
  const { clock, stream, store, storeLine, make, add, close } = joined()
  await add(...names(5))
  storeLine.fate = (method) => (method === 'claimMany' ? 'fail' : 'ok')
  let runs = 0
  const w = make({ stream, idempotency: { store }, drain: 100, handler: () => runs++ })
  w.start()
  await clock.settle()
  await close(w)
  await clock.advance('1m')
  expect(runs).toBe(0)
  expect(await stream.stats()).toMatchObject({ pending: 0, waiting: 5 })
  expectNoLeaks({ policies: [w], clock })
})

it('a store that takes one claim at a time gets one at a time', async () => {
  const { clock, stream, records, make, add, close } = joined()
  await add(...names(3))
  const claimed: string[] = []
  const store: IdempotencyStore = {
    claim: (key, request) => {
      claimed.push(key)
      return records.claim(key, request)
    },
    renew: (key, request) => records.renew(key, request),
    complete: (key, request) => records.complete(key, request),
    forget: (key) => records.forget(key),
    peek: (key) => records.peek(key),
  }
  const w = make({ stream, idempotency: { store }, handler: () => {} })
  w.start()
  await clock.settle()
  expect(claimed).toEqual(['tasks|t0', 'tasks|t1', 'tasks|t2'])
  expect(await stream.stats()).toMatchObject({ acknowledged: 3 })
  await close(w)
})
