/** The machine of an entry by itself: every state that two workers, a reaper and their deaths can lead to. */
import { Counterexample, explore } from '@seaworthy/testing'
import { entryMachine } from '@seaworthy/worker'
import { describe, expect, it } from 'vitest'
import { type Next, search } from './entry-search.ts'

const { next } = entryMachine

it('verify 47–52: every rule holds in every state', () => {
  const seen = explore(search())
  expect(seen.states).toBeGreaterThan(10_000)
})

describe('the search finds', () => {
  type Input = entryMachine.EntryInput
  /** A machine that takes some inputs for others, or makes something else of the result. */
  const wrong =
    (
      change: (input: Input, entry: entryMachine.Entry) => Input,
      after: (
        step: entryMachine.EntryStep,
        input: Input,
        before: entryMachine.Entry,
      ) => entryMachine.EntryStep = (step) => step,
    ): Next =>
    (entry, input, now) =>
      after(next(entry, change(input, entry), now), input, entry)

  const asHolder = (input: Input, entry: entryMachine.Entry, owner?: string): Input =>
    'by' in input && entry.name === 'pending' && (owner === undefined || entry.owner === owner)
      ? { ...input, by: { owner: entry.owner, handOut: entry.handOuts } }
      : input
  const same = (input: Input): Input => input
  const patch =
    (type: Input['type'], change: (entry: entryMachine.Entry, before: entryMachine.Entry) => object) =>
    (step: entryMachine.EntryStep, input: Input, before: entryMachine.Entry): entryMachine.EntryStep =>
      input.type === type && step.outcome === 'done'
        ? { ...step, entry: { ...step.entry, ...change(step.entry, before) } as entryMachine.Entry }
        : step

  it.each<[string, Next]>([
    [
      'an acknowledgement that ignores who holds it',
      wrong((input, entry) => (input.type === 'acknowledge' ? asHolder(input, entry) : input)),
    ],
    [
      'a failure report that looks at the owner alone, not at the hand-out',
      wrong((input, entry) => (input.type === 'fail' ? asHolder(input, entry, input.by.owner) : input)),
    ],
    [
      'a heartbeat of anybody',
      wrong((input, entry) => (input.type === 'beat' ? asHolder(input, entry) : input)),
    ],
    [
      'a claim that does not wait',
      wrong((input) => (input.type === 'claim' ? { ...input, minIdle: 0 } : input)),
    ],
    [
      'a claim one moment too early',
      wrong((input) => (input.type === 'claim' ? { ...input, minIdle: input.minIdle - 1 } : input)),
    ],
    [
      'republishing what is alive',
      wrong((input) => (input.type === 'republish' ? { ...input, minIdle: 0 } : input)),
    ],
    [
      'a claim that keeps the number of the hand-out',
      wrong(
        same,
        patch('claim', (_, before) => ({ handOuts: before.handOuts })),
      ),
    ],
    [
      'a claim that counts no delivery',
      wrong(
        same,
        patch('claim', (_, before) => ({ deliveries: before.deliveries })),
      ),
    ],
    [
      'a claim that does not begin a new silence',
      wrong(
        same,
        patch('claim', (_, before) => ({ heardAt: (before as { heardAt: number }).heardAt })),
      ),
    ],
    [
      'a hand-back that costs a delivery',
      wrong(
        same,
        patch('handBack', (_, before) => ({ deliveries: before.deliveries })),
      ),
    ],
    [
      'a hand-back that takes the start of somebody else',
      wrong(
        same,
        patch('handBack', (_, before) => ({ starts: Math.max(0, before.starts - 1) })),
      ),
    ],
    [
      'a failure that keeps the starts',
      wrong(
        same,
        patch('fail', (_, before) => ({ starts: before.starts })),
      ),
    ],
    [
      'a failure that is not counted',
      wrong(
        same,
        patch('fail', (_, before) => ({ failures: before.failures })),
      ),
    ],
    [
      'a start that counts twice',
      wrong(
        same,
        patch('start', (_, before) => ({ starts: before.starts + 1 })),
      ),
    ],
    [
      'a promotion too early',
      (entry, input, now) => next(entry, input, input.type === 'promote' ? now + 1 : now),
    ],
    [
      'an acknowledgement that revives',
      wrong(
        same,
        patch('acknowledge', () => ({ name: 'waiting' })),
      ),
    ],
    [
      'an entry that waits after it is over',
      (entry, input, now) =>
        entry.name === 'dead' && input.type === 'republish'
          ? { entry: { ...entry, name: 'waiting' }, outcome: 'done' }
          : next(entry, input, now),
    ],
    [
      'a hand-out of what is due',
      (entry, input, now) =>
        input.type === 'deliver' && entry.name === 'due'
          ? next({ ...entry, name: 'waiting' }, input, now)
          : next(entry, input, now),
    ],
    [
      'an entry that nobody can take over',
      (entry, input, now) =>
        input.type === 'claim' || input.type === 'republish'
          ? { entry, outcome: 'refused' }
          : next(entry, input, now),
    ],
  ])('%s', (_, machine) => {
    expect(() => explore(search(machine))).toThrow(Counterexample)
  })
})

describe('poison', () => {
  const limits = { suspectAfter: 2, maxStarts: 5, maxDeliveries: 20 }
  it.each([
    [1, 1, 'none'],
    [2, 0, 'suspect'],
    [6, 4, 'suspect'],
    [5, 5, 'poison'],
    [19, 0, 'suspect'],
    [20, 0, 'poison'],
  ])('%i hand-outs and %i starts without a word: %s', (deliveries, starts, judged) => {
    expect(entryMachine.suspicion({ deliveries, starts, failures: 99 }, limits)).toBe(judged)
  })
})
