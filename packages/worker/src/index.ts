/**
 * Processes a stream of tasks: worker with heartbeats, retries and drain, and a reaper that takes over from the dead.
 *
 * @packageDocumentation
 * @module @seaworthy/worker
 */
export type { BurialAnswer, TaskBurial } from './burial.ts'
export type { CommitAnswer, TaskCommit, TaskEnd } from './commit.ts'
export { type DeadLetterSink, replayHeader, replayTo, type TaskMessage } from './dead-letter-sink.ts'
export type { PoisonLimits } from './entry.ts'
export * as entryMachine from './entry.ts'
export {
  type AbortCause,
  QueueFullError,
  StreamClosedError,
  TaskAbortedError,
  TaskDeathError,
} from './errors.ts'
export type { StoreTrouble } from './insist.ts'
export type { RetryDelay, RetryDelayInput } from './judgement.ts'
export { type MemoryStream, type MemoryStreamOptions, memoryStream } from './memory-stream.ts'
export type { RetryOptions, TakeOverOptions, TaskIdempotencyOptions, WorkerOptions } from './options.ts'
export { type Reaper, type ReaperEvents, type ReaperOptions, type ReapSummary, reaper } from './reaper.ts'
export type {
  Burial,
  FetchRequest,
  Postponement,
  Promoted,
  Reaped,
  ReapRequest,
  ReconcileRequest,
  StreamStats,
  TaskStream,
} from './stream.ts'
export type { Delivery, NewTask, TaskAudit, TaskCounts, TaskEvent } from './task.ts'
export type { TaskContext } from './task-context.ts'
export { type Worker, worker } from './worker.ts'
export type {
  DeathReason,
  PostponeReason,
  RunFacts,
  TaskFacts,
  WorkerEvents,
  WorkerState,
} from './worker-events.ts'
