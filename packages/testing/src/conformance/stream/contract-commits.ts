/** Of streams with idempotency records beside them: tasks and records that end in one step, one example a rule. */
import type { CompleteRequest, IdempotencyStore } from '@seaworthy/idempotency'
import type { CommitAnswer, Delivery, TaskEnd } from '@seaworthy/worker'
import { expect } from 'expect'
import type { Contract } from '../contract.ts'
import { NotOffered } from '../kit.ts'
import { elsewhere, type Hands } from './under-test.ts'

/** Leases without end: nothing here waits for one. */
const day = 86_400_000

export const commitsContract: Contract<Hands> = {
  'commits: end a task and its record in one step, or neither': async (hands) => {
    const { commit, ends, states } = commitsOn(hands)
    const [end] = (await ends('a')) as [TaskEnd]
    const { fence } = end.completion
    expect(await commit('w', [changed(end, { fence: fence + 1 })])).toEqual(['stale'])
    expect(await commit('w', [changed(end, { owner: 'v' })])).toEqual(['stale'])
    expect(await commit('v', [end])).toEqual(['lost'])
    expect(await commit('w', [{ ...end, receipt: 'garbage' }])).toEqual(['lost'])
    expect(await states('a')).toEqual(['inFlight'])
    expect(await hands.counts()).toEqual([0, 1, 0, 0, 0])
    expect(await commit('w', [end])).toEqual(['done'])
    expect(await states('a')).toEqual(['completed'])
    expect(await hands.counts()).toEqual([0, 0, 0, 1, 0])
  },

  'commits: end a task without a record all the same, and one whose record its grant has settled': async (
    hands,
  ) => {
    const { records, commit, ends, states } = commitsOn(hands)
    const [gone, already] = (await ends('a', 'b')) as [TaskEnd, TaskEnd]
    await records.forget(gone.key)
    await records.complete(already.key, already.completion)
    expect(await commit('w', [gone, already])).toEqual(['done', 'done'])
    expect(await states('a', 'b')).toEqual([undefined, 'completed'])
    expect(await hands.counts()).toEqual([0, 0, 0, 2, 0])
  },

  'commits: judge each by itself: what is wrong with one changes nothing for the others': async (hands) => {
    const { commit, ends, states } = commitsOn(hands)
    const { stream } = hands
    const all = (await ends('a', 'b', 'c', 'd', 'e')) as [TaskEnd, TaskEnd, TaskEnd, TaskEnd, TaskEnd]
    const [a, b, c, d, e] = all
    await stream.handBack('w', [c.receipt], { delay: 0, reason: 'test' })
    const again = await hands.fetchOne('v')
    const answers = await commit('w', [
      a,
      changed(b, { fence: b.completion.fence + 1 }),
      c,
      { ...c, receipt: again.receipt },
      { ...e, receipt: 'garbage' },
      d,
    ])
    expect(answers).toEqual(['done', 'stale', 'lost', 'lost', 'lost', 'done'])
    const still = 'inFlight'
    expect(await states('a', 'b', 'c', 'd', 'e')).toEqual(['completed', still, still, 'completed', still])
    expect(await hands.counts()).toEqual([0, 3, 0, 2, 0])
    expect(await stream.beat('w', [b.receipt, e.receipt], [])).toEqual([])
    expect(await commit('w', [e, b])).toEqual(['done', 'done'])
  },

  'commits: answer lost to what was ended before, in the same call or an earlier one': async (hands) => {
    const { commit, ends } = commitsOn(hands)
    const [a, b] = (await ends('a', 'b')) as [TaskEnd, TaskEnd]
    expect(await commit('w', [a, a])).toEqual(['done', 'lost'])
    expect(await commit('w', [a, b])).toEqual(['lost', 'done'])
    expect(await hands.counts()).toEqual([0, 0, 0, 2, 0])
  },

  'commits: settle a record once, though two tasks of a call bring it': async (hands) => {
    const { records, commit, ends, states } = commitsOn(hands)
    const [first, second] = (await ends('a', 'b')) as [TaskEnd, TaskEnd]
    const same = { ...changed(first, { payload: 'other' }), receipt: second.receipt }
    expect(await commit('w', [first, same])).toEqual(['done', 'done'])
    const claim = { owner: 'x', fingerprint: '', lease: day, retain: day, takeover: true }
    expect(await records.claim(first.key, claim)).toEqual({ kind: 'completed', result: 'a' })
    expect(await states('b')).toEqual(['inFlight'])
  },

  'commits: keep what each left behind, and tell it to the audit': async (hands) => {
    const { commit, ends, states } = commitsOn(hands)
    const [a, b] = (await ends('a', 'b')) as [TaskEnd, TaskEnd]
    const retryable = changed(b, { state: 'retryable', payload: undefined })
    expect(await commit('w', [a, retryable])).toEqual(['done', 'done'])
    expect(await states('a', 'b')).toEqual(['completed', 'retryable'])
    for (const task of ['a', 'b']) {
      const story = await hands.stream.audit(task)
      expect(story.at(-1)).toMatchObject({ event: 'acknowledged', task, owner: 'w', deliveries: 1 })
    }
  },

  'commits: take none': async (hands) => {
    const { commit } = commitsOn(hands)
    expect(await commit('w', [])).toEqual([])
  },

  'commits: are not offered to a store of records that lives elsewhere': async ({ stream }) => {
    // Its records would be lost: whoever is told that there is a step for both completes none by itself.
    expect(stream.commits(elsewhere())).toBeUndefined()
  },
}

/** With room for some hundred tasks. */
export const manyCommitsContract: Contract<Hands> = {
  'commits: take hundreds at once': async (hands) => {
    const { commit, ends } = commitsOn(hands)
    const many = await ends(...Array.from({ length: 300 }, (_, index) => `t${index}`))
    expect(new Set(await commit('w', many))).toEqual(new Set(['done']))
    expect(await hands.counts()).toEqual([0, 0, 0, 300, 0])
  },
}

interface Commits {
  readonly records: IdempotencyStore
  commit(owner: string, ends: readonly TaskEnd[]): Promise<readonly CommitAnswer[]>
  /** Enqueues tasks, hands them out to `w`, claims a record for each, and says how they end. */
  ends(...ids: string[]): Promise<TaskEnd[]>
  /** The states of the records of tasks. */
  states(...ids: string[]): Promise<(string | undefined)[]>
}

export function commitsOn({ stream, records, add, fetch }: Hands): Commits {
  if (records === undefined) throw new NotOffered('No idempotency records live beside the stream')
  const commits = stream.commits(records)
  if (commits === undefined) throw new Error('The stream does not commit to the records beside it')
  const claimed = async ({ task, receipt }: Delivery): Promise<TaskEnd> => {
    const owner = `w/${receipt}`
    const claim = await records.claim(task, {
      owner,
      fingerprint: '',
      takeover: true,
      lease: day,
      retain: day,
    })
    if (claim.kind !== 'acquired') throw new Error(claim.kind)
    const completion = { owner, fence: claim.fence, state: 'completed', payload: task, ttl: day } as const
    return { receipt, key: task, completion }
  }
  return {
    records,
    commit: (owner, ends) => commits.commit(owner, ends),
    async ends(...ids) {
      await add(...ids)
      const deliveries: Delivery[] = []
      while (deliveries.length < ids.length) {
        const more = await fetch('w', ids.length - deliveries.length)
        if (more.length === 0) throw new Error(`${deliveries.length} of ${ids.length} tasks were handed out`)
        deliveries.push(...more)
      }
      return Promise.all(deliveries.map(claimed))
    },
    states: (...ids) => Promise.all(ids.map(async (id) => (await records.peek(id))?.state)),
  }
}

function changed(end: TaskEnd, changes: Partial<CompleteRequest>): TaskEnd {
  return { ...end, completion: { ...end.completion, ...changes } }
}
