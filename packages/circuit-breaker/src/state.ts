/**
 * The state machine of a circuit breaker: plain data and functions of (state, input, time, rules), with no clock, no
 * I/O and no events. `circuit.ts` is the shell around it; `@seaworthy/testing` searches it exhaustively.
 *
 * Counts move in place, so that recording a call allocates nothing. Every change of state, and everything else that
 * makes calls under way meaningless, makes a new object with the next epoch. A call holds the epoch it entered in, so its
 * outcome never counts in a later one. Time must not decrease; nothing happens by itself as it passes.
 *
 * Source: the states are those of M. Nygard, "Release It!", chapter "Stability Patterns"; the epoch is the generation of
 * sony/gobreaker.
 */
import { createWindow, remember, type Window, type WindowShape } from './window.ts'

/** Whether a breaker acts: `observe` counts and reports when it would have opened, `disabled` does neither. */
export type CircuitMode = 'enabled' | 'disabled' | 'observe'

/** How a call is judged. `neutral` outcomes count as if the call had never been. */
export type CircuitOutcome = 'success' | 'failure' | 'neutral'

/** What was counted: in a half-open circuit, of its trials. */
export interface CircuitCounts {
  /** Failures in a row. */
  readonly consecutiveFailures: number
  /** Calls in the window. */
  readonly calls: number
  /** Failures among them. */
  readonly failures: number
  /** Calls in the window of durations. */
  readonly timedCalls: number
  /** Slow calls among them. */
  readonly slowCalls: number
}

/** The value of a rule that is off. */
export const off: number = Number.POSITIVE_INFINITY

/** Why a circuit opened: the rule that held, and the counts at that moment. */
export interface OpenCause extends CircuitCounts {
  /** `trial`: too many trial calls failed or were slow. `trip`, `restore`: somebody called that method. */
  readonly reason: 'failureThreshold' | 'failureRate' | 'slowCallRate' | 'trial' | 'trip' | 'restore'
  /** Milliseconds the last failure asked to wait, if it did. */
  readonly retryAfter: number | undefined
}

/** A cause for those who only want to know how long it would be. */
export const noCause: OpenCause = {
  reason: 'trip',
  retryAfter: undefined,
  consecutiveFailures: 0,
  calls: 0,
  failures: 0,
  timedCalls: 0,
  slowCalls: 0,
}

/** The options of a breaker as the machine reads them; a rule that is off is {@link off}. */
export interface Rules {
  readonly mode: CircuitMode
  readonly failureThreshold: number
  readonly failureRate: number
  readonly slowCallDuration: number
  readonly slowCallRate: number
  readonly window: WindowShape
  readonly minimumRequests: number
  readonly successThreshold: number
  readonly halfOpen: { readonly concurrency: number; readonly failures: number; readonly lease: number }
  /** Whether the openings are counted anew after closing, or after staying closed as long as it was open last. */
  readonly resetOn: 'close' | 'stable'
  /** How long the opening with this number lasts. `luck` from 0 to 1 takes the place of chance. */
  readonly recovery: (opening: number, cause: OpenCause, luck?: number) => number
}

/** A call whose time matters: a trial, or any call where slow ones count. */
export interface Ticket {
  readonly epoch: number
  readonly startedAt: number
}

/** What an admitted call holds: the epoch alone, or a ticket. 0 where nothing is counted. */
export type Token = number | Ticket

/** What a snapshot says that matters for the future. */
export interface Saved {
  readonly state: State['name']
  /** Milliseconds in this state. */
  readonly age: number
  readonly openings: number
  readonly openFor: number
  readonly consecutiveFailures: number
  /** As exported by the windows. */
  readonly window: { readonly outcomes: readonly number[]; readonly durations: readonly number[] }
}

interface Common {
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

export type State = Closed | Open | HalfOpen | Isolated | Disposed

/** The state of a new breaker. */
export function initial(rules: Rules, now: number): Closed {
  return closed({ epoch: 0, since: now, openings: 0, openFor: 0, becameSlow: 0 }, now, rules)
}

/**
 * What the arrival of a call changes before the call itself is judged: calls under way that have become slow, trials
 * whose lease has run out, an opening that is over.
 */
export function arrive(state: State, now: number, rules: Rules): State {
  if (state.name === 'open') return now >= state.since + state.openFor ? halfOpen(state, now) : state
  if (state.name === 'closed') return noticeSlow(state, now, rules) ? judge(state, now, rules) : state
  if (state.name === 'halfOpen') {
    noticeSlow(state, now, rules)
    for (const trial of state.underway) {
      if (!isLost(trial, now, rules)) break
      state.underway.delete(trial)
    }
    return decide(state, now, rules)
  }
  return state
}

const isLost = (trial: Ticket, now: number, rules: Rules): boolean =>
  now - trial.startedAt >= rules.halfOpen.lease

/** Whether the next call would be let in as well if the circuit were new: a wait or trials are over, or it is closed. */
export function isDormant(state: State, now: number, rules: Rules): boolean {
  if (state.name === 'halfOpen') return [...state.underway].every((trial) => isLost(trial, now, rules))
  return state.name === 'closed' || remaining(state, now) === 0
}

/** Admits a call that has arrived, or turns it away (undefined). */
export function admit(state: State, now: number, rules: Rules): Token | undefined {
  if (state.name === 'closed') {
    if (rules.mode === 'disabled') return 0
    return state.underway === undefined ? state.epoch : enlist(state.epoch, now, state.underway)
  }
  return state.name === 'halfOpen' && hasRoom(state, rules)
    ? enlist(state.epoch, now, state.underway)
    : undefined
}

function enlist(epoch: number, startedAt: number, underway: Set<Ticket>): Ticket {
  const ticket: Ticket = { epoch, startedAt }
  underway.add(ticket)
  return ticket
}

/** Each trial is needed: at most so many are let in as can succeed and fail before it is decided. */
function hasRoom({ underway, successes, failures }: HalfOpen, rules: Rules): boolean {
  const { concurrency, failures: allowed } = rules.halfOpen
  const needed = rules.successThreshold + allowed - successes - failures
  return underway.size < Math.min(concurrency, needed)
}

/** Milliseconds until an open circuit lets a trial through; undefined in other states. */
export function remaining(state: State, now: number): number | undefined {
  return state.name === 'open' ? Math.max(0, state.since + state.openFor - now) : undefined
}

/** Whether the outcome of a call with this token still counts. */
export function isCurrent(state: State, token: Token): boolean {
  if (typeof token === 'number') return token === state.epoch
  return token.epoch === state.epoch && (state.name !== 'halfOpen' || state.underway.has(token))
}

/** What the outcome of a call changes, whose token must be current. Each token settles once. */
export function settle(
  state: State,
  token: Token,
  outcome: CircuitOutcome,
  now: number,
  rules: Rules,
  retryAfter?: number,
): State {
  if (state.name === 'closed') return settleCall(state, token, outcome, now, rules, retryAfter)
  if (state.name === 'halfOpen') return settleTrial(state, token as Ticket, outcome, now, rules, retryAfter)
  return state
}

function settleCall(
  state: Closed,
  token: Token,
  outcome: CircuitOutcome,
  now: number,
  rules: Rules,
  retryAfter: number | undefined,
): State {
  const worse = noticeSlow(state, now, rules)
  const inTime = state.underway?.delete(token as Ticket)
  if (outcome === 'neutral') return worse ? judge(state, now, rules) : state
  if (inTime) state.slow?.record(false, now)
  if (outcome === 'success') {
    recordSuccess(state, now)
    return worse ? judge(state, now, rules) : state
  }
  state.consecutiveFailures++
  state.failures.record(true, now)
  return judge(state, now, rules, retryAfter)
}

/** The commonest case by itself: a success where no durations are measured. */
export function recordSuccess(state: Closed, now: number): void {
  if (state.consecutiveFailures !== 0) state.consecutiveFailures = 0
  state.failures.record(false, now)
}

function settleTrial(
  state: HalfOpen,
  trial: Ticket,
  outcome: CircuitOutcome,
  now: number,
  rules: Rules,
  retryAfter: number | undefined,
): State {
  noticeSlow(state, now, rules)
  if (state.underway.delete(trial)) {
    if (outcome === 'success') state.successes++
    if (outcome === 'failure') state.failures++
  }
  return decide(state, now, rules, retryAfter)
}

/** Counts the calls that have become slow since, each once, finished or not. Says whether there were any. */
function noticeSlow(state: Closed | HalfOpen, now: number, rules: Rules): boolean {
  const { underway } = state
  if (underway === undefined) return false
  const known = state.becameSlow
  for (const ticket of underway) {
    if (now - ticket.startedAt < rules.slowCallDuration) break
    underway.delete(ticket)
    state.becameSlow++
    if (state.name === 'halfOpen') state.failures++
    else state.slow?.record(true, now)
  }
  return state.becameSlow > known
}

/** Opens a closed circuit if a rule holds. Asked only when something bad was counted: a success never opens it. */
function judge(state: Closed, now: number, rules: Rules, retryAfter?: number): State {
  const reason = reasonToOpen(state, now, rules)
  if (reason === undefined) {
    state.wouldOpen = undefined
    return state
  }
  const cause = causeOf(state, reason, retryAfter)
  if (rules.mode === 'enabled') return open(state, now, rules, cause)
  state.wouldOpen ??= cause
  return state
}

function reasonToOpen(state: Closed, now: number, rules: Rules): OpenCause['reason'] | undefined {
  if (state.consecutiveFailures >= rules.failureThreshold) return 'failureThreshold'
  if (exceeds(state.failures, rules.failureRate, now, rules)) return 'failureRate'
  if (state.slow !== undefined && exceeds(state.slow, rules.slowCallRate, now, rules)) return 'slowCallRate'
  return undefined
}

function exceeds(window: Window, rate: number, now: number, rules: Rules): boolean {
  window.expire(now)
  return window.calls >= rules.minimumRequests && window.hits / window.calls >= rate
}

/** Decides a half-open circuit as soon as no later trial could change the decision. */
function decide(state: HalfOpen, now: number, rules: Rules, retryAfter?: number): State {
  if (state.failures > rules.halfOpen.failures)
    return open(state, now, rules, causeOf(state, 'trial', retryAfter))
  if (state.successes < rules.successThreshold) return state
  return closed(rules.resetOn === 'stable' ? state : { ...state, openings: 0 }, now, rules)
}

/** Opens it by hand, for `openFor` milliseconds or as long as its next opening would last. Not while it is held isolated. */
export function trip(state: State, now: number, rules: Rules, openFor?: number): State {
  if (!isAutomatic(state) || rules.mode !== 'enabled') return state
  return open(state, now, rules, causeOf(state, 'trip'), openFor)
}

/** Forgets everything and closes. Not while it is held isolated. */
export function reset(state: State, now: number, rules: Rules): State {
  if (!isAutomatic(state)) return state
  return closed({ ...state, openings: 0, openFor: 0 }, now, rules)
}

/** Adds a handle that keeps everything out. The first one's reason stays. */
export function isolate(state: State, now: number, _rules: Rules, reason: string): State {
  if (state.name === 'isolated') state.handles++
  if (!isAutomatic(state)) return state
  return { name: 'isolated', ...begin(state, now), openings: 0, openFor: 0, reason, handles: 1 }
}

/** Takes a handle away. The last one closes the circuit with nothing remembered. */
export function release(state: State, now: number, rules: Rules): State {
  if (state.name !== 'isolated') return state
  state.handles--
  return state.handles > 0 ? state : closed(state, now, rules)
}

/** Turns everything away for good. */
export function dispose(state: State, now: number): State {
  return state.name === 'disposed'
    ? state
    : { name: 'disposed', ...begin(state, now), openings: 0, openFor: 0 }
}

/** Takes new rules over, keeping epoch, counts and running deadlines. A change of mode starts anew instead. */
export function reconfigure(state: State, now: number, rules: Rules, before: Rules): State {
  if (rules.mode !== before.mode) return reset(state, now, rules)
  if (state.name !== 'closed') return state
  const slow = rules.slowCallDuration !== off
  state.failures = remember(rules.window, state.failures.export(now), now)
  state.slow = slow ? remember(rules.window, state.slow?.export(now) ?? [], now) : undefined
  state.underway = slow ? (state.underway ?? new Set()) : undefined
  return state
}

/** The state after a restart: what a snapshot says about it, in place of what it was. */
export function restore(state: State, now: number, rules: Rules, saved: Saved): State {
  if (!isAutomatic(state)) return state
  const { openings, openFor, age } = saved
  const common: Common = { ...begin(state, now), since: now - age, openings, openFor }
  if (saved.state === 'open') return { name: 'open', ...common, cause: causeOf(state, 'restore') }
  // Its trials are lost: it tries again at once.
  if (saved.state === 'halfOpen')
    return { name: 'open', ...common, since: now - openFor, cause: causeOf(state, 'restore') }
  const restored: Closed = { ...closed(common, now, rules), since: common.since }
  if (saved.state !== 'closed') return restored
  restored.consecutiveFailures = saved.consecutiveFailures
  restored.failures = remember(rules.window, saved.window.outcomes, now)
  restored.slow &&= remember(rules.window, saved.window.durations, now)
  return restored
}

/** Whether the machine, and not somebody's hand, decides what happens next. */
const isAutomatic = (state: State): state is Closed | Open | HalfOpen =>
  state.name !== 'isolated' && state.name !== 'disposed'

const begin = (state: Common, now: number): Common => ({
  epoch: state.epoch + 1,
  since: now,
  openings: state.openings,
  openFor: state.openFor,
  becameSlow: 0,
})

function closed(from: Common, now: number, rules: Rules): Closed {
  const slow = rules.slowCallDuration !== off
  return {
    name: 'closed',
    ...begin(from, now),
    consecutiveFailures: 0,
    failures: createWindow(rules.window),
    slow: slow ? createWindow(rules.window) : undefined,
    underway: slow ? new Set() : undefined,
    wouldOpen: undefined,
  }
}

function open(
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

const halfOpen = (state: Open, now: number): HalfOpen => ({
  name: 'halfOpen',
  ...begin(state, now),
  underway: new Set(),
  successes: 0,
  failures: 0,
})

function causeOf(state: State, reason: OpenCause['reason'], retryAfter?: number): OpenCause {
  return { reason, retryAfter, ...countsOf(state) }
}

/** What a state has counted. */
export function countsOf(state: State): CircuitCounts {
  const closed = state.name === 'closed' ? state : undefined
  const trials = state.name === 'halfOpen' ? state : undefined
  const failures = closed?.failures.hits ?? trials?.failures ?? 0
  return {
    consecutiveFailures: closed?.consecutiveFailures ?? 0,
    calls: closed?.failures.calls ?? failures + (trials?.successes ?? 0),
    failures,
    timedCalls: closed?.slow?.calls ?? 0,
    slowCalls: closed?.slow?.hits ?? 0,
  }
}
