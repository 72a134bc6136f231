import type { Clock, Context, Duration, Hub } from '@seaworthy/core'

/** Options of a rate limit. */
export interface RateLimitOptions {
  /** How many calls may pass in `per`, on the average. */
  readonly limit: number
  /** The time in which they may pass. */
  readonly per: Duration
  /**
   * How many calls may pass at once after a quiet time. At most `burst` more than the rate pass in any span
   * of time; 1 spaces all calls evenly. @defaultValue `limit`
   */
  readonly burst?: number
  /** How long a call may wait for its turn; false turns it away at once. @defaultValue `false` */
  readonly wait?: Duration | false
  /**
   * Who the call counts for, such as a tenant or a host. Calls without a key share one allowance, and so do
   * those for which it throws. @defaultValue all calls share one allowance
   */
  readonly key?: (context: Context) => string | undefined
  /**
   * How many keys are remembered. A key whose allowance is full again is forgotten; if more are in use, the
   * least used of a few is forgotten too, and starts afresh. @defaultValue 10,000
   */
  readonly maxKeys?: number
  /** A name, for errors, events and the hub. */
  readonly name?: string
  /** Where a rate limit with a name shows itself. @defaultValue the hub of the process */
  readonly hub?: Hub
  /** Measures the time. @defaultValue the system clock */
  readonly clock?: Clock
}

/** The names of {@link RateLimitOptions}. */
export const rateLimitOptionNames = [
  'limit',
  'per',
  'burst',
  'wait',
  'key',
  'maxKeys',
  'name',
  'hub',
  'clock',
] as const
