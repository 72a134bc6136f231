/** What a dead letter is, as plain data. All times are milliseconds since 1970 on the clock of the store. */
import type { FailureClass } from '@seaworthy/core'
import type { LetterState, Transition } from './machine.ts'

/** One error behind another. */
export interface StoredCause {
  readonly name: string
  /** At most 10,000 characters. */
  readonly message: string
  readonly code?: string
}

/** An error as it can be kept: texts of bounded length, whatever was thrown. Made by {@link storedError}. */
export interface StoredError extends StoredCause {
  /** At most 8,192 characters. */
  readonly stack?: string
  /** What is behind it, nearest first, at most 5. */
  readonly causes: readonly StoredCause[]
}

/** One thing that happened to the work before it died, for example an attempt. */
export interface HistoryEntry {
  /** When, in milliseconds since 1970, on the clock of whoever reports it. */
  readonly at: number
  /** What, in a word or two: `attempt failed`. */
  readonly event: string
  /** Who did it, for example the name of a worker. */
  readonly by?: string
  /** More about it. Nothing secret: it is neither redacted nor encrypted. */
  readonly detail?: string
}

/** What the index of a queue is made of: everything about a letter but its content. */
export interface LetterHeader {
  /**
   * Sorts by time of death: 13 digits of milliseconds and 9 of a sequence, both of the store, a dash, and the token of
   * {@link NewLetter}.
   */
  readonly id: string
  readonly state: LetterState
  /** The kind of work or of failure, by which recovery is chosen. */
  readonly type: string
  /** The kind of failure, as the classifier judged it; the same as `type` where nobody named one. */
  readonly failure: string
  readonly failureClass: FailureClass
  /** What errors of one cause share: name, code and message with numbers and ids masked. */
  readonly errorClass: string
  readonly maxRetries: number | undefined
  /** Retries made before it died, counted after the first run. */
  readonly retryCount: number | undefined
  /** How often the work had been replayed from dead letters before it died this time. */
  readonly replays: number
  /** How often replaying this letter has failed. */
  readonly attempts: number
  readonly taskId: string | undefined
  /** Where it came from, for example the name of a queue. */
  readonly source: string | undefined
  readonly journey: string | undefined
  readonly firstFailedAt: number | undefined
  readonly diedAt: number
  /** When recovery may look at it; undefined if only a person may. */
  readonly due: number | undefined
  readonly settledAt: number | undefined
  /** Who holds it, in the states `leased` and `replaying`. */
  readonly owner: string | undefined
  /** When that lapses. */
  readonly leasedUntil: number | undefined
  /**
   * The id of its replay, fixed for ever: one letter is replayed once, however often that is tried. The consumer's
   * idempotency key. `<id>:<replays + 1>`.
   */
  readonly replayId: string
}

/** A letter in a list. Neither message nor config. */
export interface LetterSummary extends LetterHeader {
  readonly error: StoredCause
}

/** A letter as the queue hands it out. Its message and config are seen only by {@link DeadLetters.view} and recovery. */
export interface Letter extends LetterHeader {
  readonly error: StoredError
  /** The last 10 things that happened before it died. */
  readonly history: readonly HistoryEntry[]
}

/** A letter with its content. */
export interface OpenLetter<Message = unknown> extends Letter {
  readonly message: Message
  readonly config: unknown
}

/** A letter as a store keeps it. */
export interface StoredLetter extends Letter {
  /** Message and config, encoded; undefined once the letter is settled. */
  readonly payload: string | undefined
}

/** Letters that share a type and an error class. */
export interface LetterGroup {
  readonly type: string
  readonly errorClass: string
  readonly count: number
  /** When the oldest and the newest of them died. */
  readonly oldest: number
  readonly newest: number
}

/** How many letters there are in each state, and how old. */
export interface LetterCounts {
  readonly dead: number
  readonly leased: number
  readonly replaying: number
  /** Settled letters that are still remembered. */
  readonly replayed: number
  readonly resolved: number
  readonly discarded: number
  /** When the oldest letter that is `dead` died. */
  readonly oldest: number | undefined
  /** What time it is on the store's clock. */
  readonly now: number
}

/** What audit entries tell. */
export type AuditEvent = Transition | 'added' | 'duplicate' | 'viewed' | 'expired' | 'dropped'

/** One entry of the audit. */
export interface AuditEntry {
  /** Its place: give it as `cursor` to read on behind it. */
  readonly cursor: string
  readonly at: number
  /** The letter. */
  readonly id: string
  readonly event: AuditEvent
  /** The state of the letter before; undefined for a letter that was added. */
  readonly from: LetterState | undefined
  /** The state after; undefined for a letter that was removed. */
  readonly to: LetterState | undefined
  /** Who wanted it: an operator's name, or `recovery`, `retention`, `overflow`. */
  readonly actor: string
  readonly reason: string | undefined
}
