/** Of stores that take many claims at once, one example a rule. */
import type { Claim, ClaimOf, ClaimRequest, IdempotencyStore } from '@seaworthy/idempotency'
import { expect } from 'expect'
import type { Contract } from '../contract.ts'
import { NotOffered } from '../kit.ts'
import { day, freshKey as fresh, type Grant, type Hands } from './under-test.ts'

interface Many {
  readonly store: IdempotencyStore
  asked(key: string, request?: Partial<ClaimRequest>): ClaimOf
  claim(key: string, request?: Partial<ClaimRequest>): Promise<Claim>
  claimMany(...claims: ClaimOf[]): Promise<readonly Claim[]>
}

/** Fresh keys, in the order of their characters. */
function sortedKeys(count: number): string[] {
  const common = fresh()
  return Array.from({ length: count }, (_, index) => `${common}-${String(index).padStart(2, '0')}`)
}

/** Leases without end: nothing here waits for one, and a machine that stalls must not end it. */
function manyOn({ store }: Hands): Many {
  const claimMany = store.claimMany?.bind(store)
  if (claimMany === undefined) throw new NotOffered('The store has no claimMany')
  const asked = (key: string, request: Partial<ClaimRequest> = {}): ClaimOf => ({
    key,
    request: { owner: 'ann', fingerprint: 'one', lease: day, retain: day, takeover: true, ...request },
  })
  return {
    store,
    asked,
    claim: (key, request) => store.claim(key, asked(key, request).request),
    claimMany: (...claims) => claimMany(claims),
  }
}

export const claimManyContract: Contract<Hands> = {
  'many claims at once: answers each as a claim by itself, in order, whatever becomes of the others': async (
    hands,
  ) => {
    const { store, asked, claim, claimMany } = manyOn(hands)
    // In no order: an answer that follows the keys must not be the right one by chance.
    const [done, own, free, other, busy, tried] = sortedKeys(6) as [
      string,
      string,
      string,
      string,
      string,
      string,
    ]
    for (const key of [busy, done, tried, other]) await claim(key, { owner: 'bob' })
    const before = (await claim(own)) as Grant
    for (const [key, state] of [
      [done, 'completed'],
      [tried, 'retryable'],
    ] as const) {
      const { fence } = (await claim(key, { owner: 'bob' })) as Grant
      await store.complete(key, { owner: 'bob', fence, state, payload: state, ttl: day })
    }
    const answers = await claimMany(
      asked(free),
      asked(busy, { takeover: false }),
      asked(done),
      asked(tried),
      asked(other, { fingerprint: 'two' }),
      asked(own),
    )
    expect(answers).toEqual([
      { kind: 'acquired', fence: expect.any(Number), attempt: 1, error: undefined },
      { kind: 'inFlight', leaseLeft: expect.any(Number) },
      { kind: 'completed', result: 'completed' },
      { kind: 'retried', fence: expect.any(Number), attempt: 2, error: 'retryable' },
      { kind: 'mismatch' },
      before,
    ])
    for (const key of [free, tried, own]) expect(await store.peek(key)).toMatchObject({ owner: 'ann' })
    for (const key of [busy, other]) expect(await store.peek(key)).toMatchObject({ owner: 'bob' })
  },

  'many claims at once: keeps of each what it asked for': async (hands) => {
    const { store, asked, claim, claimMany } = manyOn(hands)
    const [second = '', first = ''] = sortedKeys(2)
    await claimMany(
      asked(first, { owner: 'ann', fingerprint: 'one', lease: 10_000, retain: 20_000 }),
      asked(second, { owner: 'bob', fingerprint: 'two', lease: 40_000, retain: 80_000 }),
    )
    const views = [await store.peek(first), await store.peek(second)]
    expect(views).toMatchObject([
      { owner: 'ann', state: 'inFlight', attempt: 1 },
      { owner: 'bob', state: 'inFlight', attempt: 1 },
    ])
    expect(views[0]?.leaseLeft).toBeLessThanOrEqual(10_000)
    expect(views[1]?.leaseLeft).toBeGreaterThan(10_000)
    expect(views[0]?.expiresIn).toBeLessThanOrEqual(20_000)
    expect(views[1]?.expiresIn).toBeGreaterThan(40_000)
    expect(await claim(first, { fingerprint: 'two' })).toEqual({ kind: 'mismatch' })
    expect(await claim(second, { fingerprint: 'one' })).toEqual({ kind: 'mismatch' })
  },

  'many claims at once: takes two of one key for two claims, one after the other': async (hands) => {
    const { asked, claimMany } = manyOn(hands)
    const [before = '', key = '', after = ''] = sortedKeys(3)
    const [first, , second, , again] = await claimMany(
      asked(key),
      asked(after),
      asked(key, { owner: 'bob' }),
      asked(before),
      asked(key),
    )
    expect(first).toMatchObject({ kind: 'acquired' })
    expect(second).toMatchObject({ kind: 'inFlight' })
    expect(again).toEqual(first)
  },

  'many claims at once: gives the same grants to the same owners again, since the answer may have been lost':
    async (hands) => {
      const { asked, claimMany } = manyOn(hands)
      const claims = sortedKeys(60).map((key) => asked(key))
      // Every seventh, again and again: all of them, and neither up nor down.
      const mixed = claims.map((_, index) => claims[(index * 7 + 3) % claims.length] as ClaimOf)
      const grants = await claimMany(...mixed)
      expect(new Set(grants.map(({ kind }) => kind))).toEqual(new Set(['acquired']))
      expect(await claimMany(...mixed)).toEqual(grants)
      const fences = new Map(mixed.map(({ key }, index) => [key, grants[index]]))
      expect(await claimMany(...claims)).toEqual(claims.map(({ key }) => fences.get(key)))
      const others = await claimMany(...claims.map(({ key }) => asked(key, { owner: 'bob' })))
      expect(new Set(others.map(({ kind }) => kind))).toEqual(new Set(['inFlight']))
    },

  'many claims at once: takes none': async (hands) => {
    const { claimMany } = manyOn(hands)
    expect(await claimMany()).toEqual([])
  },
}
