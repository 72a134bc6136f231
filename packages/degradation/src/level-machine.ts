/**
 * The level of the process, as a pure function of what is called for and of time.
 *
 * - Up: at once, and to what is called for.
 * - Down: one level at a time, each after less has been called for during `recoverAfter`.
 * - A pinned override holds whatever is called for; a floor only keeps the level from falling below it.
 * - When an override ends, the level is at once what is called for.
 */
import { type Level, levelOf, levelValue } from './levels.ts'

/** A level that an operator has set. */
export interface Override {
  readonly level: Level
  /** `pin`: this level and no other. `floor`: this one or a higher one. */
  readonly mode: 'pin' | 'floor'
  readonly reason: string
  readonly actor: string
  /** When it ends, on the clock; undefined for never. */
  readonly endsAt: number | undefined
}

/** The state. Times are those of the clock that is passed in. */
export interface LevelState {
  readonly level: Level
  /** Since when. */
  readonly since: number
  /** Since when less is called for, or since the last step down. */
  readonly lessSince: number | undefined
  readonly override: Override | undefined
}

/** Why the level changed. */
export type LevelTrigger = 'rule' | 'recovery' | 'manual' | 'expiry'

/** A state, and what led to it. */
export interface LevelStep {
  readonly state: LevelState
  /** Undefined if the level is what it was. */
  readonly trigger: LevelTrigger | undefined
  /** Whether the override ended by itself. */
  readonly expired: boolean
}

/** A process that begins. */
export const normalLevel: LevelState = {
  level: 'normal',
  since: 0,
  lessSince: undefined,
  override: undefined,
}

/** Takes in what is called for. */
export function stepLevel(before: LevelState, target: Level, now: number, recoverAfter: number): LevelStep {
  const { override } = before
  if (override?.endsAt !== undefined && override.endsAt <= now) {
    const state = jump({ ...before, override: undefined }, target, now)
    return { state, trigger: state.level === before.level ? undefined : 'expiry', expired: true }
  }
  if (override?.mode === 'pin') {
    const state = jump(before, override.level, now)
    return { state, trigger: state.level === before.level ? undefined : 'manual', expired: false }
  }
  const floor = levelValue(override?.level ?? 'normal')
  const wanted = Math.max(levelValue(target), floor)
  const present = levelValue(before.level)
  if (wanted > present) {
    const trigger = wanted === levelValue(target) ? 'rule' : 'manual'
    return { state: jump(before, levelOf(wanted), now), trigger, expired: false }
  }
  if (wanted === present)
    return { state: { ...before, lessSince: undefined }, trigger: undefined, expired: false }
  const lessSince = before.lessSince ?? now
  // The same sum as in `levelChangesAt`: a difference is rounded otherwise, and a timer would find itself too early for ever.
  if (now < lessSince + recoverAfter)
    return { state: { ...before, lessSince }, trigger: undefined, expired: false }
  const level = levelOf(present - 1)
  return {
    state: { ...before, level, since: now, lessSince: wanted === present - 1 ? undefined : now },
    trigger: 'recovery',
    expired: false,
  }
}

/** Sets an override, in place of any other. */
export function setOverride(before: LevelState, override: Override, target: Level, now: number): LevelStep {
  // One that took the level down has to be undone first, or a floor would only look as if it held.
  const from = before.override?.mode === 'pin' ? jump(before, target, now) : before
  const state = { ...from, override }
  const wanted = override.mode === 'pin' ? override.level : higher(from.level, override.level)
  const after = jump(state, wanted, now)
  return { state: after, trigger: after.level === before.level ? undefined : 'manual', expired: false }
}

/** Ends the override. */
export function clearOverride(before: LevelState, target: Level, now: number): LevelStep {
  if (before.override === undefined) return { state: before, trigger: undefined, expired: false }
  const state = jump({ ...before, override: undefined }, target, now)
  return { state, trigger: state.level === before.level ? undefined : 'manual', expired: false }
}

/** When time alone will change something, if anything. */
export function levelChangesAt({ lessSince, override }: LevelState, recoverAfter: number): number {
  const recovers = lessSince === undefined ? Number.POSITIVE_INFINITY : lessSince + recoverAfter
  return Math.min(recovers, override?.endsAt ?? Number.POSITIVE_INFINITY)
}

function jump(state: LevelState, level: Level, now: number): LevelState {
  if (state.level === level) return { ...state, lessSince: undefined }
  return { ...state, level, since: now, lessSince: undefined }
}

const higher = (a: Level, b: Level): Level => (levelValue(a) >= levelValue(b) ? a : b)
