/**
 * Keeps what failed for good: a dead letter queue with recovery, replay, retention and audit.
 *
 * @module @seaworthy/dead-letter
 */
export type { AddOptions, PreparedLetter } from './add-letter.ts'
export { type AesGcmOptions, aesGcm } from './aes-gcm.ts'
export type { BatchStatistics } from './batch-statistics.ts'
export {
  type Captured,
  type CaptureFailed,
  type DeadLetterEvents,
  type DeadLetterOptions,
  type DeadLetterPolicy,
  deadLetter,
} from './dead-letter.ts'
export { deadLetters } from './dead-letters.ts'
export { errorClass } from './error-class.ts'
export {
  type DeadLetterErrorCode,
  DeadLetterLeasedError,
  DeadLetterNotFoundError,
  DeadLetterReplayError,
  DeadLettersFullError,
  DeadLetterUnreadableError,
  DeadLetterUnstorableError,
} from './errors.ts'
export type {
  DeadLettersEvents,
  LetterAdded,
  LetterDropped,
  LetterDuplicate,
  LetterExpired,
  LetterRefused,
  LetterReplayed,
  LetterReplayFailed,
  LetterSettled,
  LetterViewed,
  Purged,
  Recovered,
  StoreFailed,
  StrategyFailed,
  UpkeepRan,
} from './events.ts'
export { type FailureRule, type FailureTraits, failureRule, standardFailures } from './failure-type.ts'
export type {
  AuditEntry,
  AuditEvent,
  HistoryEntry,
  Letter,
  LetterCounts,
  LetterGroup,
  LetterHeader,
  LetterSummary,
  OpenLetter,
  StoredCause,
  StoredError,
  StoredLetter,
} from './letter.ts'
export type { LetterState, SettleOutcome, Transition } from './machine.ts'
export * as letterMachine from './machine.ts'
export {
  type MemoryDeadLetters,
  type MemoryDeadLettersOptions,
  memoryDeadLetters,
} from './memory-dead-letters.ts'
export type {
  DeadLettersOptions,
  RecoveryOptions,
  Redactable,
  Replay,
  ReplayInfo,
  RetentionOptions,
} from './options.ts'
export { jsonPayload, type PayloadCodec } from './payload.ts'
export type {
  AuditOptions,
  DeadLetters,
  DiscardAnswer,
  ListOptions,
  Operator,
  PurgeOptions,
  RetryAnswer,
  RetryBatchOptions,
  RetryOptions,
} from './queue.ts'
export {
  type BackoffInput,
  discard,
  manual,
  type RecoveryDecision,
  type RecoveryFunction,
  type RecoveryProgress,
  type RecoveryStrategy,
  type RecoveryTools,
  type ReplayBackoff,
  type ReplayCondition,
  type ReplayLimit,
  type ReplayWhenOptions,
  reconcile,
  replayAfter,
  replayWhen,
  type StandardRecoveryOptions,
  standardRecovery,
  whenClosed,
} from './recovery.ts'
export type { BatchFilter } from './recovery-batch.ts'
export type { RetryProgress } from './retry-batch.ts'
export type {
  AddResult,
  AuditPage,
  AuditQuery,
  By,
  Claimed,
  ClaimRequest,
  DeadLetterStore,
  DiscardResult,
  LetterFilter,
  LetterPage,
  ListQuery,
  NewLetter,
  RemovedLetter,
  RetryRequest,
  RetryResult,
  Settlement,
  TrimRequest,
  TrimResult,
  TurnRequest,
} from './store.ts'
export { storedError } from './stored-error.ts'
export type { DeadLetterUpkeep } from './upkeep.ts'
export type { PurgeStatistics, UpkeepJob, UpkeepRun, UpkeepStatus } from './upkeep-status.ts'
