/** The events of a queue. They tell ids, types, classes, counts and durations; never messages or error texts. */
import type { FailureClass } from '@seaworthy/core'
import type { BatchStatistics } from './batch-statistics.ts'
import type { RemovedLetter } from './store.ts'
import type { PurgeStatistics, UpkeepJob } from './upkeep-status.ts'

interface OfQueue {
  /** The name of the queue. */
  readonly name: string | undefined
}

interface OfLetter extends OfQueue {
  readonly id: string
  readonly type: string
}

/** A letter was added. */
export interface LetterAdded extends OfLetter {
  readonly failure: string
  readonly failureClass: FailureClass
  /** How often the work was replayed before it died this time. */
  readonly replays: number
}

/** A letter with the same dedupe key was there. */
export interface LetterDuplicate extends OfLetter {}

/** There was no room for a letter, and it was not stored. */
export interface LetterRefused extends OfQueue {
  readonly type: string
}

/** A letter had to go to make room for another. */
export interface LetterDropped extends OfLetter {
  /** Milliseconds since it died. */
  readonly age: number
}

/** Somebody looked at the content of a letter. */
export interface LetterViewed extends OfQueue {
  readonly id: string
  readonly actor: string
}

/** A letter was replayed. */
export interface LetterReplayed extends OfLetter {
  readonly replayId: string
  /** 1 for the first replay of the work. */
  readonly replayNumber: number
  readonly actor: string
}

/** Replaying a letter failed; it is dead again. */
export interface LetterReplayFailed extends OfLetter {
  readonly failureClass: FailureClass
  /** How often replaying this letter has failed. */
  readonly attempts: number
}

/** A letter was settled without a replay. */
export interface LetterSettled extends OfLetter {
  readonly actor: string
}

/** Retention removed a letter. */
export interface LetterExpired extends OfLetter {
  readonly cause: RemovedLetter['cause']
  /** Milliseconds since it died. */
  readonly age: number
}

/** Recovery worked through a batch. */
export interface Recovered extends OfQueue, BatchStatistics {}

/** Retention removed something. */
export interface Purged extends OfQueue, PurgeStatistics {}

/** A run of upkeep has ended in this process. */
export interface UpkeepRan extends OfQueue {
  readonly job: UpkeepJob
  /** `failed`: the store did. What it had done by then is done. */
  readonly outcome: 'done' | 'failed'
  /** Milliseconds it took. */
  readonly duration: number
  /** How many letters were claimed by recovery, or removed by retention; 0 if it failed. */
  readonly letters: number
  /** How many runs in a row have failed in this process. */
  readonly failures: number
  /** Milliseconds until the next run. */
  readonly nextIn: number
}

/** A strategy or condition of yours threw. */
export interface StrategyFailed extends OfLetter {
  readonly failureClass: FailureClass
}

/** The store failed. The caller got its error, if there was one. */
export interface StoreFailed extends OfQueue {
  /** The method of the store. */
  readonly operation: string
  readonly failureClass: FailureClass
}

/** The events of {@link DeadLetters}. */
export type DeadLettersEvents = {
  added: LetterAdded
  duplicate: LetterDuplicate
  refused: LetterRefused
  dropped: LetterDropped
  viewed: LetterViewed
  replayed: LetterReplayed
  replayFailed: LetterReplayFailed
  resolved: LetterSettled
  discarded: LetterSettled
  expired: LetterExpired
  recovered: Recovered
  purged: Purged
  upkeep: UpkeepRan
  strategyFailed: StrategyFailed
  storeFailed: StoreFailed
}
