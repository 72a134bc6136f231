/** What control of drills answers. Plain data; times are milliseconds since 1970, durations milliseconds. */
import type { ChaosCounters, ChaosSettings, InjectionStatus } from '@seaworthy/chaos'
import type { TransitionCoverage } from '../breakers/coverage.ts'
import type { BreakerTestResult } from '../breakers/test-breaker.ts'
import type { CascadeResult } from '../cascades/run-cascade.ts'
import type { PhaseName } from '../events.ts'
import type { CriticalMemory } from '../memory/critical.ts'
import type { CountChange } from '../memory/gauges.ts'
import type { MonitorOverhead } from '../memory/monitor.ts'
import type { MemoryPoint } from '../memory/points.ts'
import type { MemoryVerdict } from '../memory/verdict.ts'
import type { DrillReport } from '../report/report.ts'

/** Something that was started. */
export interface StartedView {
  readonly id: string
  /** Who started it, if that is known. */
  readonly startedBy?: string
  readonly startedAt: number
  readonly endedAt?: number
}

/** A chaos service. */
export interface ChaosView extends StartedView {
  /** `stopping`: its faults are gone, and the service under test is not well yet, or a fault could not be taken away. */
  readonly state: 'running' | 'stopping' | 'stopped'
  /** Whether an injection would pass the gates of that name now. */
  readonly armed: boolean
  readonly dryRun: boolean
  readonly killed: boolean
  readonly maxConcurrentChaos: number
  /** As it was asked for. */
  readonly settings: ChaosSettings
  readonly seed: string
  /** What may be broken, and how. */
  readonly targets: readonly string[]
  readonly scenarios: readonly string[]
  readonly counters: ChaosCounters
  /** Those that have not settled yet, and the last hundred that have. */
  readonly injections: readonly InjectionView[]
}

/** An injection. */
export type InjectionView = Pick<
  InjectionStatus,
  'id' | 'scenario' | 'targets' | 'phase' | 'duration' | 'decided' | 'affected' | 'skipped'
> & {
  /** The chaos service that it belongs to. */
  readonly service: string
  /** Which gate was closed. */
  readonly reason?: NonNullable<InjectionStatus['reason']>
  readonly startedAt?: number
  readonly endsAt?: number
  readonly outcome?: NonNullable<InjectionStatus['outcome']>
  readonly recoveryTook?: number
}

/** A memory monitor. Sizes are bytes. */
export interface MemoryView extends StartedView {
  readonly state: 'running' | 'stopped'
  readonly verdict: MemoryVerdict
  readonly overhead: MonitorOverhead
  readonly peakRss: number
  readonly latest?: MemoryPoint
  readonly critical?: CriticalMemory
  /** Why readings ended before their time. */
  readonly failure?: string
  /** Sizes that are not what they were, if objects are tracked. */
  readonly objects?: readonly CountChange[]
}

/** What a monitor has seen. */
export interface MemoryHistoryView {
  readonly id: string
  /** `at` and `until` of a point count from here. */
  readonly startedAt: number
  readonly points: readonly MemoryPoint[]
}

/** What the tests of a circuit breaker came to. */
export interface BreakerTestsView {
  readonly circuitName: string
  readonly passed: boolean
  readonly passedTests: number
  readonly tests: readonly Omit<BreakerTestResult, 'transitions'>[]
  readonly coverage: TransitionCoverage
  readonly took: number
}

/** What the cascades of a graph came to. */
export interface CascadeTestsView {
  /** Whether every cascade that the graph can show stayed where it was, and would not have without the defence. */
  readonly passed: boolean
  readonly cascades: readonly CascadeView[]
  /** Whether the emergency stop ended it. Then some are missing. */
  readonly interrupted: boolean
  readonly took: number
}

/** What one cascade came to. */
export type CascadeView = Pick<
  CascadeResult,
  'id' | 'name' | 'fault' | 'passed' | 'metrics' | 'recommendations' | 'requests'
> & {
  readonly notApplicable?: string
  /** The same without the defence. It must not pass. */
  readonly control?: { readonly leftOut: string; readonly passed: boolean }
}

/** A complete test. */
export interface TestView extends StartedView {
  readonly state: 'running' | 'stopping' | 'finished'
  readonly profile: string
  readonly seed: string
  readonly elapsed: number
  readonly phase: PhaseName
  /** Those that are over, in order. */
  readonly phases: readonly {
    readonly phase: PhaseName
    readonly outcome: 'completed' | 'failed' | 'skipped'
    readonly reason?: string
  }[]
  readonly chaosEventsTriggered: number
  readonly successfulRecoveries: number
  /** Why it was stopped before its time. */
  readonly interrupted?: string
  /** When it is over. */
  readonly result?: DrillReport['overall_result']
  readonly exitCode?: number
}

/** The report of a complete test. */
export type TestReportView = Omit<DrillReport, 'events'> & {
  /** Whether the test goes on. */
  readonly partial: boolean
  /** Only if asked for, and if there are no more than are kept. */
  readonly events?: DrillReport['events']
}

/** All that there is. The newest first. */
export interface ControlView {
  readonly time: number
  readonly armed: boolean
  readonly targets: readonly string[]
  /** Faults that are in place now. */
  readonly faults: number
  readonly chaos: readonly Pick<ChaosView, 'id' | 'state' | 'startedAt' | 'startedBy'>[]
  readonly memory: readonly Pick<MemoryView, 'id' | 'state' | 'startedAt' | 'startedBy'>[]
  readonly tests: readonly TestView[]
  readonly circuitBreakers: readonly string[]
  readonly profiles: readonly string[]
}

/** What the emergency stop has ended. Empty lists: there was nothing left to end. */
export interface CleanupView {
  readonly chaos: readonly string[]
  readonly memory: readonly string[]
  readonly tests: readonly string[]
  /** Faults of injections that could not be taken away yet. Another call tries again. */
  readonly faults: number
}
