/**
 * The breaker's state machine, searched exhaustively beside the model: every state that calls, outcomes in any order,
 * late ones, lost trials, waits and people can lead to, for every kind of rule.
 */
import { circuitMachine } from '@seaworthy/circuit-breaker'
import { type BreakerRules, explore } from '@seaworthy/testing'
import { describe, expect, test } from 'vitest'
import { type Pair, type SearchInput, type SearchSpace, type SearchStep, search } from './breaker-search.ts'

const off = Number.POSITIVE_INFINITY

const strategies = {
  'failures in a row': { failureThreshold: 2, failureRate: off },
  'failure rate': { failureThreshold: off, failureRate: 0.5 },
  'slow calls': { failureThreshold: off, failureRate: off, slowCallDuration: 3, slowCallRate: 0.5 },
  'all rules': { failureThreshold: 3, failureRate: 0.6, slowCallDuration: 3, slowCallRate: 0.7 },
} satisfies Record<string, Partial<BreakerRules>>

const windows = { calls: { calls: 3 }, time: { time: 3, buckets: 3 } }

const recoveries = {
  'the same recovery time': { recovery: () => 2, resetOn: 'close', lastOpening: 1 },
  'growing recovery times': { recovery: (n: number) => Math.min(n, 2), resetOn: 'close', lastOpening: 2 },
  'growing until stable': { recovery: (n: number) => Math.min(n, 2), resetOn: 'stable', lastOpening: 2 },
} as const

interface Size {
  readonly inFlight: number
  readonly successThreshold: number
  readonly concurrency: number
  readonly failures: number
}

const small: Size = { inFlight: 2, successThreshold: 1, concurrency: 1, failures: 0 }
const wide: Size = { inFlight: 3, successThreshold: 2, concurrency: 2, failures: 1 }

type Strategy = keyof typeof strategies
type Case = [Strategy, keyof typeof windows, keyof typeof recoveries]

const cases: Case[] = (Object.keys(strategies) as Strategy[]).flatMap((strategy) =>
  (['calls', 'time'] as const).flatMap((window) =>
    (Object.keys(recoveries) as (keyof typeof recoveries)[]).map((recovery): Case => [strategy, window, recovery]),
  ),
)

function space([strategy, window, recovery]: Case, size: Size, hands: boolean): SearchSpace {
  const { lastOpening, ...growth } = recoveries[recovery]
  const { inFlight, successThreshold, ...halfOpen } = size
  const rules: BreakerRules = {
    mode: 'enabled',
    slowCallDuration: off,
    slowCallRate: off,
    ...strategies[strategy],
    ...growth,
    window: windows[window],
    minimumRequests: 2,
    successThreshold,
    halfOpen: { ...halfOpen, lease: 2 },
  }
  return { rules, inFlight, hands, lastOpening }
}

const byHand = (input: SearchInput): boolean =>
  ['trip', 'reset', 'isolate', 'release', 'dispose'].includes(input.type)

/** What must hold whatever the model says, from the machine alone. */
const invariants = ({ rules }: SearchSpace): Record<string, (step: SearchStep) => boolean> => ({
  'verify 1: only closed and half-open circuits admit': ({ from, to }) =>
    to.pending.length <= from.pending.length || to.machine.name === 'closed' || to.machine.name === 'halfOpen',
  'verify 2, I3: no more trials than are needed': ({ to: { machine } }) =>
    machine.name !== 'halfOpen' ||
    (machine.underway.size <= rules.halfOpen.concurrency &&
      machine.underway.size + machine.successes + machine.failures <= rules.successThreshold + rules.halfOpen.failures),
  'verify 4, I10: no rate is judged below the minimum': ({ to: { machine } }) =>
    machine.name !== 'open' ||
    (machine.cause.reason !== 'failureRate' && machine.cause.reason !== 'slowCallRate') ||
    Math.max(machine.cause.calls, machine.cause.timedCalls) >= rules.minimumRequests,
  'verify 5: trials close it only with enough successes': ({ from, input, to }) =>
    from.machine.name !== 'halfOpen' ||
    to.machine.name !== 'closed' ||
    byHand(input) ||
    from.machine.successes + 1 >= rules.successThreshold,
  'verify 7, I4: a late outcome changes nothing': ({ from, input, to }) =>
    input.type !== 'settle' || input.call !== 'stale' || sameMachine(from, to, rules),
  'verify 10: the epoch grows by one with every change': ({ from, input, to }) =>
    to.machine.epoch - from.machine.epoch === 1
      ? byHand(input) || from.machine.name !== to.machine.name
      : to.machine.epoch === from.machine.epoch && from.machine.name === to.machine.name,
  'verify 14: the window never holds more than its size': ({ to: { machine } }) =>
    machine.name !== 'closed' || !('calls' in rules.window) || machine.failures.calls <= rules.window.calls,
  'I6: open until its time has passed': ({ from, input, to }) =>
    from.machine.name !== 'open' ||
    to.machine.name === 'open' ||
    byHand(input) ||
    from.now >= from.machine.since + from.machine.openFor,
  'I5: waiting alone changes no state': ({ from, input, to }) =>
    input.type !== 'tick' || from.machine.epoch === to.machine.epoch,
})

const sameMachine = (from: Pair, to: Pair, rules: BreakerRules): boolean =>
  from.machine.epoch === to.machine.epoch &&
  circuitMachine.key(from.machine, from.now, rules) === circuitMachine.key(to.machine, to.now, rules)

const goals = {
  'verify 9, I7: closed again by waiting and successful calls': {
    reached: ({ machine }: Pair) => machine.name === 'closed',
    from: ({ machine }: Pair) => machine.name !== 'isolated' && machine.name !== 'disposed',
    using: (input: SearchInput) =>
      input.type === 'tick' || input.type === 'call' || (input.type === 'settle' && input.outcome === 'success'),
  },
}

const moments: Record<string, (step: SearchStep) => boolean> = {
  'an outcome comes too late': ({ input }) => input.type === 'settle' && input.call === 'stale',
  'a trial is lost and another one let in': ({ to: { model } }) => model.facts.at(-2)?.kind === 'lost',
  'a call is turned away while half-open': ({ from, input, to }) =>
    input.type === 'call' && from.machine.name === 'halfOpen' && to.pending.length === from.pending.length,
  'the recovery time starts over': ({ from, to }) => to.machine.openings < from.machine.openings,
}

const automatic = ['closed → open by settle', 'halfOpen → closed by settle', 'halfOpen → open by settle', 'open → halfOpen by call']
const whileUnderway = ['closed → open by call', 'halfOpen → open by call']
const hands = [
  ...['closed', 'open', 'halfOpen'].flatMap((state) => [
    `${state} → open by trip`,
    `${state} → closed by reset`,
    `${state} → isolated by isolate`,
    `${state} → disposed by dispose`,
  ]),
  'isolated → closed by release',
  'isolated → disposed by dispose',
]

describe('every state of the machine agrees with the model', () => {
  test.each(cases)('%s, window of %s, %s', (...chosen) => {
    const one = space(chosen, small, false)
    const seen = explore({ ...search(one), invariants: invariants(one), goals, sometimes: moments })
    const slow = one.rules.slowCallDuration === off ? [] : whileUnderway
    console.log(chosen.join(), seen.states, seen.edges, seen.depth, seen.elapsed)
    expect(seen.transitions).toEqual([...automatic, ...slow].sort())
  })
})
