/** Calls that find the work in flight, here and in other processes. */
import { abortListeners, trackUnhandledRejections } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { key, processOn, Runs, setUp } from './policies.ts'

const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' })

describe('a duplicate of work in flight', () => {
  it('is rejected at once, with the rest of the lease, wherever the work runs', async () => {
    const { policy, runs, clock, store, events, expectNothingLeft } = setUp()
    const other = processOn(clock, store)
    const first = policy.execute(runs.start, { key })
    await clock.advance('4s')
    for (const each of [policy, other.policy]) {
      await expect(each.execute(runs.start, { key })).rejects.toMatchObject({
        code: 'ERR_IN_FLIGHT',
        reason: 'reject',
        failureClass: 'degraded',
        retryAfter: 26_000,
      })
    }
    expect(store.asked.claim).toBe(2) // the one in this process was not worth asking for
    expect(events.at(-1)).toEqual(['rejected', { reason: 'reject' }])
    runs.run().succeed(1)
    expect(await first).toBe(1)
    expect(runs.count).toBe(1)
    expectNothingLeft()
  })

  it('that comes while the store is being asked is rejected or answered with the first', async () => {
    const { policy, runs, clock, store } = setUp()
    store.will('claim', 200)
    const calls = [1, 2, 3].map(() => policy.settle(runs.start, { key }))
    await clock.advance(200)
    runs.run().succeed('done')
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
    ])
    store.will('claim', 200)
    const late = [1, 2, 3].map(() => policy.execute(runs.start, { key }))
    await clock.advance(200)
    expect(await Promise.all(late)).toEqual(['done', 'done', 'done'])
    expect(store.asked.claim).toBe(2)
    expect(runs.count).toBe(1)
  })

  it('waits and shares the outcome: 100 of them cost one claim and one run', async () => {
    const { policy, runs, clock, store, events, expectNothingLeft } = setUp({ whenInFlight: 'wait' })
    const calls = Array.from({ length: 100 }, () => policy.execute(runs.start, { key }))
    await clock.advance('3s')
    expect(policy.debugStats()).toMatchObject({ flights: 1, waiting: 100, timers: 99, running: 1, leases: 1 })
    const value = {}
    runs.run().succeed(value)
    for (const each of await Promise.all(calls)) expect(each).toBe(value)
    expect(store.asked).toMatchObject({ claim: 1, complete: 1 })
    expect(runs.count).toBe(1)
    const told = (type: string) => events.filter((event) => event[0] === type).map(([, payload]) => payload)
    expect(told('waited')).toEqual(Array.from({ length: 99 }, () => ({ duration: 3000, result: 'outcome' })))
    expect(told('duplicate')).toEqual(
      Array.from({ length: 99 }, () => ({ outcome: 'completed', source: 'flight' })),
    )
    expectNothingLeft()
  })

  it('shares a failure for good, the same object', async () => {
    const { policy, runs, clock } = setUp({ whenInFlight: 'wait', classify: () => 'terminal' })
    const calls = [1, 2].map(() => policy.settle(runs.start, { key }))
    await clock.settle()
    runs.run().fail(reset)
    for (const each of await Promise.all(calls)) expect(each).toEqual({ status: 'rejected', reason: reset })
  })

  it('claims again when the owner failed in a way that may be mended: one runs, the others share its outcome', async () => {
    const { policy, runs, clock, store, expectNothingLeft } = setUp({ whenInFlight: 'wait' })
    const calls = [1, 2, 3].map(() => policy.settle(runs.start, { key }))
    await clock.settle()
    runs.run().fail(reset)
    await clock.settle()
    expect(runs.count).toBe(2)
    expect(store.asked.claim).toBe(2)
    runs.run().succeed('second')
    expect(await Promise.all(calls)).toEqual([
      { status: 'rejected', reason: reset },
      { status: 'fulfilled', value: 'second' },
      { status: 'fulfilled', value: 'second' },
    ])
    expectNothingLeft()
  })

  it('waits no longer than maxWait in all, however often owners change', async () => {
    const { policy, runs, clock, events, expectNothingLeft } = setUp({ whenInFlight: 'wait', maxWait: '1s' })
    const calls = [1, 2].map(() => policy.settle(runs.start, { key }))
    await clock.advance(600)
    const third = policy.settle(runs.start, { key })
    runs.run().fail(reset) // the second call runs now, the third waits on
    await clock.advance(999)
    expect(policy.debugStats()).toMatchObject({ waiting: 2 })
    await clock.advance(1)
    expect(await third).toMatchObject({
      reason: { code: 'ERR_IN_FLIGHT', reason: 'maxWait', retryAfter: 29_000 },
    })
    expect(events.at(-1)).toEqual(['rejected', { reason: 'maxWait' }])
    runs.run().succeed(1)
    await Promise.all(calls)
    expectNothingLeft()
  })

  it('does not wait beyond its deadline', async () => {
    const { policy, runs, clock } = setUp({ whenInFlight: 'wait' })
    const first = policy.execute(runs.start, { key })
    const second = policy.settle(runs.start, { key, deadline: 700 })
    await clock.advance(700)
    expect(await second).toMatchObject({ reason: { code: 'ERR_IN_FLIGHT', reason: 'deadline' } })
    runs.run().succeed(1)
    await first
  })
})

describe('work in flight in another process', () => {
  const twoProcesses = (hints: boolean) => {
    const all = setUp({ whenInFlight: 'wait' })
    if (!hints) delete all.store.waitFor
    const runs = new Runs()
    const owner = processOn(all.clock, all.store)
    return { ...all, ownerRuns: runs, work: owner.policy.settle(runs.start, { key }) }
  }

  it('is heard of by a hint, at once', async () => {
    const { policy, clock, store, runs, ownerRuns, expectNothingLeft } = twoProcesses(true)
    const waiting = policy.execute(runs.start, { key })
    await clock.advance('2s')
    const asked = store.asked.claim
    ownerRuns.run().succeed('there')
    await clock.advance(20)
    expect(await waiting).toBe('there')
    expect(store.asked.claim).toBe(asked + 1)
    expect(runs.count).toBe(0)
    expectNothingLeft()
  })

  it('is found by polling once a second, more or less, without hints', async () => {
    const { policy, clock, store, runs, ownerRuns, expectNothingLeft } = twoProcesses(false)
    const waiting = Promise.all([1, 2, 3].map(() => policy.execute(runs.start, { key })))
    await clock.advance('4s')
    expect(store.asked.claim).toBeGreaterThanOrEqual(4)
    expect(store.asked.claim).toBeLessThanOrEqual(7)
    ownerRuns.run().succeed('there')
    expect(await clock.runUntilSettled(waiting, { limit: 1300 })).toEqual(['there', 'there', 'there'])
    expectNothingLeft()
  })

  it('goes to one of the waiting calls when the owner fails, and to nobody twice', async () => {
    const { policy, clock, runs, work, ownerRuns, events, expectNothingLeft } = twoProcesses(true)
    const waiting = [1, 2].map(() => policy.settle(runs.start, { key }))
    await clock.advance('1s')
    ownerRuns.run().fail(reset)
    await work
    await clock.advance(20)
    expect(runs.count).toBe(1)
    await clock.advance('4.5s') // no wait for itself
    runs.run().succeed('mine')
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(events.map(([, payload]) => payload)).toContainEqual({
      duration: expect.any(Number),
      result: 'turn',
    })
    expectNothingLeft()
  })

  it('is taken over soon after the lease of an owner that died', async () => {
    const { policy, clock, store, runs, expectNothingLeft } = setUp({ whenInFlight: 'wait', maxWait: '1m' })
    const dead = { owner: 'dead', fingerprint: '', lease: 10_000, retain: 60_000, takeover: true }
    await store.memory.claim(key, dead)
    const waiting = policy.execute(runs.start, { key })
    await clock.advance(9999)
    expect(runs.count).toBe(0)
    await clock.advance(1300)
    runs.run().succeed(1)
    expect(await waiting).toBe(1)
    expectNothingLeft()
  })

  it('is waited for while the store fails: that is no reason to run it here', async () => {
    const { policy, clock, store, runs, ownerRuns, expectNothingLeft } = twoProcesses(true)
    const waiting = policy.settle(runs.start, { key })
    await clock.advance('1s')
    store.willAlways('claim', 'fail')
    await clock.advance('2s')
    store.works()
    ownerRuns.run().succeed('there')
    await clock.advance('1.5s')
    expect(await waiting).toEqual({ status: 'fulfilled', value: 'there' })
    expectNothingLeft()
  })

  it('does not make a busy loop of hints for nothing', async () => {
    const { policy, clock, store, runs, ownerRuns } = twoProcesses(true)
    store.waitFor = () => Promise.resolve()
    const waiting = policy.settle(runs.start, { key })
    await clock.advance('1s')
    expect(store.asked.claim).toBeLessThan(210)
    store.waitFor = () => Promise.reject(reset)
    ownerRuns.run().succeed(1)
    await clock.advance('1.3s')
    await waiting
  })
})

describe('a call that is given up', () => {
  const gone = new Error('gone')

  it('is rejected at once with its own reason; when all are, the function is told, and the lease is not renewed', async () => {
    const { policy, clock, store, expectNothingLeft } = setUp({ whenInFlight: 'wait' })
    const runs = new Runs()
    const controllers = [new AbortController(), new AbortController()]
    const calls = controllers.map(({ signal }) => policy.settle(runs.start, { key, signal }))
    await clock.advance('1s')
    controllers[0]?.abort(gone)
    await clock.settle()
    expect(await calls[0]).toEqual({ status: 'rejected', reason: gone })
    expect(runs.run().context.signal.aborted).toBe(false) // the second call still wants it
    const last = new Error('last')
    controllers[1]?.abort(last)
    expect(await calls[1]).toEqual({ status: 'rejected', reason: last })
    expect(runs.run().context.signal.reason).toBe(last)
    await clock.advance('20s')
    expect(store.asked.renew).toBe(0)
    expect(policy.debugStats()).toMatchObject({ flights: 0, waiting: 0, running: 1, leases: 0, timers: 0 })
    const late = policy.settle(runs.start, { key, deadline: clock.now() + 1 })
    await clock.advance(1)
    expect(await late).toMatchObject({ reason: { code: 'ERR_IN_FLIGHT', reason: 'deadline' } })
    runs.run(0).succeed('after all')
    await clock.settle()
    expect(await policy.execute(runs.start, { key })).toBe('after all')
    expectNothingLeft(...controllers.map(({ signal }) => signal))
  })

  it('lets the next one try when its function obeys', async () => {
    const { policy, clock, expectNothingLeft } = setUp()
    const runs = new Runs(true)
    const controller = new AbortController()
    const call = policy.settle(runs.start, { key, signal: controller.signal })
    await clock.settle()
    controller.abort(Object.assign(new Error('stop'), { name: 'AbortError' }))
    await call
    await clock.settle()
    expect(await policy.execute(() => 'next', { key })).toBe('next')
    expectNothingLeft(controller.signal)
  })

  it('never runs its function when it was given up before', async () => {
    const { policy, runs, store } = setUp()
    const signal = AbortSignal.abort(gone)
    await expect(policy.execute(runs.start, { key, signal })).rejects.toBe(gone)
    expect(store.asked.claim + runs.count).toBe(0)
  })

  it('gives its claim back when that was still on its way, and leaves the record as it was', async () => {
    for (const before of ['none', 'retryable', 'abandoned'] as const) {
      const { policy, clock, store, runs, expectNothingLeft } = setUp()
      if (before !== 'none') await policy.settle(() => Promise.reject(reset), { key })
      if (before === 'abandoned') {
        const claim = { owner: 'dead', fingerprint: '', lease: 1, retain: 60_000, takeover: true }
        await store.memory.claim(key, claim)
        await clock.advance(1)
      }
      store.will('claim', 300)
      const controller = new AbortController()
      const { signal } = controller
      const call = policy.settle(runs.start, { key, signal })
      await clock.advance(100)
      controller.abort(gone)
      expect(await call).toEqual({ status: 'rejected', reason: gone })
      await clock.advance(200)
      expect(runs.count).toBe(0)
      expect((await policy.peek({ key }))?.state).toBe(before === 'none' ? undefined : before)
      expectNothingLeft(signal)
    }
  })

  it('leaves its claim to a call that came meanwhile', async () => {
    const { policy, clock, store, runs, expectNothingLeft } = setUp()
    store.will('claim', 300)
    const controller = new AbortController()
    const { signal } = controller
    const first = policy.settle(runs.start, { key, signal })
    await clock.advance(100)
    controller.abort(gone)
    const second = policy.execute(() => 'second', { key })
    await clock.advance(200)
    expect(await second).toBe('second')
    await first
    expect(runs.count + store.asked.claim).toBe(1)
    expectNothingLeft(signal)
  })

  it('in the moment in which it is its turn passes it on, or gives it back', async () => {
    for (const others of [0, 1]) {
      const { policy, clock, store, runs, expectNothingLeft } = setUp({ whenInFlight: 'wait' })
      const dead = { owner: 'dead', fingerprint: '', lease: 1000, retain: 60_000, takeover: true }
      await store.memory.claim(key, dead)
      const controller = new AbortController()
      const { signal } = controller
      policy.on('waited', () => controller.abort(gone)) // it has been told, and has not gone on
      const first = policy.settle(runs.start, { key, signal })
      const rest = Array.from({ length: others }, () => policy.execute(() => 'other', { key }))
      await clock.advance('2s')
      expect(await first).toEqual({ status: 'rejected', reason: gone })
      expect(await Promise.all(rest)).toEqual(others === 1 ? ['other'] : [])
      expect(runs.count).toBe(0)
      expect(await policy.peek({ key })).toMatchObject({
        state: others === 1 ? 'completed' : 'abandoned',
        attempt: 2,
      })
      expectNothingLeft(signal)
    }
  })

  it('or could have been, and ended well, leaves nothing on its signal', async () => {
    const { policy, clock, runs, expectNothingLeft } = setUp({ whenInFlight: 'wait' })
    const { signal } = new AbortController()
    const calls = [1, 2].map(() => policy.execute(runs.start, { key, signal }))
    await clock.settle()
    expect(abortListeners(signal)).toBe(1)
    runs.run().succeed(1)
    await Promise.all(calls)
    await policy.execute(runs.start, { key, signal })
    expectNothingLeft(signal)
  })

  it('while it waits for another process ends the polling', async () => {
    const { policy, clock, store, runs, expectNothingLeft } = setUp({ whenInFlight: 'wait', maxWait: '10m' })
    const dead = { owner: 'dead', fingerprint: '', lease: 300_000, retain: 600_000, takeover: true }
    await store.memory.claim(key, dead)
    const controller = new AbortController()
    const { signal } = controller
    const tracker = trackUnhandledRejections()
    const calls = [1, 2].map(() => policy.settle(runs.start, { key, signal }))
    await clock.advance('2s')
    expect(abortListeners(signal)).toBe(1)
    controller.abort(gone)
    for (const each of await Promise.all(calls)) expect(each).toEqual({ status: 'rejected', reason: gone })
    await clock.settle()
    expectNothingLeft(signal)
    expect(await tracker.stop()).toEqual([])
  })
})
