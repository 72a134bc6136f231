/** The report of a drill, as data. */
import type { DrillEvent, PhaseName } from '../events.ts'
import { criteriaOf } from './criteria.ts'
import type { Criterion } from './criterion.ts'
import { environment, type ReportEnvironment } from './environment.ts'
import { type Figures, figuresOf } from './figures.ts'
import type { CriteriaLimits } from './limits.ts'
import { type Recommendation, recommendationsOf } from './recommendations.ts'

/**
 * What a drill came to. The names of the first thirteen fields are those of the documents that ask for them; everything can be computed again from `events`.
 */
export interface DrillReport {
  readonly test_id: string
  /** `FAILED`: a criterion was not met. `PARTIAL`: none was missed, and not everything could be judged. */
  readonly overall_result: 'PASSED' | 'FAILED' | 'PARTIAL'
  readonly exit_criteria_met: boolean
  /** Of real time. */
  readonly test_duration_hours: number
  readonly memory_leak_detected: boolean
  readonly phases_completed: readonly PhaseName[]
  readonly chaos_events_triggered: number
  readonly successful_recoveries: number
  /** Rounded down to three decimals. */
  readonly recovery_success_rate: number
  /** Null when it was not measured. */
  readonly memory_growth_percent: number | null
  /** Null when it was not measured. */
  readonly max_memory_usage_mb: number | null
  readonly circuit_breaker_tests_passed: number
  /** All failures stayed where they were, and would not have without the defence. */
  readonly cascading_failure_recovery: boolean

  readonly schema_version: 1
  readonly seed: string
  readonly profile: string
  /** Of all that happened in virtual time: the same for every run of a seed. */
  readonly event_hash: string
  readonly interrupted: boolean
  /** What a command that ran it exits with: see {@link exitCodeOf}. */
  readonly exit_code: number
  /** The command that runs it again. */
  readonly replay: string
  readonly environment: ReportEnvironment
  readonly criteria: readonly Criterion[]
  readonly figures: Figures
  readonly recommendations: readonly Recommendation[]
  /** What went wrong with the drill itself. */
  readonly problems: readonly string[]
  readonly events: readonly DrillEvent[]
}

/** What is not in the log. */
export interface ReportContext {
  readonly eventHash: string
  readonly limits: CriteriaLimits
  /** Milliseconds of real time. */
  readonly took: number
  /** What ended the drill before its time. */
  readonly failures: readonly unknown[]
}

/** Builds the report. */
export function reportOf(events: readonly DrillEvent[], context: ReportContext): DrillReport {
  const figures = figuresOf(events)
  const criteria = criteriaOf(events, context.limits, figures)
  const verdict = verdictOf(events, criteria, context.failures)
  const started = events.find((event) => event.type === 'run.started')
  const verdicts = events.filter((event) => event.type === 'memory.verdict')
  const growth = verdicts.flatMap(({ growthPercent }) => growthPercent ?? [])
  const peaks = events.flatMap((event) =>
    event.type === 'memory.sample'
      ? event.rss
      : event.type === 'measurement' && event.id === 'peak_rss'
        ? event.value
        : [],
  )
  const recovered = figures.injections.filter(({ outcome }) => outcome === 'recovered').length
  const injected = figures.injections.length
  const passed = (id: string): boolean => criteria.some((each) => each.id === id && each.status === 'pass')
  const seed = started?.seed ?? ''
  const profile = started?.profile ?? ''
  return {
    test_id: `drill-${profile}-${seed}-${context.eventHash.slice(0, 12)}`,
    overall_result: verdict,
    exit_criteria_met: verdict === 'PASSED',
    test_duration_hours: round(context.took / 3_600_000, 4),
    memory_leak_detected: verdicts.some(
      ({ verdict }) => verdict === 'leak' || verdict === 'native-or-fragmentation',
    ),
    phases_completed: events.flatMap((event) =>
      event.type === 'phase.ended' && event.outcome === 'completed' ? event.phase : [],
    ),
    chaos_events_triggered: injected,
    successful_recoveries: recovered,
    recovery_success_rate: injected === 0 ? 0 : Math.floor((1000 * recovered) / injected) / 1000,
    memory_growth_percent: growth.length === 0 ? null : round(Math.max(...growth), 2),
    max_memory_usage_mb: peaks.length === 0 ? null : round(highest(peaks) / 2 ** 20, 1),
    circuit_breaker_tests_passed: events.filter((event) => event.type === 'breaker.test' && event.passed)
      .length,
    cascading_failure_recovery: passed('cascades') && passed('cascade_controls'),
    schema_version: 1,
    seed,
    profile,
    event_hash: context.eventHash,
    interrupted: events.some((event) => event.type === 'run.interrupted'),
    exit_code: exitCodeOf(events, verdict, context.failures),
    replay: `npx seaworthy drill run --profile ${profile} --seed ${seed}`,
    environment: environment(),
    criteria,
    figures,
    recommendations: recommendationsOf(events, figures),
    problems: context.failures.map((failure) =>
      failure instanceof Error ? (failure.stack ?? failure.message) : String(failure),
    ),
    events,
  }
}

function verdictOf(
  events: readonly DrillEvent[],
  criteria: readonly Criterion[],
  failures: readonly unknown[],
): DrillReport['overall_result'] {
  const dirty = events.some((event) => event.type === 'cleanup.failed')
  if (dirty || failures.length > 0 || criteria.some(({ status }) => status === 'fail')) return 'FAILED'
  const unfinished = events.some(
    (event) => event.type === 'phase.ended' && event.outcome !== 'completed' && event.reason !== 'left out',
  )
  const open = criteria.length === 0 || criteria.some(({ status }) => status === 'inconclusive')
  return unfinished || open ? 'PARTIAL' : 'PASSED'
}

/**
 * - 0: passed.
 * - 1: a criterion was not met.
 * - 2: not everything could be judged.
 * - 3: the service was not well before anything was broken.
 * - 4: something could not be taken back.
 * - 70: the drill itself failed.
 *
 * When several apply: 4, 70, 1, 3, 2.
 */
export function exitCodeOf(
  events: readonly DrillEvent[],
  verdict: DrillReport['overall_result'],
  failures: readonly unknown[],
): number {
  if (events.some((event) => event.type === 'cleanup.failed')) return 4
  if (failures.length > 0) return 70
  if (verdict === 'FAILED') return 1
  const unsteady = events.some(
    (event) =>
      event.type === 'phase.ended' && event.phase === 'BASELINE_ESTABLISHMENT' && event.outcome === 'failed',
  )
  if (unsteady) return 3
  return verdict === 'PARTIAL' ? 2 : 0
}

/** `Math.max(...)` of a day of samples would not fit on the stack. */
function highest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0)
}

function round(value: number, decimals: number): number {
  return Math.round(value * 10 ** decimals) / 10 ** decimals
}
