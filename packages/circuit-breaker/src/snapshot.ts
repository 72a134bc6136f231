/** A circuit as plain data: for people and dashboards, and to start again from after a restart. */
import { SeaworthyError } from '@seaworthy/core'
import type { CircuitState } from './errors.ts'
import { type CircuitMode, type OpenCause, remaining, type Saved, type State } from './state.ts'

/** How many calls ended how since the breaker was made, across all states. */
export interface CircuitTotals {
  readonly successes: number
  readonly failures: number
  /** Calls that say nothing about the dependency. */
  readonly neutral: number
  /** Calls that settled too late to count. */
  readonly stale: number
  /** Calls that were turned away. */
  readonly rejected: number
  /** Slow calls, which are counted once more under their outcome. */
  readonly slow: number
}

/** The present state of a circuit. All times are milliseconds. */
export interface CircuitStatus {
  readonly state: CircuitState
  readonly mode: CircuitMode
  readonly epoch: number
  /** How long it has been in this state. */
  readonly age: number
  /** Openings since it was well. */
  readonly openings: number
  /** How long the last opening lasts or lasted; 0 if there was none. */
  readonly openFor: number
  /** Time until a trial, while it is open. */
  readonly retryAfter: number | undefined
  /** Why it is open. */
  readonly cause: OpenCause | undefined
  /** Why it is isolated. */
  readonly isolation: string | undefined
  readonly consecutiveFailures: number
  /** Calls in the window and failures among them; in a half-open circuit, trials. */
  readonly calls: number
  readonly failures: number
  /** 0 while there are no calls. */
  readonly failureRate: number
  /** Calls in the window of durations and slow ones among them. */
  readonly timedCalls: number
  readonly slowCalls: number
  /** 0 while there are no calls. */
  readonly slowCallRate: number
  readonly totals: CircuitTotals
}

/** A status with all that `restore()` needs: plain data that survives JSON. */
export interface CircuitSnapshot extends CircuitStatus {
  /** The version of this form. */
  readonly version: 1
  /** What the windows remember, oldest first, in threes: age, good calls, bad calls. */
  readonly window: { readonly outcomes: readonly number[]; readonly durations: readonly number[] }
}

/** Describes a circuit. */
export function statusOf(state: State, now: number, mode: CircuitMode, totals: CircuitTotals): CircuitStatus {
  const closed = state.name === 'closed' ? state : undefined
  const trials = state.name === 'halfOpen' ? state : undefined
  closed?.failures.expire(now)
  closed?.slow?.expire(now)
  const failures = closed?.failures.hits ?? trials?.failures ?? 0
  const calls = closed?.failures.calls ?? failures + (trials?.successes ?? 0)
  const { calls: timedCalls = 0, hits: slowCalls = 0 } = closed?.slow ?? {}
  return {
    state: state.name,
    mode,
    epoch: state.epoch,
    age: now - state.since,
    openings: state.openings,
    openFor: state.openFor,
    retryAfter: remaining(state, now),
    cause: state.name === 'open' ? state.cause : undefined,
    isolation: state.name === 'isolated' ? state.reason : undefined,
    consecutiveFailures: closed?.consecutiveFailures ?? 0,
    calls,
    failures,
    failureRate: failures / (calls || 1),
    timedCalls,
    slowCalls,
    slowCallRate: slowCalls / (timedCalls || 1),
    totals,
  }
}

/**
 * Checks what claims to be a snapshot.
 *
 * @throws SeaworthyError `ERR_INVALID_SNAPSHOT`; nothing was used then.
 */
export function readSnapshot(snapshot: unknown): Saved {
  const saved = Object(snapshot) as CircuitSnapshot
  const { age, openings, consecutiveFailures, openFor, window } = saved
  const { outcomes, durations } = Object(window) as CircuitSnapshot['window']
  const numbers = [[age, openings, consecutiveFailures], [openFor, 0, 0], outcomes, durations]
  if (saved.version === 1 && stateNames.includes(saved.state) && numbers.every(areTriples)) return saved
  throw new SeaworthyError('ERR_INVALID_SNAPSHOT', 'This is no snapshot of a circuit breaker, version 1', {
    failureClass: 'fatal',
    stack: true,
  })
}

const stateNames: readonly CircuitState[] = ['closed', 'open', 'halfOpen', 'isolated', 'disposed']

/** A time and two counts, any number of times. */
const areTriples = (values: unknown): boolean =>
  Array.isArray(values) &&
  values.length % 3 === 0 &&
  values.every((value, i) => (i % 3 === 0 ? Number.isFinite(value) : Number.isSafeInteger(value)) && value >= 0)
