/** Rules about exact milliseconds, one example each. For stores whose time the tests control. */
import { expect } from 'expect'
import type { Contract } from '../contract.ts'
import { ada, type Hands, leaseFor, retryBy } from './under-test.ts'

export const timesContract: Contract<Hands> = {
  'leases what is due, in the order it falls due, and offers nothing twice': async ({
    add,
    claim,
    advance,
  }) => {
    const late = await add({ dueIn: 20 })
    const soon = await add({ dueIn: 10 })
    const never = await add()
    expect((await claim({ dueOnly: true })).letters).toEqual([])
    await advance(20)
    const { letters, fence } = await claim({ dueOnly: true })
    expect(letters.map(({ id }) => id)).toEqual([soon, late])
    expect(letters[0]).toMatchObject({ state: 'leased', owner: 'recovery' })
    expect(typeof letters[0]?.payload).toBe('string')
    expect(fence).toBeGreaterThan(0)
    expect((await claim()).letters.map(({ id }) => id)).toEqual([never])
    expect((await claim()).letters).toEqual([])
  },

  'offers lapsed leases first, and refuses the one who came too late': async ({
    store,
    add,
    claim,
    settle,
    advance,
  }) => {
    const first = await add()
    const lost = await claim({ limit: 1 })
    const second = await add({ dueIn: 0 })
    await advance(leaseFor - 1)
    expect(await store.discard(first, ada)).toEqual({ outcome: 'leased', leaseLeft: 1 })
    expect(await store.retry(first, retryBy('ada'))).toEqual({ outcome: 'leased', leaseLeft: 1 })
    await advance(1)
    const { letters, fence } = await claim({ limit: 2, dueOnly: true })
    expect(letters.map(({ id }) => id)).toEqual([first, second])
    expect(fence).toBeGreaterThan(lost.fence)
    expect(await settle(first, lost.fence, { outcome: 'discarded' })).toBe('stale')
    expect(await store.renew([first, second], lost.fence, leaseFor)).toEqual([])
    expect(await settle(first, fence, { outcome: 'returned', dueIn: 5 })).toBe('done')
    expect(await settle(first, fence, { outcome: 'resolved' })).toBe('stale')
    expect(await settle('missing', fence, { outcome: 'resolved' })).toBe('missing')
  },

  'renews leases, of those that are held': async ({ store, add, claim, settle, advance }) => {
    const [kept, settled] = [await add(), await add()]
    const { fence } = await claim()
    await settle(settled, fence, { outcome: 'resolved' })
    await advance(leaseFor - 1)
    expect(await store.renew([kept, settled, 'missing'], fence, leaseFor)).toEqual([kept])
    await advance(leaseFor - 1)
    expect((await claim()).letters).toEqual([])
    expect(await store.renew([kept], fence, 1)).toEqual([kept])
    await advance(1)
    expect((await claim()).letters).toHaveLength(1)
  },

  'never shortens a lease': async ({ store, add, claim, advance }) => {
    const id = await add()
    const { fence } = await claim()
    expect(await store.renew([id], fence, 1)).toEqual([id])
    await advance(leaseFor - 1)
    expect((await claim()).letters).toEqual([])
  },

  'trims by age since death, at the exact millisecond, and audits each letter': async ({
    trim,
    add,
    advance,
    events,
    all,
  }) => {
    const old = await add()
    await advance(1)
    const young = await add()
    await advance(99)
    expect((await trim({ olderThan: 101 })).removed).toEqual([])
    const { removed, more } = await trim({ olderThan: 100 })
    expect(removed).toMatchObject([{ id: old, cause: 'age', type: 'mail', journey: 'journey-1' }])
    expect(more).toBe(false)
    expect((await events(old)).at(-1)).toBe('expired by retention')
    expect(await all('dead')).toEqual([young])
  },

  'gives lapsed leases back before it trims, with their due time': async ({
    store,
    trim,
    add,
    claim,
    advance,
    events,
  }) => {
    const id = await add({ dueIn: 0 })
    const before = await store.get(id)
    await claim()
    await advance(leaseFor - 1)
    expect((await trim({})).lapsed).toBe(0)
    await advance(1)
    expect(await trim({})).toMatchObject({ lapsed: 1, removed: [] })
    expect(await store.get(id)).toEqual(before)
    expect((await events(id)).at(-1)).toBe('lapsed by retention')
  },

  'forgets settled letters after their time': async ({ store, trim, add, advance }) => {
    const id = await add()
    await store.discard(id, ada)
    await advance(50)
    expect((await trim({ olderThan: 0, keep: 0, settledBefore: 51 })).removed).toEqual([])
    expect((await trim({ settledBefore: 50 })).removed).toMatchObject([{ id, cause: 'settled' }])
    expect((await store.retry(id, retryBy('ada'))).outcome).toBe('missing')
  },
}
