/**
 * What every store of dead letters must do, as tests. An adapter runs it against its own server:
 * `storeContract('Redis', async () => ({ store, advance, limits, close }))`.
 */
import type {
  Claimed,
  DeadLetterStore,
  LetterFilter,
  LetterState,
  NewLetter,
  RetryRequest,
  Settlement,
  TrimRequest,
} from '@seaworthy/dead-letter'
import { sometimes } from '@seaworthy/testing'
import fc from 'fast-check'
import { expect, describe as vitestDescribe, it as vitestIt } from 'vitest'
import { runs } from './runs.ts'

/** A store to test, empty. */
interface StoreUnderTest {
  readonly store: DeadLetterStore
  /** Moves the store's time on by so many milliseconds. */
  advance(milliseconds: number): Promise<void>
  /** Ends it. */
  close?(): Promise<void>
}

/** How the store is to be set up. */
interface StoreSetup {
  readonly maxCount: number
  readonly overflow: 'drop-oldest' | 'refuse'
}

/** Makes a store that is empty. */
export type StoreFactory = (setup: StoreSetup) => Promise<StoreUnderTest>

const roomy: StoreSetup = { maxCount: 10_000, overflow: 'refuse' }
const ada = { actor: 'ada', reason: 'looks fixed' }
const leaseFor = 1000

const vitest: TestRegister = { describe: vitestDescribe, it: vitestIt }

let tokens = 0

/** A letter with everything that can be told. */
export function newLetter(more: Partial<NewLetter> = {}): NewLetter {
  return {
    token: `token${tokens++}`,
    payload: '{"message":{"é":[],"n":12345678901234567},"config":null}',
    type: 'mail',
    failure: 'timeout',
    failureClass: 'transient',
    errorClass: 'TimeoutError: after <n> ms',
    error: {
      name: 'TimeoutError',
      message: 'after 5 ms',
      code: 'X',
      stack: 'at …',
      causes: [{ name: 'E', message: '' }],
    },
    maxRetries: 4,
    retryCount: 4,
    replays: 0,
    taskId: 'task-1',
    source: 'mails',
    journey: 'journey-1',
    history: [{ at: 1, event: 'attempt failed', by: 'worker-1' }],
    firstFailedAt: 17,
    dueIn: undefined,
    dedupeKey: undefined,
    dedupeFor: 10_000,
    actor: 'worker',
    ...more,
  }
}

/** Where tests go: to vitest, or to somebody who runs them one by one. */
export interface TestRegister {
  describe(name: string, tests: () => void): void
  it(name: string, test: () => Promise<void>, timeout?: number): void
}

/** How to run the contract. */
export interface ContractOptions {
  /** @defaultValue vitest */
  readonly register?: TestRegister
  /** How many random histories to try; fewer where every step goes over a network. @defaultValue 100 */
  readonly histories?: number
}

/** The tests. */
export function storeContract(
  name: string,
  create: StoreFactory,
  { register = vitest, histories = 100 }: ContractOptions = {},
): void {
  const { describe, it } = register
  /** Runs a test with a store of its own. */
  const on = async (test: (under: Hands) => Promise<void>, setup: StoreSetup = roomy): Promise<void> => {
    const under = await create(setup)
    try {
      await test(handsOn(under))
    } finally {
      await under.close?.()
    }
  }

  describe(`${name} as a store of dead letters`, () => {
    it('verify 49: keeps id, payload, error chain, attempts, first and last time', () =>
      on(async ({ store, add, advance }) => {
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
      }))

    it('gives ids that sort by time of death, also within one instant', () =>
      on(async ({ add, advance }) => {
        const ids: string[] = []
        for (let i = 0; i < 30; i++) {
          ids.push(await add())
          if (i % 7 === 0) await advance(1)
        }
        expect([...ids].sort()).toEqual(ids)
        expect(new Set(ids).size).toBe(30)
      }))

    it('hands out no payload unless it is told who looks, and audits that', () =>
      on(async ({ store, add, events }) => {
        const id = await add()
        expect((await store.get(id))?.payload).toBeUndefined()
        expect((await store.get(id, ada))?.payload).toBe(newLetter().payload)
        const [item] = (await store.list({ state: 'dead', order: 'oldest', limit: 1 })).items
        expect(item).not.toHaveProperty('payload')
        expect(item?.error).toEqual({ name: 'TimeoutError', message: 'after 5 ms', code: 'X' })
        expect(await events(id)).toEqual(['added by worker', 'viewed by ada'])
        expect(await store.get('missing', ada)).toBeUndefined()
      }))

    it('takes a letter with the key of another for the same while that one is dead or leased', () =>
      on(async ({ store, add, claim, settle, advance }) => {
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
      }))

    it('forgets a key together with its letter', () =>
      on(async ({ store, add }) => {
        const first = await add({ dedupeKey: 'k' })
        await store.discard(first, ada)
        expect(await store.add(newLetter({ dedupeKey: 'k' }))).toMatchObject({ outcome: 'added' })
      }))

    it('refuses one letter more than fits, and not one fewer', () =>
      on(
        async ({ store, add, claim, settle }) => {
          await add()
          await add()
          expect((await store.add(newLetter())).outcome).toBe('full')
          const { letters, fence } = await claim({ limit: 1 })
          expect((await store.add(newLetter())).outcome).toBe('full')
          await settle(letters[0]?.id ?? '', fence, { outcome: 'resolved' })
          expect((await store.add(newLetter())).outcome).toBe('added')
          expect((await store.add(newLetter())).outcome).toBe('full')
        },
        { maxCount: 2, overflow: 'refuse' },
      ))

    it('drops the oldest dead letter for a new one, never one that is held', () =>
      on(
        async ({ store, add, claim, events }) => {
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
        { maxCount: 3, overflow: 'drop-oldest' },
      ))

    it('lists by type, error class, both or neither, in both orders', () =>
      on(async ({ add, all }) => {
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
      }))

    it('keeps pages right while letters come and go', () =>
      on(async ({ store, add, all }) => {
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
      }))

    it('counts groups and states exactly', () =>
      on(async ({ store, add, claim, advance }) => {
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
      }))

    it('lets one of 50 operators replay a letter, and tells the others the same replay id', () =>
      on(async ({ store, add, events }) => {
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
      }))

    it('replays in two steps, or in one if it replays by itself; then the payload is gone', () =>
      on(async ({ store, add, settle }) => {
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
      }))

    it('gives a replay that nobody finished to the next, under the same id', () =>
      on(async ({ store, add, claim, settle, advance }) => {
        if (store.replaysItself) return
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
      }))

    it('counts a replay that failed, and keeps its id and payload for the next', () =>
      on(async ({ store, add, settle }) => {
        if (store.replaysItself) return
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
      }))

    it('discards a letter once', () =>
      on(async ({ store, add, events }) => {
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
      }))

    it('leases what is due, in the order it falls due, and offers nothing twice', () =>
      on(async ({ add, claim, advance }) => {
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
      }))

    it('leases by type and error class', () =>
      on(async ({ add, claim }) => {
        const wanted = await add({ type: 'b', errorClass: 'y', dueIn: 0 })
        await add({ type: 'b', errorClass: 'x', dueIn: 0 })
        await add({ type: 'a', errorClass: 'y', dueIn: 0 })
        const { letters } = await claim({ type: 'b', errorClass: 'y', dueOnly: true })
        expect(letters.map(({ id }) => id)).toEqual([wanted])
      }))

    it('offers lapsed leases first, and refuses the one who came too late', () =>
      on(async ({ store, add, claim, settle, advance }) => {
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
      }))

    it('lets a late holder settle as long as nobody took over', () =>
      on(async ({ add, claim, settle, advance }) => {
        const id = await add()
        const { fence } = await claim()
        await advance(leaseFor * 5)
        expect(await settle(id, fence, { outcome: 'resolved' })).toBe('done')
        expect(await settle(id, fence, { outcome: 'resolved' })).toBe('done')
        expect(await settle(id, fence, { outcome: 'discarded' })).toBe('stale')
      }))

    it('renews leases, of those that are held', () =>
      on(async ({ store, add, claim, settle, advance }) => {
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
      }))

    it('never shortens a lease', () =>
      on(async ({ store, add, claim, advance }) => {
        const id = await add()
        const { fence } = await claim()
        expect(await store.renew([id], fence, 1)).toEqual([id])
        await advance(leaseFor - 1)
        expect((await claim()).letters).toEqual([])
      }))

    it('lets go of a letter at the very end of its lease', () =>
      on(async ({ store, add, claim, advance }) => {
        const [retried, discarded] = [await add(), await add()]
        await claim()
        await advance(leaseFor)
        expect(['replaying', 'replayed']).toContain((await store.retry(retried, retryBy('ada'))).outcome)
        expect((await store.discard(discarded, ada)).outcome).toBe('discarded')
      }))

    it('trims by age since death, at the exact millisecond, and audits each letter', () =>
      on(async ({ trim, add, advance, events, all }) => {
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
      }))

    it('trims to a count, to the letter, in steps, and leaves held letters alone', () =>
      on(async ({ store, trim, add, claim, all }) => {
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
      }))

    it('gives lapsed leases back before it trims, with their due time', () =>
      on(async ({ store, trim, add, claim, advance, events }) => {
        const id = await add({ dueIn: 0 })
        const before = await store.get(id)
        await claim()
        await advance(leaseFor - 1)
        expect((await trim({})).lapsed).toBe(0)
        await advance(1)
        expect(await trim({})).toMatchObject({ lapsed: 1, removed: [] })
        expect(await store.get(id)).toEqual(before)
        expect((await events(id)).at(-1)).toBe('lapsed by retention')
      }))

    it('forgets settled letters after their time', () =>
      on(async ({ store, trim, add, advance }) => {
        const id = await add()
        await store.discard(id, ada)
        await advance(50)
        expect((await trim({ olderThan: 0, keep: 0, settledBefore: 51 })).removed).toEqual([])
        expect((await trim({ settledBefore: 50 })).removed).toMatchObject([{ id, cause: 'settled' }])
        expect((await store.retry(id, retryBy('ada'))).outcome).toBe('missing')
      }))

    it('pages through the audit, of one letter or of all', () =>
      on(async ({ store, add }) => {
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
      }))

    it(
      'verify 47: every letter is in exactly one place, whatever happens',
      () => conservation(create, histories),
      60_000,
    )
  })
}

/** Shorthands for tests. */
interface Hands extends Omit<StoreUnderTest, 'close'> {
  add(more?: Partial<NewLetter>): Promise<string>
  claim(request?: Partial<Parameters<DeadLetterStore['claim']>[0]>): Promise<Claimed>
  settle(
    id: string,
    fence: number,
    settlement: Partial<Settlement> & Pick<Settlement, 'outcome'>,
  ): ReturnType<DeadLetterStore['settle']>
  trim(request: Partial<TrimRequest>): ReturnType<DeadLetterStore['trim']>
  /** All ids in a state, page by page. */
  all(state: LetterState, filter?: LetterFilter, order?: 'oldest' | 'newest'): Promise<string[]>
  /** The audit of a letter. */
  events(id: string): Promise<string[]>
}

function handsOn({ store, advance }: StoreUnderTest): Hands {
  return {
    store,
    advance,
    async add(more) {
      const result = await store.add(newLetter(more))
      if (result.outcome !== 'added') throw new Error(result.outcome)
      return result.id
    },
    claim: (request) => store.claim({ limit: 100, leaseFor, owner: 'recovery', dueOnly: false, ...request }),
    settle: (id, fence, settlement) =>
      store.settle(id, fence, { dueIn: undefined, actor: 'recovery', reason: undefined, ...settlement }),
    trim: (request) =>
      store.trim({
        olderThan: undefined,
        keep: undefined,
        settledBefore: undefined,
        batch: 100,
        actor: 'retention',
        ...request,
      }),
    async all(state, filter = {}, order = 'oldest') {
      const ids: string[] = []
      let cursor: string | undefined
      do {
        const page = await store.list({ ...filter, state, order, limit: 3, cursor })
        ids.push(...page.items.map(({ id }) => id))
        cursor = page.next
      } while (cursor !== undefined)
      return ids
    },
    async events(id) {
      const { entries } = await store.audit({ id, limit: 100 })
      return entries.map(({ event, actor }) => `${event} by ${actor}`)
    },
  }
}

function retryBy(actor: string): RetryRequest {
  return { actor, reason: undefined, owner: actor, leaseFor }
}

/** The model is a list of facts: where each letter was seen last, and who holds it. */
interface Model {
  readonly states: Map<string, LetterState | 'removed'>
  readonly holders: { readonly id: string; readonly fence: number }[]
  readonly published: string[]
}

type Command = fc.AsyncCommand<Model, Hands>

const states: readonly LetterState[] = ['dead', 'leased', 'replaying', 'replayed', 'resolved', 'discarded']

async function conservation(create: StoreFactory, histories: number): Promise<void> {
  const seen = sometimes([
    'added',
    'full',
    'claimed',
    'took over',
    'settled',
    'stale',
    'began to replay',
    'replayed',
    'discarded',
    'trimmed',
    'lapsed',
  ])
  const pick = (list: readonly string[], at: number): string | undefined =>
    list[at % Math.max(1, list.length)]
  const command = (name: string, run: (model: Model, hands: Hands) => Promise<void>): Command => ({
    check: () => true,
    async run(model, hands) {
      await run(model, hands)
      await sameAsModel(model, hands)
    },
    toString: () => name,
  })
  const adding = fc.constantFrom(undefined, 0, 300).map((dueIn) =>
    command(`add(${dueIn})`, async ({ states: known }, { store }) => {
      const result = await store.add(newLetter({ dueIn }))
      if (result.outcome === 'added') known.set(result.id, 'dead')
      seen.mark(result.outcome === 'full' ? 'full' : 'added')
    }),
  )
  const claiming = fc
    .record({ limit: fc.integer({ min: 1, max: 3 }), dueOnly: fc.boolean() })
    .map((request) =>
      command(`claim(${request.limit}, ${request.dueOnly})`, async (model, { claim }) => {
        const { letters, fence } = await claim(request)
        for (const { id, state } of letters) {
          seen.mark(model.states.get(id) === 'dead' ? 'claimed' : 'took over')
          model.states.set(id, state)
          model.holders.push({ id, fence })
        }
      }),
    )
  const settling = fc
    .record({
      at: fc.nat(20),
      outcome: fc.constantFrom('resolved', 'discarded', 'returned', 'replay', 'replayed', 'failed'),
      dueIn: fc.constantFrom(undefined, 0),
    })
    .map(({ at, ...settlement }) =>
      command(`settle(${at}, ${settlement.outcome})`, async (model, { store, settle }) => {
        const holder = model.holders[at % Math.max(1, model.holders.length)]
        if (holder === undefined) return
        const { id, fence } = holder
        const answer = await settle(id, fence, settlement)
        const was = model.states.get(id)
        if (answer !== 'done') return seen.mark('stale')
        const state = (await store.get(id))?.state
        if (state === was) return
        seen.mark('settled')
        if (state !== undefined) model.states.set(id, state)
        if (state === 'replayed') {
          seen.mark('replayed')
          model.published.push(id)
        }
      }),
    )
  const retrying = fc.nat(20).map((at) =>
    command(`retry(${at})`, async (model, { store }) => {
      const id = pick([...model.states.keys()], at)
      if (id === undefined) return
      const result = await store.retry(id, retryBy('ada'))
      if (result.outcome === 'replayed') model.published.push(id)
      if (result.outcome !== 'replaying' && result.outcome !== 'replayed') return
      seen.mark('began to replay')
      model.states.set(id, result.outcome)
      if (result.outcome === 'replaying') model.holders.push({ id, fence: result.fence })
    }),
  )
  const discarding = fc.nat(20).map((at) =>
    command(`discard(${at})`, async (model, { store }) => {
      const id = pick([...model.states.keys()], at)
      if (id === undefined || (await store.discard(id, ada)).outcome !== 'discarded') return
      seen.mark('discarded')
      model.states.set(id, 'discarded')
    }),
  )
  const trimming = fc
    .record({ keep: fc.constantFrom(undefined, 3), settledBefore: fc.constantFrom(undefined, 400) })
    .map((request) =>
      command(`trim(${request.keep}, ${request.settledBefore})`, async (model, { store, trim }) => {
        const { removed, lapsed } = await trim(request)
        if (lapsed > 0) {
          seen.mark('lapsed')
          for (const [id, state] of model.states) {
            if (state === 'leased') model.states.set(id, (await store.get(id))?.state ?? 'dead')
          }
        }
        for (const { id } of removed) {
          seen.mark('trimmed')
          model.states.set(id, 'removed')
        }
      }),
    )
  const waiting = fc
    .constantFrom(1, leaseFor - 1, leaseFor)
    .map((time) => command(`wait(${time})`, async (_model, { advance }) => advance(time)))
  const commands = [adding, claiming, settling, settling, retrying, discarding, trimming, waiting]
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { size: '+1' }), async (history) => {
      const under = await create({ maxCount: 6, overflow: 'refuse' })
      try {
        const model: Model = { states: new Map(), holders: [], published: [] }
        await fc.asyncModelRun(() => ({ model, real: handsOn(under) }), history)
        // Nothing was published twice.
        expect(new Set(model.published).size).toBe(model.published.length)
      } finally {
        await under.close?.()
      }
    }),
    runs(histories),
  )
  seen.verify()
}

async function sameAsModel(model: Model, { store, all }: Hands): Promise<void> {
  // All at once, since a round trip to a real server takes its time; nothing changes meanwhile.
  const [counts, ...found] = await Promise.all([store.counts(), ...states.map((state) => all(state))])
  for (const [at, state] of states.entries()) {
    const expected = [...model.states].filter(([, known]) => known === state).map(([id]) => id)
    expect(found[at]).toEqual(expected.sort())
    expect(counts[state as 'dead']).toBe(expected.length)
  }
  const open = counts.dead + counts.leased + counts.replaying
  expect(open).toBeLessThanOrEqual(6)
}
