import { getEventListeners } from 'node:events'
import { type Context, deadlineAfter, onAbort, pipeline } from '@seaworthy/core'
import { VirtualClock } from '@seaworthy/testing'
import { describe, expect, it, vi } from 'vitest'
import { limiter, repeater, ToyPolicy } from './toy-layers.ts'

const log = Object.assign(() => {}, { here: () => () => {} })

describe('Context', () => {
  it('hands on what the caller said', async () => {
    const values = { tenant: 'blue' }
    const seen = await pipeline().execute(
      ({ key, deadline, values, journey, attempt }) => ({ key, deadline, values, journey, attempt }),
      {
        key: 'host',
        deadline: 5,
        values,
        journey: 'order-7',
      },
    )
    expect(seen).toEqual({ key: 'host', deadline: 5, values, journey: 'order-7', attempt: 1 })
  })

  it('makes no AbortController until the signal is read', async () => {
    const made = vi.spyOn(globalThis, 'AbortController')
    try {
      await pipeline(new ToyPolicy(limiter(new VirtualClock(), 100).layer(log))).execute(() => 1)
      expect(made).not.toHaveBeenCalled()
    } finally {
      made.mockRestore()
    }
  })

  it("is the caller's own signal where nothing of ours can abort", async () => {
    const { signal } = new AbortController()
    expect(await pipeline().execute((context) => context.signal, { signal })).toBe(signal)
  })

  it('rejects with the reason, as it is, before anything runs', async () => {
    const fn = vi.fn()
    for (const reason of ['left', undefined, new Error('x'), 0]) {
      const controller = new AbortController()
      controller.abort(reason)
      const result = await pipeline().settle(fn, { signal: controller.signal })
      expect(result).toEqual({ status: 'rejected', reason: controller.signal.reason })
    }
    expect(fn).not.toHaveBeenCalled()
  })

  it('passes an abort on to the function, and leaves no listener behind', async () => {
    const clock = new VirtualClock()
    const controller = new AbortController()
    const policy = pipeline(new ToyPolicy(limiter(clock, 100).layer(log)))
    const read = (context: Context): Promise<void> => clock.sleep(50, context.signal)
    const aborted = policy.settle(read, { signal: controller.signal })
    const finished = policy.settle(read, { signal: controller.signal })
    await clock.advance(10)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1)
    await clock.advance(45)
    expect((await finished).status).toBe('fulfilled')
    expect((await aborted).status).toBe('fulfilled')
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)

    const third = policy.settle(read, { signal: controller.signal })
    controller.abort('enough')
    expect(await third).toEqual({ status: 'rejected', reason: 'enough' })
    expect(clock.pendingTimers).toBe(0)
  })

  it('keeps the abort of an expired attempt out of the next one', async () => {
    const clock = new VirtualClock()
    const policy = pipeline(
      new ToyPolicy(repeater(2).layer(log)),
      new ToyPolicy(limiter(clock, 100).layer(log)),
    )
    const signals: AbortSignal[] = []
    const call = policy.execute((context) => {
      signals.push(context.signal)
      return context.attempt === 1 ? new Promise(() => {}) : 'second'
    })
    await clock.advance(100)
    expect(await call).toBe('second')
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
  })

  it('is accepted as options, so that pipelines nest and share the deadline and the abort', async () => {
    const clock = new VirtualClock()
    const outer = pipeline(new ToyPolicy(limiter(clock, 100).layer(log)))
    const inner = pipeline()
    const seen: unknown[] = []
    const call = outer.settle(
      (context) =>
        inner.execute((nested) => {
          seen.push(nested.key, nested.deadline)
          return clock.sleep(1000, nested.signal).catch((reason) => {
            seen.push(reason.message)
            throw reason
          })
        }, context),
      { key: 'host', deadline: deadlineAfter('5s', clock) },
    )
    await clock.advance(100)
    expect(await call).toMatchObject({ status: 'rejected', reason: { message: 'over 100' } })
    expect(seen).toEqual(['host', 5000, 'over 100'])
  })
})

describe('onAbort', () => {
  it('puts one listener on a signal, however many callbacks wait', () => {
    const controller = new AbortController()
    const seen: unknown[] = []
    const callback = (reason: unknown): void => void seen.push(reason)
    const forget = [onAbort(controller.signal, callback), onAbort(controller.signal, callback)]
    onAbort(controller.signal, callback)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1)
    forget[0]?.()
    controller.abort('now')
    expect(seen).toEqual(['now', 'now'])
  })

  it('takes the listener off with the last callback, and calls back at once when it is too late', () => {
    const controller = new AbortController()
    const forget = onAbort(controller.signal, () => {})
    forget()
    forget()
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
    controller.abort('now')
    const seen: unknown[] = []
    onAbort(controller.signal, (reason) => seen.push(reason))()
    expect(seen).toEqual(['now'])
  })
})
