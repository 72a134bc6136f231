import { AsyncLocalStorage } from 'node:async_hooks'
import { type Clock, Hub, InvalidOptionError, pipeline } from '@seaworthy/core'
import { abortListeners, expectNoLeaks, trackUnhandledRejections, VirtualClock } from '@seaworthy/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { type Hedge, type HedgeOptions, hedge } from '../src/index.ts'
import { aborting, policyOf } from './policy-of.ts'
import { Upstream } from './upstream.ts'

const failure = (status: number): Error => Object.assign(new Error(`status ${status}`), { status })
const transient = failure(503)
const degraded = failure(429)
const persistent = failure(401)
const fatal = failure(400)

function setUp(options: HedgeOptions = { delay: 100, budget: 1 }) {
  const clock = new VirtualClock()
  const policy = hedge({ clock, ...options })
  const upstream = new Upstream()
  const events: unknown[] = []
  for (const type of ['hedged', 'won', 'late', 'budgetExhausted'] as const)
    policy.on(type, ({ name: _name, ...payload }) => events.push([type, payload]))
  return { clock, policy, upstream, events }
}

/** Copies of calls, one a millisecond apart, that tell an answer by their number. */
async function answerAtOnce(policy: Hedge, times: number): Promise<void> {
  for (let call = 0; call < times; call++) await policy.execute(() => call)
}

describe('a hedge', () => {
  it('starts no copy of a call that is fast enough', async () => {
    const { clock, policy, upstream, events } = setUp()
    const call = policy.execute(upstream.run)
    await clock.advance(99)
    upstream.call().succeed('fast')
    expect(await call).toBe('fast')
    await clock.advance('1h')
    expect([upstream.calls.length, events]).toEqual([1, []])
  })

  it('starts another copy of a slow one, and the first success wins', async () => {
    const { clock, policy, upstream, events } = setUp()
    const call = policy.execute(upstream.run)
    await clock.advance(100)
    expect(upstream.calls).toHaveLength(2)
    await clock.advance(20)
    upstream.call(1).succeed('second')
    expect(await call).toBe('second')
    const { signal } = upstream.call(0).context
    expect([signal.aborted, signal.reason]).toMatchObject([true, { name: 'AbortError' }])
    expect(upstream.call(1).context.signal.aborted).toBe(false)
    expect(events).toEqual([
      ['hedged', { copy: 2, after: 100, cause: 'delay' }],
      ['won', { copy: 2, copies: 2 }],
    ])
  })

  it('lets the original win as well', async () => {
    const { clock, policy, upstream, events } = setUp()
    const call = policy.execute(upstream.run)
    await clock.advance(150)
    upstream.call(0).succeed('first')
    expect(await call).toBe('first')
    expect(upstream.calls.map(({ context }) => context.signal.aborted)).toEqual([false, true])
    expect(events.at(-1)).toEqual(['won', { copy: 1, copies: 2 }])
  })

  it('verify 29: never starts more copies than allowed, one delay after the other', async () => {
    const { clock, policy, upstream, events } = setUp({ delay: 100, max: 3, budget: 1 })
    await answerAtOnce(policy, 3)
    const call = policy.execute(upstream.run)
    const counts = [upstream.calls.length]
    for (let step = 0; step < 5; step++) {
      await clock.advance(100)
      counts.push(upstream.calls.length)
    }
    expect(counts).toEqual([1, 2, 3, 4, 4, 4])
    upstream.call(2).succeed(3)
    expect(await call).toBe(3)
    expect(events.map((event) => (event as [string, { after?: number }])[1].after)).toEqual([
      100,
      200,
      300,
      undefined,
    ])
  })

  it('starts all copies at once with a delay of 0', async () => {
    const { policy, upstream, clock } = setUp({ delay: 0, budget: 1 })
    const call = policy.execute(upstream.run)
    expect([upstream.calls.length, clock.pendingTimers]).toEqual([2, 0])
    upstream.call(1).succeed('second')
    expect(await call).toBe('second')
  })

  it('hedges only calls that may run twice', async () => {
    const { clock, policy, upstream } = setUp({
      delay: 100,
      budget: 1,
      idempotent: ({ values }) => values?.['method'] === 'GET',
    })
    const calls = [policy.execute(upstream.run, { values: { method: 'POST' } }), policy.execute(upstream.run)]
    await clock.advance('1m')
    expect(upstream.calls).toHaveLength(2)
    calls.push(policy.execute(upstream.run, { values: { method: 'GET' } }))
    await clock.advance('1m')
    expect(upstream.calls).toHaveLength(4)
    for (const call of upstream.calls) call.succeed(1)
    await Promise.all(calls)
  })

  it('takes an `idempotent` that throws for a no', async () => {
    const { clock, policy, upstream } = setUp({
      delay: 0,
      budget: 1,
      idempotent: () => {
        throw transient
      },
    })
    const call = policy.execute(upstream.run)
    await clock.settle()
    expect(upstream.calls).toHaveLength(1)
    upstream.call().succeed(1)
    expect(await call).toBe(1)
  })

  it('starts no copy that would begin at or after the deadline of the call', async () => {
    const { clock, policy, upstream } = setUp()
    const calls = [
      policy.execute(upstream.run, { deadline: 100 }),
      policy.execute(upstream.run, { deadline: 101 }),
    ]
    await clock.advance('1s')
    expect(upstream.calls).toHaveLength(3)
    for (const call of upstream.calls) call.succeed(1)
    await Promise.all(calls)
  })

  it('runs the policies inside it once for each copy', async () => {
    const clock = new VirtualClock()
    let entered = 0
    const counter = policyOf({
      kind: 'counter',
      enter: () => {
        entered++
        return undefined
      },
    })
    const upstream = new Upstream()
    const call = pipeline(hedge({ delay: 1, budget: 1, clock }), counter).execute(upstream.run)
    await clock.advance(1)
    upstream.call().succeed(1)
    await call
    expect(entered).toBe(2)
  })

  it('runs every copy in the async context of the caller, also those that a timer starts', async () => {
    const storage = new AsyncLocalStorage<string>()
    const clock = new VirtualClock()
    const policy = hedge({ delay: 100, max: 2, budget: 1, clock })
    await answerAtOnce(policy, 4)
    const seen: unknown[] = []
    const call = (id: string) =>
      storage.run(id, () =>
        policy.execute(() => {
          seen.push(storage.getStore())
          return seen.length > 5 ? 'done' : new Promise(() => {})
        }),
      )
    const calls = [call('a'), call('b')]
    await clock.advance(200)
    expect(seen).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
    expect(await calls[1]).toBe('done')
  })

  it('takes the result type of the function', () => {
    expectTypeOf(hedge({ delay: 1 }).execute(() => 1)).resolves.toEqualTypeOf<number>()
  })
})

describe('a copy that fails', () => {
  it('in a transient way starts the next one at once, which has the full delay again', async () => {
    const { clock, policy, upstream, events } = setUp({ delay: 100, max: 2, budget: 1 })
    await answerAtOnce(policy, 2)
    const call = policy.execute(upstream.run)
    await clock.advance(30)
    upstream.call(0).fail(transient)
    await clock.advance(0)
    expect([upstream.calls.length, clock.pendingTimers]).toEqual([2, 1])
    await clock.advance(99)
    expect(upstream.calls).toHaveLength(2)
    await clock.advance(1)
    expect(upstream.calls).toHaveLength(3)
    upstream.call(2).succeed('third')
    expect(await call).toBe('third')
    expect(events).toEqual([
      ['hedged', { copy: 2, after: 30, cause: 'failure' }],
      ['hedged', { copy: 3, after: 130, cause: 'delay' }],
      ['won', { copy: 3, copies: 3 }],
    ])
  })

  it.each([
    ['degraded', degraded],
    ['persistent', persistent],
  ])('in a %s way leaves it to those that run', async (_class, error) => {
    const { clock, policy, upstream } = setUp({ delay: 100, max: 2, budget: 1 })
    await answerAtOnce(policy, 2)
    const call = policy.execute(upstream.run)
    await clock.advance(100)
    upstream.call(0).fail(error)
    await clock.settle()
    expect(clock.pendingTimers).toBe(0)
    await clock.advance('1h')
    expect(upstream.calls).toHaveLength(2)
    upstream.call(1).succeed('second')
    expect(await call).toBe('second')
  })

  it.each([
    ['degraded', degraded],
    ['persistent', persistent],
    ['fatal', fatal],
  ])('in a %s way ends a call that has no other copy', async (_class, error) => {
    const { clock, policy, upstream } = setUp()
    const call = policy.execute(upstream.run)
    upstream.call().fail(error)
    await expect(call).rejects.toBe(error)
    expect([upstream.calls.length, clock.pendingTimers]).toEqual([1, 0])
  })

  it('in a fatal way ends the call and all other copies', async () => {
    const { clock, policy, upstream, events } = setUp()
    const call = policy.execute(upstream.run)
    await clock.advance(100)
    upstream.call(1).fail(fatal)
    await expect(call).rejects.toBe(fatal)
    expect(upstream.call(0).context.signal.aborted).toBe(true)
    expect(events.map((event) => (event as string[])[0])).toEqual(['hedged'])
  })

  it('as the last one ends the call with its error, the same object', async () => {
    const { clock, policy, upstream } = setUp()
    const call = policy.execute(upstream.run)
    await clock.advance(100)
    const last = failure(500)
    upstream.call(0).fail(transient)
    await clock.settle()
    upstream.call(1).fail(last)
    await expect(call).rejects.toBe(last)
  })

  it('is judged by your rules first, unless they throw', async () => {
    const rules = [
      () => 'fatal' as const,
      () => undefined,
      () => {
        throw new Error('no idea')
      },
    ]
    const started: number[] = []
    for (const classify of rules) {
      const { clock, policy, upstream } = setUp({ delay: 100, budget: 1, classify })
      const call = policy.settle(upstream.run)
      upstream.call().fail(transient)
      await clock.settle()
      started.push(upstream.calls.length)
      upstream.call().fail(transient)
      await call
    }
    expect(started).toEqual([1, 2, 2])
  })
})

describe('a clock that fires a timer amid other events', () => {
  it('starts no copy for a delay that a failure has just cut short', async () => {
    const orders = new Set<string>()
    for (let ticks = 0; ticks < 12; ticks++) {
      const due = new Set<() => void>()
      const clock: Clock = {
        grain: 0,
        now: () => 0,
        sleep: () => expect.unreachable(),
        setTimer(callback) {
          due.add(callback)
          return { cancel: () => due.delete(callback) }
        },
      }
      const { policy, upstream, events } = setUp({ delay: 100, max: 2, budget: 1, clock })
      await answerAtOnce(policy, 2)
      const call = policy.execute(upstream.run)
      const [fire] = due
      upstream.call().fail(transient)
      for (let tick = 0; tick < ticks; tick++) await null
      if (fire !== undefined && due.delete(fire)) fire()
      await new Promise(setImmediate)
      orders.add(events.map((event) => (event as [string, { cause: string }])[1].cause).join(', '))
      upstream.call().succeed(1)
      await call
    }
    expect([...orders].sort()).toEqual(['delay, failure', 'failure'])
  })
})

describe('the losers', () => {
  it('verify 27: are dropped and counted when they end, and nobody waits for them', async () => {
    const hub = new Hub()
    const rejections = trackUnhandledRejections()
    const { clock, policy, upstream, events } = setUp({ delay: 100, max: 2, budget: 1, hub, name: 'read' })
    await answerAtOnce(policy, 2)
    const call = policy.execute(upstream.run)
    await clock.advance(200)
    upstream.call(1).succeed('second')
    expect(await call).toBe('second')
    expect(policy.debugStats()).toMatchObject({ racing: 0, copies: 2, timers: 0 })
    upstream.call(0).succeed('late')
    upstream.call(2).fail(transient)
    await clock.settle()
    expect(await call).toBe('second')
    expect(events.slice(3)).toEqual([
      ['late', { copy: 1, outcome: 'success' }],
      ['late', { copy: 3, outcome: 'failure' }],
    ])
    expect(hub.component('hedge', 'read')?.snapshot()).toEqual({
      delay: 100,
      racing: 0,
      copies: 0,
      hedged: 2,
      denied: 0,
      late: 2,
    })
    expect(await rejections.stop()).toEqual([])
    policy.dispose()
    expect(hub.components()).toEqual([])
  })

  it('retry no more', async () => {
    const clock = new VirtualClock()
    const again = policyOf({
      kind: 'retry',
      recover: ({ context }, _slot, _error, inner) =>
        clock.sleep(500, context.waitSignal).then(() => inner.run(context.child(2))),
    })
    const upstream = new Upstream()
    const call = pipeline(hedge({ delay: 100, budget: 1, clock }), again).execute(upstream.run)
    upstream.call().fail(transient)
    await clock.advance(100)
    expect([upstream.calls.length, clock.pendingTimers]).toEqual([2, 1])
    upstream.call().succeed('second')
    expect(await call).toBe('second')
    expect(clock.pendingTimers).toBe(0)
    await clock.advance('1h')
    expect(upstream.calls).toHaveLength(2)
  })

  it('have their results disposed of; what goes wrong with that goes to the hub', async () => {
    const hub = new Hub()
    const reports: unknown[] = []
    hub.onListenerError(({ error, type }) => reports.push([type, error]))
    const disposed: unknown[] = []
    const { clock, policy, upstream } = setUp({
      delay: 1,
      max: 3,
      budget: 1,
      hub,
      disposeResult(result) {
        disposed.push(result)
        if (result === 'throws') throw transient
        return result === 'rejects' ? Promise.reject(fatal) : undefined
      },
    })
    await answerAtOnce(policy, 3)
    const call = policy.execute(upstream.run)
    await clock.advance(3)
    upstream.call(0).succeed('winner')
    upstream.call(1).succeed('throws')
    upstream.call(2).succeed('rejects')
    upstream.call(3).fail(transient)
    expect(await call).toBe('winner')
    await clock.settle()
    expect(disposed).toEqual(['throws', 'rejects'])
    expect(reports).toEqual([
      ['disposeResult', transient],
      ['disposeResult', fatal],
    ])
  })
})

describe('a caller who gives up', () => {
  it('is rejected at once with the reason, the same object, and all copies are told', async () => {
    const { clock, policy, upstream, events } = setUp({ delay: 100, max: 2, budget: 1 })
    await answerAtOnce(policy, 2)
    const caller = new AbortController()
    const reason = { because: 'of this' }
    const call = policy.execute(upstream.run, { signal: caller.signal })
    await clock.advance(100)
    caller.abort(reason)
    await expect(call).rejects.toBe(reason)
    expect(upstream.calls.map(({ context }) => context.signal.reason)).toEqual([reason, reason])
    expect(upstream.call(0).context.signal.reason).toBe(reason)
    await clock.advance('1h')
    expect([upstream.calls.length, clock.pendingTimers, abortListeners(caller.signal)]).toEqual([2, 0, 0])
    upstream.call(0).succeed('late')
    upstream.call(1).fail(transient)
    await clock.settle()
    expect(events.map((event) => (event as string[])[0])).toEqual(['hedged', 'late', 'late'])
  })

  it('before anything ran is not served at all', async () => {
    const { policy, upstream } = setUp()
    const call = policy.execute(upstream.run, { signal: AbortSignal.abort('never mind') })
    await expect(call).rejects.toBe('never mind')
    expect(upstream.calls).toEqual([])
  })

  it('before the hedge is reached is not served either', async () => {
    const { clock, policy, upstream } = setUp()
    const call = pipeline(aborting('too late'), policy).execute(upstream.run)
    await expect(call).rejects.toBe('too late')
    expect(upstream.calls).toEqual([])
    expectNoLeaks({ policies: [policy], except: ['listeners'], clock })
  })

  it('while a failure starts another copy ends the call once', async () => {
    const { clock, policy } = setUp()
    const caller = new AbortController()
    let runs = 0
    const call = policy.execute(
      () => {
        if (++runs === 2) caller.abort('enough')
        throw transient
      },
      { signal: caller.signal },
    )
    await expect(call).rejects.toBe('enough')
    await clock.settle()
    expectNoLeaks({ policies: [policy], except: ['listeners'], clock })
  })

  it('from within the function ends the call as well', async () => {
    const { clock, policy } = setUp({ delay: 0, budget: 1 })
    const caller = new AbortController()
    let runs = 0
    const call = policy.execute(
      () => {
        runs++
        caller.abort('enough')
        return runs
      },
      { signal: caller.signal },
    )
    await expect(call).rejects.toBe('enough')
    await clock.settle()
    expect([runs, policy.debugStats()]).toMatchObject([1, { racing: 0, copies: 0, timers: 0 }])
  })
})

describe('the budget', () => {
  it('verify 25: keeps extra copies below their share of the calls', async () => {
    const { clock, policy, upstream, events } = setUp({ delay: 100 })
    const calls = Array.from({ length: 19 }, () => policy.execute(upstream.run))
    await clock.advance(100)
    expect(upstream.calls).toHaveLength(19)
    expect(events).toHaveLength(19)
    expect(events[0]).toEqual(['budgetExhausted', { copies: 1 }])
    calls.push(policy.execute(upstream.run), policy.execute(upstream.run))
    await clock.advance('1h')
    expect(upstream.calls).toHaveLength(22)
    for (const call of upstream.calls) call.succeed(1)
    await Promise.all(calls)
  })

  it('also counts copies that a failure starts', async () => {
    const { policy, upstream, events } = setUp({ delay: 100 })
    const call = policy.execute(upstream.run)
    upstream.call().fail(transient)
    await expect(call).rejects.toBe(transient)
    expect(events).toEqual([['budgetExhausted', { copies: 1 }]])
  })

  it('is asked once for each call: a call that got no copy gets none later', async () => {
    const { clock, policy, upstream, events } = setUp({ delay: 100, max: 3, budget: 0.5 })
    const call = policy.execute(upstream.run)
    await clock.advance(100)
    await answerAtOnce(policy, 10)
    await clock.advance('1h')
    expect([upstream.calls.length, events.length, clock.pendingTimers]).toEqual([1, 1, 0])
    upstream.call().succeed(1)
    await call
  })

  it('earns nothing from calls that are never hedged', async () => {
    const { clock, policy, upstream } = setUp({
      delay: 100,
      budget: 0.5,
      idempotent: ({ key }) => key === 'get',
    })
    await answerAtOnce(policy, 10)
    const call = policy.execute(upstream.run, { key: 'get' })
    await clock.advance('1h')
    expect(upstream.calls).toHaveLength(1)
    upstream.call().succeed(1)
    await call
  })
})

describe('a percentile', () => {
  /** Runs calls that take so many milliseconds each. */
  async function take(clock: VirtualClock, policy: Hedge, latencies: readonly number[]): Promise<void> {
    for (const latency of latencies) {
      const call = policy.execute(() => clock.sleep(latency))
      await clock.advance(latency)
      await call
    }
  }

  it('hedges nothing before there are enough samples', async () => {
    const { clock, policy, upstream } = setUp({ percentile: 0.9, budget: 1, window: '1h' })
    await take(clock, policy, Array(49).fill(10))
    expect(policy.delay).toBeUndefined()
    const call = policy.settle(upstream.run)
    await clock.advance('1m')
    expect(upstream.calls).toHaveLength(1)
    upstream.call().fail(transient)
    expect(await call).toEqual({ status: 'rejected', reason: transient })
    await take(clock, policy, [10])
    expect(policy.delay).toBeCloseTo(10, -1)
  })

  it('hedges calls that take longer than so many others', async () => {
    const { clock, policy, upstream, events } = setUp({ percentile: 0.9, budget: 1, window: '1h' })
    await take(clock, policy, [...Array(90).fill(20), ...Array(10).fill(500)])
    const delay = policy.delay as number
    expect(delay).toBeGreaterThanOrEqual(20)
    expect(delay).toBeLessThanOrEqual(21)
    const call = policy.execute(upstream.run)
    await clock.advance(delay)
    expect(upstream.calls).toHaveLength(2)
    upstream.call(1).succeed(1)
    await call
    expect(events.at(-2)).toMatchObject(['hedged', { copy: 2, cause: 'delay' }])
  })

  it('knows of slow calls that were overtaken or timed out, and not of fast failures', async () => {
    const { clock, policy, upstream } = setUp({ percentile: 0.5, budget: 1, max: 1, window: '1h' })
    await take(clock, policy, Array(20).fill(10))
    const timeout = Object.assign(new Error(), { name: 'TimeoutError' })
    for (let round = 0; round < 30; round++) {
      const call = policy.execute(upstream.run)
      await clock.advance(1000)
      upstream.call().succeed(1)
      await call
    }
    expect(policy.delay).toBeGreaterThan(900)
    for (let round = 0; round < 200; round++) {
      const call = policy.settle(upstream.run)
      upstream.call().fail(fatal)
      await call
    }
    expect(policy.delay).toBeGreaterThan(900)
    for (let round = 0; round < 100; round++) {
      const call = policy.settle(upstream.run, { deadline: 0 })
      await clock.advance(5000)
      upstream.call().fail(timeout)
      upstream.call().fail(timeout)
      await clock.settle()
      upstream.call().fail(fatal)
      await call
    }
    expect(policy.delay).toBeGreaterThan(4900)
  })

  it('takes nothing from a copy that came in place of a failed original', async () => {
    const { clock, policy, upstream } = setUp({ percentile: 0.5, budget: 1, window: '1h' })
    await take(clock, policy, Array(20).fill(10))
    for (let round = 0; round < 50; round++) {
      const call = policy.execute(upstream.run)
      upstream.call().fail(transient)
      await clock.advance(5000)
      upstream.call().succeed(1)
      await call
    }
    expect(policy.delay).toBeLessThan(11)
  })

  it('forgets what is long ago', async () => {
    const { clock, policy } = setUp({ percentile: 0.5, window: '30s' })
    await take(clock, policy, Array(20).fill(10))
    expect(policy.delay).toBeDefined()
    await clock.advance('1m')
    expect(policy.delay).toBeUndefined()
  })
})

it('leaves nothing behind', async () => {
  const rejections = trackUnhandledRejections()
  const clock = new VirtualClock()
  const policy = hedge({ delay: 100, max: 2, budget: 1, clock })
  await answerAtOnce(policy, 10)
  const upstream = new Upstream({ obedient: true })
  const callers = Array.from({ length: 4 }, () => new AbortController())
  const signals = callers.map(({ signal }) => signal)
  const results = signals.map((signal) => policy.settle(upstream.run, { signal }))
  await clock.advance(100)
  upstream.call(0).succeed('first')
  upstream.call(1).fail(fatal)
  upstream.call(6).fail(transient)
  callers[3]?.abort('gone')
  await clock.settle()
  upstream.call(2).succeed('third')
  expect((await Promise.all(results)).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'rejected',
  ])
  await clock.settle()
  expect(await rejections.stop()).toEqual([])
  expectNoLeaks({ policies: [policy], clock, signals })
})

describe('options', () => {
  it.each([
    ["option 'delaay'", { delay: 1, delaay: 1 }],
    ['options', undefined],
    ['delay', {}],
    ['delay', { delay: 1, percentile: 0.9 }],
    ['delay', { delay: '-1s' }],
    ['percentile', { percentile: 95 }],
    ['percentile', { percentile: 1 }],
    ['percentile', { percentile: 0 }],
    ['window', { percentile: 0.9, window: 0 }],
    ['window', { delay: 1, window: '30s' }],
    ['max', { delay: 1, max: 0 }],
    ['budget', { delay: 1, budget: 0 }],
    ['budget', { delay: 1, budget: 5 }],
    ['idempotent', { delay: 1, idempotent: true }],
    ['classify', { delay: 1, classify: 'transient' }],
    ['disposeResult', { delay: 1, disposeResult: true }],
  ])('that make no sense are refused by name: %s', (option, options) => {
    const build = () => hedge(options as never)
    expect(build).toThrow(InvalidOptionError)
    expect(build).toThrow(option)
  })

  it('are told to `explain`', () => {
    expect(hedge({ delay: '1s', max: 2 }).describe()).toEqual([
      {
        kind: 'hedge',
        name: undefined,
        options: { delay: '1s', max: 2, budget: 0.05 },
        copies: 3,
        delays: 2000,
      },
    ])
    expect(hedge({ percentile: 0.95 }).describe()[0]).toMatchObject({
      options: { percentile: 0.95 },
      copies: 2,
      delays: undefined,
    })
  })
})
