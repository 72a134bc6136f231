/** A circuit as plain data: for people and dashboards, and to start again from after a restart. */
import { SeaworthyError } from '@seaworthy/core'
import type { Saved } from './by-hand.ts'
import type { CircuitState } from './errors.ts'
import type { CircuitCounts, CircuitMode, OpenCause } from './rules.ts'
import { countsOf, remaining, type State } from './state.ts'

/** How many calls ended how since the breaker was made, across all states. */
export interface CircuitTotals {
  success: number
  failure: number
  /** Calls that say nothing about the dependency. */
  neutral: number
  /** Calls that settled too late to count. */
  stale: number
  /** Calls that were turned away. */
  rejected: number
  /** Slow calls, which are counted once more under their outcome. */
  slow: number
}

/** The present state of a circuit. All times are milliseconds. */
export interface CircuitStatus extends CircuitCounts {
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
  /** Share of failures among the calls that were counted; 0 while there are none. */
  readonly failureRate: number
  /** Share of slow calls among those timed; 0 while there are none. */
  readonly slowCallRate: number
  readonly totals: Readonly<CircuitTotals>
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
  const counts = countsOf(state, now)
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
    ...counts,
    failureRate: counts.failures / (counts.calls || 1),
    slowCallRate: counts.slowCalls / (counts.timedCalls || 1),
    totals: { ...totals },
  }
}

/** Adds what the windows remember. */
export function snapshotOf(status: CircuitStatus, state: State, now: number): CircuitSnapshot {
  const closed = state.name === 'closed' ? state : undefined
  const window = {
    outcomes: closed?.failures.export(now) ?? [],
    durations: closed?.slow?.export(now) ?? [],
  }
  return { version: 1, ...status, window }
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
  values.every(
    (value, i) => (i % 3 === 0 ? Number.isFinite(value) : Number.isSafeInteger(value)) && value >= 0,
  )
