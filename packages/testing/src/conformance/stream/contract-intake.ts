/** What comes in and is handed out, one example a rule. */
import type { Delivery } from '@seaworthy/worker'
import { expect } from 'expect'
import type { Contract } from '../contract.ts'
import { type Hands, none, tasks } from './under-test.ts'

export const intakeContract: Contract<Hands> = {
  'enqueue: keeps everything that was said about a task': async ({ stream, fetchOne }) => {
    const headers = { tenant: 'acme', 'weird key': '☃ \u0000 "{}"' }
    const payload = '{"n":12345678901234567,"list":[],"text":"☃\\u0000"}'
    expect(await stream.enqueue({ id: 'a {1}%', payload, headers, journey: 'j-1' })).toBe('a {1}%')
    expect(await fetchOne('w')).toMatchObject({
      task: 'a {1}%',
      payload,
      headers,
      journey: 'j-1',
      deliveries: 1,
      starts: 0,
      failures: 0,
    })
  },

  'enqueue: makes ids where none are given, a different one each time': async ({ stream, fetch }) => {
    const ids = await stream.enqueueMany([{ payload: '1' }, { payload: '' }])
    expect(new Set(ids).size).toBe(2)
    const got = await fetch('w')
    expect(tasks(got)).toEqual(ids)
    expect(got.map(({ payload, headers, journey }) => [payload, headers, journey])).toEqual([
      ['1', {}, undefined],
      ['', {}, undefined],
    ])
  },

  'enqueue: takes two tasks with one id for two entries': async ({ add, fetch }) => {
    await add('a')
    await add('a')
    const [first, second] = await fetch('w')
    expect([first?.task, second?.task]).toEqual(['a', 'a'])
    expect(first?.entry).not.toBe(second?.entry)
    expect(first?.receipt).not.toBe(second?.receipt)
  },

  'enqueue: refuses what is too much, all of it or nothing, whatever the rest is doing': async ({
    stream,
    add,
    fetch,
    counts,
  }) => {
    const { QueueFullError } = await import('@seaworthy/worker')
    await add(...Array.from({ length: 17 }, (_, index) => `t${index}`))
    await fetch('w', 5)
    await stream.enqueue({ payload: 'later', delay: 60_000 })
    await expect(add('x', 'y', 'z')).rejects.toThrow(QueueFullError)
    await expect(add('x', 'y', 'z')).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL', capacity: 20 })
    expect(await counts()).toEqual([12, 5, 1, 0, 0])
    await add('x', 'y')
    await expect(stream.enqueue({ payload: 'one more' })).rejects.toThrow(QueueFullError)
  },

  'enqueue: judges enqueues that come together each by itself': async ({ stream, add, fetch, counts }) => {
    await add(...Array.from({ length: 17 }, (_, index) => `t${index}`))
    const calls = ['a', 'b', 'c', 'd', 'e'].map((id) => stream.enqueue({ id, payload: id, headers: { id } }))
    const answers = await Promise.allSettled(calls)
    const taken = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []))
    expect(taken).toHaveLength(3)
    expect(refused).toMatchObject([{ code: 'ERR_QUEUE_FULL' }, { code: 'ERR_QUEUE_FULL' }])
    expect(await counts()).toEqual([20, 0, 0, 0, 0])
    const got = (await fetch('w', 20)).slice(17)
    expect(tasks(got).sort()).toEqual(taken.sort())
    expect(got.map(({ payload }) => payload)).toEqual(tasks(got))
    expect(got.map(({ headers }) => headers['id'])).toEqual(tasks(got))
    expect(new Set(got.map(({ entry }) => entry)).size).toBe(3)
  },

  'enqueue: refuses one that makes no sense, and none that comes together with it': async ({
    stream,
    counts,
  }) => {
    const calls = [0, -1, 0].map((delay, index) => stream.enqueue({ id: `t${index}`, payload: '', delay }))
    expect(await Promise.allSettled(calls)).toMatchObject([
      { status: 'fulfilled', value: 't0' },
      { status: 'rejected', reason: { code: 'ERR_INVALID_OPTION', option: 'delay' } },
      { status: 'fulfilled', value: 't2' },
    ])
    expect(await counts()).toEqual([2, 0, 0, 0, 0])
  },

  'enqueue: has room again when something is over, and lets what failed back in when it is full': async ({
    stream,
    add,
    fetch,
  }) => {
    const { QueueFullError } = await import('@seaworthy/worker')
    await add(...Array.from({ length: 20 }, (_, index) => `t${index}`))
    const [first, second, third] = (await fetch('w', 3)) as [Delivery, Delivery, Delivery]
    await stream.retryLater('w', first.receipt, none)
    await stream.handBack('w', [second.receipt], none)
    await expect(add('x')).rejects.toThrow(QueueFullError)
    await stream.acknowledge('w', [third.receipt])
    await add('x')
    await expect(add('y')).rejects.toThrow(QueueFullError)
  },

  'enqueue: lets a task wait that is not due, and promotes it when it is': async ({
    stream,
    fetch,
    history,
    counts,
    pace,
    advance,
  }) => {
    await stream.enqueue({ id: 'soon', payload: '1', delay: 100 * pace })
    await stream.enqueue({ id: 'later', payload: '1', delay: 60_000 })
    expect(await fetch('w')).toEqual([])
    const early = await stream.promote(10)
    expect(early.promoted).toBe(0)
    expect(early.next).toBeGreaterThan(0)
    expect(early.next).toBeLessThanOrEqual(100 * pace)
    await advance(100 * pace)
    expect((await stream.promote(10)).promoted).toBe(1)
    expect(tasks(await fetch('w'))).toEqual(['soon'])
    expect(await history('soon')).toEqual(['enqueued', 'promoted'])
    expect(await counts()).toEqual([0, 1, 1, 0, 0])
  },

  'enqueue: promotes soonest due first, and no more than asked': async ({ stream, fetch, pace, advance }) => {
    await stream.enqueueMany([
      { id: 'c', payload: '', delay: 30 * pace },
      { id: 'a', payload: '', delay: 10 * pace },
      { id: 'b', payload: '', delay: 20 * pace },
    ])
    await advance(30 * pace)
    expect(await stream.promote(2)).toEqual({ promoted: 2, next: 0 })
    expect(tasks(await fetch('w'))).toEqual(['a', 'b'])
    expect(await stream.promote(2)).toEqual({ promoted: 1, next: undefined })
    expect(tasks(await fetch('w'))).toEqual(['c'])
  },

  'fetch: hands each entry to one, longest waiting first, and no more than asked': async ({
    add,
    fetch,
    counts,
  }) => {
    await add('a', 'b', 'c')
    expect(tasks(await fetch('w', 2))).toEqual(['a', 'b'])
    expect(tasks(await fetch('v', 2))).toEqual(['c'])
    expect(await fetch('w')).toEqual([])
    expect(await counts()).toEqual([0, 3, 0, 0, 0])
  },

  'fetch: hands each entry to one, when many ask at once': async ({ add, fetch }) => {
    await add(...Array.from({ length: 20 }, (_, index) => `t${index}`))
    const got = await Promise.all(Array.from({ length: 8 }, (_, index) => fetch(`w${index}`, 3)))
    expect(new Set(got.flatMap(tasks)).size).toBe(20)
    expect(got.flat()).toHaveLength(20)
  },

  'fetch: waits for the first one, and answers with what comes': async ({ stream, add, pace, advance }) => {
    const waiting = stream.fetch('w', { count: 5, wait: 5000 })
    await advance(10 * pace)
    await add('a')
    expect(tasks(await waiting)).toEqual(['a'])
  },

  'fetch: is woken by what is promoted, retried or handed back, too': async ({
    stream,
    add,
    fetchOne,
    pace,
    advance,
  }) => {
    await add('a')
    for (const wake of ['retry', 'handBack', 'promote']) {
      const { receipt } = await fetchOne('w')
      if (wake === 'promote') await stream.handBack('w', [receipt], { delay: 20 * pace, reason: 'test' })
      const waiting = stream.fetch('v', { count: 1, wait: 5000 })
      await advance(30 * pace)
      if (wake === 'retry') await stream.retryLater('w', receipt, none)
      else if (wake === 'handBack') await stream.handBack('w', [receipt], none)
      else await stream.promote(10)
      const [delivery] = await waiting
      expect(delivery?.task).toBe('a')
      await stream.handBack('v', [delivery?.receipt as string], none)
    }
  },

  'fetch: answers with nothing when the wait is over': async ({ stream, pace, advance }) => {
    const waiting = stream.fetch('w', { count: 1, wait: 50 * pace })
    await advance(60 * pace)
    expect(await waiting).toEqual([])
  },

  'fetch: rejects with the reason of its signal, at once, and hands out nothing then': async ({
    stream,
    add,
    fetch,
    pace,
    advance,
  }) => {
    const controller = new AbortController()
    const waiting = stream.fetch('w', { count: 1, wait: 60_000, signal: controller.signal })
    const rejected = expect(waiting).rejects.toBe('enough')
    await advance(10 * pace)
    controller.abort('enough')
    await rejected
    await expect(stream.fetch('w', { count: 1, wait: 60_000, signal: controller.signal })).rejects.toBe(
      'enough',
    )
    await add('a')
    expect(tasks(await fetch('v'))).toEqual(['a'])
  },
}
