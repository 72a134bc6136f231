/**
 * What a worker needs of a queue. Implementations: {@link memoryStream} here; Redis Streams in a package of their
 * own.
 *
 * Rules for all methods:
 *
 * - One atomic step and one round trip each. What a method compares, changes and audits happens in that step or not
 *   at all. The one exception is the audit of hand-outs by {@link TaskStream.fetch}: a store whose blocking read
 *   cannot write an audit leaves `delivered` out.
 * - What may happen to an entry is the machine in `entry.ts`.
 * - Time is the stream's own, never the caller's. Callers give lengths of time, in milliseconds.
 * - `owner` names one start of one worker. It has to be new for every start.
 * - A receipt counts only for the owner it was given to, and only until the entry changes hands or state. What is
 *   asked for with any other receipt (of another owner, of an earlier hand-out, of an entry that is over, or made up)
 *   is *lost*: nothing is changed, and the answer says so. It is no error.
 * - No method gives up an entry without the caller's word: what was enqueued is waiting, due, pending, acknowledged
 *   or dead at every instant, whatever crashes.
 * - Methods reject only when the store fails, apart from the errors named here, and within a time limit of the
 *   store's own; a rejected call may have been carried out. All methods may then be called again with the same
 *   arguments: what was done already is answered with *lost*, or changes nothing, except that `enqueue` may add the
 *   task twice.
 */
import type { DeadLetterStore } from '@seaworthy/dead-letter'
import type { IdempotencyStore } from '@seaworthy/idempotency'
import type { TaskBurial } from './burial.ts'
import type { TaskCommit } from './commit.ts'
import type { PoisonLimits } from './entry.ts'
import type { Delivery, NewTask, TaskAudit } from './task.ts'

/** What {@link TaskStream.fetch} takes. */
export interface FetchRequest {
  /** The most entries to hand out: as many as the worker has room for. At least 1. */
  readonly count: number
  /** How long to wait for the first one, in milliseconds. */
  readonly wait: number
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined
}

/** What {@link TaskStream.reap} takes. */
export interface ReapRequest extends PoisonLimits {
  /** Entries whose owner was not heard of for so long are looked at, in milliseconds. */
  readonly minIdle: number
  /** The most entries that change hands in this step, poison included. At least 1. */
  readonly count: number
  /** The most of them that may be suspects; poison does not count. */
  readonly suspects: number
  /**
   * `claim`: hands them to the caller. `republish`: lets them wait for any worker. Poison is always handed to the
   * caller.
   */
  readonly mode: 'claim' | 'republish'
  /** The `cursor` of the answer before; `''` to begin. */
  readonly cursor: string
}

/** What {@link TaskStream.reap} did. */
export interface Reaped {
  /** Handed to the caller, to be done. Empty in mode `republish`. */
  readonly claimed: readonly Delivery[]
  /** Handed to the caller, to be written to the dead letters and buried. */
  readonly poison: readonly Delivery[]
  /** How many wait now for any worker. 0 in mode `claim`. */
  readonly republished: number
  /** How many had lost their content (somebody deleted it behind the stream's back) and were dropped. */
  readonly vanished: number
  /** Where to go on; `''` when everything was looked at. */
  readonly cursor: string
  /**
   * While this is above 0 nothing is taken over: the store started less than `minIdle` ago, and the time it was down
   * counts as silence of all owners. Milliseconds to wait.
   */
  readonly holdOff: number
}

/** What {@link TaskStream.promote} did. */
export interface Promoted {
  /** How many wait now. */
  readonly promoted: number
  /** Milliseconds until the next one is due, 0 if one is; undefined if there is none. */
  readonly next: number | undefined
}

/** How long an entry shall wait, and why, for the audit. */
export interface Postponement {
  readonly delay: number
  readonly reason: string
}

/** Why an entry is given up, for the audit. */
export interface Burial {
  readonly reason: string
  /** The id of the dead letter; undefined when it was thrown away on purpose. */
  readonly letter: string | undefined
}

/** What {@link TaskStream.reconcile} takes. */
export interface ReconcileRequest {
  /** Entries that were heard of within so many milliseconds are left alone: they may be on their way. */
  readonly idle: number
  /** The most entries to answer with. */
  readonly limit: number
}

/**
 * How many entries are where. `waiting + pending + due + acknowledged + dead + vanished = enqueued`, at every
 * instant.
 */
export interface StreamStats {
  readonly waiting: number
  readonly pending: number
  readonly due: number
  /** Since the stream began. */
  readonly enqueued: number
  readonly acknowledged: number
  readonly dead: number
  readonly vanished: number
  /** Owners that are known: that hold something, or have fetched or beaten and not left. */
  readonly owners: number
  /** How many unfinished entries there may be. */
  readonly capacity: number
}

/** A queue of tasks that are done at least once. See the head of this file for the rules. */
export interface TaskStream {
  /** The name of the queue. */
  readonly name: string

  /**
   * Adds a task: it waits, or is due after `delay`. Two tasks with one id are two entries. Audited as `enqueued`.
   *
   * @returns The id of the task.
   * @throws {@link @seaworthy/worker!QueueFullError} when `waiting + pending + due >= capacity`.
   */
  enqueue(task: NewTask): Promise<string>

  /**
   * Adds all of these tasks, in order, or none.
   *
   * @returns Their ids.
   * @throws {@link @seaworthy/worker!QueueFullError} when they are more than `capacity - (waiting + pending + due)`.
   */
  enqueueMany(tasks: readonly NewTask[]): Promise<readonly string[]>

  /**
   * Hands waiting entries to `owner`, longest waiting first, each with one delivery more. Answers at once if there
   * are any, else when the first one comes, or with none after `wait`. When the signal aborts it rejects with the
   * signal's reason, at once; what was handed out by then and did not arrive stays pending under `owner`, and
   * {@link TaskStream.reconcile} finds it. Audited as `delivered`.
   */
  fetch(owner: string, request: FetchRequest): Promise<readonly Delivery[]>

  /**
   * Says that `owner` lives (even with no receipts) and holds these entries: nobody takes them over for another
   * `minIdle`. Those in `started`, a part of `receipts`, count one start more, once for each hand-out however often
   * it is said; audited as `started`.
   *
   * @returns The receipts that are lost.
   */
  beat(owner: string, receipts: readonly string[], started: readonly string[]): Promise<readonly string[]>

  /** Ends entries as done. Audited as `acknowledged`. @returns The receipts that are lost. */
  acknowledge(owner: string, receipts: readonly string[]): Promise<readonly string[]>

  /**
   * Reports a failure: one failure more, `deliveries` and `starts` begin anew at 0, and the entry is due after
   * `delay` (waits at once if it is 0). The capacity is not looked at. Audited as `retryScheduled`.
   */
  retryLater(owner: string, receipt: string, postponement: Postponement): Promise<'done' | 'lost'>

  /**
   * Gives entries back as if they had not been handed out: one delivery less, and one start less if this hand-out was
   * marked as started. They wait at once, or are due after `delay`. The capacity is not looked at. Audited as
   * `handedBack`.
   *
   * @returns The receipts that are lost.
   */
  handBack(owner: string, receipts: readonly string[], postponement: Postponement): Promise<readonly string[]>

  /**
   * Ends an entry as dead. Where its dead letter lives elsewhere ({@link TaskStream.burials}), the caller writes that first, under a
   * dedupe key made of {@link Delivery.entry}: a crash in between leaves the entry pending, and whoever takes it over finds the
   * letter. Audited as `dead`.
   */
  bury(owner: string, receipt: string, burial: Burial): Promise<'done' | 'lost'>

  /**
   * How to write a dead letter and end its entry in one step; undefined if letters live in a different place, and then the letter is written
   * first.
   */
  burials(store: DeadLetterStore): TaskBurial | undefined

  /**
   * How to acknowledge tasks and complete their idempotency records in one step; undefined if the two live in different
   * places, and then the record is completed first.
   */
  commits(store: IdempotencyStore): TaskCommit | undefined

  /**
   * Looks at pending entries from `cursor` on, and at a bounded number of them. Each whose owner was not heard of for
   * `minIdle` is judged by its counts (`suspicion` of `entryMachine`) and, in this order: dropped if its content is gone (audited
   * as `vanished`); handed to `owner` if it is poison; left alone if it is a suspect and `suspects` are used up; else
   * handed to `owner`, with one delivery more (`claimed`), or made waiting with its counts as they are
   * (`republished`). Of two callers at one time each entry goes to one.
   */
  reap(owner: string, request: ReapRequest): Promise<Reaped>

  /** Makes up to `limit` entries that are due wait, soonest due first. Audited as `promoted`. */
  promote(limit: number): Promise<Promoted>

  /**
   * What `owner` holds without knowing it, since the answer of a fetch was lost: up to `limit` entries pending under
   * `owner`, last heard of at least `idle` milliseconds ago, whose receipts are not in `known`. It is the same
   * hand-out again: same receipt, same counts, and it counts as a beat. Audited as `resent`.
   */
  reconcile(owner: string, known: readonly string[], request: ReconcileRequest): Promise<readonly Delivery[]>

  /**
   * Forgets an owner that ends. @returns Whether it is gone: `false`, and nothing is changed, while it holds entries.
   */
  leave(owner: string): Promise<boolean>

  /**
   * Forgets owners that hold nothing and neither fetched nor beat for `idle` milliseconds, a bounded number of them.
   * Of an owner that fetches again and again a stream may know only when it did so up to a second before.
   * An owner that is alive after all is known again with its next fetch or beat. @returns Who is gone.
   */
  prune(idle: number): Promise<readonly string[]>

  /** How many entries are where. */
  stats(): Promise<StreamStats>

  /**
   * What happened to the tasks with this id, oldest first: the last `limit` steps. Kept up to a limit of the stream.
   */
  audit(task: string, limit?: number): Promise<readonly TaskAudit[]>

  /** Ends the connections of this stream, and with them all waits, which answer with nothing. Later calls reject. */
  close(): Promise<void>
}
