/** What the end of a call says about the dependency. */
import { type FailureClass, failureClass, isSeaworthyError, type Settled } from '@seaworthy/core'
import type { CircuitOutcome } from './rules.ts'

/** Judges an outcome; undefined leaves it to the default. */
export type ClassifyOutcome = (settled: Settled<unknown>) => CircuitOutcome | undefined

/**
 * Why an outcome is neutral: the call was `aborted` from outside, another policy `rejected` it, the failure class or
 * `classify` says so (`ignored`), a permit was `released`, or to judge it `threw`.
 */
export type NeutralReason = 'aborted' | 'rejected' | 'ignored' | 'released' | 'threw'

/** A judgement: success, failure, or why it is neither. */
export type Verdict = 'success' | 'failure' | NeutralReason

/** Codes of policies that turned the call away: nobody asked the dependency. */
const rejection = /^ERR_(CIRCUIT|BULKHEAD|RATE_|CONCURRENCY|DISPOSED)/

/** Judges a value. */
export function judgeValue(value: unknown, classify: ClassifyOutcome | undefined): Verdict {
  try {
    return asked(classify?.({ status: 'fulfilled', value })) ?? 'success'
  } catch {
    return 'threw'
  }
}

/** Judges an error. One that cannot be read is judged like one that says nothing about itself. */
export function judgeError(error: unknown, classify: ClassifyOutcome | undefined): Verdict {
  try {
    if (isSeaworthyError(error) && rejection.test(error.code)) return 'rejected'
    return (
      asked(classify?.({ status: 'rejected', reason: error })) ??
      (failureClass(error) === 'transient' ? 'failure' : 'ignored')
    )
  } catch {
    return 'threw'
  }
}

/** The user's judgement as one of ours. Whatever is none leaves it to the default. */
function asked(outcome: CircuitOutcome | undefined): Verdict | undefined {
  if (outcome === 'neutral') return 'ignored'
  return outcome === 'success' || outcome === 'failure' ? outcome : undefined
}

/** Whether a timeout of ours ended the call. */
export function isTimeout(error: unknown): boolean {
  return isSeaworthyError(error) && error.code === 'ERR_TIMEOUT'
}

/** The class of an error, where there is one. */
export function classOf(error: unknown): FailureClass | undefined {
  return error === undefined ? error : failureClass(error)
}

/** Milliseconds that an error asks to wait, in the field where Seaworthy's own errors have them. */
export function retryAfterOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  try {
    const { retryAfter } = error as { retryAfter?: unknown }
    return typeof retryAfter === 'number' && retryAfter > 0 ? retryAfter : undefined
  } catch {
    return undefined
  }
}
