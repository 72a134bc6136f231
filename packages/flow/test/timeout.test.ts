import { AsyncLocalStorage } from 'node:async_hooks'
import { failureClass, Hub, InvalidOptionError, isSeaworthyError, pipeline } from '@seaworthy/core'
import { abortListeners, expectNoLeaks, trackUnhandledRejections, VirtualClock } from '@seaworthy/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { bulkhead, type LateResult, TimeoutError, type TimeoutExpired, timeout } from '../src/index.ts'
import { again, deferred, obeys, observe, onEntry, takes } from './toys.ts'

const boom = new Error('boom')

function setup(mode: 'aggressive' | 'cooperative' = 'aggressive', limit = 100) {
  const clock = new VirtualClock(1000)
  const policy = timeout(limit, { mode, clock, hub: new Hub() })
  const expired: TimeoutExpired[] = []
  const late: LateResult[] = []
  policy.on('timeout', (event) => expired.push(event))
  policy.on('lateResult', (event) => late.push(event))
  const clean = (...signals: AbortSignal[]) =>
    expectNoLeaks({ policies: [policy], except: ['listeners'], clock, signals })
  return { clock, policy, expired, late, clean }
}

const forever = () => new Promise<never>(() => {})

describe('an aggressive timeout', () => {
  it('lets a call pass that ends in time, with its own value or error', async () => {
    const { clock, policy, clean } = setup()
    expect(await policy.execute(() => 'now')).toBe('now')
    await expect(
      policy.execute(() => {
        throw boom
      }),
    ).rejects.toBe(boom)
    const ok = observe(clock, policy.execute(takes(clock, 99, 'in time')))
    const failed = observe(clock, policy.execute(takes(clock, 99, boom)))
    await clock.advance(99)
    expect(ok.ending).toEqual({ at: 1099, value: 'in time' })
    expect(failed.ending).toEqual({ at: 1099, error: boom })
    clean()
  })

  it('rejects at the limit, neither before nor after, with an error that explains itself', async () => {
    const { clock, policy, expired } = setup()
    const call = observe(clock, policy.execute(forever))
    await clock.advance(99)
    expect(call.ending).toBeUndefined()
    await clock.advance(1)
    const error = call.ending?.error as TimeoutError
    expect(call.ending?.at).toBe(1100)
    expect(error).toBeInstanceOf(TimeoutError)
    expect(isSeaworthyError(error)).toBe(true)
    expect(error).toMatchObject({
      name: 'TimeoutError',
      code: 'ERR_TIMEOUT',
      failureClass: 'transient',
      limit: 100,
    })
    expect(failureClass(error)).toBe('transient')
    expect(error.message).toBe(
      'timeout: no result within 100ms; the function goes on unless it obeys its signal',
    )
    expect(error).not.toHaveProperty('cause')
    expect(expired).toEqual([{ name: undefined, limit: 100, by: 'limit', started: true }])
  })

  it('names itself in the error, on the hub and in events', async () => {
    const clock = new VirtualClock()
    const hub = new Hub()
    const policy = timeout('2s', { name: 'inventory', clock, hub })
    const events: unknown[] = []
    hub.on('timeout', ({ kind, name, payload }) => events.push([kind, name, payload]))
    const call = observe(clock, policy.execute(forever))
    expect(hub.component('timeout', 'inventory')?.snapshot()).toEqual({
      limit: 2000,
      mode: 'aggressive',
      active: 1,
      abandoned: 0,
      timeouts: 0,
    })
    await clock.advance('2s')
    expect(call.ending?.error).toMatchObject({
      policy: 'inventory',
      message: expect.stringContaining("timeout 'inventory': no result within 2s"),
    })
    expect(events).toEqual([
      ['timeout', 'inventory', { name: 'inventory', limit: 2000, by: 'limit', started: true }],
    ])
    expect(hub.component('timeout', 'inventory')?.snapshot()).toMatchObject({
      active: 0,
      abandoned: 1,
      timeouts: 1,
    })
    policy.dispose()
    expect(hub.components()).toEqual([])
  })

  it('verify 27: delivers once, drops and counts a late result, and aborts the loser', async () => {
    for (const outcome of ['late', boom]) {
      const rejections = trackUnhandledRejections()
      const { clock, policy, late, clean } = setup()
      let reason: unknown
      let settled = 0
      const call = policy.execute(({ signal }) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason
        })
        return takes(clock, 250, outcome)()
      })
      const watch = observe(clock, call)
      call.finally(() => settled++).catch(() => {})
      await clock.advance(100)
      expect(watch.ending?.error).toBe(reason)
      expect(reason).toBeInstanceOf(TimeoutError)
      expect(policy.debugStats()).toMatchObject({ active: 0, abandoned: 1, timers: 0 })
      expect(late).toEqual([])
      await clock.advance(1000)
      expect(settled).toBe(1)
      expect(late).toEqual([
        {
          name: undefined,
          outcome: outcome === boom ? 'failure' : 'success',
          late: 150,
          after: 'timeout',
        },
      ])
      clean()
      expect(await rejections.stop()).toEqual([])
    }
  })

  it('says that a function which obeyed its signal was cancelled', async () => {
    const { clock, policy, late, clean } = setup()
    const call = observe(clock, policy.execute(obeys(clock, 500, 'never')))
    await clock.advance(100)
    expect(call.ending).toMatchObject({ at: 1100, error: { code: 'ERR_TIMEOUT' } })
    expect(late).toEqual([{ name: undefined, outcome: 'cancelled', late: 0, after: 'timeout' }])
    clean()
  })

  it('counts a function that never ends as abandoned, for good', async () => {
    const { clock, policy } = setup()
    const calls = [1, 2, 3].map(() => policy.settle(forever))
    await clock.advance('1h')
    await Promise.all(calls)
    expect(policy.debugStats()).toMatchObject({ active: 0, abandoned: 3, timers: 0 })
    expect(clock.pendingTimers).toBe(0)
  })

  it('serves many calls with one timer', async () => {
    const { clock, policy } = setup()
    const calls: Promise<unknown>[] = []
    for (let i = 0; i < 50; i++) {
      calls.push(policy.settle(forever))
      await clock.advance(1)
    }
    expect(clock.pendingTimers).toBe(1)
    expect(policy.debugStats()).toMatchObject({ active: 50, timers: 1 })
    await clock.advance(100)
    await Promise.all(calls)
  })

  it('rejects at once with the reason of the caller, the same object, whatever it is', async () => {
    for (const reason of [new Error('left'), 'text', 0, null, { code: 'ERR_TIMEOUT' }]) {
      const { clock, policy, expired, late, clean } = setup()
      const caller = new AbortController()
      let seen: unknown
      const call = observe(
        clock,
        policy.execute(
          ({ signal }) => {
            signal.addEventListener('abort', () => {
              seen = signal.reason
            })
            return takes(clock, 500, 'late')()
          },
          { signal: caller.signal },
        ),
      )
      await clock.advance(30)
      caller.abort(reason)
      await clock.settle()
      expect(call.ending).toEqual({ at: 1030, error: reason })
      expect(seen).toBe(reason)
      await clock.advance(1000)
      expect(expired).toEqual([])
      expect(late).toEqual([{ name: undefined, outcome: 'success', late: 470, after: 'abort' }])
      clean(caller.signal)
    }
  })

  it('never reports a timeout as an abort, though the caller aborts after it', async () => {
    const { clock, policy, clean } = setup()
    const caller = new AbortController()
    const call = observe(clock, policy.execute(takes(clock, 300, 'late'), { signal: caller.signal }))
    await clock.advance(100)
    caller.abort(boom)
    await clock.advance(1000)
    expect(call.ending).toMatchObject({ at: 1100, error: { code: 'ERR_TIMEOUT' } })
    clean(caller.signal)
  })

  it('lets the first of timeout and abort win when both come at one instant', async () => {
    for (const abortFirst of [true, false]) {
      const { clock, policy, expired, clean } = setup()
      const caller = new AbortController()
      const abort = () => clock.setTimer(() => caller.abort(boom), 100)
      if (abortFirst) abort()
      const call = observe(clock, policy.execute(obeys(clock, 500, ''), { signal: caller.signal }))
      if (!abortFirst) abort()
      await clock.advance(100)
      expect(call.ending?.error === boom).toBe(abortFirst)
      expect(expired).toHaveLength(abortFirst ? 0 : 1)
      clean(caller.signal)
    }
  })

  it('does not start a call whose signal has aborted', async () => {
    const { policy, clean } = setup()
    const signal = AbortSignal.abort(boom)
    let ran = false
    await expect(
      policy.execute(
        () => {
          ran = true
        },
        { signal },
      ),
    ).rejects.toBe(boom)
    expect(ran).toBe(false)
    clean(signal)
  })

  it('does not start a call whose signal aborts on the way in', async () => {
    for (const mode of ['aggressive', 'cooperative'] as const) {
      const rejections = trackUnhandledRejections()
      const { clock, policy, expired, clean } = setup(mode)
      const caller = new AbortController()
      let ran = false
      const aborting = onEntry(() => caller.abort(boom))
      const call = pipeline(aborting, policy).settle(
        () => {
          ran = true
        },
        { signal: caller.signal },
      )
      expect(await call).toEqual({ status: 'rejected', reason: boom })
      await clock.advance(1000)
      expect([ran, expired]).toEqual([false, []])
      clean(caller.signal)
      expect(await rejections.stop()).toEqual([])
    }
  })

  it('starts no function for a caller whom a policy inside the timeout made give up', async () => {
    const rejections = trackUnhandledRejections()
    const { clock, policy, clean } = setup()
    const caller = new AbortController()
    const inside = bulkhead({ concurrency: 1, clock })
    const aborting = onEntry(() => caller.abort(boom))
    let ran = false
    const call = pipeline(policy, inside, aborting).settle(
      () => {
        ran = true
      },
      { signal: caller.signal },
    )
    expect(await call).toEqual({ status: 'rejected', reason: boom })
    await clock.settle()
    expect([ran, inside.active]).toEqual([false, 0])
    clean(caller.signal)
    expect(await rejections.stop()).toEqual([])
  })

  it('leaves no listener on the signal of a caller who uses it for many calls', async () => {
    const { clock, policy, clean } = setup()
    const caller = new AbortController()
    const calls = Array.from({ length: 20 }, (_, i) =>
      policy.settle(({ signal }) => (i % 2 === 0 ? clock.sleep(i * 10, signal) : clock.sleep(i * 10)), {
        signal: caller.signal,
      }),
    )
    expect(abortListeners(caller.signal)).toBe(1)
    await clock.advance(1000)
    await Promise.all(calls)
    clean(caller.signal)
  })
})

describe('the deadline of a call', () => {
  it('shortens the limit, exactly', async () => {
    const { clock, policy, expired, clean } = setup()
    const call = observe(clock, policy.execute(obeys(clock, 500, ''), { deadline: 1040 }))
    expect(policy.debugStats()).toMatchObject({ active: 1, timers: 1 })
    await clock.advance(39)
    expect(call.ending).toBeUndefined()
    await clock.advance(1)
    expect(call.ending).toMatchObject({ at: 1040, error: { code: 'ERR_TIMEOUT', limit: 40 } })
    expect(String(call.ending?.error)).toContain("all that was left before the call's deadline")
    expect(expired).toEqual([{ name: undefined, limit: 40, by: 'deadline', started: true }])
    clean()
  })

  it('does not lengthen the limit', async () => {
    const { clock, policy, expired, clean } = setup()
    for (const deadline of [1100, 5000, Number.POSITIVE_INFINITY]) {
      const call = observe(clock, policy.execute(obeys(clock, 500, ''), { deadline: clock.now() + deadline }))
      await clock.advance(99)
      expect(call.ending).toBeUndefined()
      await clock.advance(1)
      expect(call.ending?.error).toMatchObject({ limit: 100 })
    }
    expect(expired.map(({ by }) => by)).toEqual(['limit', 'limit', 'limit'])
    clean()
  })

  it('keeps a call from starting when less than a millisecond is left', async () => {
    for (const mode of ['aggressive', 'cooperative'] as const) {
      const { policy, expired, clean } = setup(mode)
      let ran = 0
      for (const deadline of [1000.9, 1000, 0]) {
        const result = await policy.settle(() => ran++, { deadline })
        expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_TIMEOUT', limit: 0 } })
        expect(String((result as { reason: Error }).reason.message)).toContain('not started')
      }
      expect(ran).toBe(0)
      expect(expired).toContainEqual({ name: undefined, limit: 0, by: 'deadline', started: false })
      expect(await policy.execute(() => ++ran, { deadline: 1001 })).toBe(1)
      clean()
    }
  })

  it('stays exact on a clock that is coarse for limits', async () => {
    const clock = Object.assign(new VirtualClock(), { grain: 50 })
    const policy = timeout(1000, { clock })
    const first = observe(clock, policy.execute(forever))
    await clock.advance(10)
    const limited = observe(clock, policy.execute(forever))
    const due = observe(clock, policy.execute(forever, { deadline: 510 }))
    await clock.advance(2000)
    expect(due.ending?.at).toBe(510)
    expect(first.ending?.at).toBe(1000)
    expect(limited.ending?.at).toBeGreaterThanOrEqual(1010)
    expect(limited.ending?.at).toBeLessThanOrEqual(1060)
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('a cooperative timeout', () => {
  it('waits for a function that ignores its signal, and returns a late success', async () => {
    const { clock, policy, expired, late, clean } = setup('cooperative')
    const call = observe(clock, policy.execute(takes(clock, 250, 'late but welcome')))
    await clock.advance(249)
    expect(call.ending).toBeUndefined()
    expect(policy.debugStats()).toMatchObject({ active: 1, abandoned: 0 })
    await clock.advance(1)
    expect(call.ending).toEqual({ at: 1250, value: 'late but welcome' })
    expect(expired).toEqual([{ name: undefined, limit: 100, by: 'limit', started: true }])
    expect(late).toEqual([{ name: undefined, outcome: 'success', late: 150, after: 'timeout' }])
    clean()
  })

  it('rejects with the timeout when the function fails late, with its error as the cause', async () => {
    const { clock, policy, late, clean } = setup('cooperative')
    const call = observe(clock, policy.execute(takes(clock, 250, boom)))
    await clock.advance(250)
    const error = call.ending?.error as TimeoutError
    expect(call.ending?.at).toBe(1250)
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT', limit: 100 })
    expect(error.cause).toBe(boom)
    expect(Object.keys(error)).not.toContain('cause')
    expect(late).toMatchObject([{ outcome: 'failure', late: 150 }])
    clean()
  })

  it('rejects with the reason of the signal when the function did so, not with a cause that is itself', async () => {
    const { clock, policy, late, clean } = setup('cooperative')
    let reason: unknown
    const call = observe(
      clock,
      policy.execute((context) => {
        context.signal.addEventListener('abort', () => {
          reason = context.signal.reason
        })
        return obeys(clock, 500, '')(context)
      }),
    )
    await clock.advance(100)
    expect(call.ending).toMatchObject({ at: 1100, error: { code: 'ERR_TIMEOUT' } })
    expect(call.ending?.error).toBe(reason)
    expect(reason).not.toHaveProperty('cause')
    expect(late).toMatchObject([{ outcome: 'cancelled', late: 0 }])
    clean()
  })

  it('leaves the error of the function alone when it fails in time', async () => {
    const { clock, policy, expired, clean } = setup('cooperative')
    const call = observe(clock, policy.execute(takes(clock, 99, boom)))
    await clock.advance(99)
    expect(call.ending?.error).toBe(boom)
    expect(expired).toEqual([])
    clean()
  })

  it('never reports an abort as a timeout, though the function winds up past the limit', async () => {
    const { clock, policy, expired, clean } = setup('cooperative')
    const caller = new AbortController()
    const call = observe(
      clock,
      policy.execute(
        async ({ signal }) => {
          await clock.sleep(300, signal).catch(() => {})
          await clock.sleep(200)
          throw signal.reason
        },
        { signal: caller.signal },
      ),
    )
    await clock.advance(50)
    caller.abort('left')
    await clock.advance(500)
    expect(call.ending).toEqual({ at: 1250, error: 'left' })
    expect(expired).toEqual([])
    clean(caller.signal)
  })

  it('never reports a timeout as an abort, though the caller aborts while the function winds up', async () => {
    const { clock, policy, clean } = setup('cooperative')
    const caller = new AbortController()
    const call = observe(clock, policy.execute(takes(clock, 300, boom), { signal: caller.signal }))
    await clock.advance(200)
    caller.abort('left')
    await clock.advance(100)
    expect(call.ending).toMatchObject({ error: { code: 'ERR_TIMEOUT', cause: boom } })
    clean(caller.signal)
  })
})

describe('a timeout among other policies', () => {
  it('gives each attempt its own time and its own signal when a retry is outside', async () => {
    const clock = new VirtualClock()
    const policy = timeout(100, { clock })
    const signals: AbortSignal[] = []
    const storage = new AsyncLocalStorage<string>()
    const stores: unknown[] = []
    const caller = new AbortController()
    const call = storage.run('caller', () =>
      observe(
        clock,
        pipeline(again(3), policy).execute(
          ({ signal, attempt }) => {
            signals.push(signal)
            stores.push(storage.getStore())
            return attempt < 3 ? forever() : takes(clock, 99, `attempt ${attempt}`)()
          },
          { signal: caller.signal },
        ),
      ),
    )
    await clock.advance(299)
    expect(call.ending).toEqual({ at: 299, value: 'attempt 3' })
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, false])
    // verify: the function always runs in the async context of its caller, also after a timer led to it.
    expect(stores).toEqual(['caller', 'caller', 'caller'])
    expect(policy.debugStats()).toMatchObject({ active: 0, abandoned: 2, timers: 0 })
    expectNoLeaks({ clock, signals: [caller.signal] })
  })

  it('ends all attempts when it is outside of a retry, and starts none after that', async () => {
    const clock = new VirtualClock()
    for (const mode of ['aggressive', 'cooperative'] as const) {
      const policy = timeout(100, { clock, mode })
      const start = clock.now()
      let attempts = 0
      const call = observe(
        clock,
        pipeline(policy, again(10)).execute(({ signal }) => {
          attempts++
          return clock.sleep(30, signal).then(() => Promise.reject(boom))
        }),
      )
      await clock.advance(1000)
      expect(call.ending).toMatchObject({ at: start + 100, error: { code: 'ERR_TIMEOUT' } })
      expect(attempts).toBe(4)
      expectNoLeaks({ policies: [policy], clock })
    }
  })

  it('nests: the shorter one wins, inside or outside, and each knows which it was', async () => {
    const clock = new VirtualClock()
    for (const [outerLimit, innerLimit] of [
      [100, 50],
      [50, 100],
    ] as const) {
      for (const outerMode of ['aggressive', 'cooperative'] as const) {
        for (const innerMode of ['aggressive', 'cooperative'] as const) {
          const outer = timeout(outerLimit, { clock, mode: outerMode, name: 'outer', hub: new Hub() })
          const inner = timeout(innerLimit, { clock, mode: innerMode, name: 'inner', hub: new Hub() })
          const fired: unknown[] = []
          outer.on('timeout', ({ name }) => fired.push(name))
          inner.on('timeout', ({ name }) => fired.push(name))
          const start = clock.now()
          const call = observe(clock, pipeline(outer, inner).execute(obeys(clock, 500, '')))
          await clock.advance(1000)
          const winner = outerLimit < innerLimit ? 'outer' : 'inner'
          expect(call.ending).toMatchObject({ at: start + 50, error: { policy: winner } })
          expect(fired).toEqual([winner])
          expectNoLeaks({ policies: [outer, inner], except: ['listeners'], clock })
        }
      }
    }
  })

  it('ends at once with an aggressive one outside, even if the function ignores its signal', async () => {
    const clock = new VirtualClock()
    const outer = timeout(50, { clock })
    const inner = timeout(100, { clock })
    const late: LateResult[] = []
    inner.on('lateResult', (event) => late.push(event))
    const call = observe(clock, pipeline(outer, inner).execute(takes(clock, 80, 'late')))
    await clock.advance(50)
    expect(call.ending).toMatchObject({ at: 50, error: { limit: 50 } })
    expect(inner.debugStats()).toMatchObject({ active: 0, abandoned: 1 })
    await clock.advance(50)
    expect(late).toMatchObject([{ outcome: 'success', late: 30, after: 'abort' }])
    expectNoLeaks({ policies: [outer, inner], except: ['listeners'], clock })
  })

  it('counts the wait of a queue inside it, and frees the place in the queue', async () => {
    const clock = new VirtualClock()
    for (const mode of ['aggressive', 'cooperative'] as const) {
      const policy = timeout(100, { clock, mode })
      const limit = bulkhead({ concurrency: 1, queue: 5, clock })
      const caller = new AbortController()
      const busy = deferred()
      const holder = limit.execute(() => busy.promise)
      const start = clock.now()
      let ran = false
      const call = observe(
        clock,
        pipeline(policy, limit).execute(
          () => {
            ran = true
          },
          { signal: caller.signal },
        ),
      )
      await clock.advance(99)
      expect(limit.queued).toBe(1)
      await clock.advance(1)
      expect(call.ending).toMatchObject({ at: start + 100, error: { code: 'ERR_TIMEOUT' } })
      expect(call.ending?.error).not.toHaveProperty('cause')
      expect(limit.queued).toBe(0)
      busy.resolve('done')
      await holder
      expect(ran).toBe(false)
      expectNoLeaks({ policies: [policy, limit], clock, signals: [caller.signal] })
    }
  })

  it('lets a call run for the rest of its time when its wait inside ends', async () => {
    const clock = new VirtualClock()
    for (const mode of ['aggressive', 'cooperative'] as const) {
      const policy = timeout(100, { clock, mode })
      const limit = bulkhead({ concurrency: 1, queue: 5, clock })
      const caller = new AbortController()
      const busy = deferred()
      const holder = limit.execute(() => busy.promise)
      const start = clock.now()
      const both = pipeline(policy, limit)
      const { signal } = caller
      const good = observe(clock, both.execute(obeys(clock, 30, 'good'), { signal }))
      const slow = observe(clock, both.execute(obeys(clock, 60, 'slow'), { signal }))
      await clock.advance(50)
      busy.resolve('done')
      await clock.advance(500)
      await holder
      expect(good.ending).toEqual({ at: start + 80, value: 'good' })
      expect(slow.ending).toMatchObject({ at: start + 100, error: { code: 'ERR_TIMEOUT' } })
      expectNoLeaks({ policies: [policy, limit], clock, signals: [signal] })
    }
  })

  it('does not count the wait of a queue outside it', async () => {
    const clock = new VirtualClock()
    for (const mode of ['aggressive', 'cooperative'] as const) {
      const policy = timeout(100, { clock, mode })
      const limit = bulkhead({ concurrency: 1, queue: 5, clock })
      const caller = new AbortController()
      const busy = deferred()
      const holder = limit.execute(() => busy.promise)
      const start = clock.now()
      const { signal } = caller
      const both = pipeline(limit, policy)
      const good = observe(clock, both.execute(obeys(clock, 99, 'good'), { signal }))
      const slow = observe(clock, both.execute(obeys(clock, 101, 'slow'), { signal }))
      await clock.advance(500)
      busy.resolve('done')
      await clock.advance(500)
      await holder
      expect(good.ending).toEqual({ at: start + 599, value: 'good' })
      expect(slow.ending).toMatchObject({ at: start + 699, error: { code: 'ERR_TIMEOUT' } })
      expectNoLeaks({ policies: [policy, limit], clock, signals: [signal] })
    }
  })

  it('leaves nothing behind when a retry, a queue and a timeout meet', async () => {
    const clock = new VirtualClock()
    for (const mode of ['aggressive', 'cooperative'] as const) {
      const policy = timeout(100, { clock, mode })
      for (const queue of [0, 1, 9]) {
        const limit = bulkhead({ concurrency: 1, queue, clock })
        const caller = new AbortController()
        for (const order of [
          [again(3), limit, policy],
          [again(3), policy, limit],
          [policy, again(3), limit],
          [policy, limit, again(3)],
          [limit, policy, again(3)],
          [limit, again(3), policy],
        ]) {
          const composed = pipeline(...order)
          const { signal } = caller
          const calls = [1, 2, 3].map(() =>
            composed.settle((context) => clock.sleep(40, context.signal).then(() => Promise.reject(boom)), {
              signal,
            }),
          )
          await clock.advance('10s')
          await Promise.all(calls)
          expectNoLeaks({ policies: [policy, limit], clock, signals: [signal] })
        }
      }
    }
  })

  it('holds a slot of a bulkhead inside it until the abandoned function ends; one outside is free at once', async () => {
    const clock = new VirtualClock()
    const inside = bulkhead({ concurrency: 1, clock })
    const outside = bulkhead({ concurrency: 1, clock })
    const call = pipeline(outside, timeout(100, { clock }), inside).settle(takes(clock, 300, ''))
    await clock.advance(100)
    expect((await call).status).toBe('rejected')
    expect([outside.active, inside.active]).toEqual([0, 1])
    await clock.advance(200)
    expect(inside.active).toBe(0)
  })
})

describe('timeout options', () => {
  it('are checked when the policy is built, and named', () => {
    const bad: ReadonlyArray<[() => unknown, string]> = [
      [() => timeout(0), 'timeout'],
      [() => timeout(-1), 'timeout'],
      [() => timeout(Number.NaN), 'timeout'],
      [() => timeout(Number.POSITIVE_INFINITY), 'timeout'],
      [() => timeout('2 seconds' as '2s'), 'timeout'],
      [() => timeout(1, { mode: 'eager' as 'aggressive' }), 'mode'],
      [() => timeout(1, { modes: 1 } as object), "timeout option 'modes'"],
      [() => timeout(1, null as unknown as object), 'timeout options'],
    ]
    for (const [build, option] of bad) {
      expect(build).toThrow(InvalidOptionError)
      expect(build).toThrow(expect.objectContaining({ option }))
    }
  })

  it('describe the policy', () => {
    const policy = timeout('1.5s', { mode: 'cooperative' })
    expect(policy.describe()).toEqual([
      {
        kind: 'timeout',
        name: undefined,
        options: { limit: '1.5s', mode: 'cooperative' },
        timeLimit: { limit: 1500, mode: 'cooperative' },
      },
    ])
    expect([policy.limit, policy.mode]).toEqual([1500, 'cooperative'])
  })

  it('adds nothing to the type of the result', () => {
    expectTypeOf(timeout(1).execute(async () => 1)).toEqualTypeOf<Promise<number>>()
  })
})
