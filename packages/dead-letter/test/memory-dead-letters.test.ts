import { memoryDeadLetters } from '@seaworthy/dead-letter'
import { VirtualClock } from '@seaworthy/testing'
import { deadLetterStoreConformance, newLetter, registerConformance } from '@seaworthy/testing/conformance'
import { describe, expect, it } from 'vitest'
import { runs } from './runs.ts'

const { numRuns, seed } = runs(100)
const kit = deadLetterStoreConformance({
  name: 'memory as a store of dead letters',
  clock: 'controlled',
  histories: numRuns,
  async create(setup) {
    const clock = new VirtualClock()
    const store = memoryDeadLetters({ ...setup, clock, origin: 1_700_000_000_000 })
    return { store, advance: (time) => clock.advance(time) }
  },
})
registerConformance(kit, { describe, it }, { levels: ['L0', 'L1', 'L2'], seed })

const ada = { actor: 'ada', reason: undefined }
const everything = { olderThan: 0, keep: 0, settledBefore: 0, batch: 1000, actor: 'retention' }

describe('memory', () => {
  it('holds nothing when all letters are gone', async () => {
    const clock = new VirtualClock()
    const store = memoryDeadLetters({ clock, maxAudit: 4 })
    for (let i = 0; i < 20; i++)
      await store.add(newLetter({ dedupeKey: `k${i}`, dueIn: i % 2 ? 0 : undefined }))
    const { letters, fence } = await store.claim({ limit: 5, leaseFor: 10, owner: 'a', dueOnly: true })
    for (const { id } of letters)
      await store.settle(id, fence, { outcome: 'resolved', dueIn: undefined, ...ada })
    await store.claim({ limit: 5, leaseFor: 10, owner: 'a', dueOnly: false })
    await clock.advance(10)
    await store.trim(everything)
    expect(store.debugStats()).toMatchObject({ letters: 0, lists: 0, dedupeKeys: 0 })
    expect(store.debugStats()['auditEntries']).toBeLessThanOrEqual(5)
    expect(clock.pendingTimers).toBe(0)
  })

  it('remembers a bounded number of settled letters, those settled first going first', async () => {
    const clock = new VirtualClock()
    const store = memoryDeadLetters({ clock, maxSettled: 2 })
    const ids: string[] = []
    for (let i = 0; i < 3; i++) {
      const added = await store.add(newLetter())
      if (added.outcome === 'added') ids.unshift(added.id)
    }
    for (const id of ids) {
      await clock.advance(1)
      await store.discard(id, ada)
    }
    expect(await store.get(ids[0] ?? '')).toBeUndefined()
    expect(await store.counts()).toMatchObject({ discarded: 2, dead: 0 })
  })

  it('reads the audit on after its oldest entries were forgotten', async () => {
    const store = memoryDeadLetters({ clock: new VirtualClock(), maxAudit: 4 })
    for (let i = 0; i < 3; i++) await store.add(newLetter())
    const { next } = await store.audit({ limit: 1 })
    expect(next).toBe('1')
    for (let i = 0; i < 30; i++) await store.add(newLetter())
    const { entries } = await store.audit({ cursor: next, limit: 100 })
    expect(entries.at(-1)?.cursor).toBe('33')
    expect(entries.length).toBeGreaterThanOrEqual(4)
    expect((await store.audit({ cursor: '33', limit: 100 })).entries).toEqual([])
  })

  it('tells the time of the wall with the clock of the machine', async () => {
    const { now } = await memoryDeadLetters().counts()
    expect(Math.abs(now - Date.now())).toBeLessThan(24 * 3_600_000)
  })

  it.each([
    [{ maxCount: 0 }, 'maxCount must be a whole number of at least 1; got 0'],
    [{ overflow: 'drop' as never }, "overflow must be one of 'drop-oldest', 'refuse'; got \"drop\""],
    [{ size: 5 } as never, "memoryDeadLetters option 'size' must be one of"],
  ])('refuses %j', (options, message) => {
    expect(() => memoryDeadLetters(options)).toThrow(message)
  })
})
