import type { Context, Duration } from '@seaworthy/core'

/** How calls wait when no slot is free. */
export interface QueueOptions {
  /** How many calls may wait; `Infinity` for any number. @defaultValue 0, which turns them away at once */
  readonly queue?: number
  /** How long a call may wait. @defaultValue as long as its caller and its deadline allow */
  readonly maxWait?: Duration
  /**
   * Who goes first: higher numbers do, equal ones in the order they came. Asked once, when a call has to
   * wait; if it throws or gives no number, the priority is 0. Nobody ages: a steady stream of higher
   * priorities keeps lower ones waiting until `maxWait`. @defaultValue 0 for every call
   */
  readonly priority?: (context: Context) => number
}

/** The names of {@link QueueOptions}. */
export const queueOptionNames = ['queue', 'maxWait', 'priority'] as const
