/** The ends of tasks and of their idempotency records in one step, where one store keeps both. */
import type { CompleteRequest } from '@seaworthy/idempotency'

/** A task that is done, and its record. */
export interface TaskEnd {
  readonly receipt: string
  /** The key of the record. */
  readonly key: string
  readonly completion: CompleteRequest
}

/** Made by {@link TaskStream.commits}. */
export interface TaskCommit {
  /**
   * Acknowledges entries and settles the record of each: any number of tasks in one round trip, each judged by itself,
   * in order, so that what is wrong with one changes nothing for the others. For each task the first of these that
   * applies:
   *
   * 1. The receipt is lost: `lost`, nothing is changed for this task.
   * 2. `IdempotencyStore.complete` would answer `stale`: `stale`, nothing is changed for this task, the entry stays
   *    with its owner.
   * 3. Else the record is settled as `complete` does (nothing to settle if it is `already` or `gone`), and the entry
   *    ends as by {@link TaskStream.acknowledge}: `done`.
   *
   * Record and entry of a task change in one step or not at all. A call that rejects has settled all that it could or
   * nothing; sent again, it answers `lost` for what was done.
   *
   * @returns One answer for each, in order.
   */
  commit(owner: string, ends: readonly TaskEnd[]): Promise<readonly CommitAnswer[]>
}

/** What became of the end of a task. */
export type CommitAnswer = 'done' | 'lost' | 'stale'
