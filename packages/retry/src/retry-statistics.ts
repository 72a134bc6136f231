import type { GaveUpReason } from './decision.ts'

/**
 * What a policy has done since it was made. Calls that succeed at once leave no trace here: counting would cost
 * them.
 */
export interface RetryStatistics {
  /** How many calls are between their first failure and their end. */
  readonly retrying: number
  /** How many retries ran. */
  readonly retries: number
  /** How many calls succeeded after at least one retry. */
  readonly recovered: number
  /** How many calls were given up, by reason. */
  readonly gaveUp: { readonly [reason in GaveUpReason]?: number }
  /** How many milliseconds of delay all retries together waited for. */
  readonly totalDelay: number
}

/** The counters themselves. */
export interface Counters extends RetryStatistics {
  retrying: number
  retries: number
  recovered: number
  readonly gaveUp: { [reason in GaveUpReason]?: number }
  totalDelay: number
}
