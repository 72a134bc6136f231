/** Claims and renewals, one example a rule. */
import { expect } from 'expect'
import { type Contract, each } from '../contract.ts'
import { day, type Hands } from './under-test.ts'

export const claimsContract: Contract<Hands> = {
  'claims: verify 41: grants work to the first who asks, and tells others how long its lease is': async ({
    granted,
    claim,
    lease,
  }) => {
    expect(await granted('ann')).toMatchObject({ kind: 'acquired', attempt: 1, error: undefined })
    const busy = await claim('bob')
    expect(busy).toEqual({ kind: 'inFlight', leaseLeft: expect.any(Number) })
    if (busy.kind !== 'inFlight') throw new Error()
    expect(busy.leaseLeft).toBeGreaterThan(0)
    expect(busy.leaseLeft).toBeLessThanOrEqual(lease)
  },

  'claims: verify 41: grants it to one of many who ask at once': async ({ claim }) => {
    // Nobody waits for a lease to end here, and a machine that stalls must not end it.
    const times = { lease: day, retain: day }
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => claim(`owner ${i}`, times)))
    expect(answers.filter(({ kind }) => kind === 'acquired')).toHaveLength(1)
    expect(answers.filter(({ kind }) => kind === 'inFlight')).toHaveLength(49)
  },

  'claims: grants a claim that was sent twice once, with the same answer and a new lease': async ({
    granted,
    claim,
    complete,
    advance,
    lease,
  }) => {
    const first = await granted('ann')
    await advance(lease * 0.75)
    expect(await granted('ann')).toEqual(first)
    await advance(lease * 0.75)
    expect(await claim('bob')).toMatchObject({ kind: 'inFlight' })
    await complete(first, 'retryable', 'oops')
    const second = await granted('bob')
    expect(second).toMatchObject({ kind: 'retried', attempt: 2, error: 'oops' })
    expect(await granted('bob')).toEqual(second)
    await advance(lease)
    const third = await granted('cy')
    expect(third).toMatchObject({ kind: 'recovered', attempt: 3, error: 'oops' })
    expect(await granted('cy')).toEqual(third)
  },

  'claims: gives work with a lease that is over to the next who may take over, with a greater fence': async ({
    granted,
    claim,
    advance,
    lease,
  }) => {
    const first = await granted('ann')
    await advance(lease)
    const { fence } = first
    expect(await claim('bob', { takeover: false })).toEqual({ kind: 'abandoned', attempt: 1, fence })
    expect(await claim('bob', { takeover: false })).toEqual({ kind: 'abandoned', attempt: 1, fence })
    const second = await granted('cy')
    expect(second).toMatchObject({ kind: 'recovered', attempt: 2 })
    expect(second.fence).toBeGreaterThan(fence)
    expect(await claim('bob')).toMatchObject({ kind: 'inFlight' })
  },

  'claims: makes fences of whole numbers that rise for a key, whatever happens to its record': async ({
    granted,
    complete,
    store,
    key,
    renew,
    advance,
    lease,
  }) => {
    const fences: number[] = []
    for (let round = 0; round < 3; round++) {
      const first = await granted(`a${round}`)
      await complete(first, 'retryable')
      const second = await granted(`b${round}`)
      await renew(second, 0)
      const third = await granted(`c${round}`)
      fences.push(first.fence, second.fence, third.fence)
      await store.forget(key)
    }
    fences.push((await granted('last', { retain: lease })).fence)
    await advance(lease)
    fences.push((await granted('after expiry')).fence)
    expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b))
    expect(fences.every((fence) => Number.isSafeInteger(fence) && fence > 0)).toBe(true)
  },

  ...each(
    ['inFlight', 'abandoned', 'completed', 'failed', 'retryable'] as const,
    (state) => `claims: verify 46: compares fingerprints while the record is ${state}`,
    async ({ granted, claim, complete, renew }, state) => {
      const token = await granted('ann', { fingerprint: 'x' })
      if (state === 'abandoned') await renew(token, 0)
      else if (state !== 'inFlight') await complete(token, state)
      expect(await claim('bob', { fingerprint: 'y' })).toEqual({ kind: 'mismatch' })
      expect(await claim('bob', { fingerprint: 'y', takeover: false })).toEqual({ kind: 'mismatch' })
      expect((await claim('bob', { fingerprint: 'x', takeover: false })).kind).not.toBe('mismatch')
      expect((await claim('bob')).kind).not.toBe('mismatch')
      expect(await claim('cy', { fingerprint: 'y' })).toEqual({ kind: 'mismatch' })
    },
  ),

  'claims: compares with the first fingerprint that was given': async ({ granted, claim, renew }) => {
    await renew(await granted('ann'), 0)
    await renew(await granted('bob', { fingerprint: 'x' }), 0)
    expect(await claim('cy', { fingerprint: 'y' })).toEqual({ kind: 'mismatch' })
    await renew(await granted('cy'), 0)
    expect(await claim('dee', { fingerprint: 'y' })).toEqual({ kind: 'mismatch' })
  },

  'claims: keeps keys apart, whatever characters they have': async ({ store, key }) => {
    const names = ['a', 'A', 'a ', '%7B', '漢字🚢', "quo'te", 'a|b', 'a:b', 'line\nbreak', 'x'.repeat(1500)]
    const request = { owner: 'ann', fingerprint: '', lease: day, retain: day, takeover: true }
    for (const each of names) {
      expect(await store.claim(`${each}${key}`, request)).toMatchObject({ kind: 'acquired', attempt: 1 })
    }
    for (const each of names) expect(await store.peek(`${each}${key}`)).toMatchObject({ state: 'inFlight' })
  },

  'renewals: keep the work as long as they come': async ({ granted, claim, renew, advance, lease }) => {
    const token = await granted('ann')
    for (let i = 0; i < 6; i++) {
      await advance(lease * 0.7)
      expect(await renew(token)).toBe('renewed')
    }
    expect(await claim('bob')).toMatchObject({ kind: 'inFlight' }) // and longer than it would have been retained
  },

  'renewals: revive a lease that is over if nobody took the work': async ({
    granted,
    claim,
    renew,
    advance,
    lease,
  }) => {
    const token = await granted('ann')
    await advance(lease * 1.2)
    expect(await renew(token)).toBe('renewed')
    expect(await claim('bob')).toMatchObject({ kind: 'inFlight' })
  },

  'renewals: verify 43: have no effect for another owner, another fence, settled work, or no record': async ({
    granted,
    claim,
    renew,
    complete,
    store,
    key,
  }) => {
    const token = await granted('ann')
    expect(await renew({ ...token, owner: 'bob' })).toBe('stale')
    expect(await renew({ ...token, fence: token.fence - 1 })).toBe('stale')
    await renew(token, 0)
    const next = await granted('bob')
    expect(await renew(token)).toBe('stale')
    await complete(next, 'retryable')
    expect(await renew(next)).toBe('stale')
    const last = await granted('cy')
    await complete(last)
    expect(await renew(last)).toBe('stale')
    expect(await claim('dee')).toEqual({ kind: 'completed', result: 'done' })
    await store.forget(key)
    expect(await renew(last)).toBe('gone')
    expect(await store.peek(key)).toBeUndefined()
  },

  'renewals: of length 0 leave the work abandoned': async ({ granted, claim, renew }) => {
    const token = await granted('ann')
    expect(await renew(token, 0)).toBe('renewed')
    expect(await claim('bob', { takeover: false })).toMatchObject({ kind: 'abandoned' })
    expect(await claim('bob')).toMatchObject({ kind: 'recovered', attempt: 2 })
  },
}
