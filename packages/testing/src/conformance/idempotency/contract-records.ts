/** Ends of work, time, operators and hints, one example a rule. */
import { expect } from 'expect'
import { type Contract, each } from '../contract.ts'
import { NotOffered } from '../kit.ts'
import { day, type Hands } from './under-test.ts'

const noHints = (): NotOffered => new NotOffered('The store has no waitFor')

export const recordsContract: Contract<Hands> = {
  ...each(
    [
      '',
      'done',
      '{"$":"undefined"}',
      'ünïcödé 漢字 🚢 \u2028 \\ " \' %7B',
      '[]',
      '12345678901234567',
      'x'.repeat(65_536),
    ],
    (_, index) => `completions: verify 42: hand every later claim the same text (${index})`,
    async ({ granted, claim, complete }, payload) => {
      expect(await complete(await granted('ann'), 'completed', payload)).toBe('stored')
      expect(await claim('bob')).toEqual({ kind: 'completed', result: payload })
      expect(await claim('ann', { takeover: false })).toEqual({ kind: 'completed', result: payload })
    },
  ),

  'completions: verify 42: tell an omitted result from an empty one': async ({
    granted,
    claim,
    store,
    key,
  }) => {
    const { owner, fence } = await granted('ann')
    await store.complete(key, { owner, fence, state: 'completed', payload: undefined, ttl: day })
    expect(await claim('bob')).toEqual({ kind: 'completed', result: undefined })
  },

  'completions: remember failures for good': async ({ granted, claim, complete }) => {
    expect(await complete(await granted('ann'), 'failed', 'no')).toBe('stored')
    expect(await claim('bob')).toEqual({ kind: 'failed', error: 'no' })
  },

  'completions: are stored once: what is sent again changes nothing': async ({
    granted,
    claim,
    complete,
  }) => {
    const token = await granted('ann')
    expect(await complete(token, 'completed', 'first')).toBe('stored')
    expect(await complete(token, 'completed', 'first')).toBe('already')
    expect(await complete(token, 'retryable', 'second')).toBe('already')
    expect(await claim('bob')).toEqual({ kind: 'completed', result: 'first' })
  },

  'completions: count after the lease, if nobody took over': async ({
    granted,
    claim,
    complete,
    advance,
    lease,
  }) => {
    const token = await granted('ann')
    await advance(lease * 1.2)
    expect(await complete(token)).toBe('stored')
    expect(await claim('bob')).toEqual({ kind: 'completed', result: 'done' })
  },

  'completions: verify 43: of an owner that was replaced have no effect, neither on work in flight nor on a result':
    async ({ granted, claim, complete, advance, lease }) => {
      const old = await granted('ann')
      await advance(lease)
      const next = await granted('bob')
      expect(await complete(old, 'completed', 'late')).toBe('stale')
      expect(await complete(old, 'retryable', 'late')).toBe('stale')
      expect(await claim('cy')).toMatchObject({ kind: 'inFlight' })
      expect(await complete(next, 'completed', 'right')).toBe('stored')
      expect(await complete(old, 'retryable', 'late')).toBe('stale')
      expect(await claim('cy')).toEqual({ kind: 'completed', result: 'right' })
    },

  'completions: verify 43: of another owner or fence have no effect': async ({
    granted,
    claim,
    complete,
  }) => {
    const token = await granted('ann')
    expect(await complete({ ...token, owner: 'bob' })).toBe('stale')
    expect(await complete({ ...token, fence: token.fence + 1 })).toBe('stale')
    expect(await claim('cy')).toMatchObject({ kind: 'inFlight' })
  },

  'completions: verify 43: make no record where there is none': async ({ granted, complete, store, key }) => {
    const token = await granted('ann')
    await store.forget(key)
    expect(await complete(token)).toBe('gone')
    expect(await store.peek(key)).toBeUndefined()
  },

  'time: keeps a settled record for longer than the work in flight if it was told to, and then forgets it':
    async ({ granted, claim, complete, advance, retain }) => {
      await complete(await granted('ann'), 'completed', 'done', retain * 1.6)
      await advance(retain * 1.2)
      expect(await claim('bob')).toEqual({ kind: 'completed', result: 'done' })
      await advance(retain * 0.5)
      expect(await granted('bob')).toMatchObject({ kind: 'acquired', attempt: 1, error: undefined })
    },

  'time: forgets a settled record sooner than the work in flight if it was told to, and not before': async ({
    granted,
    claim,
    complete,
    advance,
    retain,
  }) => {
    await complete(await granted('ann'), 'completed', 'done', retain * 0.6)
    await advance(retain * 0.2)
    expect(await claim('bob')).toEqual({ kind: 'completed', result: 'done' })
    await advance(retain * 0.5)
    expect(await granted('bob')).toMatchObject({ kind: 'acquired', attempt: 1, error: undefined })
  },

  'time: keeps what a crash left behind for as long as it was told to, and then forgets it': async ({
    granted,
    claim,
    advance,
    complete,
    renew,
    retain,
  }) => {
    const token = await granted('ann')
    await advance(retain * 0.6)
    expect(await claim('bob', { takeover: false })).toMatchObject({ kind: 'abandoned' })
    await advance(retain * 0.4)
    expect(await complete(token)).toBe('gone')
    expect(await renew(token)).toBe('gone')
    expect(await granted('bob')).toMatchObject({ kind: 'acquired', attempt: 1 })
  },

  'by hand: drops any record, or the one with the fence that was seen': async ({
    granted,
    complete,
    store,
    key,
  }) => {
    expect(await store.forget(key)).toBe('gone')
    const { fence } = await granted('ann')
    expect(await store.forget(key, fence + 1)).toBe('stale')
    expect(await store.forget(key, fence)).toBe('forgotten')
    expect(await store.forget(key, fence)).toBe('gone')
    await complete(await granted('bob'))
    expect(await store.forget(key)).toBe('forgotten')
    expect(await store.peek(key)).toBeUndefined()
  },

  'by hand: shows a record in every state, and changes nothing by that': async ({
    granted,
    complete,
    renew,
    store,
    key,
    lease,
    retain,
  }) => {
    expect(await store.peek(key)).toBeUndefined()
    const first = await granted('ann')
    const view = await store.peek(key)
    const { fence } = first
    expect(view).toMatchObject({ state: 'inFlight', owner: 'ann', fence, attempt: 1 })
    expect(view?.leaseLeft).toBeGreaterThan(0)
    expect(view?.leaseLeft).toBeLessThanOrEqual(lease)
    expect(view?.expiresIn).toBeGreaterThan(lease)
    expect(view?.expiresIn).toBeLessThanOrEqual(retain)
    await renew(first, 0)
    expect(await store.peek(key)).toMatchObject({ state: 'abandoned', leaseLeft: 0 })
    for (const state of ['retryable', 'completed'] as const) {
      const token = await granted(state)
      await complete(token, state)
      const { owner } = token
      expect(await store.peek(key)).toMatchObject({ state, owner, fence: token.fence, leaseLeft: 0 })
    }
    expect(await store.peek(key)).not.toHaveProperty('payload')
  },

  ...each(
    ['complete', 'forget', 'give up'] as const,
    (what) => `hints: wake those who wait (${what})`,
    async ({ granted, complete, renew, store, key, advance }, what) => {
      if (store.waitFor === undefined) throw noHints()
      const token = await granted('ann')
      const controller = new AbortController()
      const heard = store.waitFor(key, controller.signal).then(() => 'heard')
      await advance(100) // to subscribe
      if (what === 'complete') await complete(token)
      else if (what === 'forget') await store.forget(key)
      else await renew(token, 0)
      expect(await Promise.race([heard, advance(1000).then(() => 'nothing')])).toBe('heard')
    },
  ),

  'hints: end when their signal aborts, or has aborted': async ({ store, key }) => {
    if (store.waitFor === undefined) throw noHints()
    const controller = new AbortController()
    const waiting = store.waitFor(key, controller.signal)
    controller.abort()
    const ended = await Promise.allSettled([waiting, store.waitFor(key, controller.signal)])
    expect(ended).toHaveLength(2)
  },
}
