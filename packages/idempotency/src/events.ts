import type { InFlightReason, LeaseLoss, StoreFailure } from './errors.ts'
import type { Ending, Grant } from './store.ts'

/** The work is this call's: its function runs. */
export interface Claimed {
  readonly name: string | undefined
  readonly grant: Grant
  /** How often the work was begun, this time included. */
  readonly attempt: number
}

/** The work was taken over from an owner that had gone silent. Comes with `claimed`. */
export interface Recovered {
  readonly name: string | undefined
  readonly attempt: number
}

/** The work has ended. */
export interface Finished {
  readonly name: string | undefined
  /** `unknown`: nobody can say; the record is left as abandoned. */
  readonly outcome: Ending | 'unknown'
  readonly attempt: number
  /** How long it took, in milliseconds. */
  readonly duration: number
}

/** A call got the outcome of an earlier one, and its function did not run. */
export interface Duplicate {
  readonly name: string | undefined
  readonly outcome: 'completed' | 'failed'
  /** Where it came from: the store, or a call of this process that ran meanwhile. */
  readonly source: 'record' | 'flight'
}

/** A call has waited for another that had the work. */
export interface Waited {
  readonly name: string | undefined
  /** In milliseconds. */
  readonly duration: number
  /** What came of it: an outcome, the work itself, the next round, the end of its patience, or it was given up. */
  readonly result: 'outcome' | 'turn' | 'again' | 'rejected' | 'aborted'
}

/** A call was turned away: the work is in flight, its outcome is not known, or the store cannot say. */
export interface Rejected {
  readonly name: string | undefined
  readonly reason: InFlightReason | 'abandoned' | 'store'
}

/** A key came again with another payload. */
export interface Mismatch {
  readonly name: string | undefined
}

/** The work is no longer this call's, while its function runs. */
export interface LeaseLost {
  readonly name: string | undefined
  readonly reason: LeaseLoss
  /** How long the function had run, in milliseconds. */
  readonly after: number
}

/** The store did not take an outcome. */
export interface OutcomeNotRecorded {
  readonly name: string | undefined
  readonly outcome: Ending
  /** No answer in time, an error, the record is gone, or another owner has it by now. */
  readonly reason: Exclude<StoreFailure, 'full'> | 'gone' | 'stale'
  /** Whether it is sent again; if not, this was the last word. */
  readonly resending: boolean
}

/** The store took an outcome after all. */
export interface RecordedLate {
  readonly name: string | undefined
  readonly outcome: Ending
  /** How long after the end of the work, in milliseconds. */
  readonly after: number
}

/** A result, or an error, is not kept. Duplicates will not get it; the work is not done again. */
export interface Omitted {
  readonly name: string | undefined
  readonly reason: 'size' | 'encoding'
  /** In bytes, if it is known. */
  readonly size: number | undefined
}

/** The store could not say, and the function runs all the same (`onStoreError: 'open'`). */
export interface Unprotected {
  readonly name: string | undefined
  readonly reason: StoreFailure
}

/** Somebody dropped a record by hand. */
export interface Forgotten {
  readonly name: string | undefined
  /** Who, as given to `forget`. */
  readonly actor: string | undefined
}

/** The events of an {@link IdempotencyPolicy}. */
export type IdempotencyEvents = {
  claimed: Claimed
  recovered: Recovered
  finished: Finished
  duplicate: Duplicate
  waited: Waited
  rejected: Rejected
  mismatch: Mismatch
  leaseLost: LeaseLost
  outcomeNotRecorded: OutcomeNotRecorded
  recordedLate: RecordedLate
  omitted: Omitted
  unprotected: Unprotected
  forgotten: Forgotten
}
