/**
 * What can happen to one letter, as a pure function of its state, an input and the time of the store. Every store does
 * these steps, each in one atomic step together with its audit entry; the memory store runs this very code.
 *
 * ```
 * dead ──claim──▶ leased ──settle──▶ resolved | discarded | dead (returned)
 *   │               └──────replay──▶ replaying ──replayed──▶ replayed
 *   └──────retry (by hand)─────────────▲  └──failed──▶ dead
 * ```
 *
 * A store that holds the target queue itself goes from `dead` or `leased` to `replayed` in one step and is never in
 * `replaying`.
 */

/** Every state of a letter. The last three are for ever. */
export type LetterState = 'dead' | 'leased' | 'replaying' | 'replayed' | 'resolved' | 'discarded'

/** The part of a letter that decides what may happen to it. Times are milliseconds of the store. */
export interface Condition {
  readonly state: LetterState
  /** How often publishing it anew has failed. */
  readonly attempts: number
  /** When recovery may look at it; undefined if only a person may. */
  readonly due: number | undefined
  /** Who holds the lease: in `leased` and `replaying`. */
  readonly owner: string | undefined
  /** The fence of the present lease, or of the one under which the letter was settled. */
  readonly fence: number | undefined
  /** When the lease lapses. From that moment on (`until <= now`) another may take over; until one does, it still counts. */
  readonly until: number | undefined
  /** When the letter reached a state that is for ever. */
  readonly settledAt: number | undefined
}

/** What the holder of a lease found. `replay` and `replayed` are the two halves of a replay in two steps. */
export type SettleOutcome = 'resolved' | 'discarded' | 'returned' | 'replay' | 'replayed' | 'failed'

/** A lease to be. */
export interface Lease {
  readonly owner: string
  readonly fence: number
  readonly until: number
}

/** Everything that can happen to a letter. */
export type Input =
  | { readonly type: 'claim'; readonly lease: Lease }
  | { readonly type: 'retry'; readonly lease: Lease; readonly oneStep: boolean }
  | { readonly type: 'discard' }
  | { readonly type: 'lapse' }
  | { readonly type: 'renew'; readonly fence: number; readonly until: number }
  | {
      readonly type: 'settle'
      readonly fence: number
      readonly outcome: SettleOutcome
      readonly due?: number | undefined
      readonly oneStep: boolean
    }

/** What audit entries call the transitions of a letter. */
export type Transition =
  | 'claimed'
  | 'takenOver'
  | 'lapsed'
  | 'returned'
  | 'replaying'
  | 'replayed'
  | 'replayFailed'
  | 'resolved'
  | 'discarded'

/**
 * The condition after an input, and what became of the input.
 *
 * - `done`: it happened, or had happened before under the same fence.
 * - `already`: the letter is settled, or somebody is replaying it.
 * - `leased`: somebody holds it.
 * - `stale`: the fence is not the one in force, or the outcome makes no sense in this state.
 *
 * `transition` is there exactly when something changed that the audit must tell. A renewal is no transition.
 */
export interface Step {
  readonly condition: Condition
  readonly answer: 'done' | 'already' | 'leased' | 'stale'
  readonly transition?: Transition
}

/** A letter that was just added. */
export function newlyDead(due: number | undefined): Condition {
  return {
    state: 'dead',
    attempts: 0,
    due,
    owner: undefined,
    fence: undefined,
    until: undefined,
    settledAt: undefined,
  }
}

/** Whether the letter has reached a state that is for ever. */
export function isSettled(state: LetterState): boolean {
  return state === 'replayed' || state === 'resolved' || state === 'discarded'
}

/** Whether somebody holds the letter now. */
export function isHeld({ until }: Condition, now: number): boolean {
  return until !== undefined && until > now
}

/** One step. Changes nothing in `condition`. */
export function next(condition: Condition, input: Input, now: number): Step {
  switch (input.type) {
    case 'claim':
      return claim(condition, input.lease, now)
    case 'retry':
      return retry(condition, input.lease, input.oneStep, now)
    case 'discard':
      return discard(condition, now)
    case 'lapse':
      return lapse(condition, now)
    case 'renew':
      return renew(condition, input.fence, input.until)
    case 'settle':
      return settle(condition, input, now)
  }
}

function claim(condition: Condition, lease: Lease, now: number): Step {
  if (isSettled(condition.state)) return unchanged(condition, 'already')
  if (isHeld(condition, now)) return unchanged(condition, 'leased')
  // What is being replayed must be finished under its replay id, whoever does it.
  const state = condition.state === 'replaying' ? 'replaying' : 'leased'
  const transition = condition.state === 'dead' ? 'claimed' : 'takenOver'
  return changed({ ...condition, state, ...lease }, transition)
}

function retry(condition: Condition, lease: Lease, oneStep: boolean, now: number): Step {
  if (isSettled(condition.state)) return unchanged(condition, 'already')
  if (isHeld(condition, now))
    return unchanged(condition, condition.state === 'replaying' ? 'already' : 'leased')
  if (oneStep) return settled(condition, 'replayed', undefined, now)
  const transition = condition.state === 'replaying' ? 'takenOver' : 'replaying'
  return changed({ ...condition, state: 'replaying', ...lease }, transition)
}

/** A letter that is being replayed may have been published already, so nobody can discard it until that is known. */
function discard(condition: Condition, now: number): Step {
  if (isSettled(condition.state)) return unchanged(condition, 'already')
  if (condition.state === 'replaying' || isHeld(condition, now)) return unchanged(condition, 'leased')
  return settled(condition, 'discarded', undefined, now)
}

/** Gives back what a crashed holder left. A letter that is being replayed stays so, for the next claim to finish. */
function lapse(condition: Condition, now: number): Step {
  if (condition.state !== 'leased' || isHeld(condition, now)) return unchanged(condition, 'stale')
  return changed(dead(condition, condition.due, condition.attempts), 'lapsed')
}

function renew(condition: Condition, fence: number, until: number): Step {
  if (!holds(condition, fence)) return unchanged(condition, 'stale')
  return { condition: { ...condition, until: Math.max(until, condition.until ?? until) }, answer: 'done' }
}

function settle(condition: Condition, input: Input & { readonly type: 'settle' }, now: number): Step {
  const { fence, outcome, due, oneStep } = input
  const { state, attempts } = condition
  // A repeated settlement, after a reply was lost, finds what it did before.
  if (isSettled(state) && condition.fence === fence && state === finalState(outcome, oneStep))
    return unchanged(condition, 'done')
  if (!holds(condition, fence)) return unchanged(condition, 'stale')
  if (state === 'replaying') {
    if (outcome === 'replayed') return settled(condition, 'replayed', fence, now)
    if (outcome === 'failed') return changed(dead(condition, due, attempts + 1), 'replayFailed')
    return unchanged(condition, outcome === 'replay' ? 'done' : 'stale')
  }
  if (outcome === 'returned') return changed(dead(condition, due, attempts), 'returned')
  if (outcome === 'resolved' || outcome === 'discarded') return settled(condition, outcome, fence, now)
  if (outcome !== 'replay') return unchanged(condition, 'stale')
  if (oneStep) return settled(condition, 'replayed', fence, now)
  return changed({ ...condition, state: 'replaying' }, 'replaying')
}

/** Whether `fence` is that of the lease in force. It need not be in time: until another takes over, nobody is harmed. */
function holds({ state, fence: present }: Condition, fence: number): boolean {
  return (state === 'leased' || state === 'replaying') && present === fence
}

function finalState(outcome: SettleOutcome, oneStep: boolean): LetterState | undefined {
  if (outcome === 'replay') return oneStep ? 'replayed' : undefined
  return outcome === 'returned' || outcome === 'failed' ? undefined : outcome
}

function dead(condition: Condition, due: number | undefined, attempts: number): Condition {
  const nobody = { owner: undefined, fence: undefined, until: undefined }
  return { ...condition, state: 'dead', ...nobody, due, attempts }
}

function settled(
  condition: Condition,
  state: 'replayed' | 'resolved' | 'discarded',
  fence: number | undefined,
  now: number,
): Step {
  const nobody = { owner: undefined, until: undefined, due: undefined }
  return changed({ ...condition, state, ...nobody, fence, settledAt: now }, state)
}

const changed = (condition: Condition, transition: Transition): Step => ({
  condition,
  answer: 'done',
  transition,
})

const unchanged = (condition: Condition, answer: Step['answer']): Step => ({ condition, answer })
