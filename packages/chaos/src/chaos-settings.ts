/** Settings as configuration files write them. */
import { boolean, countFrom, type Description, fields, numberFrom } from './description.ts'
import { type ExperimentProblem, InvalidExperimentError } from './errors.ts'

/** The settings that files know under names with underscores, as a controller takes them. */
export interface ChaosSettings {
  readonly timeoutProbability?: number
  readonly valuationExceptionRate?: number
  readonly latencySpikeProbability?: number
  readonly autoRecovery?: boolean
  readonly maxConcurrentChaos?: number
}

/** What a file may say. */
export const settingsDescription: Description = fields(
  {},
  {
    timeout_probability: numberFrom(0, 1),
    valuation_exception_rate: numberFrom(0, 1),
    latency_spike_probability: numberFrom(0, 1),
    auto_recovery: boolean,
    max_concurrent_chaos: countFrom(1),
  },
)

const names: Readonly<Record<string, keyof ChaosSettings>> = {
  timeout_probability: 'timeoutProbability',
  valuation_exception_rate: 'valuationExceptionRate',
  latency_spike_probability: 'latencySpikeProbability',
  auto_recovery: 'autoRecovery',
  max_concurrent_chaos: 'maxConcurrentChaos',
}

/**
 * Options of a controller from `{ timeout_probability, valuation_exception_rate, latency_spike_probability, auto_recovery,
 * max_concurrent_chaos }`, all of them optional.
 *
 * @throws {@link InvalidExperimentError} that lists all that is wrong.
 *
 * @example
 * ```ts
 * import { chaosSettings } from '@seaworthy/chaos'
 *
 * console.log(chaosSettings({ timeout_probability: 0.1 })) // { timeoutProbability: 0.1 }
 * ```
 */
export function chaosSettings(settings: unknown): ChaosSettings {
  const problems: ExperimentProblem[] = []
  settingsDescription.check(settings, '', problems)
  if (problems.length > 0) throw new InvalidExperimentError(problems)
  const entries = Object.entries(settings as object).map(([name, value]) => [names[name], value])
  return Object.fromEntries(entries) as ChaosSettings
}
