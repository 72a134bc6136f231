/**
 * The states of a circuit: plain data. `calls.ts` says what calls do to them and `by-hand.ts` what people do: functions
 * of (state, time, rules, input), with no clock, no I/O and no events. `circuit.ts` is the shell around them;
 * `@seaworthy/testing` searches them exhaustively.
 *
 * Counts move in place, so that recording a call allocates nothing. Every change of state, and everything else that
 * makes calls under way meaningless, makes a new object with the next epoch. A call holds the epoch it entered in, so its
 * outcome never counts in a later one. Time must not decrease; nothing happens by itself as it passes.
 *
 * Source: the states are those of M. Nygard, "Release It!", chapter "Stability Patterns"; the epoch is the generation of
 * sony/gobreaker.
 */
import { type CircuitCounts, type OpenCause, off, type Rules } from './rules.ts'
import { createWindow, type Window } from './window.ts'

/** A call whose time matters: a trial, or any call where slow ones count. */
export interface Ticket {
  readonly epoch: number
  readonly startedAt: number
}

/** What an admitted call holds: the epoch alone, or a ticket. 0 where nothing is counted. */
export type Token = number | Ticket

/** Part of every state. */
export interface Common {
  /** Grows with every change. */
  readonly epoch: number
  /** When the state began. */
  readonly since: number
  /** How often it opened without recovering in between. */
  readonly openings: number
  /** How long the last opening lasts or lasted; 0 if there was none. */
  readonly openFor: number
  /** How many calls have become slow in this state. */
  becameSlow: number
}

/** Calls run and are counted. */
export interface Closed extends Common {
  readonly name: 'closed'
  consecutiveFailures: number
  failures: Window
  /** Undefined unless slow calls count. */
  slow: Window | undefined
  /** Calls that are not slow yet, oldest first. Undefined unless slow calls count. */
  underway: Set<Ticket> | undefined
  /** In mode `observe`: the rule that holds and would have opened the circuit. */
  wouldOpen: OpenCause | undefined
}

/** Calls are turned away until `since + openFor`. */
export interface Open extends Common {
  readonly name: 'open'
  readonly cause: OpenCause
}

/** A few trial calls find out whether it works again. */
export interface HalfOpen extends Common {
  readonly name: 'halfOpen'
  /** Trials under way, oldest first. */
  readonly underway: Set<Ticket>
  successes: number
  failures: number
}

/** Everything is turned away until the last handle is released. */
export interface Isolated extends Common {
  readonly name: 'isolated'
  readonly reason: string
  handles: number
}

/** Everything is turned away for good. */
export interface Disposed extends Common {
  readonly name: 'disposed'
}

/** The state of a circuit. */
export type State = Closed | Open | HalfOpen | Isolated | Disposed

/** The state of a new breaker. */
export function initial(rules: Rules, now: number): Closed {
  return closed({ epoch: 0, since: now, openings: 0, openFor: 0, becameSlow: 0 }, now, rules)
}

/** A closed state with nothing counted. It comes after `from`, like all that follow. */
export function closed(from: Common, since: number, rules: Rules): Closed {
  const slow = rules.slowCallDuration !== off
  return {
    name: 'closed',
    ...begin(from, since),
    consecutiveFailures: 0,
    failures: createWindow(rules.window),
    slow: slow ? createWindow(rules.window) : undefined,
    underway: slow ? new Set() : undefined,
    wouldOpen: undefined,
  }
}

/** An open state, for `openFor` milliseconds or as long as the rules say. */
export function open(
  state: Closed | Open | HalfOpen,
  now: number,
  rules: Rules,
  cause: OpenCause,
  openFor?: number,
): Open {
  const recovered = state.name === 'closed' && now - state.since >= state.openFor
  const openings = recovered ? 1 : state.openings + 1
  return {
    name: 'open',
    ...begin(state, now),
    openings,
    openFor: openFor ?? rules.recovery(openings, cause),
    cause,
  }
}

/** A half-open state without trials. */
export const halfOpen = (state: Open, now: number): HalfOpen => ({
  name: 'halfOpen',
  ...begin(state, now),
  underway: new Set(),
  successes: 0,
  failures: 0,
})

/** What has the next epoch and the rest of `state`. */
export const begin = (state: Common, since: number): Common => ({
  epoch: state.epoch + 1,
  since,
  openings: state.openings,
  openFor: state.openFor,
  becameSlow: 0,
})

/** Whether the machine, and not somebody's hand, decides what happens next. */
export const isAutomatic = (state: State): state is Closed | Open | HalfOpen =>
  state.name !== 'isolated' && state.name !== 'disposed'

/** Milliseconds until an open circuit lets a trial through; undefined in other states. */
export function remaining(state: State, now: number): number | undefined {
  return state.name === 'open' ? Math.max(0, state.since + state.openFor - now) : undefined
}

/** Why it opens now. */
export function causeOf(
  state: State,
  now: number,
  reason: OpenCause['reason'],
  retryAfter?: number,
): OpenCause {
  return { reason, retryAfter, ...countsOf(state, now) }
}

/** What a state has counted and not forgotten by now. */
export function countsOf(state: State, now: number): CircuitCounts {
  const calls = state.name === 'closed' ? state : undefined
  const trials = state.name === 'halfOpen' ? state : undefined
  calls?.failures.expire(now)
  calls?.slow?.expire(now)
  const failures = calls?.failures.hits ?? trials?.failures ?? 0
  return {
    consecutiveFailures: calls?.consecutiveFailures ?? 0,
    calls: calls?.failures.calls ?? failures + (trials?.successes ?? 0),
    failures,
    timedCalls: calls?.slow?.calls ?? 0,
    slowCalls: calls?.slow?.hits ?? 0,
  }
}
