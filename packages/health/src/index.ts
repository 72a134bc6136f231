/**
 * Health checks that tell the truth, and the answers to the probes of an orchestrator.
 *
 * @module @seaworthy/health
 */
export type {
  CheckAnswer,
  CheckContext,
  CheckFinding,
  CheckOptions,
  HealthCheck,
} from './check.ts'
export { type DiskCheckOptions, diskCheck } from './checks/disk.ts'
export { type EventLoopCheckOptions, eventLoopCheck } from './checks/event-loop.ts'
export { type HttpCheckOptions, httpCheck } from './checks/http.ts'
export { type MemoryCheckOptions, memoryCheck } from './checks/memory.ts'
export { type PostgresLike, postgresCheck } from './checks/postgres.ts'
export { type RedisLike, redisCheck } from './checks/redis.ts'
export type { ContributionOptions } from './contributions.ts'
export { type DrainOptions, drainOnSignal } from './drain-on-signal.ts'
export type { HealthEvents } from './events.ts'
export { createHealth, type Health, type HealthOptions } from './health.ts'
export type {
  Criticality,
  HealthCheckResult,
  HealthCode,
  HealthKind,
  HealthReport,
  HealthStatus,
} from './report.ts'
