/** What is taken over, owners and the audit, one example a rule. */
import type { Delivery, TaskAudit } from '@seaworthy/worker'
import { expect } from 'expect'
import type { Contract } from '../contract.ts'
import { type Hands, none, tasks } from './under-test.ts'

export const reapContract: Contract<Hands> = {
  'reap: verify 50: never takes what was heard of within minIdle': async ({
    stream,
    add,
    fetch,
    reap,
    minIdle,
    advance,
  }) => {
    await add('a', 'b')
    const [a] = (await fetch('w')) as [Delivery, Delivery]
    await advance(minIdle * 0.6)
    await stream.beat('w', [a.receipt], [])
    await advance(minIdle * 0.6)
    const { claimed } = await reap('v')
    expect(tasks(claimed)).toEqual(['b'])
    expect(await stream.acknowledge('w', [a.receipt])).toEqual([])
  },

  'reap: claims with one delivery more, and says from whom': async ({
    stream,
    add,
    fetchOne,
    takeOver,
    minIdle,
  }) => {
    await add('a')
    const { entry } = await fetchOne('w')
    const taken = await takeOver('v')
    expect(taken).toMatchObject({
      task: 'a',
      entry,
      previousOwner: 'w',
      deliveries: 2,
      starts: 0,
      failures: 0,
    })
    expect(taken.payload).toBe('payload of a')
    const claims = (await stream.audit('a')).filter(({ event }) => event === 'claimed')
    expect(claims).toEqual([expect.objectContaining({ owner: 'v', previousOwner: 'w', deliveries: 2 })])
    expect(claims[0]?.idle).toBeGreaterThanOrEqual(minIdle)
  },

  'reap: verify 51: of two reapers each entry goes to one, once for each time its owner falls silent':
    async ({ add, fetch, reap, minIdle, advance }) => {
      await add('a', 'b', 'c', 'd')
      await fetch('w')
      await advance(minIdle)
      const reaped = await Promise.all([
        reap('v', { count: 3 }),
        reap('u', { count: 3 }),
        reap('t', { count: 3 }),
      ])
      expect(reaped.flatMap(({ claimed }) => tasks(claimed)).sort()).toEqual(['a', 'b', 'c', 'd'])
      expect((await reap('v')).claimed).toEqual([])
    },

  'reap: takes no more than asked': async ({ add, fetch, reap, minIdle, advance }) => {
    await add('a', 'b', 'c')
    await fetch('w')
    await advance(minIdle)
    expect((await reap('v', { count: 2 })).claimed).toHaveLength(2)
    expect((await reap('v', { count: 2 })).claimed).toHaveLength(1)
  },

  'reap: lets them wait for anybody in mode republish, with their counts': async ({
    stream,
    add,
    fetch,
    reap,
    history,
    counts,
    minIdle,
    advance,
  }) => {
    await add('a', 'b')
    const [a] = (await fetch('w')) as [Delivery]
    await stream.beat('w', [a.receipt], [a.receipt])
    await advance(minIdle)
    expect(await reap('r', { mode: 'republish' })).toMatchObject({
      claimed: [],
      poison: [],
      republished: 2,
      vanished: 0,
      holdOff: 0,
    })
    expect(await counts()).toEqual([2, 0, 0, 0, 0])
    const again = await fetch('v')
    expect(again.map(({ task, deliveries, starts }) => [task, deliveries, starts])).toEqual([
      ['a', 2, 1],
      ['b', 2, 0],
    ])
    expect(again.map(({ entry }) => entry)).toContain(a.entry)
    expect(await stream.acknowledge('w', [a.receipt])).toEqual([a.receipt])
    expect(await history('a')).toEqual(['enqueued', 'started', 'republished'])
  },

  'reap: verify 48: hands poison to the caller when starts reach maxStarts, not before': async ({
    stream,
    add,
    fetchOne,
    reap,
    counts,
    minIdle,
    advance,
  }) => {
    await add('a')
    let { receipt } = await fetchOne('w0')
    for (let turn = 1; turn <= 3; turn++) {
      await stream.beat(`w${turn - 1}`, [receipt], [receipt])
      await advance(minIdle)
      const { claimed, poison } = await reap(`w${turn}`, { mode: turn < 3 ? 'claim' : 'republish' })
      expect([claimed.length, poison.length]).toEqual(turn < 3 ? [1, 0] : [0, 1])
      const [taken] = [...claimed, ...poison] as [Delivery]
      expect(taken).toMatchObject({ deliveries: turn + 1, starts: turn, previousOwner: `w${turn - 1}` })
      receipt = taken.receipt
    }
    expect(await counts()).toEqual([0, 1, 0, 0, 0])
    expect(await stream.bury('w3', receipt, { reason: 'crashed', letter: 'l' })).toBe('done')
    expect(await counts()).toEqual([0, 0, 0, 0, 1])
  },

  'reap: hands poison over when deliveries reach maxDeliveries, even if none started': async ({
    add,
    fetchOne,
    reap,
    takeOver,
    minIdle,
    advance,
  }) => {
    await add('a')
    await fetchOne('w0')
    for (let turn = 1; turn <= 4; turn++) await takeOver(`w${turn}`)
    await advance(minIdle)
    const { claimed, poison } = await reap('last')
    expect(claimed).toEqual([])
    expect(poison).toEqual([expect.objectContaining({ deliveries: 6, starts: 0 })])
  },

  'reap: a reported failure clears the count towards poison': async ({
    stream,
    add,
    fetchOne,
    reap,
    minIdle,
    advance,
  }) => {
    await add('a')
    let delivery = await fetchOne('w')
    for (let turn = 0; turn < 8; turn++) {
      await stream.beat('w', [delivery.receipt], [delivery.receipt])
      await stream.retryLater('w', delivery.receipt, none)
      delivery = await fetchOne('w')
    }
    expect(delivery).toMatchObject({ deliveries: 1, starts: 0, failures: 8 })
    await advance(minIdle)
    expect((await reap('v')).claimed).toHaveLength(1)
  },

  'reap: takes no more suspects than asked, and leaves no others behind for them': async ({
    add,
    fetch,
    fetchOne,
    reap,
    takeOver,
    minIdle,
    advance,
  }) => {
    await add('a', 'b', 'c')
    const [a, b] = (await fetch('w')) as [Delivery, Delivery]
    await takeOver('v', { count: 3 })
    await advance(minIdle)
    // All three are suspects now; c comes to be none.
    const third = await reap('u', { suspects: 1 })
    expect(third.claimed).toHaveLength(1)
    expect((await reap('u', { suspects: 0 })).claimed).toEqual([])
    await add('d')
    await fetchOne('w')
    await advance(minIdle)
    const mixed = await reap('t', { suspects: 1 })
    expect(tasks(mixed.claimed)).toContain('d')
    expect(mixed.claimed).toHaveLength(2)
    expect([a.task, b.task]).toEqual(['a', 'b'])
  },

  'reap: verify 53: finds what is behind entries that it may not take': async ({
    add,
    fetch,
    reap,
    takeOver,
    minIdle,
    advance,
  }) => {
    await add('a', 'b', 'c', 'd', 'e')
    await fetch('w', 4)
    await takeOver('v', { count: 4 })
    await fetch('x')
    await advance(minIdle)
    let cursor = ''
    const found: string[] = []
    do {
      const reaped = await reap('u', { count: 1, suspects: 0, cursor })
      found.push(...tasks(reaped.claimed))
      cursor = reaped.cursor
    } while (cursor !== '')
    expect(found).toEqual(['e'])
  },

  'owners: leave when they hold nothing': async ({ stream, add, fetchOne }) => {
    await add('a')
    const { receipt } = await fetchOne('w')
    expect(await stream.leave('w')).toBe(false)
    expect(await stream.acknowledge('w', [receipt])).toEqual([])
    expect(await stream.leave('w')).toBe(true)
    expect(await stream.leave('w')).toBe(true)
    expect((await stream.stats()).owners).toBe(0)
  },

  'owners: are forgotten when they hold nothing and fell silent, and no others': async ({
    stream,
    add,
    fetch,
    fetchOne,
    reap,
    pace,
    advance,
  }) => {
    await add('a')
    await fetchOne('holds')
    await fetch('silent')
    await stream.beat('alive', [], [])
    await advance(100 * pace)
    await stream.beat('alive', [], [])
    expect(await stream.prune(100)).toEqual(['silent'])
    expect(await stream.prune(100)).toEqual([])
    expect((await stream.stats()).owners).toBe(2)
    // Nothing that it holds is lost with an owner.
    expect(tasks((await reap('alive')).claimed)).toEqual(['a'])
  },

  'audit: tells the whole story of a task, in order, with who and why': async ({
    stream,
    fetchOne,
    takeOver,
    pace,
    advance,
  }) => {
    await stream.enqueue({ id: 'a', payload: '', delay: 20 * pace })
    await advance(20 * pace)
    await stream.promote(1)
    const first = await fetchOne('w')
    await stream.beat('w', [first.receipt], [first.receipt])
    const taken = await takeOver('v')
    await stream.retryLater('v', taken.receipt, { delay: 0, reason: 'transient' })
    const last = await fetchOne('v')
    await stream.bury('v', last.receipt, { reason: 'exhausted', letter: 'l' })
    const story = (await stream.audit('a')).filter(({ event }) => event !== 'delivered')
    const told = ({ event, owner, deliveries, starts, failures }: TaskAudit) => [
      event,
      owner,
      deliveries,
      starts,
      failures,
    ]
    expect(story.map(told)).toEqual([
      ['enqueued', undefined, 0, 0, 0],
      ['promoted', undefined, 0, 0, 0],
      ['started', 'w', 1, 1, 0],
      ['claimed', 'v', 2, 1, 0],
      ['retryScheduled', 'v', 0, 0, 1],
      ['dead', 'v', 1, 0, 1],
    ])
    const times = story.map(({ at }) => at)
    expect(times).toEqual([...times].sort((left, right) => left - right))
    expect(await stream.audit('nobody')).toEqual([])
    const [only] = await stream.audit('a', 1)
    expect(only?.event).toBe('dead')
  },
}
