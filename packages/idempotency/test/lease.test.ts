/** The lease of running work. */
import { idempotencyOf } from '@seaworthy/idempotency'
import { trackUnhandledRejections } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { key, processOn, Runs, setUp } from './policies.ts'

describe('the lease of running work', () => {
  it('is renewed at a third of its length for as long as the function runs, and leaves no timer', async () => {
    const { policy, clock, store, runs, expectNothingLeft } = setUp({ lease: '30s' })
    const other = processOn(clock, store)
    const call = policy.execute(runs.start, { key })
    await clock.advance(9999)
    expect(store.asked.renew).toBe(0)
    await clock.advance(1)
    expect(store.asked.renew).toBe(1)
    await clock.advance('25h') // longer than the record would stay
    expect(store.asked.renew).toBe(1 + 9000)
    await expect(other.policy.execute(runs.start, { key })).rejects.toMatchObject({ code: 'ERR_IN_FLIGHT' })
    runs.run().succeed('at last')
    expect(await call).toBe('at last')
    expectNothingLeft()
  })

  it('that is slow to be renewed leaves no timer either when the call ends meanwhile', async () => {
    const { policy, clock, store, runs, expectNothingLeft } = setUp()
    store.will('renew', 'hang')
    const call = policy.execute(runs.start, { key })
    await clock.advance('10.5s')
    runs.run().succeed(1)
    await call
    expectNothingLeft()
  })

  it('whose renewal fails when the call has ended leaves no timer either', async () => {
    const { policy, clock, store, runs, expectNothingLeft } = setUp()
    store.memory.renew = () => clock.sleep(500).then(() => Promise.reject(new Error('down')))
    const call = policy.execute(runs.start, { key })
    await clock.advance(10_200)
    runs.run().succeed(1)
    await call
    await clock.advance(300)
    expectNothingLeft()
  })

  it('begins when it was asked for, not when the answer came', async () => {
    const { policy, clock, store, runs } = setUp()
    store.will('claim', 900)
    store.will('renew', 900)
    const call = policy.settle(runs.start, { key })
    await clock.advance('11s') // claimed at 0, renewed at 10 s
    expect(store.asked.renew).toBe(1)
    store.willAlways('renew', 'fail')
    await clock.advance(26_999)
    expect(runs.run().context.signal.aborted).toBe(false)
    await clock.advance(1)
    expect(await call).toMatchObject({ reason: { code: 'ERR_LEASE_LOST', reason: 'expired' } })
  })

  it('of a claim that was slow is over as early as if it had been quick', async () => {
    const { policy, clock, store, runs } = setUp()
    store.will('claim', 900)
    store.willAlways('renew', 'fail')
    const call = policy.settle(runs.start, { key })
    await clock.advance(27_999)
    expect(runs.run().context.signal.aborted).toBe(false)
    await clock.advance(1)
    expect(await call).toMatchObject({ reason: { code: 'ERR_LEASE_LOST', reason: 'expired' } })
  })

  it('survives a store that is away for less than its rest', async () => {
    const { policy, clock, store, runs, expectNothingLeft, names } = setUp()
    const call = policy.execute(runs.start, { key })
    store.willAlways('renew', 'fail')
    await clock.advance('14s')
    store.willAlways('renew', 'hang')
    await clock.advance('12.5s')
    store.works()
    await clock.advance('20s')
    runs.run().succeed(1)
    expect(await call).toBe(1)
    expect(names()).not.toContain('leaseLost')
    expectNothingLeft()
  })

  it('takes an answer that came late for what it is', async () => {
    const { policy, clock, store, runs, names } = setUp({ lease: '10s', storeTimeout: '1s' })
    store.willAlways('renew', 3000) // renewed at once, and told later than anybody waited for it
    const call = policy.execute(runs.start, { key })
    await clock.advance('1m')
    expect(names()).toEqual(['claimed'])
    runs.run().succeed(1)
    expect(await call).toBe(1)
  })

  it('counts as lost before it can be over for others: the function is told, and the caller does not wait for it', async () => {
    for (const fault of ['fail', 'hang'] as const) {
      const { policy, clock, store, runs, events, expectNothingLeft } = setUp({ lease: '30s' })
      const other = processOn(clock, store)
      const tracker = trackUnhandledRejections()
      const call = policy.settle(runs.start, { key })
      await clock.settle()
      store.willAlways('renew', fault)
      await clock.advance(27_999)
      expect(runs.run().context.signal.aborted).toBe(false)
      await clock.advance(1)
      const lost = { code: 'ERR_LEASE_LOST', reason: 'expired', failureClass: 'transient' }
      expect(runs.run().context.signal.reason).toMatchObject(lost)
      expect(await call).toMatchObject({ status: 'rejected', reason: lost })
      expect(events.at(-1)).toEqual(['leaseLost', { reason: 'expired', after: 28_000 }])
      await expect(other.policy.execute(runs.start, { key })).rejects.toMatchObject({ code: 'ERR_IN_FLIGHT' })
      await clock.advance('2s')
      expect(await other.policy.execute(() => 'taken over', { key })).toBe('taken over')
      runs.run().succeed('late')
      await clock.settle()
      expect(await other.policy.execute(runs.start, { key })).toBe('taken over')
      expect(await tracker.stop()).toEqual([])
      expectNothingLeft()
    }
  })

  it('keeps its distance from the end in proportion when it is short', async () => {
    const { policy, clock, store, runs } = setUp({ lease: 1000 })
    store.willAlways('renew', 'fail')
    const call = policy.settle(runs.start, { key })
    await clock.advance(799)
    expect(runs.run().context.signal.aborted).toBe(false)
    await clock.advance(1)
    expect(await call).toMatchObject({ reason: { code: 'ERR_LEASE_LOST' } })
  })

  it('counts as lost when the process was paused for longer', async () => {
    const { policy, clock, store, runs, expectNothingLeft } = setUp()
    const other = processOn(clock, store)
    const call = policy.settle(runs.start, { key })
    await clock.settle()
    store.willAlways('renew', 20_000) // as if the answers lay in a socket that nobody reads
    await clock.advance('31s')
    expect(await call).toMatchObject({ reason: { code: 'ERR_LEASE_LOST', reason: 'expired' } })
    await clock.advance('10s')
    // The store took the last of the late renewals for news of a living owner: the key is free when that lease is over.
    expect(await other.policy.settle(() => 'other', { key })).toMatchObject({
      reason: { code: 'ERR_IN_FLIGHT' },
    })
    await clock.advance('30s')
    expect(await other.policy.settle(() => 'other', { key })).toEqual({ status: 'fulfilled', value: 'other' })
    runs.run().fail(new Error('late'))
    await clock.advance('1m')
    expectNothingLeft()
  })

  it('counts as lost at once when the store says that it is gone or taken', async () => {
    for (const reason of ['gone', 'stale'] as const) {
      const { policy, clock, store, runs, expectNothingLeft } = setUp()
      const call = policy.settle(runs.start, { key })
      await clock.advance('1s')
      await store.memory.forget(key)
      const claim = { owner: 'other', fingerprint: '', lease: 60_000, retain: 60_000, takeover: true }
      if (reason === 'stale') await store.memory.claim(key, claim)
      await clock.advance('9s')
      expect(await call).toMatchObject({ reason: { code: 'ERR_LEASE_LOST', reason } })
      runs.run().succeed('late')
      await clock.settle()
      expect((await policy.peek({ key }))?.state).toBe(reason === 'stale' ? 'inFlight' : undefined)
      expectNothingLeft()
    }
  })

  it('that is lost lets waiting calls try again', async () => {
    const { policy, clock, store, runs } = setUp({ whenInFlight: 'wait', maxWait: '1m' })
    const calls = [1, 2].map(() => policy.settle(runs.start, { key }))
    await clock.advance('1s')
    await store.memory.forget(key)
    await clock.advance('9s')
    expect(runs.count).toBe(2)
    runs.run().succeed('second')
    expect(await Promise.all(calls)).toMatchObject([
      { reason: { code: 'ERR_LEASE_LOST' } },
      { value: 'second' },
    ])
  })

  it('verify 44: an outcome that comes after the loss counts only if nobody took over', async () => {
    const { policy, clock, store, runs } = setUp()
    const call = policy.settle(runs.start, { key })
    await clock.settle()
    store.willAlways('renew', 'fail')
    await clock.advance('28s')
    await call
    await clock.advance('1m')
    store.works()
    runs.run().succeed('late but true')
    await clock.settle()
    expect(await policy.execute(runs.start, { key })).toBe('late but true')
    expect(runs.count).toBe(1)
  })

  it('verify 43, 44: an owner that did not notice learns from the store that its outcome does not count', async () => {
    const { policy, clock, store, runs, events } = setUp()
    const other = processOn(clock, store)
    const otherRuns = new Runs()
    const call = policy.settle(runs.start, { key })
    await clock.advance('1s')
    const fence = idempotencyOf(runs.run().context)?.fence ?? 0
    await store.memory.forget(key)
    const second = other.policy.execute(otherRuns.start, { key })
    await clock.settle()
    expect(idempotencyOf(otherRuns.run().context)?.fence).toBeGreaterThan(fence)
    runs.run().succeed('mine')
    expect(await call).toMatchObject({ reason: { code: 'ERR_LEASE_LOST', reason: 'stale' } })
    expect(events.at(-1)).toEqual(['leaseLost', { reason: 'stale', after: 1000 }])
    otherRuns.run().succeed('theirs')
    expect(await second).toBe('theirs')
    expect(await policy.execute(runs.start, { key })).toBe('theirs')
  })
})
