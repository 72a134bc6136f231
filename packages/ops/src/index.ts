/**
 * Health, metrics, administration, reports and a dashboard over HTTP, with one handler for any server.
 *
 * @module @seaworthy/ops
 */
export type { AuditSink } from './audit.ts'
export { type Authenticate, type BearerToken, bearer, type Principal } from './auth/authenticate.ts'
export type { OpsEvents } from './events.ts'
export type { RequestInfo } from './http/request-info.ts'
export { createOps, type Ops } from './ops.ts'
export type { OpsOptions, OpsProfile } from './options.ts'
export type {
  DeadLettersLike,
  DegradationLike,
  DegradationSnapshotLike,
  DrillCallerLike,
  DrillControlLike,
  HealthLike,
  HealthReportLike,
  LetterCountsLike,
  LetterDetailLike,
  LetterLike,
  Loose,
  MetricsLike,
  OperatorLike,
  OpsLogger,
  RetryProgressLike,
} from './parts.ts'
export { reportAsMarkdown } from './report/markdown.ts'
export {
  type MemoryUpkeepStoreOptions,
  memoryUpkeepStore,
  type TurnRequest,
  type UpkeepStore,
} from './upkeep/lease-store.ts'
export { type StandardJobsOptions, standardJobs } from './upkeep/standard-jobs.ts'
export type { UpkeepJobStatus, UpkeepLike, UpkeepOutcome, UpkeepRunResult } from './upkeep/status.ts'
export {
  type Upkeep,
  type UpkeepEvents,
  type UpkeepJobOptions,
  type UpkeepOptions,
  upkeep,
} from './upkeep/upkeep.ts'
export type * from './wire.ts'
