/**
 * What a dead letter queue needs of a store. {@link memoryDeadLetters} is one, and the reference for others.
 *
 * Rules for all methods:
 *
 * - One atomic step and one round trip each. What a method compares, changes and audits happens in that step or not at
 *   all; nothing is read before and written later.
 * - Time is the store's own (milliseconds since 1970), never the caller's. Callers give lengths of time.
 * - What may happen to a letter is the machine in `machine.ts`. Each transition writes one audit entry in the same step,
 *   with the `actor` and `reason` given.
 * - A lease lapses when the store's time reaches its end (`until <= now`). A letter in `leased` whose lease has lapsed is
 *   open to `claim`, `retry` and `discard` as if it were `dead`; one in `replaying` is open to `claim` and `retry`, and
 *   stays `replaying`. Until somebody takes over, the holder's fence still counts.
 * - A fence is a positive safe integer, greater than every fence the store gave out for the letter before.
 * - Letters in `leased` and `replaying` are never trimmed, dropped or offered while their lease runs.
 * - A step into `replayed`, `resolved` or `discarded` erases the payload. The rest stays for {@link DeadLetterStore.trim} to
 *   remove, so that a second attempt to replay it finds `already`. A store may forget settled letters sooner, the ones settled
 *   first going first.
 * - Methods reject only when the store fails. What they reject with reaches the caller as it is. A store limits the time of its
 *   own operations.
 * - Optional methods may be left out one by one. What is missing without them is said there.
 */
import type { FailureClass } from '@seaworthy/core'
import type {
  AuditEntry,
  HistoryEntry,
  LetterCounts,
  LetterGroup,
  LetterSummary,
  StoredError,
  StoredLetter,
} from './letter.ts'
import type { LetterState, SettleOutcome } from './machine.ts'

/** A letter to be added. Redacted and encoded; the store looks into nothing. */
export interface NewLetter {
  /** Letters and digits, at most 32. Ends the id, so a payload sealed for this token fits no other letter. */
  readonly token: string
  readonly payload: string
  readonly type: string
  readonly failure: string
  readonly failureClass: FailureClass
  readonly errorClass: string
  readonly error: StoredError
  readonly maxRetries: number | undefined
  readonly retryCount: number | undefined
  readonly replays: number
  readonly taskId: string | undefined
  readonly source: string | undefined
  readonly journey: string | undefined
  readonly history: readonly HistoryEntry[]
  readonly firstFailedAt: number | undefined
  /** How long from now until recovery may look at it, in milliseconds; undefined for never. */
  readonly dueIn: number | undefined
  /**
   * Two letters with one key within `dedupeFor` milliseconds are one, as long as the first is `dead` or `leased`. Later it may
   * have been replayed, so what dies then is new.
   */
  readonly dedupeKey: string | undefined
  readonly dedupeFor: number
  readonly actor: string
}

/** A letter that is no more. */
export interface RemovedLetter {
  readonly id: string
  readonly type: string
  readonly journey: string | undefined
  readonly diedAt: number
  /** Why: its age, the number of letters, the age of a settled letter, or room for a new one. */
  readonly cause: 'age' | 'count' | 'settled' | 'overflow'
}

/** What {@link DeadLetterStore.add} answers. `now` is the store's time of the step. */
export type AddResult =
  | {
      readonly outcome: 'added'
      readonly id: string
      readonly now: number
      /** What had to go to make room. */
      readonly dropped: readonly RemovedLetter[]
    }
  | { readonly outcome: 'duplicate'; readonly id: string; readonly now: number }
  | { readonly outcome: 'full'; readonly now: number }

/** Which letters. What is left out is not compared; the rest must be equal. */
export interface LetterFilter {
  readonly type?: string | undefined
  readonly errorClass?: string | undefined
}

/** What {@link DeadLetterStore.list} takes. */
export interface ListQuery extends LetterFilter {
  readonly state: LetterState
  readonly order: 'oldest' | 'newest'
  /** The `next` of the page before. */
  readonly cursor?: string | undefined
  readonly limit: number
}

/** One page of letters. */
export interface LetterPage {
  readonly items: readonly LetterSummary[]
  /** Where the next page begins; undefined at the end. */
  readonly next: string | undefined
  /** The store's time of the step. */
  readonly now: number
}

/** Who wants something, and why, for the audit. */
export interface By {
  readonly actor: string
  readonly reason: string | undefined
}

/** What {@link DeadLetterStore.retry} takes. */
export interface RetryRequest extends By {
  /** Who will publish it. */
  readonly owner: string
  /** How long the lease for publishing is, in milliseconds. */
  readonly leaseFor: number
  /** Replaces the payload in the same step, if the letter is replayed by this call. */
  readonly payload?: string | undefined
}

/**
 * What {@link DeadLetterStore.retry} answers.
 *
 * - `replaying`: publish `letter`, then settle with `replayed` or `failed`.
 * - `replayed`: the store has published it.
 * - `already`: somebody replays it (`replaying`), or it is settled. `replayId` is that of the letter in every case.
 * - `leased`: somebody holds it for `leaseLeft` milliseconds more.
 * - `missing`: there is no such letter.
 */
export type RetryResult =
  | { readonly outcome: 'replaying'; readonly fence: number; readonly letter: StoredLetter }
  | { readonly outcome: 'replayed'; readonly letter: StoredLetter }
  | { readonly outcome: 'already'; readonly state: LetterState; readonly replayId: string }
  | { readonly outcome: 'leased'; readonly leaseLeft: number }
  | { readonly outcome: 'missing' }

/** What {@link DeadLetterStore.discard} answers, with words as in {@link RetryResult}. */
export type DiscardResult =
  | { readonly outcome: 'discarded'; readonly letter: LetterSummary; readonly now: number }
  | { readonly outcome: 'already'; readonly state: LetterState }
  | { readonly outcome: 'leased'; readonly leaseLeft: number }
  | { readonly outcome: 'missing' }

/** What {@link DeadLetterStore.claim} takes. */
export interface ClaimRequest extends LetterFilter {
  readonly limit: number
  readonly leaseFor: number
  readonly owner: string
  /** Whether only letters whose `due` has come count; otherwise all that are `dead`. */
  readonly dueOnly: boolean
}

/** Letters under one lease. */
export interface Claimed {
  /** Valid for each of them; meaningless if there are none. */
  readonly fence: number
  readonly letters: readonly StoredLetter[]
  readonly now: number
}

/** What {@link DeadLetterStore.settle} takes. */
export interface Settlement extends By {
  readonly outcome: SettleOutcome
  /** For `returned` and `failed`: how long until recovery may look at it again; undefined for never. */
  readonly dueIn: number | undefined
}

/** What {@link DeadLetterStore.trim} takes. What is undefined limits nothing. */
export interface TrimRequest {
  /** Removes letters that are `dead` and died at least so many milliseconds ago. */
  readonly olderThan: number | undefined
  /** Removes the oldest letters that are `dead` until so many are left. */
  readonly keep: number | undefined
  /** Removes letters that were settled at least so many milliseconds ago. */
  readonly settledBefore: number | undefined
  /** The most letters to touch in this step, given back ones included. */
  readonly batch: number
  readonly actor: string
}

/** What {@link DeadLetterStore.trim} did. */
export interface TrimResult {
  readonly removed: readonly RemovedLetter[]
  /** How many lapsed leases were given back. */
  readonly lapsed: number
  /** Whether there may be more to do: call again. */
  readonly more: boolean
  readonly now: number
}

/** What {@link DeadLetterStore.audit} takes. */
export interface AuditQuery {
  /** Of one letter only. */
  readonly id?: string | undefined
  readonly cursor?: string | undefined
  readonly limit: number
}

/** One page of the audit, oldest entry first. */
export interface AuditPage {
  readonly entries: readonly AuditEntry[]
  /** Where to read on; undefined if there was nothing behind the last entry. */
  readonly next: string | undefined
}

/** What {@link DeadLetterStore.beginTurn} takes. */
export interface TurnRequest {
  /** What is to be done; each job has turns of its own. */
  readonly job: string
  /** Who asks. The same owner may ask again for the turn it has, to keep it. */
  readonly owner: string
  /** How long the turn is, unless asked for again, in milliseconds. */
  readonly leaseFor: number
  /** Whether it may begin before it is time. */
  readonly early: boolean
}

/** A store of dead letters. See the head of this file for the rules. */
export interface DeadLetterStore {
  /**
   * Whether the store holds the target queue and publishes by itself: `retry` and `settle` with `replay` then go to `replayed` in
   * one step, with `replayId` as the task id of what is published, a fresh retry budget and `replays + 1` to be given to
   * {@link NewLetter.replays} if it dies again. Otherwise they go to `replaying`, and the queue calls its `replay` function.
   */
  readonly replaysItself: boolean

  /**
   * Adds a letter in the state `dead`. Compares, in this order: the dedupe key (`duplicate`, audited, nothing else changes);
   * the room left (letters that are not settled against the limit of the store). With no room, either the oldest
   * letters that are `dead` are removed, each audited as `dropped`, or the answer is `full` and nothing changes; `full` as well when
   * all letters are held. The letter that is added is never dropped in the same step.
   */
  add(letter: NewLetter): Promise<AddResult>

  /**
   * Only for stores in the memory of this process: what `add` does, without a promise, so that a stream in the same memory can end a
   * task in the same step. Throws instead of rejecting.
   */
  addNow?(letter: NewLetter): AddResult

  /**
   * The id of the letter that was added last with this dedupe key, whatever became of it and however long ago; undefined if there was none, or
   * it is no more. Not audited. Without it nobody can tell that a message has its letter already, once the letter is settled.
   */
  lookup?(dedupeKey: string): Promise<string | undefined>

  /**
   * One letter, with its payload only if `view` says who looks; that is audited as `viewed`, also when the payload is gone.
   */
  get(id: string, view?: By): Promise<StoredLetter | undefined>

  /**
   * Letters in one state, by id. A letter that is in the state throughout is met exactly once when pages are read to the end,
   * whatever comes and goes meanwhile. A page may be shorter than `limit`, even empty, while `next` is there.
   */
  list(query: ListQuery): Promise<LetterPage>

  /** Letters that are `dead`, counted by type and error class, largest group first. */
  groups(): Promise<readonly LetterGroup[]>

  /** How many letters are in each state. Exact. A lapsed lease counts as the state it lapsed in. */
  counts(): Promise<LetterCounts>

  /** Begins to replay a letter, or replays it. Exactly one call for a letter gets to publish it at any time. */
  retry(id: string, request: RetryRequest): Promise<RetryResult>

  /** Ends a letter by hand. A letter in `replaying` is `leased`, also when the lease has lapsed: it may be out already. */
  discard(id: string, by: By): Promise<DiscardResult>

  /**
   * Leases up to `limit` letters, each to one owner, all under one new fence. Offers first what is lapsed, longest ago first,
   * then letters that are `dead`: in order of `due` with `dueOnly`, else oldest first. May find fewer than there are.
   * The actor of the audit is `owner`.
   */
  claim(request: ClaimRequest): Promise<Claimed>

  /**
   * Makes the leases of these letters end `leaseFor` from now, never sooner than before. @returns The ids of those that are
   * still held under `fence`; the others are lost.
   */
  renew(ids: readonly string[], fence: number, leaseFor: number): Promise<readonly string[]>

  /**
   * Ends a lease as its holder wishes; of a letter in `leased` or `replaying` whose fence is equal. The same settlement again under
   * the same fence answers `done` and changes nothing. Anything else is `stale`; `missing` if there is no such letter.
   */
  settle(id: string, fence: number, settlement: Settlement): Promise<'done' | 'stale' | 'missing'>

  /**
   * Gives back lapsed leases (`leased` to `dead`, `due` as it was), then removes what is too old or too much, in bounded steps. Each
   * removal is audited as `expired`.
   */
  trim(request: TrimRequest): Promise<TrimResult>

  /** What happened, oldest first. Entries are kept up to a limit of the store. */
  audit(query: AuditQuery): Promise<AuditPage>

  /**
   * Asks for the turn of a job that all processes on this store do in turns: one at a time, and not before it is time. Granted to `owner` until
   * `leaseFor` from now if nobody else has the turn, and it is time (or `early`, or `owner` has the turn). Not audited. Without it each
   * process does its own upkeep, which costs more and harms nothing.
   *
   * @returns 0 if it is granted; else how many milliseconds later, at least 1, it makes sense to ask again.
   */
  beginTurn?(request: TurnRequest): Promise<number>

  /**
   * Ends the turn of a job. The next is `nextIn` milliseconds from now. Changes nothing unless `owner` has the turn, or had it last and nobody
   * has it now.
   */
  endTurn?(job: string, owner: string, nextIn: number): Promise<void>
}
