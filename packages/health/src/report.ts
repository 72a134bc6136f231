/** What a registry of health checks answers. */

/** How something does: works, works with trouble, does not work. */
export type HealthStatus = 'pass' | 'warn' | 'fail'

/**
 * Why a status is not simply a check's own word:
 *
 * - `error`: the check threw, or answered `false`.
 * - `timeout`: it did not answer within its time limit.
 * - `hung`: it did not, and has not to this day; it is not called again until it does.
 * - `stale`: its last answer is too old to mean anything.
 * - `pending`: it has not answered yet.
 * - `refused`: there is no connection to what it checks.
 */
export type HealthCode = 'error' | 'timeout' | 'hung' | 'stale' | 'pending' | 'refused'

/** What a failing check does to the whole. */
export type Criticality = 'critical' | 'important' | 'optional'

/**
 * Which question a check answers: whether only a restart helps (`liveness`), whether the process should get requests
 * (`readiness`), whether it has started (`startup`).
 */
export type HealthKind = 'liveness' | 'readiness' | 'startup'

/** What is known about one check. Durations are milliseconds; points in time are milliseconds since 1970. */
export interface HealthCheckResult {
  readonly name: string
  /** What counts, after thresholds; `unknown` while the check has not answered, or not for too long. */
  readonly status: HealthStatus | 'unknown'
  /** What the check said last. */
  readonly lastStatus: HealthStatus | 'unknown'
  readonly code?: HealthCode
  readonly criticality: Criticality
  readonly kinds: readonly HealthKind[]
  /** What is checked, for example `datastore`. */
  readonly componentType?: string
  readonly observedValue?: number
  readonly observedUnit?: string
  /** What went wrong in words: for readers with permission only, though secrets were taken out. */
  readonly output?: string
  /** When the check answered last. */
  readonly checkedAt?: number
  /** How long ago that was. */
  readonly age?: number
  /** How long it took. */
  readonly duration?: number
  /** Since when it has its status. */
  readonly since?: number
  /** How many answers in a row were the last one. */
  readonly consecutive: number
  /** Whether the status changes so often that it means little. */
  readonly flapping: boolean
}

/** The answer to how the process does. */
export interface HealthReport {
  readonly status: HealthStatus
  /** When it was made, in milliseconds since 1970. */
  readonly time: number
  /** What else matters, in a few words each, for example `draining`. */
  readonly notes: readonly string[]
  readonly checks: readonly HealthCheckResult[]
}

/**
 * The status of the whole: `fail` if something critical fails or is unknown; `warn` if something critical warns, or
 * something important does not pass; else `pass`. What is optional does not count.
 */
export function overall(checks: readonly Pick<HealthCheckResult, 'status' | 'criticality'>[]): HealthStatus {
  let worst: HealthStatus = 'pass'
  for (const { status, criticality } of checks) {
    if (status === 'pass' || criticality === 'optional') continue
    if (criticality === 'critical' && status !== 'warn') return 'fail'
    worst = 'warn'
  }
  return worst
}
