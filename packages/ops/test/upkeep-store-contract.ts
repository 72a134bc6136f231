import { describe, expect, it } from 'vitest'
import type { UpkeepStore } from '../src/index.ts'

/** A store, and the time it goes by. */
export interface StoreUnderTest {
  readonly store: UpkeepStore
  /** Lets time go by on the store's clock. */
  advance(milliseconds: number): Promise<unknown>
}

/** What every {@link UpkeepStore} does. */
export function upkeepStoreContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`the upkeep store: ${name}`, () => {
    const turn = (owner: string, more: object = {}) => ({
      job: 'tidy',
      owner,
      leaseFor: 60_000,
      early: false,
      ...more,
    })

    it('gives a turn to one at a time', async () => {
      const { store, advance } = await make()
      expect(await store.begin(turn('a'))).toBe(0)
      await advance(10_000)
      const wait = await store.begin(turn('b'))
      expect(wait).toBeGreaterThan(45_000)
      expect(wait).toBeLessThanOrEqual(50_000)
      expect(await store.begin(turn('b', { early: true }))).toBeGreaterThan(0)
      expect(await store.begin(turn('b', { job: 'other' }))).toBe(0)
    })

    it('of several who ask at once, one gets it', async () => {
      const { store } = await make()
      const answers = await Promise.all(['a', 'b', 'c', 'd'].map((owner) => store.begin(turn(owner))))
      expect(answers.filter((wait) => wait === 0)).toHaveLength(1)
    })

    it('lets its owner keep it, and others have it when it lapses', async () => {
      const { store, advance } = await make()
      await store.begin(turn('a'))
      await advance(50_000)
      expect(await store.begin(turn('a'))).toBe(0)
      await advance(50_000)
      expect(await store.begin(turn('b'))).toBeGreaterThan(0)
      await advance(11_000)
      expect(await store.begin(turn('b'))).toBe(0)
      expect(await store.begin(turn('a'))).toBeGreaterThan(0)
    })

    it('gives none before it is time, unless early', async () => {
      const { store, advance } = await make()
      await store.begin(turn('a'))
      await store.end({ job: 'tidy', owner: 'a', nextIn: 300_000 })
      const wait = await store.begin(turn('b'))
      expect(wait).toBeGreaterThan(290_000)
      expect(wait).toBeLessThanOrEqual(300_000)
      expect(await store.begin(turn('b', { early: true }))).toBe(0)
      await store.end({ job: 'tidy', owner: 'b', nextIn: 1000 })
      await advance(1001)
      expect(await store.begin(turn('a'))).toBe(0)
    })

    it('is not ended by who no longer has it', async () => {
      const { store, advance } = await make()
      await store.begin(turn('a'))
      await advance(61_000)
      expect(await store.begin(turn('b'))).toBe(0)
      await store.end({ job: 'tidy', owner: 'a', nextIn: 1 })
      await store.end({ job: 'unknown', owner: 'a', nextIn: 1 })
      await advance(2)
      expect(await store.begin(turn('c'))).toBeGreaterThan(0)
    })

    it('may be ended by its owner after it has lapsed, if nobody has taken it', async () => {
      const { store, advance } = await make()
      await store.begin(turn('a'))
      await advance(61_000)
      await store.end({ job: 'tidy', owner: 'a', nextIn: 60_000 })
      expect(await store.begin(turn('b'))).toBeGreaterThan(50_000)
    })
  })
}
