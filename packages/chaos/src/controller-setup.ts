/** The options of a controller, checked, with their defaults. */
import {
  type Clock,
  count,
  duration,
  InvalidOptionError,
  knownOptions,
  number,
  oneOf,
  optionalFunction,
  ratio,
  systemClock,
} from '@seaworthy/core'
import type { BlastRadius, ChaosControllerOptions, RecoveryRules } from './controller-options.ts'
import { intensities } from './intensity.ts'
import { parseFault } from './parse-fault.ts'
import type { SteadyRules } from './recovery-tracker.ts'
import type { Scenario } from './scenario.ts'
import { extensionScenarios, scenarios } from './scenarios.ts'
import type { ChaosTarget } from './target.ts'

/** Options without gaps; durations in milliseconds. */
export interface ControllerSetup {
  readonly name: string
  readonly clock: Clock
  readonly seed: string
  readonly targets: ReadonlyMap<string, ChaosTarget>
  readonly scenarios: ReadonlyMap<string, Scenario>
  readonly probabilities: Readonly<Record<string, number>>
  /** Asked at every injection. Never throws. */
  readonly armed: () => boolean
  readonly dryRun: boolean
  readonly autoRecovery: boolean
  readonly frequency: number
  readonly maxConcurrentChaos: number
  readonly minGap: number
  readonly maxDuration: number
  readonly maxCallFraction: number
  readonly maxAffectedCalls: number
  readonly maxTargets: number
  readonly tenants: ReadonlySet<string> | undefined
  readonly errorBudget:
    | {
        readonly measure: (window: number) => number | Promise<number>
        readonly limit: number
        readonly window: number
        readonly every: number
      }
    | undefined
  readonly steadyState: (() => boolean | Promise<boolean>) | undefined
  readonly recovery: SteadyRules
  /** Asked after an injection. */
  readonly isWell: (() => boolean | Promise<boolean>) | undefined
  readonly record: ChaosControllerOptions['record']
  readonly lease: ChaosControllerOptions['lease']
  readonly follows: boolean
  readonly sampling: number
}

/** @throws InvalidOptionError when an option makes no sense. */
export function setupOf(options: ChaosControllerOptions): ControllerSetup {
  knownOptions('chaosController', options, known)
  const { blastRadius = {}, intensity } = options
  knownOptions('blastRadius', blastRadius, [
    'maxCallFraction',
    'maxAffectedCalls',
    'maxTargets',
    'tenants',
    'errorBudget',
  ])
  const figures = intensity && intensities[oneOf('intensity', intensity, ['low', 'medium', 'high'])]
  const { tenants } = blastRadius
  return {
    name: options.name ?? 'chaos',
    clock: options.clock ?? systemClock,
    seed: String(options.seed ?? 0),
    targets: targetsOf(options.targets),
    scenarios: scenariosOf(options.scenarios ?? []),
    probabilities: probabilitiesOf(options),
    armed: armedOf(options),
    dryRun: options.dryRun ?? false,
    autoRecovery: options.autoRecovery ?? true,
    frequency: figures?.frequency ?? 1,
    maxConcurrentChaos: count(
      'maxConcurrentChaos',
      options.maxConcurrentChaos ?? figures?.maxConcurrentChaos ?? 3,
    ),
    minGap: duration('minGap', options.minGap ?? '1s'),
    maxDuration: duration('maxDuration', options.maxDuration ?? '10m', 1),
    maxCallFraction: ratio(
      'blastRadius.maxCallFraction',
      blastRadius.maxCallFraction ?? figures?.maxCallFraction ?? 1,
    ),
    maxAffectedCalls: count(
      'blastRadius.maxAffectedCalls',
      blastRadius.maxAffectedCalls ?? unlimited,
      1,
      true,
    ),
    maxTargets: count('blastRadius.maxTargets', blastRadius.maxTargets ?? unlimited, 1, true),
    tenants: tenants && new Set(tenants),
    errorBudget: errorBudgetOf(blastRadius.errorBudget),
    steadyState: optionalFunction('steadyState', options.steadyState),
    recovery: recoveryOf(options.recovery ?? {}),
    isWell: optionalFunction('recovery.check', options.recovery?.check) ?? options.steadyState,
    record: optionalFunction('record', options.record),
    lease: options.lease,
    follows: oneOf('leaseRole', options.leaseRole ?? 'holder', ['holder', 'follower']) === 'follower',
    sampling: count('sampling', options.sampling ?? 100),
  }
}

const unlimited = Number.POSITIVE_INFINITY

const known: readonly (keyof ChaosControllerOptions)[] = [
  'targets',
  'armed',
  'environment',
  'environments',
  'dryRun',
  'seed',
  'intensity',
  'maxConcurrentChaos',
  'minGap',
  'maxDuration',
  'autoRecovery',
  'timeoutProbability',
  'valuationExceptionRate',
  'latencySpikeProbability',
  'probabilities',
  'scenarios',
  'blastRadius',
  'steadyState',
  'recovery',
  'record',
  'lease',
  'leaseRole',
  'sampling',
  'name',
  'hub',
  'clock',
]

function targetsOf(targets: readonly ChaosTarget[]): ReadonlyMap<string, ChaosTarget> {
  if (!Array.isArray(targets)) throw new InvalidOptionError('targets', 'a list of targets', targets)
  const byId = new Map<string, ChaosTarget>()
  for (const target of targets as readonly ChaosTarget[]) {
    if (byId.has(target.id)) throw new InvalidOptionError('targets', 'of different ids', target.id)
    byId.set(target.id, target)
  }
  return byId
}

function scenariosOf(own: readonly Scenario[]): ReadonlyMap<string, Scenario> {
  for (const { id, faults } of own) {
    for (const [index, fault] of faults.entries()) parseFault(fault, `scenarios.${id}.faults[${index}]`)
  }
  const all = [...Object.values(scenarios), ...Object.values(extensionScenarios), ...own]
  return new Map(all.map((scenario) => [scenario.id, scenario]))
}

function probabilitiesOf(options: ChaosControllerOptions): Readonly<Record<string, number>> {
  const named = {
    provider_timeout: options.timeoutProbability,
    valuation_exception: options.valuationExceptionRate,
    latency_spike: options.latencySpikeProbability,
  }
  const names = {
    provider_timeout: 'timeoutProbability',
    valuation_exception: 'valuationExceptionRate',
    latency_spike: 'latencySpikeProbability',
  }
  const probabilities: Record<string, number> = {}
  for (const [id, given] of Object.entries(named)) {
    if (given !== undefined) probabilities[id] = ratio(names[id as keyof typeof names], given, true)
  }
  for (const [id, given] of Object.entries(options.probabilities ?? {}))
    probabilities[id] = ratio(`probabilities.${id}`, given, true)
  return probabilities
}

/** Whatever cannot be judged is a no. */
function armedOf({ armed = false, environment, environments }: ChaosControllerOptions): () => boolean {
  if (environments !== undefined && !(environment !== undefined && environments.includes(environment)))
    return () => false
  if (typeof armed !== 'function') return () => armed === true
  return () => {
    try {
      return armed() === true
    } catch {
      return false
    }
  }
}

function errorBudgetOf(budget: BlastRadius['errorBudget']): ControllerSetup['errorBudget'] {
  if (budget === undefined) return undefined
  knownOptions('errorBudget', budget, ['measure', 'limit', 'window', 'every'])
  return {
    measure: budget.measure,
    limit: number('errorBudget.limit', budget.limit),
    window: duration('errorBudget.window', budget.window ?? '10s', 1),
    every: duration('errorBudget.every', budget.every ?? '1s', 1),
  }
}

function recoveryOf({ probes = 3, every = '1s', stable = '5s', budget = '30s' }: RecoveryRules): SteadyRules {
  return {
    probes: count('recovery.probes', probes),
    every: duration('recovery.every', every, 1),
    stable: duration('recovery.stable', stable),
    budget: duration('recovery.budget', budget, 1),
  }
}
