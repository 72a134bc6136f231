/** What a dead letter queue can do, and what its methods take and answer. */
import type { Duration, Listener } from '@seaworthy/core'
import type { AddOptions, PreparedLetter } from './add-letter.ts'
import type { BatchStatistics } from './batch-statistics.ts'
import type { DeadLettersEvents } from './events.ts'
import type { Letter, LetterCounts, LetterGroup, OpenLetter } from './letter.ts'
import type { LetterState } from './machine.ts'
import type { BatchFilter } from './recovery-batch.ts'
import type { RetryProgress } from './retry-batch.ts'
import type { AuditPage, DeadLetterStore, LetterFilter, LetterPage } from './store.ts'
import type { DeadLetterUpkeep } from './upkeep.ts'
import type { PurgeStatistics } from './upkeep-status.ts'

/** Who does something, and why. Both go to the audit. */
export interface Operator {
  readonly actor: string
  readonly reason?: string | undefined
}

/** Options of {@link DeadLetters.retry}. */
export interface RetryOptions<Message = unknown> extends Operator {
  /**
   * Repairs the message before it is replayed. What it returns replaces the stored message. It sees the message, which is audited.
   * When it throws, nothing is replayed.
   */
  readonly transform?: (message: Message) => unknown
}

/** What became of a letter that was to be replayed. `already`: somebody else is replaying it or has settled it. */
export type RetryAnswer =
  | { readonly outcome: 'replayed'; readonly replayId: string }
  | { readonly outcome: 'already'; readonly state: LetterState; readonly replayId: string }

/** What became of a letter that was to be discarded. */
export type DiscardAnswer =
  | { readonly outcome: 'discarded' }
  | { readonly outcome: 'already'; readonly state: LetterState }

/** Options of {@link DeadLetters.list}. */
export interface ListOptions extends LetterFilter {
  /** @defaultValue `'dead'` */
  readonly state?: LetterState
  /** @defaultValue `'newest'` */
  readonly order?: 'oldest' | 'newest'
  /** The `next` of the page before. */
  readonly cursor?: string | undefined
  /** From 1 to 500. @defaultValue 50 */
  readonly limit?: number
}

/** Options of {@link DeadLetters.retryBatch}. */
export interface RetryBatchOptions extends Operator {
  /** The most letters to look at. @defaultValue 1000 */
  readonly limit?: number
  /** How many in a second. @defaultValue 10 */
  readonly rate?: number
  /** Only tells which letters it would be. @defaultValue `false` */
  readonly dryRun?: boolean
}

/** Options of {@link DeadLetters.purge}. The reason in the audit of each removal is why the letter was due: its age, or the count. */
export interface PurgeOptions extends Operator {
  /** Removes letters that have been dead for so long. @defaultValue any age */
  readonly olderThan?: Duration
  /** Removes the oldest until so many are dead. @defaultValue any number */
  readonly keep?: number
}

/** Options of {@link DeadLetters.audit}. */
export interface AuditOptions {
  /** Of one letter only. */
  readonly id?: string
  readonly cursor?: string | undefined
  /** From 1 to 1000. @defaultValue 100 */
  readonly limit?: number
}

/** A dead letter queue. Made by {@link deadLetters}. */
export interface DeadLetters<Message = unknown> {
  readonly kind: 'dead-letters'
  readonly name: string | undefined
  /** Where letters are kept. For those who store prepared letters themselves. */
  readonly store: DeadLetterStore
  /** What a started queue does by itself: how it does, and a way to do it now. */
  readonly upkeep: DeadLetterUpkeep

  /**
   * Keeps what failed for good. Anything may be the error.
   *
   * @returns The id of the letter, or of the one with the same dedupe key. It is stored when this resolves: acknowledge the message
   *   then, not before.
   * @throws {@link DeadLettersFullError}, {@link DeadLetterUnstorableError}, or what the store rejects with. Nothing was stored then, or
   *   in the last case perhaps; with a `dedupeKey` it can be added again.
   */
  add(message: Message, error: unknown, options?: AddOptions): Promise<string>

  /**
   * Does all that `add` does before the store is asked: names the failure, redacts, encodes. For who can store the letter and end what it is
   * about in one step, as streams of `@seaworthy/worker` do where letters live beside them.
   *
   * @throws {@link DeadLetterUnstorableError}
   */
  prepare(message: Message, error: unknown, options?: AddOptions): Promise<PreparedLetter>

  /**
   * The id of the letter that was added last with this dedupe key, also if it was replayed or settled since; undefined if there is none, it
   * is no more, or the store cannot tell.
   */
  lookup(dedupeKey: string): Promise<string | undefined>

  /** A letter without its content, or undefined. */
  get(id: string): Promise<Letter | undefined>

  /**
   * A letter with its content, or undefined. Audited.
   *
   * @throws {@link DeadLetterUnreadableError} when it is settled, or cannot be decoded.
   */
  view(id: string, by: Operator): Promise<OpenLetter<Message> | undefined>

  /** Letters in one state, without content, page by page. Pages stay right while letters come and go. */
  list(options?: ListOptions): Promise<LetterPage>

  /** Dead letters counted by type and error class, largest group first. */
  groups(): Promise<readonly LetterGroup[]>

  /** How many letters there are in each state. */
  stats(): Promise<LetterCounts>

  /**
   * Replays a letter, exactly once however many ask: the others get `already` and the same replay id.
   *
   * @throws {@link DeadLetterNotFoundError}; {@link DeadLetterLeasedError} while recovery works on it; {@link DeadLetterReplayError} when your
   *   `replay` function threw, and the letter is dead again; {@link DeadLetterUnstorableError} when the transform failed;
   *   {@link @seaworthy/core!InvalidOptionError} when nothing was given that could replay.
   */
  retry(id: string, options: RetryOptions<Message>): Promise<RetryAnswer>

  /**
   * Replays the letters that are dead when it begins, oldest first. Does one at a time, when asked for the next: leave the loop to
   * stop it. Ends when the queue is closed.
   */
  retryBatch(filter: LetterFilter, options: RetryBatchOptions): AsyncIterable<RetryProgress>

  /**
   * Ends a letter without a replay.
   *
   * @throws {@link DeadLetterNotFoundError}, {@link DeadLetterLeasedError}.
   */
  discard(id: string, by: Operator): Promise<DiscardAnswer>

  /**
   * Recovers letters that are due, as their strategies decide.
   *
   * @param size - How many at most. @defaultValue `recovery.batch`
   */
  processBatch(size?: number, filter?: BatchFilter): Promise<BatchStatistics>

  /** Removes letters that are dead. At least one limit must be given. */
  purge(options: PurgeOptions): Promise<PurgeStatistics>

  /** Who did what, oldest first. */
  audit(options?: AuditOptions): Promise<AuditPage>

  /** Begins retention, and recovery if there is something that can replay. The timers keep no process alive. */
  start(): void

  /**
   * Ends upkeep and batches, and waits for the letters that are being replayed. Letters that were claimed but not begun are given back.
   * Takes the queue off the hub. Does not close the store.
   */
  close(): Promise<void>

  /** Subscribes to an event. @returns A function that unsubscribes. */
  on<E extends keyof DeadLettersEvents & string>(
    event: E,
    listener: Listener<DeadLettersEvents[E]>,
  ): () => void

  /** Exact sizes: `listeners`, `timers`, `upkeep` tasks that run, `batches`, letters being `replaying` here. */
  debugStats(): Record<string, number>
}
