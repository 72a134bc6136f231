/** Who may do what to a letter: replays, leases, discards, one example a rule. */
import { expect } from 'expect'
import type { Contract } from '../contract.ts'
import { NotOffered } from '../kit.ts'
import { ada, type Hands, leaseFor, retryBy } from './under-test.ts'

const inOneStep = (): NotOffered => new NotOffered('The store replays in one step')

export const holdersContract: Contract<Hands> = {
  'lets one of 50 operators replay a letter, and tells the others the same replay id': async ({
    store,
    add,
    events,
  }) => {
    const id = await add()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => store.retry(id, retryBy(`operator ${at}`))),
    )
    const won = answers.filter(({ outcome }) => outcome === 'replaying' || outcome === 'replayed')
    expect(won).toHaveLength(1)
    expect(won[0]).toMatchObject({ letter: { id, replayId: `${id}:1` } })
    const lost = answers.filter(({ outcome }) => outcome === 'already')
    expect(lost).toHaveLength(49)
    expect(new Set(lost.map((answer) => 'replayId' in answer && answer.replayId))).toEqual(
      new Set([`${id}:1`]),
    )
    expect(await events(id)).toHaveLength(2)
  },

  'replays in two steps, or in one if it replays by itself; then the payload is gone': async ({
    store,
    add,
    settle,
  }) => {
    const id = await add()
    const result = await store.retry(id, { ...retryBy('ada'), payload: '"edited"' })
    if (result.outcome === 'replaying') {
      expect(store.replaysItself).toBe(false)
      expect(result.letter).toMatchObject({ state: 'replaying', owner: 'ada', payload: '"edited"' })
      expect((await store.get(id, ada))?.payload).toBe('"edited"')
      expect(await settle(id, result.fence, { outcome: 'replayed' })).toBe('done')
    } else expect(store.replaysItself).toBe(true)
    expect(await store.get(id, ada)).toMatchObject({
      state: 'replayed',
      payload: undefined,
      due: undefined,
    })
    expect(await store.retry(id, { ...retryBy('bob'), payload: '"late"' })).toEqual({
      outcome: 'already',
      state: 'replayed',
      replayId: `${id}:1`,
    })
    expect((await store.retry('missing', retryBy('bob'))).outcome).toBe('missing')
  },

  'gives a replay that nobody finished to the next, under the same id': async ({
    store,
    add,
    claim,
    settle,
    advance,
  }) => {
    if (store.replaysItself) throw inOneStep()
    const id = await add()
    const crashed = await store.retry(id, retryBy('crashed'))
    if (crashed.outcome !== 'replaying') throw new Error(crashed.outcome)
    expect((await claim()).letters).toEqual([])
    expect(await store.discard(id, ada)).toMatchObject({ outcome: 'leased' })
    await advance(leaseFor)
    expect(await store.discard(id, ada)).toMatchObject({ outcome: 'leased', leaseLeft: 0 })
    const { letters, fence } = await claim({ dueOnly: true })
    expect(letters).toMatchObject([{ id, state: 'replaying', replayId: crashed.letter.replayId }])
    expect(fence).toBeGreaterThan(crashed.fence)
    expect(await settle(id, crashed.fence, { outcome: 'replayed' })).toBe('stale')
    expect(await settle(id, fence, { outcome: 'replayed' })).toBe('done')
    expect(await settle(id, fence, { outcome: 'replayed' })).toBe('done')
  },

  'counts a replay that failed, and keeps its id and payload for the next': async ({
    store,
    add,
    settle,
  }) => {
    if (store.replaysItself) throw inOneStep()
    const id = await add()
    for (const attempts of [1, 2]) {
      const result = await store.retry(id, retryBy('ada'))
      if (result.outcome !== 'replaying') throw new Error(result.outcome)
      expect(await settle(id, result.fence, { outcome: 'failed', dueIn: 7 })).toBe('done')
      const letter = await store.get(id, ada)
      expect(letter).toMatchObject({ state: 'dead', attempts, replayId: `${id}:1` })
      expect(typeof letter?.payload).toBe('string')
      expect(letter?.due).toBeGreaterThan(0)
    }
  },

  'discards a letter once': async ({ store, add, events }) => {
    const id = await add()
    expect(await store.discard(id, ada)).toMatchObject({
      outcome: 'discarded',
      letter: { id, state: 'discarded' },
    })
    expect(await store.discard(id, ada)).toEqual({ outcome: 'already', state: 'discarded' })
    expect(await store.discard('missing', ada)).toEqual({ outcome: 'missing' })
    expect(await events(id)).toEqual(['added by worker', 'discarded by ada'])
    const [, entry] = (await store.audit({ id, limit: 10 })).entries
    expect(entry).toMatchObject({ from: 'dead', to: 'discarded', reason: 'looks fixed' })
  },

  'leases by type and error class': async ({ add, claim }) => {
    const wanted = await add({ type: 'b', errorClass: 'y', dueIn: 0 })
    await add({ type: 'b', errorClass: 'x', dueIn: 0 })
    await add({ type: 'a', errorClass: 'y', dueIn: 0 })
    const { letters } = await claim({ type: 'b', errorClass: 'y', dueOnly: true })
    expect(letters.map(({ id }) => id)).toEqual([wanted])
  },

  'lets a late holder settle as long as nobody took over': async ({ add, claim, settle, advance }) => {
    const id = await add()
    const { fence } = await claim()
    await advance(leaseFor * 5)
    expect(await settle(id, fence, { outcome: 'resolved' })).toBe('done')
    expect(await settle(id, fence, { outcome: 'resolved' })).toBe('done')
    expect(await settle(id, fence, { outcome: 'discarded' })).toBe('stale')
  },

  'lets go of a letter at the very end of its lease': async ({ store, add, claim, advance }) => {
    const [retried, discarded] = [await add(), await add()]
    await claim()
    await advance(leaseFor)
    expect(['replaying', 'replayed']).toContain((await store.retry(retried, retryBy('ada'))).outcome)
    expect((await store.discard(discarded, ada)).outcome).toBe('discarded')
  },

  'trims to a count, to the letter, in steps, and leaves held letters alone': async ({
    store,
    trim,
    add,
    claim,
    all,
  }) => {
    const ids: string[] = []
    for (let i = 0; i < 10; i++) ids.push(await add())
    await claim({ limit: 2 })
    const first = await trim({ keep: 3, batch: 4 })
    expect(first.removed.map(({ id }) => id)).toEqual(ids.slice(2, 6))
    expect(first.more).toBe(true)
    const second = await trim({ keep: 3, batch: 4 })
    expect(second.removed.map(({ id }) => id)).toEqual(ids.slice(6, 7))
    expect(second.more).toBe(false)
    expect(await all('dead')).toEqual(ids.slice(7))
    expect(await store.counts()).toMatchObject({ dead: 3, leased: 2 })
    expect((await trim({ keep: 0 })).removed).toHaveLength(3)
  },
}
