/**
 * What the handler is given to show and to act on, by shape: `@seaworthy/health`, `@seaworthy/degradation`, `@seaworthy/dead-letter`,
 * `@seaworthy/drill` and `@seaworthy/telemetry` fit, and so may things of your own.
 */
import type {
  DegradationView,
  DrillBreakerAnswer,
  DrillCascadeAnswer,
  DrillChaosAnswer,
  DrillCleanupAnswer,
  DrillInjectionAnswer,
  DrillMemoryAnswer,
  DrillMemoryHistoryAnswer,
  DrillReportAnswer,
  DrillStatusAnswer,
  DrillTestAnswer,
  HealthCheckView,
  HealthWord,
  LetterStateWord,
  LetterView,
  LevelWord,
  RuleView,
} from './wire.ts'

/** What is known about the health of the process. */
export interface HealthReportLike {
  readonly status: HealthWord
  readonly time: number
  readonly notes: readonly string[]
  readonly checks: readonly HealthCheckView[]
}

/** A registry of health checks, such as `createHealth` makes. */
export interface HealthLike {
  readonly draining: boolean
  report(kind?: 'liveness' | 'readiness' | 'startup'): Promise<HealthReportLike>
  snapshot(): HealthReportLike
}

/** The same fields, where `undefined` may stand for what is left out, as plain data of other packages has it. */
export type Loose<T> = { readonly [K in keyof T]: T[K] | undefined }

/** The state of a manager of the level. */
export interface DegradationSnapshotLike
  extends Omit<
      Loose<DegradationView>,
      'level' | 'value' | 'serviceLevel' | 'since' | 'source' | 'override' | 'rules' | 'features'
    >,
    Pick<DegradationView, 'level' | 'value' | 'serviceLevel' | 'since' | 'source'> {
  readonly override: Loose<NonNullable<DegradationView['override']>> | undefined
  readonly rules?: readonly (Pick<RuleView, 'id' | 'level' | 'active'> & Loose<RuleView>)[] | undefined
  readonly features:
    | readonly {
        readonly name: string
        readonly on: boolean
        readonly maxLevel: LevelWord
        readonly killed?:
          | { readonly reason: string; readonly actor: string; readonly expiresAt?: number | undefined }
          | undefined
      }[]
    | undefined
}

/** A manager of the level, such as `createDegradation` makes. */
export interface DegradationLike {
  snapshot(): DegradationSnapshotLike
  set(
    level: LevelWord,
    options: {
      readonly reason: string
      readonly actor: string
      readonly ttl?: number | null
      readonly mode?: 'pin' | 'floor'
    },
  ): DegradationSnapshotLike
  clear(by: { readonly actor: string; readonly reason?: string }): DegradationSnapshotLike
  killFeature(
    feature: string,
    options: { readonly reason: string; readonly actor: string; readonly ttl?: number | null },
  ): void
  restoreFeature(feature: string, by: { readonly actor: string }): void
}

/** A letter as a queue tells it. */
export interface LetterLike extends Omit<Loose<LetterView>, 'error'> {
  readonly id: string
  readonly error: { readonly name: string; readonly message: string; readonly code?: string | undefined }
}

/** A letter with what is behind its error and what happened before. */
export interface LetterDetailLike extends LetterLike {
  readonly error: LetterLike['error'] & {
    readonly causes: readonly {
      readonly name: string
      readonly message: string
      readonly code?: string | undefined
    }[]
  }
  readonly history: readonly {
    readonly at: number
    readonly event: string
    readonly by?: string | undefined
  }[]
}

/** Who wants it, and why. */
export interface OperatorLike {
  readonly actor: string
  readonly reason?: string | undefined
}

/** How many letters there are. */
export interface LetterCountsLike {
  readonly dead: number
  readonly leased: number
  readonly replaying: number
  readonly replayed: number
  readonly resolved: number
  readonly discarded: number
  readonly oldest: number | undefined
  readonly now: number
}

/** How far a batch of retries is. */
export interface RetryProgressLike {
  readonly examined: number
  readonly replayed: number
  readonly already: number
  readonly leased: number
  readonly missing: number
  readonly failed: number
}

/** A queue of dead letters, such as `deadLetters` makes. */
export interface DeadLettersLike {
  list(options: {
    readonly type?: string | undefined
    readonly state?: LetterStateWord
    readonly order?: 'oldest' | 'newest'
    readonly cursor?: string | undefined
    readonly limit?: number
  }): Promise<{
    readonly items: readonly LetterLike[]
    readonly next: string | undefined
    readonly now: number
  }>
  get(id: string): Promise<LetterDetailLike | undefined>
  view(id: string, by: OperatorLike): Promise<{ readonly message: unknown } | undefined>
  stats(): Promise<LetterCountsLike>
  retry(
    id: string,
    by: OperatorLike,
  ): Promise<{ readonly outcome: 'replayed' | 'already'; readonly replayId?: string }>
  retryBatch(
    filter: { readonly type?: string | undefined; readonly errorClass?: string | undefined },
    options: OperatorLike & { readonly limit?: number; readonly rate?: number; readonly dryRun?: boolean },
  ): AsyncIterable<RetryProgressLike>
  discard(id: string, by: OperatorLike): Promise<{ readonly outcome: 'discarded' | 'already' }>
  processBatch(size?: number): Promise<unknown>
  purge(
    options: OperatorLike & { readonly olderThan?: number; readonly keep?: number },
  ): Promise<{ readonly byAge: number; readonly byCount: number; readonly settled: number }>
}

/** Metrics as text, such as `prometheusMetrics` of `@seaworthy/telemetry` makes them. */
export interface MetricsLike {
  readonly contentType: string
  metrics(): Promise<string>
}

/** Who asks for a drill, and whether it is the same request as before. */
export interface DrillCallerLike {
  readonly actor?: string
  readonly idempotencyKey?: string
}

/**
 * Starts and stops what breaks or watches the service, such as `drillControl` of `@seaworthy/drill`. Bodies are as they were sent; it checks them, and throws errors with
 * the codes `ERR_DRILL_…`.
 */
export interface DrillControlLike {
  startChaos(body: unknown, caller: DrillCallerLike): Promise<DrillChaosAnswer>
  inject(id: string, body: unknown, caller: DrillCallerLike): Promise<DrillInjectionAnswer>
  chaos(id: string): DrillChaosAnswer
  stopChaos(id: string): DrillChaosAnswer
  startMemory(body: unknown, caller: DrillCallerLike): Promise<DrillMemoryAnswer>
  memory(id: string): DrillMemoryAnswer
  memoryHistory(id: string, hours: number | undefined): DrillMemoryHistoryAnswer
  stopMemory(id: string): DrillMemoryAnswer
  testBreaker(name: string | undefined, caller: DrillCallerLike): Promise<DrillBreakerAnswer>
  testCascades(topology: unknown, only: unknown, caller: DrillCallerLike): Promise<DrillCascadeAnswer>
  startTest(body: unknown, caller: DrillCallerLike): Promise<DrillTestAnswer>
  test(id: string): DrillTestAnswer
  testReport(id: string, options: { readonly partial: boolean; readonly events: boolean }): DrillReportAnswer
  stopTest(id: string): DrillTestAnswer
  tests(): readonly DrillTestAnswer[]
  status(): DrillStatusAnswer
  cleanup(): DrillCleanupAnswer
}

/** Where warnings of the handler itself go: a logger as pino has it. */
export interface OpsLogger {
  warn(fields: object, message: string): unknown
}
