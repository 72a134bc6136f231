/** The breaker's state machine and the model of it, side by side, as one machine for `explore`. */
import { type CircuitOutcome, circuitMachine } from '@seaworthy/circuit-breaker'
import type { Exploration, Step } from '@seaworthy/testing'
import {
  type BreakerModel,
  type BreakerRules,
  breakerDifferences,
  breakerModel,
} from '@seaworthy/testing/models'
import { machineView } from './machine.ts'

/** A call that can still be settled: as the machine knows it, and as the model does. */
interface Pending {
  readonly token: circuitMachine.Token
  readonly call: number
}

/** Both, at the same moment. */
export interface Pair {
  readonly machine: circuitMachine.State
  readonly model: BreakerModel
  readonly now: number
  readonly pending: readonly Pending[]
}

type Hand = 'trip' | 'reset' | 'isolate' | 'release' | 'dispose'

/** Calls to settle are given by what is left of them (`callKey`): those that are alike need to be tried once. */
export type SearchInput =
  | { readonly type: 'tick' | 'call' | Hand }
  | { readonly type: 'settle'; readonly outcome: CircuitOutcome; readonly call: string }
  | { readonly type: 'lose'; readonly call: string }

/** What to search. A tick is a millisecond. */
export interface SearchSpace {
  readonly rules: BreakerRules
  /** Most calls that can be settled at one time. */
  readonly inFlight: number
  /** A window in time holds any number of calls: after so many no more are made, or the search would not end. */
  readonly mostInTime: number
  /** Whether people interfere. */
  readonly hands: boolean
  /** From which opening on the recovery time is the same. */
  readonly lastOpening: number
  /** Rules that the machine has wrong, for the test of the search. */
  readonly wrong?: Partial<BreakerRules>
  /** Whether every outcome counts in the present state, for the same purpose. */
  readonly withoutEpochs?: boolean
}

export type SearchStep = Step<Pair, SearchInput>

export function search(space: SearchSpace): Exploration<Pair, SearchInput> {
  const { lastOpening } = space
  const rules = { ...space.rules, ...space.wrong }
  return {
    initial: {
      machine: circuitMachine.initial(rules, 0),
      model: breakerModel(space.rules),
      now: 0,
      pending: [],
    },
    inputs: (pair) => inputs(pair, space),
    next: (pair, input) => agreeing(take(pair, input, rules, space.withoutEpochs)),
    key: ({ machine, model, now, pending }) => {
      const openings = Math.min(machine.openings, lastOpening)
      const calls = pending.map(({ call }) => call)
      return `${circuitMachine.key({ ...machine, openings }, now, rules)} ${model.key(now, calls, lastOpening)}`
    },
    show,
    transition: ({ from, input, to }) =>
      from.model.epoch === to.model.epoch
        ? undefined
        : `${from.model.state} → ${to.model.state} by ${input.type}`,
  }
}

function inputs(
  { model, now, pending }: Pair,
  { rules, inFlight, mostInTime, hands }: SearchSpace,
): SearchInput[] {
  const outcomes: CircuitOutcome[] = ['success', 'failure', 'neutral']
  const all: SearchInput[] = [{ type: 'tick' }]
  const full = 'time' in rules.window && model.view(now).calls >= mostInTime
  if (pending.length < inFlight && !full) all.push({ type: 'call' })
  for (const call of new Set(pending.map((each) => model.callKey(each.call, now)))) {
    for (const outcome of outcomes) all.push({ type: 'settle', outcome, call })
    // Elsewhere a call that hangs is simply never settled; a trial that does holds a place for good, but for its lease.
    if (model.state === 'halfOpen' && call !== 'stale') all.push({ type: 'lose', call })
  }
  if (!hands) return all
  const isolate = model.view(now).handles < 2 ? (['isolate'] as const) : []
  return [...all, ...(['trip', 'reset', 'release', 'dispose', ...isolate] as const).map((type) => ({ type }))]
}

function take(pair: Pair, input: SearchInput, rules: BreakerRules, withoutEpochs = false): Pair {
  const { model, now, pending } = pair
  const machine = circuitMachine.clone(pair.machine, now, rules)
  // A machine must never see time go back, so the next moment gets a copy of its own.
  if (input.type === 'tick') return { ...pair, machine, now: now + 1 }
  const next = (what: circuitMachine.Input) => circuitMachine.next(machine, what, now, rules)
  switch (input.type) {
    case 'call': {
      const { state, output } = next({ type: 'call' })
      const asked = model.call(now)
      if (output.type === 'admitted' && asked.call !== undefined) {
        const begun = { token: output.token, call: asked.call }
        return { machine: state, model: asked.model, now, pending: [...pending, begun] }
      }
      expectSame('admitted', output.type === 'admitted', asked.call !== undefined)
      expectSame('retryAfter', output.type === 'rejected' ? output.retryAfter : undefined, asked.retryAfter)
      return { ...pair, machine: state, model: asked.model }
    }
    case 'settle': {
      const chosen = pending.find(({ call }) => model.callKey(call, now) === input.call) as Pending
      const token = withoutEpochs ? machine.epoch : chosen.token
      const { state, output } = next({ type: 'settle', token, outcome: input.outcome })
      const told = model.settle(chosen.call, input.outcome, now)
      expectSame('counted', output.type === 'settled', told.counted)
      return { machine: state, model: told.model, now, pending: pending.filter((each) => each !== chosen) }
    }
    case 'lose': {
      const chosen = pending.find(({ call }) => model.callKey(call, now) === input.call)
      return { ...pair, pending: pending.filter((each) => each !== chosen) }
    }
    case 'isolate':
      return { ...pair, machine: next({ type: 'isolate', reason: 'test' }).state, model: model.isolate(now) }
    default:
      return { ...pair, machine: next({ type: input.type }).state, model: model[input.type](now) }
  }
}

function agreeing(pair: Pair): Pair {
  const { machine, model, now } = pair
  const differences = breakerDifferences(machineView(machine, now), model.view(now))
  if (differences.length > 0) throw new Error(differences.join('\n'))
  return pair
}

function expectSame(what: string, machine: unknown, model: unknown): void {
  if (machine !== model) throw new Error(`${what}: the machine says ${machine}, the model ${model}`)
}

function show(input: SearchInput): string {
  if (input.type === 'settle') return `${input.outcome} (${input.call})`
  return input.type === 'lose' ? `lose (${input.call})` : input.type
}
