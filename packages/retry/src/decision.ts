/**
 * What happens after a failed attempt: a pure function of what is known. It reads no clock, draws only from the
 * randomness it is given, and changes nothing; the budget is asked afterwards.
 */
import type { FailureClass, Random } from '@seaworthy/core'
import type { Jitter } from './jitter.ts'
import type { DelayStrategy } from './strategies.ts'

/**
 * Why there is no further attempt.
 *
 * - `attempts`: all were used.
 * - `class`: the failure is not one that another try mends, or your code said stop.
 * - `server-delay`: the server asked for a longer wait than `maxServerDelay`, or for none.
 * - `elapsed`, `deadline`: the wait would end after `maxElapsed`, or after the caller's deadline.
 * - `budget`: the budget has nothing left.
 * - `aborted`: the caller, or a timeout outside, gave the call up.
 * - `nested`: a retry outside owns retrying.
 */
export type GaveUpReason =
  | 'attempts'
  | 'elapsed'
  | 'class'
  | 'budget'
  | 'server-delay'
  | 'aborted'
  | 'deadline'
  | 'nested'

/** Who decided a delay; `immediate` when there is none. */
export type DelaySource = 'strategy' | 'server' | 'immediate'

/** The part of a policy's rules that decides. Durations are milliseconds. */
export interface DecisionRules {
  readonly attempts: number
  readonly delay: DelayStrategy
  readonly jitter: Jitter
  readonly minDelay: number
  readonly maxDelay: number
  readonly hintMode: 'floor' | 'exact'
  readonly maxServerDelay: number
  readonly random: Random
}

/** Where a call's schedule stands. */
export interface Schedule {
  /** Retries since the strategy began, or began again. */
  readonly retries: number
  /** The policy's own delay before the last of them. */
  readonly previous: number
}

/** The schedule of a call that has failed once. */
export const freshSchedule: Schedule = { retries: 0, previous: 0 }

/** What is known about a failed attempt. */
export interface Failure {
  /** 1 for the first. */
  readonly attempt: number
  readonly failureClass: FailureClass
  /** Whether another try may mend it. */
  readonly retryable: boolean
  /** What the server said: milliseconds to wait, or to stop. */
  readonly hint: number | 'stop' | undefined
  /** Whether the call was given up meanwhile. */
  readonly aborted: boolean
  /** Whether a retry outside owns retrying. */
  readonly owned: boolean
  /** When it failed, when the caller stops waiting, and when `maxElapsed` has passed: all on one clock. */
  readonly now: number
  readonly deadline: number
  readonly elapsedAt: number
}

/** The end, or the next attempt after a delay. */
export type Decision =
  | { readonly reason: GaveUpReason }
  | {
      readonly reason: undefined
      readonly delay: number
      readonly source: DelaySource
      readonly schedule: Schedule
    }

/** The wait that another attempt needs, or why there is none. */
export function decide(rules: DecisionRules, schedule: Schedule, failure: Failure): Decision {
  const { attempt, hint } = failure
  if (failure.aborted) return { reason: 'aborted' }
  if (failure.owned) return { reason: 'nested' }
  if (!failure.retryable) return { reason: 'class' }
  if (attempt >= rules.attempts) return { reason: 'attempts' }
  if (hint === 'stop' || (hint !== undefined && hint > rules.maxServerDelay))
    return { reason: 'server-delay' }

  const wait = nextWait(rules, schedule, failure.failureClass, hint)
  const end = failure.now + wait.delay
  if (end >= failure.deadline) return { reason: 'deadline' }
  if (end >= failure.elapsedAt) return { reason: 'elapsed' }
  return wait
}

/**
 * Strategy, then jitter, then limits, then up to a whole millisecond. A hint is a floor that nothing shortens:
 * its own jitter only adds, and `maxDelay` does not apply to it. After a wait that the server decided, the
 * strategy begins again.
 */
export function nextWait(
  rules: DecisionRules,
  schedule: Schedule,
  failureClass: FailureClass,
  hint: number | undefined,
): Extract<Decision, { reason: undefined }> {
  const { random } = rules
  if (hint !== undefined && rules.hintMode === 'exact') return serverWait(Math.ceil(hint))

  const retry = schedule.retries + 1
  const raw = rules.delay({ retry, previous: schedule.previous, failureClass, random })
  const limited = Math.min(rules.maxDelay, Math.max(rules.minDelay, rules.jitter(raw, random)))
  const own = Math.ceil(limited)
  if (hint !== undefined) {
    const floor = Math.ceil(hint + Math.min(1000, hint / 10) * random())
    if (floor > own) return serverWait(floor)
  }
  const source = own === 0 ? 'immediate' : 'strategy'
  return { reason: undefined, delay: own, source, schedule: { retries: retry, previous: own } }
}

function serverWait(delay: number): Extract<Decision, { reason: undefined }> {
  return { reason: undefined, delay, source: delay === 0 ? 'immediate' : 'server', schedule: freshSchedule }
}
