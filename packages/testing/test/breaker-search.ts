/** The breaker's state machine and the model of it, side by side, as one machine for `explore`. */
import { inspect, isDeepStrictEqual } from 'node:util'
import { circuitMachine } from '@seaworthy/circuit-breaker'
import { type BreakerModel, type BreakerRules, type BreakerView, breakerModel, type Exploration, type Step } from '@seaworthy/testing'

/** A call that can still be settled: as the machine knows it and as the model does. */
interface Pending {
  readonly token: circuitMachine.Token
  readonly call: number
}

export interface Pair {
  readonly machine: circuitMachine.State
  readonly model: BreakerModel
  readonly now: number
  readonly pending: readonly Pending[]
}

export type SearchInput =
  | { readonly type: 'tick' | 'call' | 'trip' | 'reset' | 'isolate' | 'release' | 'dispose' }
  | { readonly type: 'success' | 'failure' | 'neutral' | 'lose'; readonly call: string }

/** What to search, in ticks of one millisecond. */
export interface SearchSpace {
  readonly rules: BreakerRules
  /** Most calls that can be settled at one time. */
  readonly inFlight: number
  /** Whether people interfere. */
  readonly manual: boolean
  /** From which opening on the recovery time is the same. */
  readonly lastOpening: number
}

export function search(space: SearchSpace): Exploration<Pair, SearchInput> {
  const { rules } = space
  return {
    initial: { machine: circuitMachine.initial(rules, 0), model: breakerModel(rules, 0), now: 0, pending: [] },
    inputs: (pair) => inputs(pair, space),
    next: (pair, input) => compared(take(pair, input, rules), rules),
    key: ({ machine, model, now, pending }) => {
      const openings = Math.min(machine.openings, space.lastOpening)
      const calls = pending.map(({ call }) => call)
      return `${circuitMachine.key({ ...machine, openings }, now, rules)} | ${model.key(now, calls, space.lastOpening)}`
    },
    show: (input) => ('call' in input ? `${input.type} (${input.call})` : input.type),
    limit: 2_000_000,
  }
}

function inputs({ model, now, pending }: Pair, { inFlight, manual }: SearchSpace): SearchInput[] {
  const calls = new Set(pending.map(({ call }) => model.callKey(call, now)))
  // A call that hangs is simply never settled. Only as a trial it holds a place, so only there it makes a difference.
  const ends = (call: string) =>
    model.state === 'halfOpen' && call !== 'stale'
      ? (['success', 'failure', 'neutral', 'lose'] as const)
      : (['success', 'failure', 'neutral'] as const)
  const settled = [...calls].flatMap((call) => ends(call).map((type) => ({ type, call })))
  const people = (['trip', 'reset', 'isolate', 'release', 'dispose'] as const).map((type) => ({ type }))
  const few = model.view(now).handles < 2
  return [
    { type: 'tick' },
    ...(pending.length < inFlight ? [{ type: 'call' } as const] : []),
    ...settled,
    ...(manual ? people.filter(({ type }) => type !== 'isolate' || few) : []),
  ]
}

function take(pair: Pair, input: SearchInput, rules: BreakerRules): Pair {
  const { model, now, pending } = pair
  if (input.type === 'tick') return { ...pair, now: now + 1 }
  const machine = circuitMachine.clone(pair.machine, now, rules)
  const next = (what: circuitMachine.Input) => circuitMachine.next(machine, what, now, rules)
  switch (input.type) {
    case 'call': {
      const { state, output } = next({ type: 'call' })
      const asked = model.call(now)
      const answer = output.type === 'rejected' ? output.retryAfter : undefined
      same('admitted', output.type === 'admitted', asked.call !== undefined)
      same('retryAfter', answer, asked.retryAfter)
      if (output.type !== 'admitted' || asked.call === undefined) return { ...pair, machine: state, model: asked.model }
      const begun = { token: output.token, call: asked.call }
      return { machine: state, model: asked.model, now, pending: [...pending, begun] }
    }
    case 'trip':
      return { ...pair, machine: next({ type: 'trip' }).state, model: model.trip(now) }
    case 'reset':
      return { ...pair, machine: next({ type: 'reset' }).state, model: model.reset(now) }
    case 'isolate':
      return { ...pair, machine: next({ type: 'isolate', reason: 'test' }).state, model: model.isolate(now) }
    case 'release':
      return { ...pair, machine: next({ type: 'release' }).state, model: model.release(now) }
    case 'dispose':
      return { ...pair, machine: next({ type: 'dispose' }).state, model: model.dispose(now) }
  }
  const chosen = pending.find(({ call }) => 'call' in input && model.callKey(call, now) === input.call) as Pending
  const rest = pending.filter((each) => each !== chosen)
  if (input.type === 'lose') return { ...pair, pending: rest }
  const { state, output } = next({ type: 'settle', token: chosen.token, outcome: input.type })
  const told = model.settle(chosen.call, input.type, now)
  same('counted', output.type === 'settled', told.counted)
  return { machine: state, model: told.model, now, pending: rest }
}

function compared(pair: Pair, rules: BreakerRules): Pair {
  const machine = machineView(circuitMachine.clone(pair.machine, pair.now, rules), pair.now)
  const model = pair.model.view(pair.now)
  for (const field of Object.keys(model) as (keyof BreakerView)[]) same(field, machine[field], model[field])
  return pair
}

/** What the model can see of itself, of the machine. */
export function machineView(state: circuitMachine.State, now: number): BreakerView {
  const closed = state.name === 'closed' ? state : undefined
  const trying = state.name === 'halfOpen' ? state : undefined
  closed?.failures.expire(now)
  closed?.slow?.expire(now)
  return {
    state: state.name,
    epoch: state.epoch,
    since: state.since,
    opening: state.name === 'open' ? { number: state.openings, openFor: state.openFor, cause: state.cause } : undefined,
    consecutiveFailures: closed?.consecutiveFailures ?? 0,
    calls: closed?.failures.calls ?? 0,
    failures: closed?.failures.hits ?? 0,
    timedCalls: closed?.slow?.calls ?? 0,
    slowCalls: closed?.slow?.hits ?? 0,
    trials: trying?.underway.size ?? 0,
    trialSuccesses: trying?.successes ?? 0,
    trialFailures: trying?.failures ?? 0,
    handles: state.name === 'isolated' ? state.handles : 0,
    wouldOpen: closed?.wouldOpen !== undefined,
  }
}

function same(what: string, machine: unknown, model: unknown): void {
  if (machine === model) return
  if (isDeepStrictEqual(machine, model)) return
  throw new Error(`${what}: the machine says ${inspect(machine)}, the model ${inspect(model)}`)
}

/** Names a transition by what caused it. */
export function transition({ from, input, to }: Step<Pair, SearchInput>): string | undefined {
  if (from.model.epoch === to.model.epoch) return undefined
  const by = input.type === 'neutral' ? 'settle' : input.type === 'success' || input.type === 'failure' ? 'settle' : input.type
  return `${from.model.state} → ${to.model.state} by ${by}`
}
