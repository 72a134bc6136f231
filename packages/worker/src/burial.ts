/** The end of a task as dead and its dead letter in one step, where one store keeps both. */
import type { AddResult, NewLetter } from '@seaworthy/dead-letter'

/** What {@link TaskBurial.bury} answers: what the store of the letters said, or that the task is in other hands. */
export type BurialAnswer = AddResult | { readonly outcome: 'lost' }

/** Made by {@link TaskStream.burials}. */
export interface TaskBurial {
  /**
   * Writes the letter of an entry and ends the entry. In one step, the first of these that applies:
   *
   * 1. The receipt is lost: `lost`, nothing is changed. But if it is lost because this very letter (by its token) was written
   *    by a call whose answer did not arrive, a store on a server gives that answer again, for at least 10 s.
   * 2. `DeadLetterStore.add` would answer `full`: `full`, nothing is changed, the entry stays with its owner.
   * 3. Else the letter is added as `add` does (`added`, or `duplicate`), and the entry ends as by {@link TaskStream.bury}.
   *
   * There is no instant at which the letter is there and the entry is not over. A call that rejects has changed
   * nothing or all, and may be made again with the same letter.
   *
   * @param reason - Why, for the audit.
   */
  bury(owner: string, receipt: string, reason: string, letter: NewLetter): Promise<BurialAnswer>
}
