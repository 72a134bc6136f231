/** What a store of dead letters may do besides, as tests: finding a letter by its dedupe key, and turns. */
import type { DeadLetterStore, TurnRequest } from '@seaworthy/dead-letter'
import { expect } from 'vitest'
import { newLetter, type StoreFactory, type TestRegister } from './store-contract.ts'

/** A store that does all of it. */
type Extended = DeadLetterStore & Required<Pick<DeadLetterStore, 'lookup' | 'beginTurn' | 'endTurn'>>

const ada = { actor: 'ada', reason: undefined }
const turn = (owner: string, more: Partial<TurnRequest> = {}): TurnRequest => ({
  job: 'recovery',
  owner,
  leaseFor: 1000,
  early: false,
  ...more,
})

export function storeExtras(name: string, create: StoreFactory, { describe, it }: TestRegister): void {
  type Hands = { readonly store: Extended; advance(milliseconds: number): Promise<void> }
  const on = async (test: (hands: Hands) => Promise<void>, maxCount = 100): Promise<void> => {
    const { store, advance, close } = await create({ maxCount, overflow: 'refuse' })
    try {
      await test({ store: store as Extended, advance })
    } finally {
      await close?.()
    }
  }
  const add = async (store: DeadLetterStore, dedupeKey: string | undefined): Promise<string> => {
    const result = await store.add(newLetter({ dedupeKey, dedupeFor: 100 }))
    if (result.outcome !== 'added') throw new Error(result.outcome)
    return result.id
  }

  describe(`${name} finds letters by their dedupe key`, () => {
    it('whatever became of them, as long as they are there', () =>
      on(async ({ store, advance }) => {
        expect(await store.lookup('a')).toBeUndefined()
        const [a, b, c] = [await add(store, 'a'), await add(store, 'b'), await add(store, 'c')]
        await add(store, undefined)
        await store.discard(a, ada)
        await store.retry(b, { ...ada, owner: 'ada', leaseFor: 50 })
        await advance(1000)
        expect([await store.lookup('a'), await store.lookup('b'), await store.lookup('c')]).toEqual([a, b, c])
        expect(await store.lookup('')).toBeUndefined()
        await store.trim({ olderThan: 0, keep: 0, settledBefore: 0, batch: 100, actor: 'ada' })
        expect([await store.lookup('a'), await store.lookup('c')]).toEqual([undefined, undefined])
      }))

    it('the last one, when there were several; and letters settled long ago are no duplicates', () =>
      on(async ({ store, advance }) => {
        const first = await add(store, 'a')
        await store.discard(first, ada)
        const second = await add(store, 'a')
        expect(second).not.toBe(first)
        expect(await store.lookup('a')).toBe(second)
        // The first one goes, and the key of the second stays.
        await advance(10)
        await store.trim({ olderThan: undefined, keep: undefined, settledBefore: 0, batch: 9, actor: 'ada' })
        expect(await store.get(first)).toBeUndefined()
        expect(await store.lookup('a')).toBe(second)
        expect(await store.add(newLetter({ dedupeKey: 'a' }))).toMatchObject({ outcome: 'duplicate' })
      }))

    it('without an entry in the audit', () =>
      on(async ({ store }) => {
        const id = await add(store, 'a')
        await store.lookup('a')
        expect((await store.audit({ id, limit: 10 })).entries).toHaveLength(1)
      }))
  })

  describe(`${name} gives turns`, () => {
    it('to one at a time, each job by itself', () =>
      on(async ({ store, advance }) => {
        expect(await store.beginTurn(turn('ada'))).toBe(0)
        expect(await store.beginTurn(turn('bob'))).toBe(1000)
        expect(await store.beginTurn(turn('bob', { early: true }))).toBe(1000)
        expect(await store.beginTurn(turn('bob', { job: 'retention' }))).toBe(0)
        await advance(400)
        expect(await store.beginTurn(turn('bob'))).toBe(600)
        // Who has it keeps it.
        expect(await store.beginTurn(turn('ada'))).toBe(0)
        await advance(999)
        expect(await store.beginTurn(turn('bob'))).toBe(1)
        await advance(1)
        expect(await store.beginTurn(turn('bob'))).toBe(0)
        expect(await store.beginTurn(turn('ada'))).toBe(1000)
      }))

    it('not before it is time, unless early', () =>
      on(async ({ store, advance }) => {
        await store.beginTurn(turn('ada'))
        await store.endTurn('recovery', 'ada', 5000)
        expect(await store.beginTurn(turn('bob'))).toBe(5000)
        expect(await store.beginTurn(turn('ada'))).toBe(5000)
        expect(await store.beginTurn(turn('bob', { early: true }))).toBe(0)
        // Who fell silent in the middle leaves the time as it was.
        await advance(1000)
        expect(await store.beginTurn(turn('ada'))).toBe(4000)
        await advance(4000)
        expect(await store.beginTurn(turn('ada'))).toBe(0)
      }))

    it('and lets nobody end the turn of another', () =>
      on(async ({ store, advance }) => {
        await store.beginTurn(turn('ada'))
        await store.endTurn('recovery', 'bob', 0)
        await store.endTurn('retention', 'ada', 0)
        expect(await store.beginTurn(turn('bob'))).toBe(1000)
        await advance(1000)
        await store.beginTurn(turn('bob'))
        await store.endTurn('recovery', 'ada', 0)
        expect(await store.beginTurn(turn('ada'))).toBe(1000)
        await store.endTurn('recovery', 'bob', 0)
        expect(await store.beginTurn(turn('ada'))).toBe(0)
      }))

    it('to one of 50 who ask at once', () =>
      on(async ({ store }) => {
        const asked = Array.from({ length: 50 }, (_, at) => store.beginTurn(turn(`process ${at}`)))
        expect((await Promise.all(asked)).filter((wait) => wait === 0)).toHaveLength(1)
      }))
  })
}
