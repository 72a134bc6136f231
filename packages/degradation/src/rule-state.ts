/**
 * Whether a rule counts: a pure function of what it answered and when.
 *
 * It counts as soon as it has held `enterAfter` times in a row, and until it has not held for `exitAfter`. The delay is on the way out only:
 * a cause that persists is never overlooked, however long ago it was first seen.
 */
import { type Level, levelValue } from './levels.ts'
import type { RuleSettings } from './rule.ts'

/** What is remembered of a rule. Times are those of the clock that is passed in. */
export interface RuleState {
  /** What it calls for now; undefined while it does not count. */
  readonly level: Level | undefined
  /** Since when it counts. */
  readonly since: number
  /** How many times in a row it has held. */
  readonly held: number
  /** Since when it has called for less than its level. */
  readonly lessSince: number | undefined
}

/** Before the first answer. */
export const silentRule: RuleState = { level: undefined, since: 0, held: 0, lessSince: undefined }

/** Takes in an answer: the level it calls for, or undefined. */
export function stepRule(
  before: RuleState,
  wanted: Level | undefined,
  now: number,
  { enterAfter, exitAfter }: Pick<RuleSettings, 'enterAfter' | 'exitAfter'>,
): RuleState {
  const held = wanted === undefined ? 0 : before.held + 1
  const { level } = before
  if (level === undefined) {
    if (wanted === undefined || held < enterAfter) return { ...before, held }
    return { level: wanted, since: now, held, lessSince: undefined }
  }
  if (wanted !== undefined && levelValue(wanted) >= levelValue(level))
    return { ...before, level: wanted, held, lessSince: undefined }
  const lessSince = before.lessSince ?? now
  if (now < lessSince + exitAfter) return { ...before, held, lessSince }
  return { level: wanted, since: wanted === undefined ? now : before.since, held, lessSince: undefined }
}

/** When time alone will change something, if anything. */
export function ruleChangesAt({ lessSince }: RuleState, exitAfter: number): number | undefined {
  return lessSince === undefined ? undefined : lessSince + exitAfter
}
