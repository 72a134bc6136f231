import { explore } from '@seaworthy/testing'
import { expect, it } from 'vitest'
import {
  activeCount,
  emptyLedger,
  inPlace,
  isOver,
  isWanted,
  type Ledger,
  type LedgerInput,
  next,
} from '../src/ledger.ts'

type Places = Readonly<Record<string, readonly string[]>>

function inputsFor(places: Places): LedgerInput[] {
  const each = Object.entries(places).flatMap(([id, list]): LedgerInput[] => [
    { type: 'plan', id, places: list },
    { type: 'admit', id },
    { type: 'refuse', id, reason: 'notSteady' },
    { type: 'expire', id },
    { type: 'inject', id },
    ...list.flatMap((place): LedgerInput[] => [
      { type: 'apply', id, place },
      { type: 'removed', id, place },
    ]),
    { type: 'recover', id, cause: 'elapsed' },
    { type: 'settle', id, well: true },
    { type: 'settle', id, well: false },
    { type: 'forget', id },
  ])
  return [...each, { type: 'kill' }, { type: 'reset' }]
}

const key = ({ killed, entries }: Ledger): string =>
  JSON.stringify([
    killed,
    [...entries]
      .sort((x, y) => (x.id < y.id ? -1 : 1))
      .map(({ id, phase, faults }) => [
        id,
        phase,
        ...faults.map((fault) => [fault.injected, fault.recovered]),
      ]),
  ])

/** Over all injections together. */
function leftAt(ledger: Ledger, place: string): number {
  const faults = ledger.entries.flatMap((entry) => entry.faults).filter((fault) => fault.place === place)
  return faults.reduce((sum, { injected, recovered }) => sum + injected - recovered, 0)
}

const allPlaces = ['redis refuse', 'db kill', 'api error']
const over = (phase: string | undefined): boolean =>
  phase !== undefined && ['recovered', 'recoverFailed', 'refused', 'expired'].includes(phase)

it('verify 58, 59, 62: whatever happens in whatever order, no place is broken twice, no more are active than allowed, and the kill switch wins', () => {
  const all = inputsFor({ a: ['redis refuse'], b: ['redis refuse', 'db kill'] })
  const seen = explore<Ledger, LedgerInput>({
    initial: emptyLedger(1),
    inputs: () => all,
    next,
    key,
    invariants: {
      'verify 58: injected - recovered is 0 or 1 at every place': ({ to }) =>
        allPlaces.every((place) => [0, 1].includes(leftAt(to, place))),
      'verify 59: no more active than allowed': ({ to }) => activeCount(to) <= to.maxConcurrent,
      'verify 62: after the kill switch nothing is wanted': ({ to }) =>
        !to.killed || !to.entries.some(isWanted),
      'verify 62: only a reset undoes the kill switch, and only when nothing is in place': ({
        from,
        input,
        to,
      }) => !from.killed || to.killed || (input.type === 'reset' && !from.entries.some(inPlace)),
      'what is over stays as it is': ({ from, to }) =>
        from.entries.every((entry) => {
          const after = to.entries.find(({ id }) => id === entry.id)
          return !isOver(entry) || after === undefined || after.phase === entry.phase
        }),
      'nothing that is in place is forgotten': ({ from, to }) =>
        from.entries.every((entry) => !inPlace(entry) || to.entries.some(({ id }) => id === entry.id)),
    },
    goals: {
      'verify 58: everything can be taken back': {
        reached: (ledger) => ledger.entries.every((entry) => !inPlace(entry)),
        using: ({ type }) => type === 'kill' || type === 'removed',
      },
      'chaos can go on': { reached: (ledger) => !ledger.killed && ledger.entries.length === 0 },
    },
    sometimes: {
      'turned away because another is active': ({ from, to }) =>
        from.entries.some(({ phase }) => phase === 'active') &&
        to.entries.some(({ reason }) => reason === 'maxConcurrentChaos'),
      'killed with a fault in place': ({ to }) => to.killed && to.entries.some(inPlace),
      'one of two faults in place': ({ to }) =>
        to.entries.some(
          ({ faults }) => faults.length === 2 && faults[0]?.injected === 1 && faults[1]?.injected === 0,
        ),
      'ended while it began': ({ from, input }) =>
        input.type === 'recover' &&
        from.entries.some((entry) => entry.phase === 'injecting' && inPlace(entry)),
    },
    transition: ({ from, input, to }) => {
      if (!('id' in input)) return undefined
      const before = from.entries.find(({ id }) => id === input.id)?.phase
      const after = to.entries.find(({ id }) => id === input.id)?.phase
      return before === after ? undefined : `${before ?? 'none'} -> ${after ?? 'none'}`
    },
  })
  expect(seen.states).toBeGreaterThan(200)
  const known = seen.transitions.filter((each) => !each.endsWith('none'))
  expect(known).toEqual([
    'active -> recovering',
    'gated -> expired',
    'gated -> injecting',
    'gated -> refused',
    'injecting -> active',
    'injecting -> recovering',
    'none -> planned',
    'none -> refused',
    'planned -> expired',
    'planned -> gated',
    'planned -> refused',
    'recovering -> recoverFailed',
    'recovering -> recovered',
  ])
  expect(
    seen.transitions.filter((each) => each.endsWith('none')).every((each) => over(each.split(' ')[0])),
  ).toBe(true)
})

it('with room for two, two injections at different places are active at once, and never two at one place', () => {
  const all = inputsFor({ a: ['redis refuse'], b: ['redis refuse', 'db kill'], c: ['api error'] })
  explore<Ledger, LedgerInput>({
    initial: emptyLedger(2),
    inputs: () => all.filter(({ type }) => type !== 'expire' && type !== 'forget'),
    next,
    key,
    invariants: {
      'verify 58': ({ to }) => allPlaces.every((place) => [0, 1].includes(leftAt(to, place))),
      'verify 59': ({ to }) => activeCount(to) <= 2,
    },
    sometimes: {
      'two active': ({ to }) => to.entries.filter(({ phase }) => phase === 'active').length === 2,
      'refused for overlap': ({ to }) => to.entries.some(({ reason }) => reason === 'overlap'),
    },
  })
})
