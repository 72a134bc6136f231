/** Work whose owner went silent. */
import { idempotencyOf, type Reconciliation } from '@seaworthy/idempotency'
import { describe, expect, it } from 'vitest'
import { key, setUp } from './policies.ts'

/** What a process leaves behind that died in the middle of the work. */
const dead = { owner: 'dead', fingerprint: '', lease: 1000, retain: 86_400_000, takeover: true }

async function afterCrash(options: Parameters<typeof setUp>[0]) {
  const all = setUp(options)
  await all.store.memory.claim(key, dead)
  await all.clock.advance('1s')
  return all
}

describe('work whose owner went silent', () => {
  it('is done again, with a greater fence, and the function can see that', async () => {
    const { policy, events } = await afterCrash({})
    const work = await policy.execute(idempotencyOf, { key })
    expect(work).toMatchObject({ attempt: 2, grant: 'recovered' })
    expect(work?.fence).toBeGreaterThan(1)
    expect(events.slice(0, 2)).toEqual([
      ['claimed', { grant: 'recovered', attempt: 2 }],
      ['recovered', { attempt: 2 }],
    ])
  })

  it('is not done again if it must not be, however often somebody asks, until an operator decides', async () => {
    const { policy, runs, events, expectNothingLeft } = await afterCrash({ onAbandoned: 'unknown-outcome' })
    for (let i = 0; i < 3; i++) {
      await expect(policy.execute(runs.start, { key })).rejects.toMatchObject({
        code: 'ERR_UNKNOWN_OUTCOME',
        failureClass: 'fatal',
        attempt: 1,
      })
    }
    expect(events).toEqual(Array.from({ length: 3 }, () => ['rejected', { reason: 'abandoned' }]))
    const view = await policy.peek({ key })
    expect(view?.state).toBe('abandoned')
    await policy.forget({ key }, { fence: view?.fence ?? 0 })
    expect(await policy.execute(() => 'again', { key })).toBe('again')
    expect(runs.count).toBe(0)
    expectNothingLeft()
  })

  it('is closed by a function that finds out what came of it', async () => {
    const seen: unknown[] = []
    const { policy, runs, expectNothingLeft } = await afterCrash({
      onAbandoned: async (context) => {
        seen.push(idempotencyOf(context)?.grant, context.key)
        return { value: 'it had been done' }
      },
    })
    for (let i = 0; i < 2; i++) expect(await policy.execute(runs.start, { key })).toBe('it had been done')
    expect(seen).toEqual(['recovered', key])
    expect(runs.count).toBe(0)
    expectNothingLeft()
  })

  it('is done again if that function says so, and stays open while it cannot tell', async () => {
    const answers: (Reconciliation | Error)[] = ['unknown', new Error('ledger down'), 'reexecute']
    const { policy, runs, events, expectNothingLeft } = await afterCrash({
      onAbandoned: () => {
        const answer = answers.shift()
        if (answer instanceof Error) throw answer
        return answer ?? 'unknown'
      },
    })
    await expect(policy.execute(runs.start, { key })).rejects.toMatchObject({
      code: 'ERR_UNKNOWN_OUTCOME',
      attempt: 2,
    })
    expect(await policy.peek({ key })).toMatchObject({ state: 'abandoned' })
    expect(events.slice(-2)).toEqual([
      ['rejected', { reason: 'abandoned' }],
      ['finished', { outcome: 'unknown', attempt: 2, duration: 0 }],
    ])
    await expect(policy.execute(runs.start, { key })).rejects.toThrow('ledger down')
    expect(runs.count).toBe(0)
    expect(await policy.execute(() => 'again', { key })).toBe('again')
    expect(await policy.execute(runs.start, { key })).toBe('again')
    expectNothingLeft()
  })

  it('is not asked about after a failure, nor for work that is new', async () => {
    const { policy } = setUp({ onAbandoned: () => Promise.reject(new Error('not asked for')) })
    await policy.settle(() => Promise.reject(new Error('reset')), { key })
    expect(await policy.execute(() => 1, { key })).toBe(1)
  })

  it('includes work of which the user says that its outcome is unknown', async () => {
    const cut = new Error('cut off after the request was sent')
    const { policy, runs, clock, store } = setUp({
      classify: () => 'unknown',
      onAbandoned: 'unknown-outcome',
    })
    await expect(policy.execute(() => Promise.reject(cut), { key })).rejects.toBe(cut)
    await expect(policy.execute(runs.start, { key })).rejects.toMatchObject({ code: 'ERR_UNKNOWN_OUTCOME' })
    store.will('renew', 'fail')
    await expect(policy.execute(() => Promise.reject(cut), { key: 'b' })).rejects.toBe(cut)
    await expect(policy.execute(runs.start, { key: 'b' })).rejects.toMatchObject({ code: 'ERR_IN_FLIGHT' })
    await clock.advance('30s')
    await expect(policy.execute(runs.start, { key: 'b' })).rejects.toMatchObject({
      code: 'ERR_UNKNOWN_OUTCOME',
    })
  })

  it('keeps its lease while it is reconciled, and is given up with its caller', async () => {
    const { policy, clock, store, runs, expectNothingLeft } = await afterCrash({
      onAbandoned: (context) =>
        new Promise<Reconciliation>((resolve) => {
          context.signal.addEventListener('abort', () => resolve('reexecute'))
        }),
    })
    const controller = new AbortController()
    const { signal } = controller
    const call = policy.settle(runs.start, { key, signal })
    await clock.advance('1m')
    expect(store.asked.renew).toBeGreaterThan(4)
    controller.abort('gone')
    expect(await call).toEqual({ status: 'rejected', reason: 'gone' })
    await clock.settle()
    expect(runs.count).toBe(0) // nothing runs after an abort
    expectNothingLeft(signal)
  })
})
