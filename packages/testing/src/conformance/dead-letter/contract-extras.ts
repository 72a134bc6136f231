/** What stores of dead letters may do besides, one example a rule: finding a letter by its dedupe key, and turns. */
import type { DeadLetterStore, TurnRequest } from '@seaworthy/dead-letter'
import { expect } from 'expect'
import type { Contract } from '../contract.ts'
import { NotOffered } from '../kit.ts'
import { ada, type Hands, retryBy } from './under-test.ts'

/** Longer than any check takes, in milliseconds. */
const day = 86_400_000

export const lookupContract: Contract<Hands> = {
  'lookup: finds a letter by its dedupe key, whatever became of it, as long as it is there': async (
    hands,
  ) => {
    const { store, add, advance, trim } = hands
    const lookup = lookupOf(hands)
    expect(await lookup('a')).toBeUndefined()
    const [a, b, c] = [
      await add({ dedupeKey: 'a', dedupeFor: 100 }),
      await add({ dedupeKey: 'b', dedupeFor: 100 }),
      await add({ dedupeKey: 'c', dedupeFor: 100 }),
    ]
    await add()
    await store.discard(a, ada)
    await store.retry(b, { ...retryBy('ada'), leaseFor: 50 })
    await advance(1000)
    expect([await lookup('a'), await lookup('b'), await lookup('c')]).toEqual([a, b, c])
    expect(await lookup('')).toBeUndefined()
    await trim({ olderThan: 0, keep: 0, settledBefore: 0 })
    expect([await lookup('a'), await lookup('c')]).toEqual([undefined, undefined])
  },

  'lookup: finds the letter that was added last, also when an earlier one goes': async (hands) => {
    const { store, add, advance, trim } = hands
    const lookup = lookupOf(hands)
    const first = await add({ dedupeKey: 'a', dedupeFor: day })
    await store.discard(first, ada)
    // What is settled is no reason to take another letter for a duplicate.
    const second = await add({ dedupeKey: 'a', dedupeFor: day })
    expect(second).not.toBe(first)
    expect(await lookup('a')).toBe(second)
    await advance(10)
    await trim({ settledBefore: 0 })
    expect(await store.get(first)).toBeUndefined()
    expect(await lookup('a')).toBe(second)
    await expect(add({ dedupeKey: 'a', dedupeFor: day })).rejects.toThrow('duplicate')
  },

  'lookup: leaves no entry in the audit': async (hands) => {
    const lookup = lookupOf(hands)
    const id = await hands.add({ dedupeKey: 'a' })
    expect(await lookup('a')).toBe(id)
    expect(await hands.events(id)).toEqual(['added by worker'])
  },
}

export const turnsContract: Contract<Hands> = {
  'turns: are given to one of 50 who ask at once': async (hands) => {
    const { begin } = turnsOf(hands)
    const asked = Array.from({ length: 50 }, (_, at) => begin(`process ${at}`, { leaseFor: day }))
    expect((await Promise.all(asked)).filter((wait) => wait === 0)).toHaveLength(1)
  },

  'turns: are ended by who has them, and by nobody else': async (hands) => {
    const { begin, end } = turnsOf(hands)
    const long = { leaseFor: day }
    expect(await begin('ada', long)).toBe(0)
    await end('recovery', 'bob', 0)
    await end('retention', 'ada', 0)
    expect(await begin('bob', long)).toBeGreaterThan(0)
    await end('recovery', 'ada', 0)
    expect(await begin('bob', long)).toBe(0)
    // Who had the turn before the one that has it now is nobody.
    await end('recovery', 'ada', 0)
    expect(await begin('ada', long)).toBeGreaterThan(0)
  },

  'turns: of one job have nothing to do with those of another': async (hands) => {
    const { begin } = turnsOf(hands)
    expect(await begin('ada', { leaseFor: day })).toBe(0)
    expect(await begin('bob', { leaseFor: day, job: 'retention' })).toBe(0)
    expect(await begin('bob', { leaseFor: day })).toBeGreaterThan(0)
  },

  'turns: of who fell silent are over with their lease': async (hands) => {
    const { begin, end } = turnsOf(hands)
    expect(await begin('ada', { leaseFor: 50 })).toBe(0)
    await hands.advance(60)
    expect(await begin('bob', { leaseFor: day })).toBe(0)
    // Who comes back too late ends nothing.
    await end('recovery', 'ada', 0)
    expect(await begin('cy')).toBeGreaterThan(0)
  },
}

/** For stores whose time the tests control. */
export const turnTimesContract: Contract<Hands> = {
  'turns: are over at the exact millisecond, and kept by asking again': async (hands) => {
    const { begin } = turnsOf(hands)
    expect(await begin('ada')).toBe(0)
    expect(await begin('bob')).toBe(1000)
    expect(await begin('bob', { early: true })).toBe(1000)
    await hands.advance(400)
    expect(await begin('bob')).toBe(600)
    expect(await begin('ada')).toBe(0)
    await hands.advance(999)
    expect(await begin('bob')).toBe(1)
    await hands.advance(1)
    expect(await begin('bob')).toBe(0)
    expect(await begin('ada')).toBe(1000)
  },

  'turns: do not begin before it is time, unless early': async (hands) => {
    const { begin, end } = turnsOf(hands)
    await begin('ada')
    await end('recovery', 'ada', 5000)
    expect(await begin('bob')).toBe(5000)
    expect(await begin('ada')).toBe(5000)
    expect(await begin('bob', { early: true })).toBe(0)
    // Who fell silent in the middle leaves the time as it was.
    await hands.advance(1000)
    expect(await begin('ada')).toBe(4000)
    await hands.advance(4000)
    expect(await begin('ada')).toBe(0)
  },

  'turns: that are over are ended by who had the last one': async (hands) => {
    const { begin, end } = turnsOf(hands)
    await begin('ada')
    await hands.advance(1000)
    await end('recovery', 'bob', 7000)
    await end('recovery', 'ada', 5000)
    expect(await begin('bob')).toBe(5000)
  },
}

function lookupOf({ store }: Hands): (dedupeKey: string) => Promise<string | undefined> {
  const lookup = store.lookup?.bind(store)
  if (lookup === undefined) throw new NotOffered('The store has no lookup')
  return lookup
}

interface Turns {
  begin(owner: string, request?: Partial<TurnRequest>): Promise<number>
  readonly end: NonNullable<DeadLetterStore['endTurn']>
}

function turnsOf({ store }: Hands): Turns {
  const begin = store.beginTurn?.bind(store)
  const end = store.endTurn?.bind(store)
  if (begin === undefined && end === undefined) throw new NotOffered('The store gives no turns')
  if (begin === undefined || end === undefined) throw new Error('The store has one of beginTurn and endTurn')
  const usual = { job: 'recovery', leaseFor: 1000, early: false }
  return { begin: (owner, request) => begin({ ...usual, owner, ...request }), end }
}
