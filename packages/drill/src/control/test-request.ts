/** Reads what a complete test is to be. */
import { type Intensity, intensities } from '@seaworthy/chaos'
import { type Duration, duration } from '@seaworthy/core'
import type { PhaseName } from '../events.ts'
import type { CriteriaLimits } from '../report/limits.ts'
import { type Course, type DrillProfile, soak } from '../run/profiles.ts'
import type { ControlSettings } from './control-options.ts'
import { RequestFields } from './request-fields.ts'

/** A complete test, as it was asked for. */
export interface TestPlan {
  readonly profile: DrillProfile
  readonly seed: string
  readonly without: readonly PhaseName[]
  readonly limits: Partial<CriteriaLimits>
  /** From where on memory ends the test. Undefined: it is not watched for that. */
  readonly guard:
    | {
        readonly interval: Duration
        readonly criticalThresholdPercent: number
        readonly maxGrowthPercent: number | undefined
      }
    | undefined
}

/** Fields that leave out a phase when they are false. */
const phaseFields: Readonly<Record<string, PhaseName>> = {
  enable_chaos_testing: 'CHAOS_INJECTION',
  enable_circuit_breaker_testing: 'CIRCUIT_BREAKER_TESTING',
  enable_cascading_failure_testing: 'CASCADING_FAILURE_TESTING',
  enable_memory_monitoring: 'MEMORY_SOAK_TESTING',
}

const names: readonly string[] = [
  'profile',
  'seed',
  'total_duration_hours',
  ...Object.keys(phaseFields),
  'chaos_intensity',
  'memory_growth_threshold_percent',
  'memory_sampling_interval_seconds',
  'max_memory_growth_percent',
  'max_system_memory_percent',
  'min_recovery_success_rate',
]

const usualHours = 4

/** @throws DrillControlError when it makes no sense. */
export function readTest(body: unknown, { profiles, drill }: ControlSettings): TestPlan {
  const fields = new RequestFields(body, names)
  const named = fields.oneOf('profile', Object.keys(profiles))
  const hours = fields.number('total_duration_hours', { least: 0.01, most: 24 * 31 })
  if (named !== undefined && hours !== undefined)
    fields.problem('total_duration_hours', 'cannot be given together with profile, which says how long')
  const seed = fields.value('seed') ?? 1
  if (typeof seed !== 'number' && typeof seed !== 'string')
    fields.problem('seed', 'must be a number or a text')
  const growth = fields.number('memory_growth_threshold_percent', {})
  const intensity = fields.oneOf('chaos_intensity', Object.keys(intensities) as Intensity[])
  const interval = fields.number('memory_sampling_interval_seconds', { least: 0.1, most: 3600 })
  const maxGrowthPercent = fields.number('max_memory_growth_percent', {})
  const critical = fields.number('max_system_memory_percent', { least: 1, most: 100 })
  const recoveryRate = fields.number('min_recovery_success_rate', { most: 1 })
  const wanted = Object.entries(phaseFields).map(([name, phase]) => [phase, fields.flag(name)] as const)
  fields.done()
  const base =
    (named === undefined ? undefined : profiles[named]) ??
    soak('comprehensive', 3_600_000 * (hours ?? usualHours), growth ?? 10)
  const profile = growth === undefined ? base : { ...base, memoryGrowthPercent: growth }
  const without = wanted.flatMap(([phase, flag]) => (flag === false ? [phase] : []))
  return {
    profile: intensity === undefined ? profile : intensified(profile, intensity),
    seed: String(seed),
    without,
    limits: { ...drill.limits, ...(recoveryRate !== undefined && { recoveryRate }) },
    guard: without.includes('MEMORY_SOAK_TESTING')
      ? undefined
      : {
          interval: 1000 * (interval ?? 30),
          criticalThresholdPercent: critical ?? 90,
          maxGrowthPercent,
        },
  }
}

/** More faults in the same time: each shorter, and more of them. */
function intensified(profile: DrillProfile, intensity: Intensity): DrillProfile {
  const { frequency } = intensities[intensity]
  const faster = (course: Course): Course => {
    const usual = duration('faultFor', course.faultFor)
    return {
      ...course,
      rounds: course.rounds * frequency,
      pairs: course.pairs * frequency,
      faultFor: Math.min(usual, Math.max(shortestFault, usual / frequency)),
    }
  }
  const { simulated, real } = profile
  return {
    ...profile,
    ...(simulated !== undefined && { simulated: faster(simulated) }),
    ...(real !== undefined && { real: faster(real) }),
  }
}

/** In a shorter time a service would hardly notice. */
const shortestFault = 1000
