import { AsyncLocalStorage } from 'node:async_hooks'
import { failureClass, Hub, InvalidOptionError, isSeaworthyError, pipeline } from '@seaworthy/core'
import { abortListeners, expectNoLeaks, trackUnhandledRejections, VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { BulkheadFullError, type BulkheadOptions, bulkhead, timeout } from '../src/index.ts'
import { again, deferred, observe, onEntry } from './toys.ts'

const boom = new Error('boom')

function setup(options: Partial<BulkheadOptions> = {}) {
  const clock = new VirtualClock(1000)
  const policy = bulkhead({ concurrency: 1, clock, hub: new Hub(), ...options })
  const events: unknown[] = []
  for (const type of ['rejected', 'queued', 'dequeued'] as const)
    policy.on(type, (payload) => events.push([type, payload]))
  const clean = (...signals: AbortSignal[]) =>
    expectNoLeaks({ policies: [policy], except: ['listeners'], clock, signals })
  /** Takes all slots until it is called. */
  const occupy = () => {
    const busy = deferred()
    const holders = Array.from({ length: policy.concurrency }, () => policy.settle(() => busy.promise))
    return async () => {
      busy.resolve('over')
      await Promise.all(holders)
      await clock.settle()
    }
  }
  return { clock, policy, events, clean, occupy }
}

describe('a bulkhead with room', () => {
  it('admits at once, without a look at the clock', async () => {
    const clock = new VirtualClock()
    clock.now = () => {
      throw new Error('The clock was read')
    }
    const policy = bulkhead({ concurrency: 2, clock })
    let ran = false
    const call = policy.execute(() => {
      ran = true
      return 'value'
    })
    expect(ran).toBe(true)
    expect(policy.active).toBe(1)
    expect(await call).toBe('value')
    expect(policy.debugStats()).toEqual({ listeners: 0, active: 0, queued: 0, timers: 0 })
  })

  it('verify 33: gets its slot back whatever becomes of the call', async () => {
    const { policy, clean, clock } = setup({ concurrency: 1, queue: 1 })
    const ways: ReadonlyArray<() => Promise<unknown>> = [
      () => policy.settle(() => 'value'),
      () => policy.settle(() => Promise.reject(boom)),
      () =>
        policy.settle(() => {
          throw boom
        }),
      () =>
        policy.settle(({ signal }) => clock.sleep(100, signal), {
          signal: abortedAfter(clock, 10),
        }),
      () =>
        pipeline(
          policy,
          onEntry(() => {}, boom),
        ).settle(() => 'never'),
      () => pipeline(policy, timeout(10, { clock })).settle(() => new Promise(() => {})),
      () => pipeline(timeout(10, { clock }), policy).settle(({ signal }) => clock.sleep(100, signal)),
      () =>
        pipeline(timeout(10, { clock, mode: 'cooperative' }), policy).settle(({ signal }) =>
          clock.sleep(100, signal),
        ),
      () => pipeline(again(3), policy).settle(() => Promise.reject(boom)),
      () => pipeline(policy, again(3)).settle(() => Promise.reject(boom)),
      () => policy.wrap(async () => 'wrapped')(),
      () => policy.settle(() => 'value', { signal: AbortSignal.abort(boom) }),
    ]
    for (const way of ways) {
      const results = Promise.all([way(), way()]) // the second one waits for the first
      await clock.advance(1000)
      await results
      clean()
    }
  })

  it('does not mind a call inside a call, as long as there is room', async () => {
    const { policy, clean } = setup({ concurrency: 2 })
    const value = await policy.execute((context) => policy.execute(() => 'inner', context))
    expect(value).toBe('inner')
    clean()
  })
})

describe('a full bulkhead', () => {
  it('turns a call away with an error that explains itself, without a queue', async () => {
    const { policy, occupy, events, clean } = setup({ concurrency: 2, name: 'reports' })
    const release = occupy()
    let ran = false
    const result = await policy.settle(() => {
      ran = true
    })
    expect(ran).toBe(false)
    const { reason } = result as { reason: BulkheadFullError }
    expect(reason).toBeInstanceOf(BulkheadFullError)
    expect(isSeaworthyError(reason)).toBe(true)
    expect(failureClass(reason)).toBe('degraded')
    expect(reason).toMatchObject({
      name: 'BulkheadFullError',
      code: 'ERR_BULKHEAD_FULL',
      policy: 'reports',
      reason: 'full',
      retryAfter: undefined,
      message: "bulkhead 'reports': all 2 slots are taken",
    })
    expect(events).toEqual([
      ['rejected', { name: 'reports', reason: 'full', waited: 0, active: 2, queued: 0 }],
    ])
    await release()
    clean()
  })

  it('turns a call away when the queue is full, too', async () => {
    const { policy, occupy, clean } = setup({ queue: 2 })
    const release = occupy()
    const waiting = [policy.execute(() => 1), policy.execute(() => 2)]
    const result = await policy.settle(() => 3)
    expect(result).toMatchObject({
      reason: { message: 'bulkhead: all 1 slots are taken, and 2 calls wait already' },
    })
    await release()
    expect(await Promise.all(waiting)).toEqual([1, 2])
    clean()
  })

  it('verify 32: serves those who wait in the order they came', async () => {
    const { policy, occupy, events, clock, clean } = setup({ queue: Number.POSITIVE_INFINITY })
    const release = occupy()
    const order: number[] = []
    const calls = [1, 2, 3].map((id) => policy.execute(() => order.push(id)))
    expect([policy.active, policy.queued]).toEqual([1, 3])
    await clock.advance(70)
    await release()
    await Promise.all(calls)
    expect(order).toEqual([1, 2, 3])
    expect(events).toEqual([
      ['queued', { name: undefined, queued: 1 }],
      ['queued', { name: undefined, queued: 2 }],
      ['queued', { name: undefined, queued: 3 }],
      ['dequeued', { name: undefined, waited: 70, queued: 2 }],
      ['dequeued', { name: undefined, waited: 70, queued: 1 }],
      ['dequeued', { name: undefined, waited: 70, queued: 0 }],
    ])
    clean()
  })

  it('verify 32: serves higher priorities first, and equal ones in the order they came', async () => {
    const priority = ({ values }: { values?: Readonly<Record<PropertyKey, unknown>> | undefined }) => {
      if (values?.['priority'] === 'throw') throw boom
      return values?.['priority'] as number
    }
    const { policy, occupy, clean } = setup({ queue: 99, priority })
    const release = occupy()
    const order: unknown[] = []
    const asked = [0, 1, 'throw', 5, undefined, 5, 'none', Number.NaN, -1, 1]
    const calls = asked.map((value, index) =>
      policy.execute(() => order.push([value, index]), { values: { priority: value } }),
    )
    await release()
    await Promise.all(calls)
    expect(order).toEqual([
      [5, 3],
      [5, 5],
      [1, 1],
      [1, 9],
      [0, 0],
      ['throw', 2],
      [undefined, 4],
      ['none', 6],
      [Number.NaN, 7],
      [-1, 8],
    ])
    clean()
  })

  it('does not let a newcomer overtake those who wait', async () => {
    const { policy, occupy, clean } = setup({ queue: 9 })
    const release = occupy()
    const order: string[] = []
    const waiting = policy.execute(() => order.push('waiting'))
    const newcomers: Promise<unknown>[] = []
    const unsubscribe = policy.on('dequeued', () => {
      unsubscribe()
      newcomers.push(policy.execute(() => order.push('newcomer')))
    })
    await release()
    await waiting
    await Promise.all(newcomers)
    expect(order).toEqual(['waiting', 'newcomer'])
    clean()
  })

  it('runs a function that waited in the async context of its caller', async () => {
    const { policy, occupy, clean } = setup({ queue: 9 })
    const storage = new AsyncLocalStorage<string>()
    const release = storage.run('holder', occupy)
    const stores: unknown[] = []
    const calls = ['a', 'b', 'c'].map((caller) =>
      storage.run(caller, () => policy.execute(() => stores.push(storage.getStore()))),
    )
    const failed = storage.run('d', () =>
      pipeline(again(2), policy).settle(() => {
        stores.push(storage.getStore())
        throw boom
      }),
    )
    await storage.run('releaser', release)
    await Promise.all(calls)
    await failed
    expect(stores).toEqual(['a', 'b', 'c', 'd', 'd'])
    clean()
  })
})

describe('a call in the queue', () => {
  it('rejects when it has waited as long as allowed', async () => {
    const { policy, occupy, events, clock, clean } = setup({ queue: 9, maxWait: '200ms' })
    const release = occupy()
    const first = observe(
      clock,
      policy.execute(() => 1),
    )
    await clock.advance(50)
    const second = observe(
      clock,
      policy.execute(() => 2),
    )
    expect(policy.debugStats()).toMatchObject({ queued: 2, timers: 1 })
    await clock.advance(150)
    expect(first.ending).toMatchObject({
      at: 1200,
      error: { reason: 'maxWait', message: 'bulkhead: no slot came free within 200ms' },
    })
    expect(second.ending).toBeUndefined()
    expect(policy.queued).toBe(1)
    await clock.advance(49)
    await release()
    expect(second.ending).toEqual({ at: 1249, value: 2 })
    expect(events).toContainEqual([
      'rejected',
      { name: undefined, reason: 'maxWait', waited: 200, active: 1, queued: 1 },
    ])
    clean()
  })

  it('rejects at its deadline, exactly, and does not wait for one that is less than 1 ms away', async () => {
    const { policy, occupy, clock, clean } = setup({ queue: 9, maxWait: 200 })
    const release = occupy()
    const early = observe(
      clock,
      policy.execute(() => 1, { deadline: 1050 }),
    )
    const late = observe(
      clock,
      policy.execute(() => 2, { deadline: 5000 }),
    )
    const gone = observe(
      clock,
      policy.execute(() => 3, { deadline: 1000.5 }),
    )
    expect(policy.debugStats()).toMatchObject({ queued: 2, timers: 2 })
    await clock.advance(500)
    expect(early.ending).toMatchObject({ at: 1050, error: { reason: 'deadline', code: 'ERR_BULKHEAD_FULL' } })
    expect(late.ending).toMatchObject({ at: 1200, error: { reason: 'maxWait' } })
    expect(gone.ending).toMatchObject({ at: 1000, error: { reason: 'deadline' } })
    await release()
    clean()
  })

  it('verify 34: leaves at once when its caller gives up, with the reason, and never runs', async () => {
    const { policy, occupy, events, clock, clean } = setup({ queue: 9, maxWait: 500 })
    const release = occupy()
    const caller = new AbortController()
    let ran = false
    const run = () => {
      ran = true
    }
    const calls = [1, 2].map(() => observe(clock, policy.execute(run, { signal: caller.signal })))
    const other = observe(
      clock,
      policy.execute(() => 'other'),
    )
    expect(abortListeners(caller.signal)).toBe(1)
    await clock.advance(70)
    caller.abort('left')
    expect(policy.queued).toBe(1) // at once, not a tick later
    await clock.settle()
    for (const { ending } of calls) expect(ending).toEqual({ at: 1070, error: 'left' })
    expect(events.slice(3)).toEqual([
      ['rejected', { name: undefined, reason: 'aborted', waited: 70, active: 1, queued: 2 }],
      ['rejected', { name: undefined, reason: 'aborted', waited: 70, active: 1, queued: 1 }],
    ])
    await release()
    expect(other.ending).toEqual({ at: 1070, value: 'other' })
    expect(ran).toBe(false)
    clean(caller.signal)
  })

  it('passes its slot on when it is aborted in the tick in which it got it', async () => {
    const rejections = trackUnhandledRejections()
    const { policy, occupy, clock, clean } = setup({ queue: 9 })
    const release = occupy()
    const callers = [new AbortController(), new AbortController()]
    let ran = 0
    const doomed = callers.map(({ signal }) =>
      observe(
        clock,
        policy.execute(() => ran++, { signal }),
      ),
    )
    const next = observe(
      clock,
      policy.execute(() => 'next'),
    )
    let dequeued = 0
    policy.on('dequeued', () => callers[dequeued++]?.abort('left'))
    await release()
    for (const { ending } of doomed) expect(ending).toEqual({ at: 1000, error: 'left' })
    expect(next.ending).toEqual({ at: 1000, value: 'next' })
    expect([ran, dequeued]).toEqual([0, 3])
    clean(...callers.map(({ signal }) => signal))
    expect(await rejections.stop()).toEqual([])
  })

  it('is not queued when its signal aborts on the way in', async () => {
    const { policy, occupy, events, clean } = setup({ queue: 9 })
    const release = occupy()
    const caller = new AbortController()
    const aborting = onEntry(() => caller.abort('left'))
    const result = await pipeline(aborting, policy).settle(() => 1, { signal: caller.signal })
    expect(result).toEqual({ status: 'rejected', reason: 'left' })
    expect(events).toEqual([
      ['rejected', { name: undefined, reason: 'aborted', waited: 0, active: 1, queued: 0 }],
    ])
    await release()
    clean(caller.signal)
  })

  it('does not stand in the way when it was given up: its timer and listener are gone', async () => {
    const { policy, occupy, clock, clean } = setup({ queue: 9 })
    const release = occupy()
    const caller = new AbortController()
    const call = policy.settle(() => 1, { signal: caller.signal, deadline: 9000 })
    expect([clock.pendingTimers, abortListeners(caller.signal)]).toEqual([1, 1])
    caller.abort('left')
    expect(clock.pendingTimers).toBe(0)
    await call
    await release()
    clean(caller.signal)
  })
})

describe('reconfigure', () => {
  it('lets those in who wait when the limit grows', async () => {
    const { policy, occupy, clock, clean } = setup({ queue: 9 })
    const release = occupy()
    const gate = deferred()
    const calls = [1, 2, 3].map(() => policy.execute(() => gate.promise))
    policy.reconfigure({ concurrency: 3 })
    expect([policy.concurrency, policy.active, policy.queued]).toEqual([3, 3, 1])
    gate.resolve(1)
    await release()
    await Promise.all(calls)
    await clock.settle()
    clean()
  })

  it('lets running calls go on when the limit shrinks, and nobody in until there is room', async () => {
    const { policy, clock, clean } = setup({ concurrency: 3, queue: 9 })
    const gates = [deferred(), deferred(), deferred()]
    const running = gates.map(({ promise }) => policy.execute(() => promise))
    const waiting = observe(
      clock,
      policy.execute(() => 'in'),
    )
    policy.reconfigure({ concurrency: 1 })
    for (const [index, gate] of gates.entries()) {
      expect([policy.active, waiting.ending]).toEqual([3 - index, undefined])
      gate.resolve(1)
      await clock.settle()
    }
    expect(waiting.ending).toEqual({ at: 1000, value: 'in' })
    await Promise.all(running)
    clean()
  })

  it('changes the length of the queue; those who wait stay', async () => {
    const { policy, occupy, clock, clean } = setup({ queue: 1 })
    const release = occupy()
    const first = observe(
      clock,
      policy.execute(() => 1),
    )
    policy.reconfigure({ queue: 0 })
    expect(await policy.settle(() => 2)).toMatchObject({ status: 'rejected' })
    expect(policy.queued).toBe(1)
    policy.reconfigure({ queue: 2 })
    const second = observe(
      clock,
      policy.execute(() => 2),
    )
    await release()
    expect([first.ending?.value, second.ending?.value]).toEqual([1, 2])
    clean()
  })

  it('refuses nonsense, and changes nothing then', () => {
    const { policy } = setup({ concurrency: 2, queue: 1 })
    for (const changes of [{ concurrency: 0 }, { concurrency: 5, queue: -1 }, { size: 3 }, null]) {
      expect(() => policy.reconfigure(changes as object)).toThrow(InvalidOptionError)
      expect(policy.describe()[0]).toMatchObject({ concurrency: 2, options: { queue: 1 } })
    }
  })

  it('is an action on the hub', async () => {
    const hub = new Hub()
    const policy = bulkhead({ concurrency: 2, queue: 3, name: 'reports', hub })
    const component = hub.component('bulkhead', 'reports')
    const rejected = { full: 0, maxWait: 0, deadline: 0, aborted: 0 }
    expect(component?.snapshot()).toEqual({ concurrency: 2, active: 0, queue: 3, queued: 0, rejected })
    component?.actions['reconfigure']?.({ concurrency: 7 } as never)
    expect(policy.concurrency).toBe(7)
    policy.dispose()
    expect(hub.components()).toEqual([])
  })
})

describe('the snapshot', () => {
  it('counts whom it turned away and why, whether or not anybody listens', async () => {
    const hub = new Hub()
    const clock = new VirtualClock()
    const policy = bulkhead({ concurrency: 1, queue: 3, maxWait: '5s', name: 'reports', hub, clock })
    const caller = new AbortController()
    const running = policy.settle(() => clock.sleep(60_000))
    const others = [
      policy.settle(() => 'waits too long'),
      policy.settle(() => 'has no time', { deadline: clock.now() + 1000 }),
      policy.settle(() => 'is not wanted any more', { signal: caller.signal }),
      policy.settle(() => 'finds no room'),
      policy.settle(() => 'finds none either'),
    ]
    caller.abort()
    await clock.advance('2m')
    await Promise.all([running, ...others])
    expect(hub.component('bulkhead', 'reports')?.snapshot()).toMatchObject({
      rejected: { full: 2, maxWait: 1, deadline: 1, aborted: 1 },
    })
    policy.dispose()
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('listeners', () => {
  it('verify 56: change nothing, though they throw and call back in', async () => {
    const { policy, occupy, clean } = setup({ queue: 2 })
    const inner: Promise<unknown>[] = []
    for (const type of ['rejected', 'queued', 'dequeued'] as const) {
      policy.on(type, () => {
        if (inner.length < 6) inner.push(policy.settle(() => 'inner'))
        throw boom
      })
    }
    const release = occupy()
    const results = Promise.all([1, 2, 3].map((id) => policy.settle(() => id)))
    await release()
    await Promise.all(inner)
    expect((await results).map(({ status }) => status)).toContain('fulfilled')
    clean()
  })

  it('get the journey of the call', async () => {
    const { policy, occupy } = setup({ queue: 1, name: 'reports', hub: new Hub() })
    const release = occupy()
    const hub = new Hub()
    const recorded: unknown[] = []
    hub.recordJourneys({ record: (journey, { type }) => recorded.push([journey, type]) })
    const traced = bulkhead({ concurrency: 1, queue: 1, name: 'traced', hub })
    const busy = deferred()
    const holder = traced.execute(() => busy.promise)
    const waiting = traced.execute(() => 1, { journey: 'order 7' })
    await traced.settle(() => 2, { journey: 'order 8' })
    busy.resolve(0)
    await Promise.all([holder, waiting])
    expect(recorded).toEqual([
      ['order 7', 'queued'],
      ['order 8', 'rejected'],
      ['order 7', 'dequeued'],
    ])
    await release()
    expect(policy.active).toBe(0)
  })
})

describe('bulkhead options', () => {
  it('are checked when the policy is built, and named', () => {
    const bad: ReadonlyArray<[object, string]> = [
      [{}, 'concurrency'],
      [{ concurrency: 0 }, 'concurrency'],
      [{ concurrency: 1.5 }, 'concurrency'],
      [{ concurrency: '3' }, 'concurrency'],
      [{ concurrency: 1, queue: -1 }, 'queue'],
      [{ concurrency: 1, maxWait: 0 }, 'maxWait'],
      [{ concurrency: 1, priority: 5 }, 'priority'],
      [{ concurrency: 1, limit: 5 }, "bulkhead option 'limit'"],
    ]
    for (const [options, option] of bad) {
      expect(() => bulkhead(options as BulkheadOptions)).toThrow(expect.objectContaining({ option }))
    }
  })

  it('describe the policy', () => {
    expect(bulkhead({ concurrency: 3 }).describe()).toEqual([
      {
        kind: 'bulkhead',
        name: undefined,
        options: { concurrency: 3, queue: 0, maxWait: '0ms' },
        wait: 0,
        concurrency: 3,
      },
    ])
    expect(bulkhead({ concurrency: 3, queue: 5, maxWait: '2s' }).describe()[0]).toMatchObject({ wait: 2000 })
    expect(bulkhead({ concurrency: 3, queue: 5 }).describe()[0]).toMatchObject({
      wait: Number.POSITIVE_INFINITY,
      options: { maxWait: 'forever' },
    })
  })
})

function abortedAfter(clock: VirtualClock, time: number): AbortSignal {
  const caller = new AbortController()
  clock.setTimer(() => caller.abort(boom), time)
  return caller.signal
}
