/** What every store of levels has to do, on whatever it is built. */
import { describe, expect, it } from 'vitest'
import type { DegradationStore, SharedOverride } from '../src/store.ts'

/** A store that nobody else uses, and its time. */
export interface LevelsUnderTest {
  readonly store: DegradationStore
  /** Lets this time pass on the clock of the store. */
  advance(milliseconds: number): Promise<void>
  close(): Promise<void>
}

const pin: SharedOverride = { level: 'severe', mode: 'pin', reason: 'load test', actor: 'ann' }
const floor: SharedOverride = { level: 'minor', mode: 'floor', reason: '', actor: 'bob — über' }

/** Registers the tests. Real stores have to wait, so times are short, and generous in between. */
export function degradationStoreContract(name: string, create: () => Promise<LevelsUnderTest>): void {
  const on = (title: string, check: (under: LevelsUnderTest) => Promise<void>): void =>
    it(title, async () => {
      const under = await create()
      await check(under).finally(() => under.close())
    })

  describe(name, () => {
    on('tells each instance what all of them say, itself included', async ({ store }) => {
      expect(await store.exchange('a', 'severe', 60_000)).toEqual({
        targets: ['severe'],
        override: undefined,
      })
      await store.exchange('b', 'normal', 60_000)
      const { targets } = await store.exchange('c', 'severe', 60_000)
      expect([...targets].sort()).toEqual(['normal', 'severe', 'severe'])
    })

    on('keeps the last word of an instance', async ({ store }) => {
      await store.exchange('a', 'severe', 60_000)
      expect((await store.exchange('a', 'normal', 60_000)).targets).toEqual(['normal'])
    })

    on('counts an instance for the time that it gave, and no longer', async ({ store, advance }) => {
      await store.exchange('short', 'critical', 400)
      await store.exchange('fraction', 'critical', 400.5)
      await store.exchange('long', 'minor', 60_000)
      expect((await store.exchange('me', 'normal', 60_000)).targets).toHaveLength(4)
      await advance(450)
      expect([...(await store.exchange('me', 'normal', 60_000)).targets].sort()).toEqual(['minor', 'normal'])
    })

    on('forgets an instance that leaves, and nobody else', async ({ store }) => {
      await store.exchange('a', 'severe', 60_000)
      await store.exchange('b', 'minor', 60_000)
      await store.leave('a')
      await store.leave('unknown')
      expect((await store.exchange('b', 'minor', 60_000)).targets).toEqual(['minor'])
    })

    on('has one override at most, the last, with all that was said', async ({ store }) => {
      const first = await store.setOverride(pin, 60_000)
      const second = await store.setOverride(floor, undefined)
      expect(second).not.toBe(first)
      const { override } = await store.exchange('a', 'normal', 60_000)
      expect(override).toEqual({ ...floor, endsIn: undefined, version: second })
      await store.clearOverride()
      await store.clearOverride()
      expect((await store.exchange('a', 'normal', 60_000)).override).toBeUndefined()
    })

    on('ends an override by itself, and says when', async ({ store, advance }) => {
      await store.setOverride(pin, 600)
      const { endsIn = 0, ...rest } = (await store.exchange('a', 'normal', 60_000)).override ?? {}
      expect(rest).toMatchObject(pin)
      expect(endsIn).toBeGreaterThan(0)
      expect(endsIn).toBeLessThanOrEqual(600)
      await advance(200)
      const later = (await store.exchange('a', 'normal', 60_000)).override?.endsIn ?? Number.NaN
      expect(endsIn - later).toBeGreaterThanOrEqual(200 - 1)
      await advance(450)
      expect((await store.exchange('a', 'normal', 60_000)).override).toBeUndefined()
    })

    on('never gives two overrides the same version, also not after one has ended', async ({ store }) => {
      const versions = [await store.setOverride(pin, 60_000)]
      await store.clearOverride()
      versions.push(await store.setOverride(pin, 60_000), await store.setOverride(pin, 60_000))
      expect(new Set(versions).size).toBe(3)
    })

    on('keeps the override while instances come and go', async ({ store }) => {
      const version = await store.setOverride(pin, 60_000)
      await store.exchange('a', 'normal', 60_000)
      await store.leave('a')
      expect((await store.exchange('b', 'normal', 60_000)).override?.version).toBe(version)
    })
  })
}
