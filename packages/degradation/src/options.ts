/** What can be set on a degradation manager. */
import {
  type Clock,
  type Duration,
  defaultHub,
  duration,
  type Hub,
  InvalidOptionError,
  knownOptions,
  type Random,
  ratio,
  systemClock,
  systemRandom,
  systemWallClock,
  type WallClock,
} from '@seaworthy/core'
import { type FullSheddingTable, fullTable, type SheddingTable, standardShedding } from './criticality.ts'
import type { FeatureOptions } from './features.ts'
import {
  checkServiceLevels,
  type Level,
  parseLevel,
  type ServiceLevels,
  standardServiceLevels,
} from './levels.ts'
import type { NoticeTexts } from './notice.ts'
import { type Rule, type RuleSettings, ruleSettings, standardRules } from './rule.ts'
import type { DegradationStore } from './store.ts'

/** Options of {@link createDegradation}. */
export interface DegradationOptions {
  /** Its name on the hub, as a component of kind `degradation`. @defaultValue `'default'` */
  readonly name?: string
  /** The reasons for a level. @defaultValue {@link standardRules} */
  readonly rules?: readonly Rule[]
  /** Names of circuit breakers without which nothing important works. @defaultValue none */
  readonly criticalCircuitBreakers?: readonly string[]
  /** What users get at each level. @defaultValue full, degraded, degraded, limited, cache-only */
  readonly serviceLevels?: Partial<ServiceLevels>
  /** How often the rules are asked when nothing happens. @defaultValue `'30s'` */
  readonly interval?: Duration
  /** The least time between two rounds when much happens. @defaultValue `'250ms'` */
  readonly coalesce?: Duration
  /** How long less must be called for before each step down. @defaultValue `'1m'` */
  readonly recoverAfter?: Duration
  /** Which work is turned away at each level. @defaultValue the least important first */
  readonly shedding?: SheddingTable
  /** From this level on nothing can be changed: {@link Degradation.readOnly}. @defaultValue `'severe'` */
  readonly readOnlyFrom?: Level
  /** Features by name, and the worst level at which each is on. @defaultValue none */
  readonly features?: Readonly<Record<string, FeatureOptions>>
  /** Texts for users. @defaultValue English ones */
  readonly notices?: NoticeTexts
  /** Whether heap and event loop are measured. @defaultValue true */
  readonly resources?: boolean
  /** Shares overrides, and what rules call for, between instances. @defaultValue none: each instance for itself */
  readonly store?: DegradationStore
  /** The name of this instance in the store. @defaultValue a random one */
  readonly instance?: string
  /** The share of all instances that must call for a level before it holds for the others, too. @defaultValue 0.5 */
  readonly quorum?: number
  /** How long the store may take. @defaultValue `'1s'` */
  readonly storeTimeout?: Duration
  /** @defaultValue the hub of the process */
  readonly hub?: Hub
  /** @defaultValue the system clock */
  readonly clock?: Clock
  /** @defaultValue the calendar of the machine */
  readonly wallClock?: WallClock
  /** @defaultValue `Math.random` */
  readonly random?: Random
}

/** The options, checked; durations in milliseconds. */
export interface DegradationSettings {
  readonly name: string
  readonly rules: readonly RuleSettings[]
  readonly criticalCircuitBreakers: ReadonlySet<string>
  readonly serviceLevels: ServiceLevels
  readonly interval: number
  readonly coalesce: number
  readonly recoverAfter: number
  readonly shedding: FullSheddingTable
  readonly readOnlyFrom: Level
  readonly features: Readonly<Record<string, FeatureOptions>>
  readonly notices: NoticeTexts
  readonly resources: boolean
  readonly store: DegradationStore | undefined
  readonly instance: string
  readonly quorum: number
  readonly storeTimeout: number
  readonly hub: Hub
  readonly clock: Clock
  readonly wallClock: WallClock
  readonly random: Random
}

/** Checks the options. @throws {@link @seaworthy/core!InvalidOptionError} when one makes no sense. */
export function degradationSettings(options: DegradationOptions): DegradationSettings {
  knownOptions('createDegradation', options, [
    'name',
    'rules',
    'criticalCircuitBreakers',
    'serviceLevels',
    'interval',
    'coalesce',
    'recoverAfter',
    'shedding',
    'readOnlyFrom',
    'features',
    'notices',
    'resources',
    'store',
    'instance',
    'quorum',
    'storeTimeout',
    'hub',
    'clock',
    'wallClock',
    'random',
  ])
  const { random = systemRandom, instance = uniqueName(random) } = options
  if (typeof instance !== 'string' || instance === '')
    throw new InvalidOptionError('instance', 'a text that no other instance has', instance)
  return {
    name: options.name ?? 'default',
    rules: ruleSettings(options.rules ?? standardRules()),
    criticalCircuitBreakers: new Set(options.criticalCircuitBreakers ?? []),
    serviceLevels: checkServiceLevels({ ...standardServiceLevels, ...options.serviceLevels }),
    interval: duration('interval', options.interval ?? '30s', 1),
    coalesce: duration('coalesce', options.coalesce ?? '250ms'),
    recoverAfter: duration('recoverAfter', options.recoverAfter ?? '1m'),
    shedding: fullTable(options.shedding ?? standardShedding),
    readOnlyFrom: parseLevel('readOnlyFrom', options.readOnlyFrom ?? 'severe'),
    features: options.features ?? {},
    notices: options.notices ?? {},
    resources: options.resources ?? true,
    store: options.store,
    instance,
    quorum: ratio('quorum', options.quorum ?? 0.5),
    storeTimeout: duration('storeTimeout', options.storeTimeout ?? '1s', 1),
    hub: options.hub ?? defaultHub,
    clock: options.clock ?? systemClock,
    wallClock: options.wallClock ?? systemWallClock,
    random,
  }
}

function uniqueName(random: Random): string {
  return Array.from({ length: 3 }, () => Math.floor(random() * 2 ** 32).toString(36)).join('-')
}
