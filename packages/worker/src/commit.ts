/** The end of a task and of its idempotency record in one step, where one store keeps both. */
import type { CompleteRequest } from '@seaworthy/idempotency'

/** Made by {@link TaskStream.commits}. */
export interface TaskCommit {
  /**
   * Acknowledges an entry and settles the record of its key. In one step, the first of these that applies:
   *
   * 1. The receipt is lost: `lost`, nothing is changed.
   * 2. `IdempotencyStore.complete` would answer `stale`: `stale`, nothing is changed, the entry stays with its owner.
   * 3. Else the record is settled as `complete` does (nothing to settle if it is `already` or `gone`), and the entry
   *    ends as by {@link TaskStream.acknowledge}: `done`.
   */
  commit(
    owner: string,
    receipt: string,
    key: string,
    completion: CompleteRequest,
  ): Promise<'done' | 'lost' | 'stale'>
}
