/** What the holder of a task may do, one example a rule. */
import type { Delivery } from '@seaworthy/worker'
import { expect } from 'expect'
import type { Contract } from '../contract.ts'
import { type Hands, none, tasks } from './under-test.ts'

export const holderContract: Contract<Hands> = {
  'the holder: acknowledges, several at once, and hears which are lost': async ({
    stream,
    add,
    fetch,
    history,
    counts,
  }) => {
    await add('a', 'b', 'c')
    const [a, b, c] = (await fetch('w')).map(({ receipt }) => receipt) as [string, string, string]
    expect(await stream.acknowledge('w', [a, 'made up', c])).toEqual(['made up'])
    expect(await counts()).toEqual([0, 1, 0, 2, 0])
    expect(await stream.acknowledge('w', [a, b])).toEqual([a])
    expect(await counts()).toEqual([0, 0, 0, 3, 0])
    expect(await stream.acknowledge('w', [])).toEqual([])
    expect(await history('a')).toEqual(['enqueued', 'acknowledged'])
  },

  'the holder: reports a failure: one more of them, a fresh count of hand-outs, and a wait': async ({
    stream,
    add,
    fetchOne,
    counts,
    pace,
    advance,
  }) => {
    await add('a')
    const { receipt, entry } = await fetchOne('w')
    await stream.beat('w', [receipt], [receipt])
    expect(await stream.retryLater('w', receipt, { delay: 100 * pace, reason: 'transient' })).toBe('done')
    expect(await stream.retryLater('w', receipt, { delay: 100 * pace, reason: 'transient' })).toBe('lost')
    expect(await counts()).toEqual([0, 0, 1, 0, 0])
    await advance(100 * pace)
    await stream.promote(10)
    const again = await fetchOne('v')
    expect(again).toMatchObject({ task: 'a', entry, deliveries: 1, starts: 0, failures: 1 })
    expect(again.receipt).not.toBe(receipt)
    const [, , retried] = (await stream.audit('a')).filter(({ event }) => event !== 'delivered')
    expect(retried).toMatchObject({
      event: 'retryScheduled',
      delay: 100 * pace,
      reason: 'transient',
      owner: 'w',
    })
  },

  'the holder: hands back at no cost, whether it had started or not': async ({
    stream,
    add,
    fetchOne,
    history,
    counts,
  }) => {
    await add('a')
    for (const started of [true, false, true]) {
      const { receipt, deliveries, starts } = await fetchOne('w')
      expect([deliveries, starts]).toEqual([1, 0])
      await stream.beat('w', [receipt], started ? [receipt, receipt] : [])
      expect(await stream.handBack('w', [receipt, 'made up'], { delay: 0, reason: 'drain' })).toEqual([
        'made up',
      ])
      expect(await stream.handBack('w', [receipt], none)).toEqual([receipt])
    }
    expect(await counts()).toEqual([1, 0, 0, 0, 0])
    expect(await history('a')).toEqual([
      'enqueued',
      'started',
      'handedBack',
      'handedBack',
      'started',
      'handedBack',
    ])
  },

  'the holder: hands back for later': async ({ stream, add, fetchOne, counts, pace, advance }) => {
    await add('a')
    await stream.handBack('w', [(await fetchOne('w')).receipt], {
      delay: 50 * pace,
      reason: 'quarantine',
    })
    expect(await counts()).toEqual([0, 0, 1, 0, 0])
    await advance(50 * pace)
    expect((await stream.promote(1)).promoted).toBe(1)
    expect(await fetchOne('w')).toMatchObject({ deliveries: 1, failures: 0 })
  },

  'the holder: buries': async ({ stream, add, fetchOne, counts }) => {
    await add('a')
    const { receipt } = await fetchOne('w')
    expect(await stream.bury('w', receipt, { reason: 'exhausted', letter: 'letter-1' })).toBe('done')
    expect(await stream.bury('w', receipt, { reason: 'exhausted', letter: 'letter-1' })).toBe('lost')
    expect(await counts()).toEqual([0, 0, 0, 0, 1])
    expect(await stream.audit('a')).toContainEqual(
      expect.objectContaining({ event: 'dead', reason: 'exhausted', owner: 'w' }),
    )
  },

  'the holder: counts a start once for each hand-out, however often it is said': async ({
    stream,
    add,
    fetchOne,
    takeOver,
    history,
  }) => {
    await add('a')
    const { receipt } = await fetchOne('w')
    await stream.beat('w', [receipt], [receipt])
    await stream.beat('w', [receipt], [receipt])
    expect(await takeOver('v')).toMatchObject({ deliveries: 2, starts: 1 })
    expect((await history('a')).filter((event) => event === 'started')).toHaveLength(1)
  },

  'the holder: is nobody else, and nobody of the past: what others ask for is lost and changes nothing':
    async ({ stream, add, fetchOne, takeOver, counts }) => {
      await add('a')
      const old = await fetchOne('w')
      const asked = async (owner: string, receipt: string): Promise<void> => {
        expect(await stream.acknowledge(owner, [receipt])).toEqual([receipt])
        expect(await stream.beat(owner, [receipt], [receipt])).toEqual([receipt])
        expect(await stream.retryLater(owner, receipt, none)).toBe('lost')
        expect(await stream.handBack(owner, [receipt], none)).toEqual([receipt])
        expect(await stream.bury(owner, receipt, { reason: 'x', letter: undefined })).toBe('lost')
      }
      await asked('v', old.receipt)
      const taken = await takeOver('v')
      // The zombie wakes up.
      await asked('w', old.receipt)
      await asked('v', old.receipt)
      await stream.handBack('v', [taken.receipt], none)
      await asked('v', taken.receipt)
      // And gets the same entry again, which does not make its old receipt good.
      const again = await fetchOne('w')
      await asked('w', old.receipt)
      expect(await stream.acknowledge('w', [again.receipt])).toEqual([])
      expect(await counts()).toEqual([0, 0, 0, 1, 0])
      await asked('w', again.receipt)
      for (const garbage of ['', '.', '1', '1.', 'x.y', '99.1', '1-1:1', ' ']) await asked('w', garbage)
    },

  'reconcile: hands out again what was handed out and is not known: the same hand-out': async ({
    stream,
    add,
    fetch,
    history,
    pace,
    advance,
  }) => {
    await add('a', 'b')
    const [a, b] = (await fetch('w')) as [Delivery, Delivery]
    await advance(50 * pace)
    const found = await stream.reconcile('w', [a.receipt], { idle: 50 * pace, limit: 10 })
    expect(found).toEqual([expect.objectContaining({ receipt: b.receipt, task: 'b', deliveries: 1 })])
    expect(await history('b')).toEqual(['enqueued', 'resent'])
    expect(await stream.acknowledge('w', [b.receipt])).toEqual([])
  },

  'reconcile: counts as a beat, and leaves alone what was heard of or is held by others': async ({
    stream,
    add,
    fetchOne,
    reap,
    pace,
    advance,
  }) => {
    await add('a', 'b')
    const { receipt } = await fetchOne('w')
    await fetchOne('v')
    expect(await stream.reconcile('w', [], { idle: 80 * pace, limit: 10 })).toEqual([])
    await advance(80 * pace)
    expect(await stream.reconcile('w', [], { idle: 80 * pace, limit: 10 })).toHaveLength(1)
    expect(await stream.reconcile('w', [], { idle: 80 * pace, limit: 10 })).toEqual([])
    await advance(80 * pace)
    expect(tasks((await reap('u')).claimed)).toEqual(['b'])
    expect(await stream.acknowledge('w', [receipt])).toEqual([])
  },

  'reconcile: answers with no more than asked': async ({ stream, add, fetch, pace, advance }) => {
    await add('a', 'b', 'c')
    await fetch('w')
    await advance(100 * pace)
    expect(await stream.reconcile('w', [], { idle: 100 * pace, limit: 2 })).toHaveLength(2)
    expect(await stream.reconcile('w', [], { idle: 100 * pace, limit: 2 })).toHaveLength(1)
  },
}
