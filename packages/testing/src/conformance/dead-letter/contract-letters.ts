/** What is added, kept, found and counted, one example a rule. */
import type { LetterFilter } from '@seaworthy/dead-letter'
import { expect } from 'expect'
import type { Contract } from '../contract.ts'
import { ada, type Hands, newLetter } from './under-test.ts'

export const lettersContract: Contract<Hands> = {
  'verify 49: keeps id, payload, error chain, attempts, first and last time': async ({
    store,
    add,
    advance,
  }) => {
    await advance(5)
    const { token, dueIn: _due, dedupeKey: _key, dedupeFor: _for, actor: _actor, ...kept } = newLetter()
    const before = await store.counts()
    const id = await add({ ...kept, token, dueIn: 50 })
    const letter = await store.get(id, ada)
    expect(letter).toMatchObject({
      ...kept,
      id,
      state: 'dead',
      attempts: 0,
      replayId: `${id}:1`,
      settledAt: undefined,
      owner: undefined,
      leasedUntil: undefined,
    })
    const diedAt = letter?.diedAt ?? 0
    expect(diedAt).toBeGreaterThanOrEqual(before.now)
    expect(letter?.due).toBe(diedAt + 50)
    expect(id).toMatch(/^\d{22}-token\d+$/)
    expect(id.endsWith(`-${token}`)).toBe(true)
  },

  'gives ids that sort by time of death, also within one instant': async ({ add, advance }) => {
    const ids: string[] = []
    for (let i = 0; i < 30; i++) {
      ids.push(await add())
      if (i % 7 === 0) await advance(1)
    }
    expect([...ids].sort()).toEqual(ids)
    expect(new Set(ids).size).toBe(30)
  },

  'hands out no payload unless it is told who looks, and audits that': async ({ store, add, events }) => {
    const id = await add()
    expect((await store.get(id))?.payload).toBeUndefined()
    expect((await store.get(id, ada))?.payload).toBe(newLetter().payload)
    const [item] = (await store.list({ state: 'dead', order: 'oldest', limit: 1 })).items
    expect(item).not.toHaveProperty('payload')
    expect(item?.error).toEqual({ name: 'TimeoutError', message: 'after 5 ms', code: 'X' })
    expect(await events(id)).toEqual(['added by worker', 'viewed by ada'])
    expect(await store.get('missing', ada)).toBeUndefined()
  },

  'takes a letter with the key of another for the same while that one is dead or leased': async ({
    store,
    add,
    claim,
    settle,
    advance,
  }) => {
    const first = await add({ dedupeKey: 'k' })
    const again = async () => store.add(newLetter({ dedupeKey: 'k' }))
    expect(await again()).toMatchObject({ outcome: 'duplicate', id: first })
    const { fence } = await claim()
    expect(await again()).toMatchObject({ outcome: 'duplicate', id: first })
    await settle(first, fence, { outcome: 'replay' })
    // It may be out: what dies now may be its replay.
    const second = await again()
    expect(second.outcome).toBe('added')
    expect(await store.add(newLetter({ dedupeKey: 'other' }))).toMatchObject({ outcome: 'added' })
    await advance(10_000)
    expect(await again()).toMatchObject({ outcome: 'added' })
  },

  'forgets a key together with its letter': async ({ store, add }) => {
    const first = await add({ dedupeKey: 'k' })
    await store.discard(first, ada)
    expect(await store.add(newLetter({ dedupeKey: 'k' }))).toMatchObject({ outcome: 'added' })
  },

  'lists by type, error class, both or neither, in both orders': async ({ add, all }) => {
    const kinds = [
      { type: 'a', errorClass: 'x' },
      { type: 'a', errorClass: 'y' },
      { type: 'b', errorClass: 'x' },
    ]
    const ids: string[] = []
    for (let i = 0; i < 12; i++) ids.push(await add(kinds[i % 3] ?? {}))
    const where = (wanted: LetterFilter) =>
      ids.filter((_, at) => {
        const kind = kinds[at % 3]
        return (
          (wanted.type ?? kind?.type) === kind?.type &&
          (wanted.errorClass ?? kind?.errorClass) === kind?.errorClass
        )
      })
    for (const filter of [
      {},
      { type: 'a' },
      { errorClass: 'x' },
      { type: 'a', errorClass: 'y' },
      { type: 'c' },
    ]) {
      expect(await all('dead', filter)).toEqual(where(filter))
      expect(await all('dead', filter, 'newest')).toEqual(where(filter).reverse())
    }
  },

  'keeps pages right while letters come and go': async ({ store, add, all }) => {
    const ids: string[] = []
    for (let i = 0; i < 20; i++) ids.push(await add())
    const page = { state: 'dead', order: 'oldest', limit: 5 } as const
    const first = await store.list(page)
    expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 5))
    // The one under the cursor goes, one before it, and one ahead.
    for (const at of [4, 0, 6]) await store.discard(ids[at] ?? '', ada)
    const late = await add()
    const rest: string[] = []
    let cursor = first.next
    while (cursor !== undefined) {
      const next = await store.list({ ...page, cursor })
      rest.push(...next.items.map(({ id }) => id))
      cursor = next.next
    }
    expect(rest).toEqual([...ids.slice(5).filter((_, at) => at !== 1), late])
    expect(await all('discarded')).toEqual([ids[0], ids[4], ids[6]])
  },

  'counts groups and states exactly': async ({ store, add, claim, advance }) => {
    const oldest = await add({ type: 'a', errorClass: 'x' })
    await advance(10)
    const newest = await add({ type: 'a', errorClass: 'x' })
    await add({ type: 'b', errorClass: 'x' })
    const died = async (id: string) => (await store.get(id))?.diedAt
    expect(await store.groups()).toEqual([
      { type: 'a', errorClass: 'x', count: 2, oldest: await died(oldest), newest: await died(newest) },
      expect.objectContaining({ type: 'b', count: 1 }),
    ])
    await claim({ type: 'b' })
    expect(await store.groups()).toHaveLength(1)
    expect(await store.counts()).toMatchObject({ dead: 2, leased: 1, oldest: await died(oldest) })
  },

  'pages through the audit, of one letter or of all': async ({ store, add }) => {
    const ids = [await add(), await add(), await add()]
    await store.discard(ids[1] ?? '', ada)
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await store.audit({ cursor, limit: 3 })
      seen.push(...page.entries.map(({ id, event }) => `${ids.indexOf(id)} ${event}`))
      cursor = page.next
    } while (cursor !== undefined)
    expect(seen).toEqual(['0 added', '1 added', '2 added', '1 discarded'])
    const one = await store.audit({ id: ids[1], limit: 10 })
    expect(one.entries.map(({ event }) => event)).toEqual(['added', 'discarded'])
  },
}

/** For stores with room for two letters that refuse more. */
export const refusingContract: Contract<Hands> = {
  'refuses one letter more than fits, and not one fewer': async ({ store, add, claim, settle }) => {
    await add()
    await add()
    expect((await store.add(newLetter())).outcome).toBe('full')
    const { letters, fence } = await claim({ limit: 1 })
    expect((await store.add(newLetter())).outcome).toBe('full')
    await settle(letters[0]?.id ?? '', fence, { outcome: 'resolved' })
    expect((await store.add(newLetter())).outcome).toBe('added')
    expect((await store.add(newLetter())).outcome).toBe('full')
  },
}

/** For stores with room for three letters that drop the oldest. */
export const droppingContract: Contract<Hands> = {
  'drops the oldest dead letter for a new one, never one that is held': async ({
    store,
    add,
    claim,
    events,
  }) => {
    const ids = [await add(), await add(), await add()]
    await claim({ limit: 1 })
    const result = await store.add(newLetter())
    expect(result).toMatchObject({
      outcome: 'added',
      dropped: [{ id: ids[1], cause: 'overflow', type: 'mail' }],
    })
    expect((await events(ids[1] ?? '')).at(-1)).toBe('dropped by overflow')
    expect(await store.get(ids[1] ?? '')).toBeUndefined()
    await claim({ limit: 10 })
    expect((await store.add(newLetter())).outcome).toBe('full')
    expect(await store.counts()).toMatchObject({ dead: 0, leased: 3 })
  },
}
