/** What every stream has to do that ends tasks and their idempotency records in one step. */
import type { CompleteRequest, IdempotencyStore } from '@seaworthy/idempotency'
import type { Delivery, TaskCommit, TaskEnd, TaskStream } from '@seaworthy/worker'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Registry } from './store-contract.ts'

/** A stream that is new and empty, and a store of records beside it. */
export interface CommitUnderTest {
  readonly stream: TaskStream
  readonly store: IdempotencyStore
  /** Ends what the test has made. */
  close(): Promise<void>
}

const vitest: Registry = { describe, it, beforeEach, afterEach }

/** Runs the suite. */
export function commitContract(
  name: string,
  create: () => Promise<CommitUnderTest>,
  { describe, it, beforeEach, afterEach }: Registry = vitest,
): void {
  describe(name, () => {
    let under: CommitUnderTest
    let stream: TaskStream
    let store: IdempotencyStore
    let commit: TaskCommit['commit']
    beforeEach(async () => {
      under = await create()
      stream = under.stream
      store = under.store
      const commits = stream.commits(store)
      if (commits === undefined) throw new Error('the store is not beside the stream')
      commit = (owner, ends) => commits.commit(owner, ends)
    })
    afterEach(() => under.close())

    const deliver = async (...ids: string[]): Promise<readonly Delivery[]> => {
      await stream.enqueueMany(ids.map((id) => ({ id, payload: id })))
      return stream.fetch('w', { count: ids.length, wait: 0 })
    }
    /** The end of a task whose record was claimed for it. */
    const claimed = async ({ task, receipt }: Delivery): Promise<TaskEnd> => {
      const owner = `w/${receipt}`
      const times = { lease: 60_000, retain: 60_000 }
      const claim = await store.claim(task, { owner, fingerprint: '', takeover: true, ...times })
      if (claim.kind !== 'acquired') throw new Error(claim.kind)
      const completion = {
        owner,
        fence: claim.fence,
        state: 'completed',
        payload: task,
        ttl: 60_000,
      } as const
      return { receipt, key: task, completion }
    }
    const ends = async (...ids: string[]): Promise<TaskEnd[]> =>
      Promise.all((await deliver(...ids)).map(claimed))
    const changed = (end: TaskEnd, changes: Partial<CompleteRequest>): TaskEnd => ({
      ...end,
      completion: { ...end.completion, ...changes },
    })
    const states = (...keys: string[]): Promise<(string | undefined)[]> =>
      Promise.all(keys.map(async (key) => (await store.peek(key))?.state))

    it('ends a task and its record in one step, or neither', async () => {
      const [end] = (await ends('a')) as [TaskEnd]
      const { fence } = end.completion
      expect(await commit('w', [changed(end, { fence: fence + 1 })])).toEqual(['stale'])
      expect(await commit('w', [changed(end, { owner: 'v' })])).toEqual(['stale'])
      expect(await commit('v', [end])).toEqual(['lost'])
      expect(await commit('w', [{ ...end, receipt: 'garbage' }])).toEqual(['lost'])
      expect(await states('a')).toEqual(['inFlight'])
      expect(await stream.stats()).toMatchObject({ pending: 1, acknowledged: 0 })
      expect(await commit('w', [end])).toEqual(['done'])
      expect(await states('a')).toEqual(['completed'])
      expect(await stream.stats()).toMatchObject({ pending: 0, acknowledged: 1 })
    })

    it('ends a task without a record all the same, and one whose record its grant has settled', async () => {
      const [gone, already] = (await ends('a', 'b')) as [TaskEnd, TaskEnd]
      await store.forget('a')
      await store.complete('b', already.completion)
      expect(await commit('w', [gone, already])).toEqual(['done', 'done'])
      expect(await states('a', 'b')).toEqual([undefined, 'completed'])
      expect(await stream.stats()).toMatchObject({ pending: 0, acknowledged: 2 })
    })

    it('judges each by itself: what is wrong with one changes nothing for the others', async () => {
      const all = (await ends('a', 'b', 'c', 'd', 'e')) as [TaskEnd, TaskEnd, TaskEnd, TaskEnd, TaskEnd]
      const [a, b, c, d, e] = all
      await stream.handBack('w', [c.receipt], { delay: 0, reason: 'test' })
      const [again] = await stream.fetch('v', { count: 1, wait: 0 })
      const answers = await commit('w', [
        a,
        changed(b, { fence: b.completion.fence + 1 }),
        c,
        { ...c, receipt: again?.receipt ?? '' },
        { ...e, receipt: 'garbage' },
        d,
      ])
      expect(answers).toEqual(['done', 'stale', 'lost', 'lost', 'lost', 'done'])
      const still = 'inFlight'
      expect(await states('a', 'b', 'c', 'd', 'e')).toEqual(['completed', still, still, 'completed', still])
      expect(await stream.stats()).toMatchObject({ pending: 3, acknowledged: 2 })
      expect(await stream.beat('w', [b.receipt, e.receipt], [])).toEqual([])
      expect(await commit('w', [e, b])).toEqual(['done', 'done'])
    })

    it('answers lost to what was ended before, in the same call or an earlier one', async () => {
      const [a, b] = (await ends('a', 'b')) as [TaskEnd, TaskEnd]
      expect(await commit('w', [a, a])).toEqual(['done', 'lost'])
      expect(await commit('w', [a, b])).toEqual(['lost', 'done'])
      expect(await stream.stats()).toMatchObject({ pending: 0, acknowledged: 2 })
    })

    it('settles a record once, though two tasks of a call bring it', async () => {
      const [first, second] = (await ends('a', 'b')) as [TaskEnd, TaskEnd]
      const same = { ...changed(first, { payload: 'other' }), receipt: second.receipt }
      expect(await commit('w', [first, same])).toEqual(['done', 'done'])
      const claim = { owner: 'x', fingerprint: '', lease: 1000, retain: 1000, takeover: true }
      expect(await store.claim('a', claim)).toEqual({ kind: 'completed', result: 'a' })
      expect(await states('b')).toEqual(['inFlight'])
    })

    it('keeps what each left behind, and tells it to the audit', async () => {
      const [a, b] = (await ends('a', 'b')) as [TaskEnd, TaskEnd]
      const retryable = changed(b, { state: 'retryable', payload: undefined })
      expect(await commit('w', [a, retryable])).toEqual(['done', 'done'])
      expect(await states('a', 'b')).toEqual(['completed', 'retryable'])
      for (const task of ['a', 'b']) {
        const story = await stream.audit(task)
        expect(story.at(-1)).toMatchObject({ event: 'acknowledged', task, owner: 'w', deliveries: 1 })
      }
    })

    it('takes hundreds at once, and none', async () => {
      const many = await ends(...Array.from({ length: 300 }, (_, index) => `t${index}`))
      expect(new Set(await commit('w', many))).toEqual(new Set(['done']))
      expect(await stream.stats()).toMatchObject({ pending: 0, acknowledged: 300 })
      expect(await commit('w', [])).toEqual([])
    })
  })
}
