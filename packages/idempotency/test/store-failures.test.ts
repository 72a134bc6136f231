/** A store that fails, hangs, or loses answers. */

import { idempotency, memoryIdempotencyStore } from '@seaworthy/idempotency'
import { trackUnhandledRejections } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { key, processOn, setUp } from './policies.ts'
import { storeDown } from './scripted-store.ts'

describe('a store that cannot answer a claim', () => {
  it('verify 45: stops the call at once, with the error of the store', async () => {
    const { policy, store, runs, events, expectNothingLeft } = setUp()
    store.will('claim', 'fail')
    await expect(policy.execute(runs.start, { key })).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      reason: 'error',
      failureClass: 'transient',
      cause: storeDown,
      retryAfter: undefined,
    })
    expect(runs.count).toBe(0)
    expect(events).toEqual([['rejected', { reason: 'store' }]])
    expect(await policy.execute(() => 'up again', { key })).toBe('up again')
    expectNothingLeft()
  })

  it('hands on when to come back, if the store says so; a throw is a rejection', async () => {
    const { policy, store } = setUp()
    store.memory.claim = () => {
      throw { retryAfter: 700 }
    }
    await expect(policy.execute(() => 1, { key })).rejects.toMatchObject({ reason: 'error', retryAfter: 700 })
  })

  it('verify 45: that hangs stops the call after storeTimeout; all who came meanwhile as well', async () => {
    const { policy, store, clock, runs, expectNothingLeft } = setUp({ storeTimeout: '2s' })
    store.willAlways('claim', 'hang')
    const calls = [1, 2].map(() => policy.settle(runs.start, { key }))
    await clock.advance(1999)
    expect(policy.debugStats()).toMatchObject({ storeCalls: 1, waiting: 2 })
    await clock.advance(1)
    for (const each of await Promise.all(calls))
      expect(each).toMatchObject({ reason: { code: 'ERR_STORE_UNAVAILABLE', reason: 'timeout' } })
    expect(runs.count).toBe(0)
    expectNothingLeft()
  })

  it('and grants it too late has its grant undone, so that the key is not blocked', async () => {
    const { policy, store, clock, runs, expectNothingLeft } = setUp()
    store.will('claim', 1500)
    const call = policy.settle(runs.start, { key })
    await clock.advance('1s')
    expect(await call).toMatchObject({ reason: { reason: 'timeout' } })
    expect(await policy.peek({ key })).toMatchObject({ state: 'inFlight' })
    await clock.advance(500)
    expect(await policy.peek({ key })).toBeUndefined()
    expect(await policy.execute(() => 'next', { key })).toBe('next')
    expectNothingLeft()
  })

  it('and grants it too late does not take away what the same calls have claimed since', async () => {
    const { policy, store, clock, runs } = setUp({ whenInFlight: 'wait', maxWait: '1m', random: () => 0.9 })
    const dead = { owner: 'dead', fingerprint: '', lease: 500, retain: 60_000, takeover: true }
    await store.memory.claim(key, dead)
    delete store.waitFor
    const call = policy.execute(runs.start, { key })
    await clock.settle()
    store.will('claim', 5000) // the poll at 600 ms takes over, and is told so much later
    await clock.advance(5500)
    expect(await policy.peek({ key })).toMatchObject({ state: 'inFlight', attempt: 2 })
    expect(runs.count).toBe(0)
    await clock.advance(200)
    expect(await policy.peek({ key })).toMatchObject({ state: 'abandoned', attempt: 2 })
    await clock.advance('2s')
    expect(await policy.peek({ key })).toMatchObject({ state: 'inFlight', attempt: 3 })
    await clock.advance('1m')
    runs.run().succeed('once')
    expect(await call).toBe('once')
    expect(runs.count).toBe(1)
  })

  it('verify 45: lets the call run unprotected, if it should, and says so', async () => {
    const { policy, store, clock, runs, events, expectNothingLeft } = setUp({
      onStoreError: 'open',
      whenInFlight: 'wait',
    })
    store.willAlways('claim', 'hang')
    const calls = [1, 2].map(() => policy.execute(runs.start, { key }))
    await clock.advance('1s')
    expect(runs.count).toBe(1)
    runs.run().succeed('unprotected')
    expect(await Promise.all(calls)).toEqual(['unprotected', 'unprotected'])
    expect(events[0]).toEqual(['unprotected', { reason: 'timeout' }])
    expect(events.map(([type]) => type)).toEqual(['unprotected', 'finished', 'waited', 'duplicate'])
    expect(store.asked).toMatchObject({ complete: 0, renew: 0 })
    store.willAlways('claim', 'fail')
    await expect(policy.execute(() => Promise.reject(storeDown), { key })).rejects.toBe(storeDown)
    expectNothingLeft()
  })

  it('because it is full says so', async () => {
    const store = memoryIdempotencyStore({ max: 1 })
    const policy = idempotency({ store, name: 'charges' })
    const first = policy.execute(() => new Promise((resolve) => setImmediate(resolve)), { key })
    await expect(policy.execute(() => 2, { key: 'b' })).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      reason: 'full',
      failureClass: 'degraded',
      policy: 'charges',
    })
    await first
    policy.dispose()
  })
})

describe('a store that does not take an outcome', () => {
  it('does not keep it from the caller; it is sent again until it is stored', async () => {
    const { policy, store, clock, runs, events, expectNothingLeft } = setUp()
    const tracker = trackUnhandledRejections()
    store.will('complete', 'fail', 'fail', 'hang', 'fail')
    const call = policy.execute(runs.start, { key })
    await clock.advance('1s')
    runs.run().succeed('done')
    await clock.settle()
    expect(await call).toBe('done')
    expect(policy.debugStats()).toMatchObject({ recording: 1, flights: 1, leases: 0, running: 0 })
    expect(await policy.execute(runs.start, { key })).toBe('done') // nobody else knows it yet
    await clock.advance('4s')
    expect(store.asked.complete).toBe(5)
    expect(events.slice(1)).toEqual([
      ['finished', { outcome: 'completed', attempt: 1, duration: 1000 }],
      ['outcomeNotRecorded', { outcome: 'completed', reason: 'error', resending: true }],
      ['duplicate', { outcome: 'completed', source: 'flight' }],
      ['recordedLate', { outcome: 'completed', after: expect.any(Number) }],
    ])
    expect(await policy.execute(runs.start, { key })).toBe('done')
    expect(runs.count).toBe(1)
    expect(await tracker.stop()).toEqual([])
    expectNothingLeft()
  })

  it('but only loses the answer: sending it again does no harm', async () => {
    const { policy, store, clock, events, expectNothingLeft } = setUp()
    store.will('complete', 'lose')
    const call = policy.execute(() => 'done', { key })
    await clock.advance('1s')
    expect(await call).toBe('done')
    await clock.advance('1s')
    expect(events.map(([type]) => type)).toEqual([
      'claimed',
      'finished',
      'outcomeNotRecorded',
      'recordedLate',
    ])
    expect(events[2]?.[1]).toMatchObject({ reason: 'timeout' })
    expectNothingLeft()
  })

  it('until its lease is over has lost it, and says so; no timer is left', async () => {
    const { policy, store, clock, events, expectNothingLeft } = setUp()
    const tracker = trackUnhandledRejections()
    store.willAlways('complete', 'fail')
    expect(await policy.execute(() => 'done', { key })).toBe('done')
    await clock.advance('30s')
    expect(events.at(-1)).toEqual([
      'outcomeNotRecorded',
      { outcome: 'completed', reason: 'error', resending: false },
    ])
    expect(store.asked.complete).toBeGreaterThan(30)
    expect(store.asked.complete).toBeLessThan(70)
    expect(await tracker.stop()).toEqual([])
    expectNothingLeft()
    expect(await policy.execute(() => 'again', { key })).toBe('again') // nothing better is known
  })

  it('has its caller told, if it should, with an error that no retry repeats', async () => {
    const { policy, store, clock, runs } = setUp({ onCompletionFailure: 'throw' })
    store.will('complete', 'fail', 'fail')
    const error = { code: 'ERR_OUTCOME_UNRECORDED', failureClass: 'fatal', cause: storeDown }
    await expect(policy.execute(() => 'done', { key })).rejects.toMatchObject(error)
    await expect(policy.execute(runs.start, { key })).rejects.toMatchObject(error)
    await clock.advance('1s')
    expect(await policy.execute(runs.start, { key })).toBe('done')
    expect(runs.count).toBe(0)
  })

  it('because its record is gone gets it once', async () => {
    const { policy, store, clock, runs, events, expectNothingLeft } = setUp()
    const call = policy.execute(runs.start, { key })
    await clock.settle()
    await store.memory.forget(key)
    runs.run().succeed('done')
    expect(await call).toBe('done')
    expect(events.at(-1)).toEqual([
      'outcomeNotRecorded',
      { outcome: 'completed', reason: 'gone', resending: false },
    ])
    expectNothingLeft()
  })

  it('and gives the work to another owner meanwhile is not overruled', async () => {
    const { policy, store, clock, events, expectNothingLeft } = setUp()
    store.will('complete', 'fail')
    await policy.execute(() => 'done', { key })
    await store.memory.forget(key)
    const claim = { owner: 'other', fingerprint: '', lease: 60_000, retain: 60_000, takeover: true }
    await store.memory.claim(key, claim)
    await clock.advance('1s')
    expect(events.at(-1)).toEqual([
      'outcomeNotRecorded',
      { outcome: 'completed', reason: 'stale', resending: false },
    ])
    expectNothingLeft()
  })

  it('of a failure that may be mended lets others try as soon as it is back', async () => {
    const { policy, store, clock, expectNothingLeft } = setUp()
    const other = processOn(clock, store)
    store.will('complete', 'fail')
    await expect(policy.execute(() => Promise.reject(storeDown), { key })).rejects.toBe(storeDown)
    await expect(other.policy.execute(() => 1, { key })).rejects.toMatchObject({ code: 'ERR_IN_FLIGHT' })
    await clock.advance('100ms')
    expect(await other.policy.execute(() => 1, { key })).toBe(1)
    expectNothingLeft()
  })
})
