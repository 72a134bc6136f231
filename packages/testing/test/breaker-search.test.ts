/**
 * The breaker's state machine, searched exhaustively beside the model: every state that calls, outcomes in any order,
 * late ones, lost trials, waits and people can lead to, for every kind of rule.
 */
import { circuitMachine } from '@seaworthy/circuit-breaker'
import { Counterexample, type Explored, explore } from '@seaworthy/testing'
import type { BreakerRules } from '@seaworthy/testing/models'
import { describe, expect, test } from 'vitest'
import { type Pair, type SearchInput, type SearchSpace, type SearchStep, search } from './breaker-search.ts'

const off = Number.POSITIVE_INFINITY

/** `DEEP=1` searches larger spaces, for minutes. */
const deep = process.env['DEEP'] === '1'

const strategies = {
  'failures in a row': { failureThreshold: 2, failureRate: off },
  'failure rate': { failureThreshold: off, failureRate: 0.5 },
  'slow calls': { failureThreshold: off, failureRate: off, slowCallDuration: 2, slowCallRate: 0.5 },
  'all rules': { failureThreshold: 2, failureRate: 0.6, slowCallDuration: 2, slowCallRate: 0.6 },
} satisfies Record<string, Partial<BreakerRules>>

const recoveries = {
  'the same recovery time': { recovery: () => 2, resetOn: 'close', lastOpening: 1 },
  'growing recovery times': { recovery: (opening) => Math.min(opening, 2), resetOn: 'close', lastOpening: 2 },
  'growing until stable': { recovery: (opening) => Math.min(opening, 2), resetOn: 'stable', lastOpening: 2 },
} satisfies Record<string, Pick<BreakerRules, 'recovery' | 'resetOn'> & { lastOpening: number }>

type Strategy = keyof typeof strategies
type Window = 'calls' | 'time'
type Recovery = keyof typeof recoveries

interface Size {
  /** Calls that the window holds, or buckets of a tick each. */
  readonly window: number
  readonly mostInTime: number
  readonly inFlight: number
  readonly successThreshold: number
  readonly concurrency: number
  readonly failures: number
}

const small: Size = {
  window: 3,
  mostInTime: 3,
  inFlight: 2,
  successThreshold: 1,
  concurrency: 1,
  failures: 0,
}
const smallest: Size = { ...small, window: 2, mostInTime: 2 }
const several = { inFlight: 3, successThreshold: 2, concurrency: 2, failures: 1 }

const strategyNames = Object.keys(strategies) as Strategy[]
const recoveryNames = Object.keys(recoveries) as Recovery[]
const cases = strategyNames.flatMap((strategy) =>
  (['calls', 'time'] as const).flatMap((window) =>
    recoveryNames.map((recovery) => [strategy, window, recovery] as const),
  ),
)

function space(
  strategy: Strategy,
  window: Window,
  recovery: Recovery,
  size: Size,
  hands = false,
): SearchSpace {
  const { lastOpening, ...growth } = recoveries[recovery]
  const { inFlight, mostInTime, successThreshold, concurrency, failures } = size
  const rules: BreakerRules = {
    mode: 'enabled',
    slowCallDuration: off,
    slowCallRate: off,
    ...strategies[strategy],
    ...growth,
    window: window === 'calls' ? { calls: size.window } : { time: size.window, buckets: size.window },
    minimumRequests: 2,
    successThreshold,
    halfOpen: { concurrency, failures, lease: 1 },
  }
  return { rules, inFlight, mostInTime, hands, lastOpening }
}

const byHand = (input: SearchInput): boolean =>
  ['trip', 'reset', 'isolate', 'release', 'dispose'].includes(input.type)

/** What must hold whatever the model says, from the machine alone. */
const invariants = ({ rules }: SearchSpace): Record<string, (step: SearchStep) => boolean> => ({
  'verify 1: only closed and half-open circuits admit': ({ from, to }) =>
    to.pending.length <= from.pending.length ||
    to.machine.name === 'closed' ||
    to.machine.name === 'halfOpen',
  'verify 2, I3: no more trials than are needed': ({ to: { machine } }) =>
    machine.name !== 'halfOpen' ||
    (machine.underway.size <= rules.halfOpen.concurrency &&
      machine.underway.size + machine.successes + machine.failures <=
        rules.successThreshold + rules.halfOpen.failures),
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
      input.type === 'tick' ||
      input.type === 'call' ||
      (input.type === 'settle' && input.outcome === 'success'),
  },
}

const moments: Record<string, (step: SearchStep) => boolean> = {
  'an outcome comes too late': ({ input }) => input.type === 'settle' && input.call === 'stale',
  'a trial is lost and another one let in': ({ to: { model } }) => model.facts.at(-2)?.kind === 'lost',
  'a call is turned away while half-open': ({ from, input, to }) =>
    input.type === 'call' && from.machine.name === 'halfOpen' && to.pending.length === from.pending.length,
  'the recovery time starts over': ({ from, to }) => to.machine.openings < from.machine.openings,
}

const automatic = [
  'closed → open by settle',
  'halfOpen → closed by settle',
  'halfOpen → open by settle',
  'open → halfOpen by call',
]
/** A call that becomes slow is noticed when the next one arrives. */
const bySlowCalls = ['closed → open by call', 'halfOpen → open by call']
const byHands = [
  ...['closed', 'open', 'halfOpen'].flatMap((state) => [
    `${state} → open by trip`,
    `${state} → closed by reset`,
    `${state} → isolated by isolate`,
    `${state} → disposed by dispose`,
  ]),
  'isolated → closed by release',
  'isolated → disposed by dispose',
]

function checkAll(one: SearchSpace, sometimes = moments): Explored {
  const seen = explore({ ...search(one), invariants: invariants(one), goals, sometimes })
  const slow = one.rules.slowCallDuration === off ? [] : bySlowCalls
  const hands = one.hands ? byHands : []
  expect(seen.transitions).toEqual([...automatic, ...slow, ...hands].sort())
  return seen
}

/** Slow calls make the states many: each call's age is part of them. */
const sizeFor = (strategy: Strategy): Size => (strategy.startsWith('failure') ? small : smallest)

describe('machine and model agree in every state; all legal transitions happen and no other', () => {
  test.each(cases)('%s, window of %s, %s', (strategy, window, recovery) => {
    checkAll(space(strategy, window, recovery, sizeFor(strategy)))
  })

  test.each(strategyNames)('%s, with several trials at once of which one may fail', (strategy) => {
    checkAll(space(strategy, 'calls', 'growing recovery times', { ...sizeFor(strategy), ...several }))
  })

  test.each(strategyNames)('%s, with people who interfere', (strategy) => {
    checkAll(space(strategy, 'calls', 'the same recovery time', sizeFor(strategy), true))
  })

  test('in a larger space, tens of inputs deep', () => {
    const size = deep ? { ...small, ...several, window: 8, inFlight: 5 } : { ...small, ...several, window: 5 }
    const seen = checkAll(space('failure rate', 'calls', 'growing until stable', size))
    expect(seen.depth).toBeGreaterThan(deep ? 45 : 30)
  })
})

describe('the search finds', () => {
  const { rules, ...size } = space('all rules', 'calls', 'growing until stable', {
    ...small,
    ...several,
    inFlight: 2,
  })

  test.each<[string, Partial<BreakerRules>]>([
    ['> where >= is meant for failures in a row', { failureThreshold: rules.failureThreshold + 1 }],
    ['a rate that has to be exceeded', { failureRate: 0.67, slowCallRate: 0.67 }],
    ['a minimum of calls that is one too many', { minimumRequests: rules.minimumRequests + 1 }],
    ['a window that is one too short', { window: { calls: 2 } }],
    ['a call that is slow a moment late', { slowCallDuration: rules.slowCallDuration + 1 }],
    ['a trial too many at a time', { halfOpen: { ...rules.halfOpen, concurrency: 3 } }],
    ['a failed trial too many', { halfOpen: { ...rules.halfOpen, failures: 2 } }],
    ['trials that are never given up', { halfOpen: { ...rules.halfOpen, lease: off } }],
    ['a trial success too few', { successThreshold: 1 }],
    ['a recovery time that does not grow', { recovery: () => 1 }],
    ['a recovery time that grows for ever', { recovery: (opening) => opening }],
    ['a recovery time that starts over too early', { resetOn: 'close' }],
    ['a breaker that only observes', { mode: 'observe' }],
  ])('%s', (_, wrong) => {
    expect(() => explore(search({ rules, ...size, wrong }))).toThrow(Counterexample)
  })

  test('late outcomes that count in a later state', () => {
    expect(() => explore(search({ rules, ...size, withoutEpochs: true }))).toThrow(Counterexample)
  })
})

describe('I12: a circuit that must not act', () => {
  test.each(strategyNames)('observes %s and turns nobody away', (strategy) => {
    const one = space(strategy, 'calls', 'the same recovery time', sizeFor(strategy), true)
    const rules: BreakerRules = { ...one.rules, mode: 'observe' }
    const seen = explore({
      ...search({ ...one, rules }),
      invariants: { 'I12: every call runs': ({ from, input, to }) => refusesNobody(from, input, to) },
      sometimes: { 'it would open': ({ to: { model } }) => model.view(0).wouldOpen },
    })
    expect(seen.transitions).toEqual(
      byHands.filter((name) => /^(closed|isolated)(?!.*trip)/.test(name)).sort(),
    )
  })

  test('disabled, it counts nothing at all', () => {
    const one = space('all rules', 'calls', 'the same recovery time', small)
    const rules: BreakerRules = { ...one.rules, mode: 'disabled' }
    const seen = explore({
      ...search({ ...one, rules }),
      invariants: { 'I12: every call runs': ({ from, input, to }) => refusesNobody(from, input, to) },
    })
    // No calls, one or two under way: nothing else can be told apart.
    expect(seen).toMatchObject({ states: 3, transitions: [] })
  })
})

const refusesNobody = (from: Pair, input: SearchInput, to: Pair): boolean =>
  input.type !== 'call' || from.machine.name !== 'closed' || to.pending.length > from.pending.length
