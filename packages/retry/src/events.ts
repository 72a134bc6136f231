import type { FailureClass } from '@seaworthy/core'
import type { DelaySource, GaveUpReason } from './decision.ts'

/** An attempt failed, and it is known what happens next. */
export interface AttemptFailed {
  /** 1 for the first. */
  readonly attempt: number
  readonly failureClass: FailureClass
  /**
   * How long the attempt took, in milliseconds. Of a first attempt it is known only with `maxElapsed`:
   * otherwise nothing timed it.
   */
  readonly duration: number | undefined
  readonly willRetry: boolean
  /** Milliseconds until the next attempt; 0 when there is none. */
  readonly delay: number
  /** Who decided the delay; undefined when there is no next attempt. */
  readonly delaySource: DelaySource | undefined
}

/** A retry is charged to the budget and waits for its time. */
export interface RetryScheduled {
  /** The attempt that will run: 2 for the first retry. */
  readonly attempt: number
  readonly failureClass: FailureClass
  /** Milliseconds until then. */
  readonly delay: number
  readonly delaySource: DelaySource
}

/** A call succeeded after at least one retry. */
export interface RetrySucceeded {
  /** How many attempts ran, the successful one included. */
  readonly attempts: number
  /** How many milliseconds of delay lay between them. */
  readonly totalDelay: number
}

/** A call failed, and there are no more retries. */
export interface RetryGaveUp {
  /** How many attempts ran. */
  readonly attempts: number
  readonly reason: GaveUpReason
  /** Of the last failure. */
  readonly failureClass: FailureClass
  /** How many milliseconds of delay lay between the attempts. */
  readonly totalDelay: number
  /** Milliseconds that the server asked to wait, if it did. */
  readonly retryAfter: number | undefined
}

/** The budget refused a retry. */
export interface RetryBudgetExhausted {
  /** The attempt that failed and is not retried. */
  readonly attempt: number
  /** What the budget holds, in retries. */
  readonly balance: number
}

/** The events of a retry policy. */
export type RetryEvents = {
  attemptFailed: AttemptFailed
  retryScheduled: RetryScheduled
  succeeded: RetrySucceeded
  gaveUp: RetryGaveUp
  budgetExhausted: RetryBudgetExhausted
}
