/** What happens to a task whose run has failed: a pure function. */
import { type FailureClass, isSeaworthyError, type Random } from '@seaworthy/core'
import { classOf } from './insist.ts'

/** What a {@link RetryDelay} is told. The strategies of `@seaworthy/retry` take the same. */
export interface RetryDelayInput {
  /** Which retry the delay comes before: 1 for the first. */
  readonly retry: number
  /** Always 0: a stream does not remember delays. */
  readonly previous: number
  readonly failureClass: FailureClass
  readonly random: Random
}

/**
 * Answers how many milliseconds to wait before a retry. One that throws or answers no duration counts as not given.
 */
export type RetryDelay = (input: RetryDelayInput) => number

/** How failures are judged. */
export interface RetryRules {
  /** How often a task may fail before it is a dead letter. */
  readonly attempts: number
  readonly delay: RetryDelay
  readonly classify: ((error: unknown) => FailureClass | undefined) | undefined
  readonly random: Random
}

/** A run that failed. */
export interface FailedRun {
  readonly error: unknown
  /** Whether the handler was called. */
  readonly ran: boolean
  /** Failures before this one. */
  readonly failures: number
}

/** What to do. `postpone`: it did not run, so it costs nothing. */
export type Judgement =
  | { readonly kind: 'retry' | 'postpone'; readonly delay: number; readonly failureClass: FailureClass }
  | { readonly kind: 'dead'; readonly reason: 'exhausted' | 'fatal'; readonly failureClass: FailureClass }

const longestDelay = 30_000

/**
 * 1 s, 2 s, 4 s, …, at most 30 s, each anywhere between 0 and that, so that tasks that failed together come back
 * apart.
 *
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015, "Full Jitter".
 */
export const standardDelay: RetryDelay = ({ retry, random }) =>
  Math.min(longestDelay, 1000 * 2 ** Math.min(retry - 1, 10)) * random()

/** Judges a failed run. What a server or an open circuit asked for (`retryAfter`) is the least delay. */
export function judge({ error, ran, failures }: FailedRun, rules: RetryRules): Judgement {
  const judged = classify(error, rules)
  const least = retryAfterOf(error)
  if (!ran && isSeaworthyError(error))
    return { kind: 'postpone', delay: Math.max(least, delayBefore(1, judged, rules)), failureClass: judged }
  if (judged === 'fatal') return { kind: 'dead', reason: 'fatal', failureClass: judged }
  if (failures + 1 >= rules.attempts) return { kind: 'dead', reason: 'exhausted', failureClass: judged }
  return {
    kind: 'retry',
    delay: Math.max(least, delayBefore(failures + 1, judged, rules)),
    failureClass: judged,
  }
}

function classify(error: unknown, rules: RetryRules): FailureClass {
  try {
    return rules.classify?.(error) ?? classOf(error)
  } catch {
    return classOf(error)
  }
}

function delayBefore(retry: number, failureClass: FailureClass, { delay, random }: RetryRules): number {
  const input = { retry, previous: 0, failureClass, random }
  try {
    const answer = delay(input)
    if (Number.isFinite(answer) && answer >= 0) return Math.ceil(answer)
  } catch {
    // As if it had not been given.
  }
  return Math.ceil(standardDelay(input))
}

function retryAfterOf(error: unknown): number {
  try {
    const { retryAfter } = error as { retryAfter?: unknown }
    return typeof retryAfter === 'number' && Number.isFinite(retryAfter)
      ? Math.max(0, Math.ceil(retryAfter))
      : 0
  } catch {
    return 0
  }
}
