/** What calls do to a circuit: they arrive, are admitted or not, become slow, and end. */
import type { CircuitOutcome, OpenCause, Rules } from './rules.ts'
import {
  type Closed,
  causeOf,
  closed,
  type HalfOpen,
  halfOpen,
  open,
  remaining,
  type State,
  type Ticket,
  type Token,
} from './state.ts'
import type { Window } from './window.ts'

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

/** How many trials could begin now in a circuit that is open or half-open. */
export function trialRoom(state: State, now: number, rules: Rules): number {
  const { concurrency, failures: allowed } = rules.halfOpen
  if (state.name === 'open')
    return remaining(state, now) === 0 ? Math.min(concurrency, rules.successThreshold + allowed) : 0
  if (state.name !== 'halfOpen') return 0
  const needed = rules.successThreshold + allowed - state.successes - state.failures
  const running = [...state.underway].filter((trial) => !isLost(trial, now, rules)).length
  return Math.min(concurrency, needed) - running
}

/** Whether the outcome of a call with this token still counts. */
export function isCurrent(state: State, token: Token): state is Closed | HalfOpen {
  if (typeof token === 'number') return token === state.epoch
  return token.epoch === state.epoch && (state.name !== 'halfOpen' || state.underway.has(token))
}

/** What the outcome of a call changes, whose token must be current. Each token settles once. */
export function settle(
  state: Closed | HalfOpen,
  token: Token,
  outcome: CircuitOutcome,
  now: number,
  rules: Rules,
  retryAfter?: number,
): State {
  return state.name === 'closed'
    ? settleCall(state, token, outcome, now, rules, retryAfter)
    : settleTrial(state, token as Ticket, outcome, now, rules, retryAfter)
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
  const cause = causeOf(state, now, reason, retryAfter)
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
    return open(state, now, rules, causeOf(state, now, 'trial', retryAfter))
  if (state.successes < rules.successThreshold) return state
  return closed(rules.resetOn === 'stable' ? state : { ...state, openings: 0 }, now, rules)
}

const isLost = (trial: Ticket, now: number, rules: Rules): boolean =>
  now - trial.startedAt >= rules.halfOpen.lease

/** Whether the next call would be let in as well if the circuit were new: a wait or trials are over, or it is closed. */
export function isDormant(state: State, now: number, rules: Rules): boolean {
  if (state.name === 'halfOpen') return [...state.underway].every((trial) => isLost(trial, now, rules))
  return state.name === 'closed' || remaining(state, now) === 0
}
