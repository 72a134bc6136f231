/** The policy: what its inner policies gave up on is kept, and the caller never notices more than a wait. */
import { Hub, pipeline } from '@seaworthy/core'
import { type DeadLetterEvents, type DeadLetterOptions, deadLetter } from '@seaworthy/dead-letter'
import { expectNoLeaks, VirtualClock } from '@seaworthy/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { answering, limited, retrying } from './toy-policies.ts'
import { ada, toy } from './toys.ts'

const boom = new Error('boom')
const fail = () => Promise.reject(boom)

/** A policy in front of a queue, with its events. */
function capturing<Answer = never>(options: DeadLetterOptions<unknown, Answer> = {}) {
  const all = toy()
  const policy = deadLetter(all.queue, { clock: all.clock, ...options })
  const events: [string, object][] = []
  for (const type of ['captured', 'captureFailed'] as const satisfies (keyof DeadLetterEvents)[])
    policy.on(type, (payload: object) => events.push([type, payload]))
  return { ...all, policy, captures: events }
}

/** A queue that answers when it is told to. */
function slowQueue() {
  const pending: { resolve(id: string): void; reject(error: unknown): void }[] = []
  const add = () => new Promise<string>((resolve, reject) => pending.push({ resolve, reject }))
  return { add, pending }
}

describe('deadLetter', () => {
  it('keeps the failure and rejects with the error itself, once it is stored', async () => {
    const { queue, policy, captures } = capturing({ type: 'mail', message: ({ key }) => ({ to: key }) })
    const { signal } = new AbortController()
    const call = policy.execute(fail, { key: 'ada', journey: 'j1', values: { secret: 1 }, signal })
    await expect(call).rejects.toBe(boom)
    expectNoLeaks({ policies: [policy], except: ['listeners'], signals: [signal] })
    const [item] = (await queue.list()).items
    expect(item).toMatchObject({ type: 'mail', journey: 'j1' })
    expect((await queue.view(item?.id ?? '', ada))?.message).toEqual({ to: 'ada' })
    expect(captures).toEqual([
      ['captured', { name: undefined, id: item?.id, failureClass: 'transient', duration: 0 }],
    ])
  })

  it('keeps the key and nothing else of a call, unless told', async () => {
    const { queue, policy } = capturing()
    await policy.settle(fail, { key: 'ada', values: { password: 'hush' } })
    const [item] = (await queue.list()).items
    expect((await queue.view(item?.id ?? '', ada))?.message).toEqual({ key: 'ada' })
  })

  it('keeps what a retry inside gave up on, once, with the number of retries', async () => {
    const { queue, policy, clock } = capturing({ details: () => ({ maxRetries: 2, config: { host: 'a' } }) })
    const work = pipeline(policy, retrying(3))
    const down = new Error('down')
    await expect(work.execute(() => Promise.reject(down))).rejects.toBe(down)
    const { items } = await queue.list()
    expect(items).toMatchObject([{ maxRetries: 2, retryCount: 2 }])
    expectNoLeaks({ policies: [work], except: ['listeners'], clock })
  })

  it('keeps timeouts of policies inside, and stays out of the way of success', async () => {
    const { queue, policy, clock } = capturing()
    const work = pipeline(policy, limited(100, clock))
    expect(await work.execute(() => 7)).toBe(7)
    await expect(clock.runUntilSettled(work.execute(() => new Promise(() => {})))).rejects.toMatchObject({
      code: 'ERR_TIMEOUT',
    })
    expect((await queue.list()).items).toMatchObject([{ type: 'timeout' }])
  })

  it('keeps nothing when the caller gave up, or `when` says no; a `when` that throws says yes', async () => {
    const { queue, policy } = capturing({
      when: (error) => {
        if (error === boom) throw new Error('broken')
        return false
      },
    })
    const caller = new AbortController()
    const aborted = policy.execute(
      () => {
        caller.abort(boom)
        throw boom
      },
      { signal: caller.signal },
    )
    await expect(aborted).rejects.toBe(boom)
    await policy.settle(() => Promise.reject(new Error('other')))
    expect((await queue.stats()).dead).toBe(0)
    await policy.settle(fail)
    expect((await queue.stats()).dead).toBe(1)
  })

  it('never hides the error when storing fails', async () => {
    const broken = (): never => {
      throw new Error('broken')
    }
    for (const [options, cause] of [
      [{ message: broken }, 'message'],
      [{ details: broken }, 'message'],
      [{ message: () => 5n }, 'store'],
    ] as const) {
      const { policy, captures, queue } = capturing({ ...options, answer: () => 'stored' })
      await expect(policy.execute(fail)).rejects.toBe(boom)
      expect(captures).toEqual([['captureFailed', { name: undefined, cause, failureClass: 'transient' }]])
      expect((await queue.stats()).dead).toBe(0)
      expectNoLeaks({ policies: [policy], except: ['listeners'] })
    }
  })

  it('leaves the type to the queue when the function that names it fails', async () => {
    const { policy, queue } = capturing({
      type: () => {
        throw new Error('broken')
      },
    })
    await policy.settle(() => Promise.reject(Object.assign(new Error(''), { status: 429 })))
    expect((await queue.list()).items).toMatchObject([{ type: 'rate_limit' }])
  })

  it('lets the caller wait no longer than `within`, and goes on storing', async () => {
    const clock = new VirtualClock()
    const { add, pending } = slowQueue()
    const policy = deadLetter({ add }, { clock, within: '2s' })
    const events: unknown[] = []
    policy.on('captured', ({ id, duration }) => events.push([id, duration]))
    policy.on('captureFailed', ({ cause }) => events.push(cause))
    const call = policy.settle(fail)
    await clock.advance(1999)
    expect(events).toEqual([])
    await clock.advance(1)
    expect(await call).toEqual({ status: 'rejected', reason: boom })
    expect(events).toEqual(['late'])
    expect(policy.debugStats()).toMatchObject({ storing: 1, timers: 0 })
    pending[0]?.resolve('id-1')
    await clock.settle()
    expect(events).toEqual(['late', ['id-1', 2000]])
    expectNoLeaks({ policies: [policy], except: ['listeners'], clock })
  })

  it('rejects at once when the caller gives up while it stores', async () => {
    const clock = new VirtualClock()
    const { add, pending } = slowQueue()
    const policy = deadLetter({ add }, { clock })
    const caller = new AbortController()
    const call = policy.settle(fail, { signal: caller.signal })
    await clock.settle()
    caller.abort('enough')
    expect(await call).toEqual({ status: 'rejected', reason: 'enough' })
    pending[0]?.reject(new Error('down'))
    await clock.settle()
    expectNoLeaks({ policies: [policy], clock, signals: [caller.signal] })
  })

  it('may answer in place of the error, with the type that adds', async () => {
    const { policy } = capturing({ answer: async ({ id, error }) => ({ accepted: id, error }) })
    const result = await policy.execute(() => Promise.reject<number>(boom))
    expectTypeOf(result).toEqualTypeOf<number | { accepted: string; error: unknown }>()
    expect(result).toEqual({ accepted: expect.stringContaining('-'), error: boom })
    const broken = capturing({
      answer: (): string => {
        throw new Error('broken')
      },
    })
    await expect(broken.policy.execute(fail)).rejects.toBe(boom)
    const rejecting = capturing({ answer: () => Promise.reject(new Error('broken')) })
    await expect(rejecting.policy.execute(fail)).rejects.toBe(boom)
  })

  it('works inside a fallback, which answers meanwhile', async () => {
    const { policy, queue } = capturing()
    expect(await pipeline(answering('later'), policy).execute(fail)).toBe('later')
    expect((await queue.stats()).dead).toBe(1)
  })

  it('tells what it does and what it did', async () => {
    const hub = new Hub()
    const { queue } = toy()
    const policy = deadLetter(queue, { name: 'kept', hub, type: 'mail' })
    await policy.settle(fail)
    expect(hub.component('dead-letter', 'kept')?.snapshot()).toEqual({ captured: 1, failed: 0, storing: 0 })
    expect(policy.describe()).toEqual([
      { kind: 'dead-letter', name: 'kept', options: { type: 'mail', within: '5s' } },
    ])
    const inPlace = deadLetter(queue, { answer: () => 0 })
    expect(inPlace.describe()[0]?.answers).toEqual({ programmerErrors: true })
    policy.dispose()
    expect(hub.components()).toEqual([])
  })

  it.each([
    [undefined, {}, 'queue must be a deadLetters() queue'],
    [{ add: fail }, { type: '' }, 'type must be a name or a function'],
    [{ add: fail }, { within: 'soon' }, 'within must be a duration'],
    [{ add: fail }, { when: true }, 'when must be a function'],
    [{ add: fail }, { kind: 1 }, "deadLetter option 'kind' must be one of"],
  ])('refuses %j with %j', (queue, options, message) => {
    expect(() => deadLetter(queue as never, options as never)).toThrow(message)
  })
})
