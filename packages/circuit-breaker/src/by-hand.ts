/** What people do to a circuit. All take (state, now, rules, argument), for the shell's sake. */
import { off, type Rules } from './rules.ts'
import { begin, type Common, causeOf, closed, isAutomatic, open, type State } from './state.ts'
import { remember } from './window.ts'

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

/** Opens it by hand, for `openFor` milliseconds or as long as its next opening would last. Not while it is held isolated. */
export function trip(state: State, now: number, rules: Rules, openFor?: number): State {
  if (!isAutomatic(state) || rules.mode !== 'enabled') return state
  return open(state, now, rules, causeOf(state, now, 'trip'), openFor)
}

/** Opens a closed circuit for `openFor` milliseconds since those of other instances are open, or moves the end of such an opening. */
export function follow(state: State, now: number, rules: Rules, openFor: number): State {
  if (rules.mode !== 'enabled') return state
  if (state.name === 'closed')
    return { name: 'open', ...begin(state, now), openFor, cause: causeOf(state, now, 'fleet') }
  return state.name === 'open' && state.cause.reason === 'fleet'
    ? { ...state, openFor: now - state.since + openFor }
    : state
}

/** Closes a circuit since those of other instances have recovered. If it opens again soon, it is for longer. */
export function recover(state: State, now: number, rules: Rules): State {
  return state.name === 'open' || state.name === 'halfOpen' ? closed(state, now, rules) : state
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
  const { openings, openFor, age, window } = saved
  const from: Common = { ...state, openings, openFor }
  // In the other modes nothing is turned away, so nothing is open.
  if (rules.mode === 'enabled' && (saved.state === 'open' || saved.state === 'halfOpen')) {
    // Trials are lost with the process, so it waits no longer.
    const since = now - (saved.state === 'open' ? age : openFor)
    return { name: 'open', ...begin(from, since), cause: causeOf(state, now, 'restore') }
  }
  const restored = closed(from, now - age, rules)
  if (saved.state !== 'closed') return restored
  restored.consecutiveFailures = saved.consecutiveFailures
  restored.failures = remember(rules.window, window.outcomes, now)
  restored.slow &&= remember(rules.window, window.durations, now)
  return restored
}
