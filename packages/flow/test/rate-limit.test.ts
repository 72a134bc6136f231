import { AsyncLocalStorage } from 'node:async_hooks'
import { type Clock, failureClass, Hub, isSeaworthyError, pipeline } from '@seaworthy/core'
import { abortListeners, expectNoLeaks, trackUnhandledRejections, VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { RateLimitedError, type RateLimitOptions, rateLimit, timeout } from '../src/index.ts'
import { again, observe, onEntry } from './toys.ts'

const boom = new Error('boom')

function setup(options: Partial<RateLimitOptions> = {}) {
  const clock = new VirtualClock(1000)
  const policy = rateLimit({ limit: 10, per: '1s', burst: 2, clock, hub: new Hub(), ...options })
  const events: unknown[] = []
  for (const type of ['rejected', 'queued', 'dequeued'] as const)
    policy.on(type, (payload) => events.push([type, payload]))
  const clean = (...signals: AbortSignal[]) =>
    expectNoLeaks({ policies: [policy], except: ['listeners', 'keys'], clock, signals })
  const run = (name: unknown, options?: Parameters<typeof policy.execute>[1]) =>
    observe(
      clock,
      policy.execute(() => name, options),
    )
  return { clock, policy, events, clean, run }
}

describe('a rate limit that does not wait', () => {
  it('lets a burst pass, then what the rate allows', async () => {
    const { clock, policy } = setup()
    const pass = async () => (await policy.settle(() => 1)).status === 'fulfilled'
    expect([await pass(), await pass(), await pass()]).toEqual([true, true, false])
    await clock.advance(99)
    expect(await pass()).toBe(false)
    await clock.advance(1)
    expect([await pass(), await pass()]).toEqual([true, false])
    await clock.advance('1h')
    expect([await pass(), await pass(), await pass()]).toEqual([true, true, false])
  })

  it('has the limit as its burst if none is given', async () => {
    const policy = rateLimit({ limit: 3, per: '1m', clock: new VirtualClock() })
    const results = await Promise.all([1, 2, 3, 4].map(() => policy.settle(() => 1)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
  })

  it('turns a call away with an error that explains itself, and the exact time to come back', async () => {
    const { clock, policy, events } = setup({ name: 'mail' })
    await Promise.all([policy.execute(() => 1), policy.execute(() => 2)])
    await clock.advance(30)
    let ran = false
    const { reason } = (await policy.settle(() => {
      ran = true
    })) as { reason: RateLimitedError }
    expect(ran).toBe(false)
    expect(reason).toBeInstanceOf(RateLimitedError)
    expect(isSeaworthyError(reason)).toBe(true)
    expect(failureClass(reason)).toBe('degraded')
    expect(reason).toMatchObject({
      name: 'RateLimitedError',
      code: 'ERR_RATE_LIMITED',
      policy: 'mail',
      reason: 'limit',
      retryAfter: 70,
      message: "rate-limit 'mail': 10 calls in 1s are used up; the next turn is in 70ms",
    })
    expect(events).toEqual([['rejected', { name: 'mail', reason: 'limit', retryAfter: 70 }]])
    await clock.advance(reason.retryAfter ?? 0)
    expect(await policy.execute(() => 'back')).toBe('back')
  })

  it('says a time to come back that is right for rates that are no round numbers', async () => {
    for (const limit of [3, 7, 11, 13, 999]) {
      const clock = new VirtualClock(0.1)
      const policy = rateLimit({ limit, per: 1000, burst: 1, clock })
      for (let i = 0; i < 30; i++) {
        expect((await policy.settle(() => 1)).status).toBe('fulfilled')
        const { reason } = (await policy.settle(() => 1)) as { reason: RateLimitedError }
        await clock.advance((reason.retryAfter ?? 0) * 0.999)
        expect((await policy.settle(() => 1)).status).toBe('rejected')
        const again = (await policy.settle(() => 1)) as { reason: RateLimitedError }
        await clock.advance(again.reason.retryAfter ?? 0)
      }
    }
  })

  it('reads the clock once for a call, and holds nothing', async () => {
    const clock = new VirtualClock()
    let reads = 0
    const now = clock.now.bind(clock)
    clock.now = () => {
      reads++
      return now()
    }
    const policy = rateLimit({ limit: 100, per: 1000, clock })
    await Promise.all(Array.from({ length: 50 }, () => policy.execute(() => 1)))
    expect(reads).toBe(50)
    expect(policy.debugStats()).toEqual({ listeners: 0, queued: 0, timers: 0, keys: 0 })
  })

  it('charges each attempt when a retry is outside', async () => {
    const { policy } = setup({ burst: 3 })
    let attempts = 0
    await pipeline(again(5), policy).settle(() => {
      attempts++
      throw boom
    })
    expect(attempts).toBe(3)
  })
})

describe('a rate limit that lets calls wait', () => {
  it('runs each at its turn, in the order they came', async () => {
    const { clock, policy, events, clean, run } = setup({ wait: '1s' })
    const calls = [0, 1, 2, 3, 4].map((id) => run(id))
    expect(policy.debugStats()).toMatchObject({ queued: 3, timers: 1 })
    await clock.advance(1000)
    expect(calls.map(({ ending }) => ending)).toEqual([
      { at: 1000, value: 0 },
      { at: 1000, value: 1 },
      { at: 1100, value: 2 },
      { at: 1200, value: 3 },
      { at: 1300, value: 4 },
    ])
    expect(events).toEqual([
      ['queued', { name: undefined, wait: 100, queued: 1 }],
      ['queued', { name: undefined, wait: 200, queued: 2 }],
      ['queued', { name: undefined, wait: 300, queued: 3 }],
      ['dequeued', { name: undefined, waited: 100, queued: 2 }],
      ['dequeued', { name: undefined, waited: 200, queued: 1 }],
      ['dequeued', { name: undefined, waited: 300, queued: 0 }],
    ])
    clean()
  })

  it('turns away at once who would wait too long, with the time of the turn after all others', async () => {
    const { clock, events, clean, run } = setup({ wait: 200 })
    const calls = [0, 1, 2, 3, 4].map((id) => run(id))
    await clock.settle()
    expect(calls[4]?.ending).toMatchObject({
      at: 1000,
      error: {
        reason: 'maxWait',
        retryAfter: 300,
        message:
          'rate-limit: 10 calls in 1s are used up; the next turn is in 300ms, longer than a call may wait (200ms)',
      },
    })
    expect(events.at(-1)).toEqual(['rejected', { name: undefined, reason: 'maxWait', retryAfter: 300 }])
    await clock.advance(1000)
    expect(calls[3]?.ending).toEqual({ at: 1200, value: 3 })
    clean()
  })

  it('starts no wait that would end after the deadline of the call', async () => {
    const { clock, clean, run } = setup({ wait: '1s' })
    run(0)
    run(1)
    const late = run(2, { deadline: 1100.9 })
    const fits = run(3, { deadline: 1101 })
    await clock.advance(1000)
    expect(late.ending).toMatchObject({ at: 1000, error: { reason: 'deadline', retryAfter: 100 } })
    expect((late.ending?.error as Error | undefined)?.message).toContain(
      "longer than the call's deadline allows",
    )
    expect(fits.ending).toEqual({ at: 1100, value: 3 })
    clean()
  })

  it('verify 34 and 38: gives the place of an aborted call to those behind it, and no more than that', async () => {
    const { clock, policy, events, clean, run } = setup({ wait: '1s' })
    const caller = new AbortController()
    run(0)
    run(1)
    const first = run(2, { signal: caller.signal })
    const second = run(3, { signal: caller.signal })
    const third = run(4)
    expect(abortListeners(caller.signal)).toBe(1)
    await clock.advance(50)
    caller.abort('left')
    expect(policy.debugStats()).toMatchObject({ queued: 1, timers: 1 })
    const last = run(5)
    await clock.advance(1000)
    expect(first.ending).toEqual({ at: 1050, error: 'left' })
    expect(second.ending).toEqual({ at: 1050, error: 'left' })
    expect(third.ending).toEqual({ at: 1100, value: 4 })
    expect(last.ending).toEqual({ at: 1200, value: 5 })
    expect(events).toContainEqual(['rejected', { name: undefined, reason: 'aborted', retryAfter: 150 }])
    clean(caller.signal)
  })

  it('stops its timer when the last one in line leaves', async () => {
    const { clock, policy, clean, run } = setup({ wait: '1s' })
    const caller = new AbortController()
    run(0)
    run(1)
    run(2, { signal: caller.signal })
    expect(clock.pendingTimers).toBe(1)
    caller.abort('left')
    expect([clock.pendingTimers, policy.debugStats()['timers']]).toEqual([0, 0])
    await clock.advance(100)
    expect(await policy.execute(() => 'in')).toBe('in')
    clean(caller.signal)
  })

  it('is not joined by a call whose signal aborts on the way in', async () => {
    const { policy, events, clean } = setup({ wait: '1s', burst: 1 })
    await policy.execute(() => 0)
    const caller = new AbortController()
    const aborting = onEntry(() => caller.abort('left'))
    const result = await pipeline(aborting, policy).settle(() => 1, { signal: caller.signal })
    expect(result).toEqual({ status: 'rejected', reason: 'left' })
    expect(events).toEqual([['rejected', { name: undefined, reason: 'aborted', retryAfter: 100 }]])
    clean(caller.signal)
  })

  it('does not run a call that is aborted in the tick of its turn; its turn is used', async () => {
    const rejections = trackUnhandledRejections()
    const { clock, policy, clean, run } = setup({ wait: '1s', burst: 1 })
    const caller = new AbortController()
    run(0)
    let ran = false
    const doomed = observe(
      clock,
      policy.execute(
        () => {
          ran = true
        },
        { signal: caller.signal },
      ),
    )
    const next = run(2)
    policy.on('dequeued', () => caller.abort('left'))
    await clock.advance(1000)
    expect(doomed.ending).toEqual({ at: 1100, error: 'left' })
    expect(ran).toBe(false)
    expect(next.ending).toEqual({ at: 1200, value: 2 })
    clean(caller.signal)
    expect(await rejections.stop()).toEqual([])
  })

  it('leaves the line when a timeout outside of it is up', async () => {
    for (const mode of ['aggressive', 'cooperative'] as const) {
      const { clock, policy, clean, run } = setup({ wait: '1s', burst: 1 })
      run(0)
      const call = observe(
        clock,
        pipeline(timeout(50, { clock, mode }), policy).execute(() => 1),
      )
      await clock.advance(1000)
      expect(call.ending).toMatchObject({ at: 1050, error: { code: 'ERR_TIMEOUT' } })
      clean()
    }
  })

  it('does not let a newcomer overtake, though an allowance is there at that moment', async () => {
    const { clock, clean, run, policy } = setup({ wait: '1s', burst: 1 })
    const order: unknown[] = []
    run(0)
    const call = (id: string) => policy.execute(() => order.push(id))
    const waiting = [call('a'), call('b')]
    let late: Promise<unknown> | undefined
    policy.on('dequeued', () => {
      late ??= call('newcomer')
    })
    await clock.advance(1000)
    await Promise.all([...waiting, late])
    expect(order).toEqual(['a', 'b', 'newcomer'])
    clean()
  })

  it('runs a function that waited in the async context of its caller', async () => {
    const { clock, policy, clean } = setup({ wait: '1s', burst: 1 })
    const storage = new AsyncLocalStorage<string>()
    const stores: unknown[] = []
    const calls = ['a', 'b', 'c'].map((caller) =>
      storage.run(caller, () => policy.execute(() => stores.push(storage.getStore()))),
    )
    await storage.run('clock', () => clock.advance(1000))
    await Promise.all(calls)
    expect(stores).toEqual(['a', 'b', 'c'])
    clean()
  })

  it('spaces calls out after the event loop was late, rather than letting them catch up, with a burst of 1', async () => {
    for (const [burst, times] of [
      [1, [0, 350, 450, 550]],
      [3, [0, 0, 0, 350, 350, 350, 450]],
    ] as const) {
      const { clock, inner, block } = lateClock()
      const policy = rateLimit({ limit: 10, per: 1000, burst, wait: '10s', clock })
      const seen: number[] = []
      const calls = times.map(() => policy.execute(() => seen.push(clock.now())))
      block(250) // the first timer is due after 100
      await inner.advance(5000)
      await Promise.all(calls)
      expect(seen).toEqual(times)
    }
  })

  it('does not let a newcomer overtake while the event loop is late', async () => {
    const { clock, inner, block } = lateClock()
    const policy = rateLimit({ limit: 10, per: 1000, burst: 1, wait: '10s', clock })
    const order: string[] = []
    const waits: number[] = []
    policy.on('queued', ({ wait }) => waits.push(wait))
    const call = (name: string) => policy.execute(() => order.push(name))
    const calls = [call('first'), call('waiting')]
    block(5000) // its turn has come long ago, but no timer could say so
    calls.push(call('newcomer'))
    await inner.advance(5000)
    await Promise.all(calls)
    expect(order).toEqual(['first', 'waiting', 'newcomer'])
    expect(waits).toEqual([100, 0])
  })
})

describe('a rate limit for each key', () => {
  const byKey = { key: ({ key }: { key?: string | undefined }) => key }

  it('counts each key alone, and those without a key together', async () => {
    const { clock, policy } = setup({ ...byKey, burst: 1 })
    const pass = async (key?: string) => (await policy.settle(() => 1, { key })).status === 'fulfilled'
    expect([await pass('a'), await pass('b'), await pass(), await pass('a'), await pass()]).toEqual([
      true,
      true,
      true,
      false,
      false,
    ])
    expect([policy.available('a'), policy.available('c'), policy.available()]).toEqual([0, 1, 0])
    await clock.advance(100)
    expect([policy.available('a'), policy.available('c'), policy.available()]).toEqual([1, 1, 1])
  })

  it('counts a call for which the key function throws as one without a key', async () => {
    const { policy } = setup({
      burst: 1,
      key: () => {
        throw boom
      },
    })
    expect((await policy.settle(() => 1)).status).toBe('fulfilled')
    expect(policy.available()).toBe(0)
    expect(policy.debugStats()['keys']).toBe(0)
  })

  it('has a line and a timer for each key with calls that wait', async () => {
    const { clock, policy, clean } = setup({ ...byKey, burst: 1, wait: '1s' })
    const calls = ['a', 'b', 'a', 'b', 'a'].map((key) =>
      observe(
        clock,
        policy.execute(() => key, { key }),
      ),
    )
    expect(policy.debugStats()).toMatchObject({ queued: 3, timers: 2, keys: 2 })
    expect(policy.available('a')).toBe(0)
    await clock.advance(1000)
    expect(calls.map(({ ending }) => ending)).toEqual([
      { at: 1000, value: 'a' },
      { at: 1000, value: 'b' },
      { at: 1100, value: 'a' },
      { at: 1100, value: 'b' },
      { at: 1200, value: 'a' },
    ])
    clean()
  })

  it('keeps a key whose calls wait, even when the event loop is so late that its allowance is full', async () => {
    const { clock, inner, block } = lateClock()
    const policy = rateLimit({ limit: 10, per: 1000, burst: 1, wait: '10s', clock, ...byKey })
    const times: number[] = []
    const call = (key: string) => policy.execute(() => times.push(clock.now()), { key })
    const calls = [call('a'), call('a')]
    block(5000)
    for (let i = 0; i < 5; i++) calls.push(call(`other ${i}`))
    calls.push(call('a'))
    expect(policy.debugStats()).toMatchObject({ queued: 2 })
    await inner.advance(5000)
    await Promise.all(calls)
    expect(times).toEqual([0, 5000, 5000, 5000, 5000, 5000, 5100, 5200])
  })

  it('forgets keys whose allowance is full again, with the calls that come', async () => {
    const { clock, policy } = setup({ ...byKey, burst: 1 })
    for (let i = 0; i < 100; i++) await policy.execute(() => 1, { key: `key ${i}` })
    expect(policy.debugStats()['keys']).toBe(100)
    for (let i = 0; i < 100; i++) {
      await clock.advance(100)
      await policy.execute(() => 1, { key: 'busy' })
    }
    expect(policy.debugStats()['keys']).toBeLessThanOrEqual(2)
  })

  it('forgets them while ever new keys come, too', async () => {
    const { clock, policy } = setup({ ...byKey, burst: 1 })
    for (let i = 0; i < 2000; i++) {
      await policy.execute(() => 1, { key: `key ${i}` })
      await clock.advance(10)
    }
    // Ten of them are in use at a time.
    expect(policy.debugStats()['keys']).toBeLessThanOrEqual(40)
  })

  it('remembers no more keys than it may, and forgets those who used the least', async () => {
    const { policy } = setup({ ...byKey, burst: 5, maxKeys: 10 })
    const use = async (key: string, times: number) => {
      for (let i = 0; i < times; i++) await policy.settle(() => 1, { key })
    }
    await use('heavy', 5)
    for (let i = 0; i < 50; i++) await use(`light ${i}`, 1)
    expect(policy.debugStats()['keys']).toBe(10)
    expect((await policy.settle(() => 1, { key: 'heavy' })).status).toBe('rejected')
  })

  it('never forgets a key for which calls wait', async () => {
    const { clock, policy, clean } = setup({ ...byKey, burst: 1, maxKeys: 3, wait: '10s' })
    const calls: Promise<unknown>[] = []
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      calls.push(
        policy.execute(() => key, { key }),
        policy.execute(() => key, { key }),
      )
    }
    expect(policy.debugStats()).toMatchObject({ keys: 5, queued: 5 })
    await clock.advance(1000)
    await Promise.all(calls)
    for (let i = 0; i < 20; i++) await policy.settle(() => 1, { key: `other ${i}` })
    expect(policy.debugStats()['keys']).toBeLessThanOrEqual(3)
    clean()
  })
})

describe('rate limit options', () => {
  it('are checked when the policy is built, and named', () => {
    const bad: ReadonlyArray<[object, string]> = [
      [{ per: 1000 }, 'limit'],
      [{ limit: 0, per: 1000 }, 'limit'],
      [{ limit: 1.5, per: 1000 }, 'limit'],
      [{ limit: 1 }, 'per'],
      [{ limit: 1, per: 0 }, 'per'],
      [{ limit: 1, per: '1s', burst: 0 }, 'burst'],
      [{ limit: 1, per: '1s', wait: true }, 'wait'],
      [{ limit: 1, per: '1s', wait: -1 }, 'wait'],
      [{ limit: 1, per: '1s', key: 'host' }, 'key'],
      [{ limit: 1, per: '1s', maxKeys: 0 }, 'maxKeys'],
      [{ limit: 1, per: '1s', rate: 1 }, "rateLimit option 'rate'"],
    ]
    for (const [options, option] of bad) {
      expect(() => rateLimit(options as RateLimitOptions)).toThrow(expect.objectContaining({ option }))
    }
  })

  it('describe the policy', () => {
    expect(rateLimit({ limit: 3, per: '1s' }).describe()).toEqual([
      {
        kind: 'rate-limit',
        name: undefined,
        options: { limit: 3, per: '1s', burst: 3, wait: '0ms' },
        wait: 0,
      },
    ])
    expect(rateLimit({ limit: 3, per: '1s', wait: '2s' }).describe()[0]).toMatchObject({ wait: 2000 })
  })

  it('show on the hub when the policy has a name', async () => {
    const hub = new Hub()
    const policy = rateLimit({ limit: 3, per: '1s', name: 'mail', hub, clock: new VirtualClock() })
    await policy.execute(() => 1)
    expect(hub.component('rate-limit', 'mail')?.snapshot()).toEqual({
      limit: 3,
      per: 1000,
      burst: 3,
      available: 2,
      queued: 0,
      keys: 0,
      evicted: 0,
    })
    policy.dispose()
    expect(hub.components()).toEqual([])
  })
})

/** A clock of which time can pass while no timer fires, as when the event loop is blocked. */
function lateClock() {
  const inner = new VirtualClock()
  let late = 0
  const clock: Clock = {
    grain: 0,
    now: () => inner.now() + late,
    setTimer: (callback, delay) => inner.setTimer(callback, delay),
    sleep: (delay, signal) => inner.sleep(delay, signal),
  }
  const block = (time: number) => {
    late += time
  }
  return { clock, inner, block }
}
