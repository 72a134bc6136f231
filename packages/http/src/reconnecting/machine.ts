/**
 * The states of a connection that reconnects, as a pure function of state, input and rules: no clock, no I/O, no
 * events. Every attempt begins a new epoch, and inputs name theirs: what an earlier attempt or connection still says
 * changes nothing.
 */

/** Part of every state. */
interface Common {
  /** Grows with every attempt, and when the attempts end or pause. */
  readonly epoch: number
  /** Attempts and connections in a row that failed before they had been stable. */
  readonly failures: number
  /** Since when there has been no stable connection. */
  readonly downSince: number
}

/** An attempt is under way. */
export interface Connecting extends Common {
  readonly name: 'connecting'
}

/** There is a connection, since `since`. */
export interface Open extends Common {
  readonly name: 'open'
  readonly since: number
}

/** The next attempt begins at `until`. */
export interface Waiting extends Common {
  readonly name: 'waiting'
  readonly until: number
}

/** There is no connection, and none is tried. */
export interface Paused extends Common {
  readonly name: 'paused'
}

/** There will be no more attempts. */
export interface Closed extends Common {
  readonly name: 'closed'
  readonly why: CloseReason
}

/** Why it was closed: by hand, by the signal, or because it gave up. */
export type CloseReason = 'close' | 'aborted' | 'fatal' | 'attempts' | 'elapsed'

/** The state of a connection that reconnects. */
export type State = Connecting | Open | Waiting | Paused | Closed

/** What happens to it. */
export type Input =
  /** The attempt of this epoch has a connection. */
  | { readonly type: 'opened'; readonly epoch: number; readonly now: number }
  /**
   * The attempt of this epoch failed, or its connection was lost. `draw` in [0, 1) spreads the wait; `retryAfter` is what the other
   * side asked for.
   */
  | {
      readonly type: 'failed'
      readonly epoch: number
      readonly now: number
      readonly fatal: boolean
      readonly draw: number
      readonly retryAfter: number | undefined
    }
  /** The wait of this epoch is over. */
  | { readonly type: 'due'; readonly epoch: number }
  /** Connect anew, now. */
  | { readonly type: 'reconnect' }
  | { readonly type: 'pause' }
  | { readonly type: 'resume'; readonly now: number }
  | { readonly type: 'close'; readonly why: CloseReason }

/** What it goes by. Times in milliseconds. */
export interface Rules {
  /** The longest wait after the first failure. */
  readonly initial: number
  readonly factor: number
  /** No wait is longer, unless the other side asks for it. */
  readonly max: number
  /** A connection that has lived so long makes earlier failures forgotten. */
  readonly stableAfter: number
  /** Failures in a row after which it gives up; Infinity for never. */
  readonly attempts: number
  /** Time without a stable connection after which it gives up; Infinity for never. */
  readonly maxElapsed: number
}

/** The state at the beginning: the first attempt. */
export function initial(now: number): Connecting {
  return { name: 'connecting', epoch: 1, failures: 0, downSince: now }
}

/** The state that follows; the same object if nothing changes. */
export function next(state: State, input: Input, rules: Rules): State {
  if (state.name === 'closed') return state
  switch (input.type) {
    case 'opened':
      return state.name === 'connecting' && input.epoch === state.epoch
        ? { ...common(state), name: 'open', since: input.now }
        : state
    case 'failed':
      return (state.name === 'connecting' || state.name === 'open') && input.epoch === state.epoch
        ? fail(state, input, rules)
        : state
    case 'due':
      return state.name === 'waiting' && input.epoch === state.epoch ? connect(state) : state
    case 'reconnect':
      return state.name === 'waiting' || state.name === 'open' ? connect(state) : state
    case 'pause':
      return state.name === 'paused' ? state : { ...later(state), name: 'paused' }
    case 'resume':
      // The time of a pause is nobody's outage.
      return state.name === 'paused' ? { ...connect(state), downSince: input.now } : state
    case 'close':
      return { ...later(state), name: 'closed', why: input.why }
  }
}

/** The next attempt's number, from 1. */
export const attemptOf = (state: State): number => state.failures + 1

function fail(state: Connecting | Open, input: Extract<Input, { type: 'failed' }>, rules: Rules): State {
  const { now } = input
  const wasStable = state.name === 'open' && now - state.since >= rules.stableAfter
  const failures = wasStable ? 1 : state.failures + 1
  const downSince = wasStable ? now : state.downSince
  const failed = { epoch: state.epoch + 1, failures, downSince }
  if (input.fatal) return { ...failed, name: 'closed', why: 'fatal' }
  if (failures >= rules.attempts) return { ...failed, name: 'closed', why: 'attempts' }
  const until = now + waitAfter(failures, input.draw, input.retryAfter, rules)
  if (until - downSince > rules.maxElapsed) return { ...failed, name: 'closed', why: 'elapsed' }
  return { ...failed, name: 'waiting', until }
}

/**
 * Full jitter: anything between nothing and the cap, so that clients of a server that restarts come back spread out.
 * What the server asked for comes on top of it, never shortened.
 *
 * *Source:* M. Brooker, "Exponential Backoff And Jitter".
 */
function waitAfter(
  failures: number,
  draw: number,
  retryAfter: number | undefined,
  { initial, factor, max }: Rules,
): number {
  const cap = Math.min(max, initial * factor ** (failures - 1))
  return draw * cap + (retryAfter ?? 0)
}

const connect = (state: State): Connecting => ({ ...later(state), name: 'connecting' })

const common = ({ epoch, failures, downSince }: State): Common => ({ epoch, failures, downSince })

const later = (state: State): Common => ({ ...common(state), epoch: state.epoch + 1 })
