/**
 * The state machine by itself, for those who verify it: one function of (state, input, time, rules), a copy and a
 * canonical key of a state. Policies do not need it.
 *
 * Source: for searching the states of an implementation rather than of a copy of it, C. Hawblitzel et al., "IronFleet"
 * (SOSP 2015), and the bounded searches of TLC.
 */
import { dispose, isolate, reconfigure, release, reset, trip } from './by-hand.ts'
import { admit, arrive, isCurrent, settle } from './calls.ts'
import { type CircuitOutcome, off, type Rules } from './rules.ts'
import { remaining, type State, type Token } from './state.ts'
import { remember, type Window } from './window.ts'

export type { Rules } from './rules.ts'
export {
  type Closed,
  type Disposed,
  type HalfOpen,
  type Isolated,
  initial,
  type Open,
  type State,
  type Ticket,
  type Token,
} from './state.ts'
export type { Window, WindowShape } from './window.ts'

/** Everything that can happen to a circuit. Time passing is no input: it is the `now` of the next one. */
export type Input =
  | { readonly type: 'call' }
  | {
      readonly type: 'settle'
      readonly token: Token
      readonly outcome: CircuitOutcome
      readonly retryAfter?: number | undefined
    }
  | { readonly type: 'trip'; readonly openFor?: number | undefined }
  | { readonly type: 'reset' }
  | { readonly type: 'isolate'; readonly reason: string }
  | { readonly type: 'release' }
  | { readonly type: 'dispose' }
  | { readonly type: 'reconfigure'; readonly rules: Rules }

/** What became of the input. `stale`: the call settled too late to count. */
export type Output =
  | { readonly type: 'admitted'; readonly token: Token }
  | { readonly type: 'rejected'; readonly retryAfter: number | undefined }
  | { readonly type: 'settled' }
  | { readonly type: 'stale' }
  | { readonly type: 'done' }

/** A state and what led to it. */
export interface Step {
  readonly state: State
  readonly output: Output
}

/**
 * One step. Counts of `state` move in place: search on a {@link clone}. Each token must be settled once at most.
 *
 * @param now - Milliseconds; must not decrease from step to step.
 */
export function next(state: State, input: Input, now: number, rules: Rules): Step {
  switch (input.type) {
    case 'call': {
      const arrived = arrive(state, now, rules)
      const token = admit(arrived, now, rules)
      return token === undefined
        ? { state: arrived, output: { type: 'rejected', retryAfter: remaining(arrived, now) } }
        : { state: arrived, output: { type: 'admitted', token } }
    }
    case 'settle': {
      const { token, outcome, retryAfter } = input
      if (!isCurrent(state, token)) return { state, output: { type: 'stale' } }
      return { state: settle(state, token, outcome, now, rules, retryAfter), output: { type: 'settled' } }
    }
    case 'trip':
      return done(trip(state, now, rules, input.openFor))
    case 'reset':
      return done(reset(state, now, rules))
    case 'isolate':
      return done(isolate(state, now, rules, input.reason))
    case 'release':
      return done(release(state, now, rules))
    case 'dispose':
      return done(dispose(state, now))
    case 'reconfigure':
      return done(reconfigure(state, now, input.rules, rules))
  }
}

const done = (state: State): Step => ({ state, output: { type: 'done' } })

/** A copy that shares nothing that moves. Tokens of the original are valid for the copy. */
export function clone(state: State, now: number, rules: Rules): State {
  const copy = (window: Window): Window => remember(rules.window, window.export(now), now)
  if (state.name === 'halfOpen') return { ...state, underway: new Set(state.underway) }
  if (state.name !== 'closed') return { ...state }
  return {
    ...state,
    failures: copy(state.failures),
    slow: state.slow && copy(state.slow),
    underway: state.underway && new Set(state.underway),
  }
}

/**
 * The same text for states that no future input can tell apart: times are relative to `now`, the epoch is left out.
 * Calls under way appear by age; a search keeps its own list of the tokens it holds.
 */
export function key(state: State, now: number, rules: Rules): string {
  const age = Math.min(now - state.since, state.openFor)
  const common = [state.name, state.openings, state.openFor]
  if (state.name === 'open') return [...common, age].join()
  if (state.name === 'isolated') return [...common, state.handles].join()
  if (state.name === 'disposed') return state.name
  const oldest = Math.min(rules.slowCallDuration, state.name === 'halfOpen' ? rules.halfOpen.lease : off)
  const ages = [...(state.underway ?? [])].map(({ startedAt }) => Math.min(now - startedAt, oldest))
  if (state.name === 'halfOpen')
    return [...common, state.successes, state.failures, 'underway', ...ages].join()
  const consecutive =
    rules.failureThreshold === off ? 0 : Math.min(state.consecutiveFailures, rules.failureThreshold)
  return [
    ...common,
    state.openings > 0 ? age : 0,
    consecutive,
    state.wouldOpen === undefined,
    ...['failures', ...state.failures.export(now)],
    ...['slow', ...(state.slow?.export(now) ?? [])],
    ...['underway', ...ages],
  ].join()
}
