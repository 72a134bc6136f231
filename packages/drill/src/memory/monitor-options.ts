/** Options of a memory monitor, by the names of this library and by those of configuration files. */

import type { Duration } from '@seaworthy/core'
import {
  type Clock,
  duration,
  InvalidOptionError,
  knownOptions,
  number,
  optionalFunction,
  systemClock,
} from '@seaworthy/core'
import type { CriticalMemory } from './critical.ts'
import type { MemoryPoint } from './points.ts'
import type { MemorySource } from './source.ts'
import { type JudgeMemoryOptions, judgeOptionNames, type MemoryRules, memoryRules } from './verdict.ts'

/** Options of {@link memoryMonitor}. */
export interface MemoryMonitorOptions extends JudgeMemoryOptions {
  /** Whose memory. @defaultValue this process */
  readonly source?: MemorySource
  /** How long it watches. @defaultValue the contract, four hours */
  readonly duration?: Duration
  /** From the end of a reading to the next. @defaultValue `'30s'` */
  readonly interval?: Duration
  /**
   * Whether each reading forces garbage collections. Runs of minutes need it: a process may go that long without a major collection of its own. It costs some
   * 5 milliseconds for each megabyte of heap. @defaultValue false
   */
  readonly collect?: boolean
  /** The largest share of time that forced collections may take. The interval becomes longer to keep to it. @defaultValue 0.04 */
  readonly collectShare?: number
  /** Percent of what the process may use, from where it is critical. @defaultValue 90 */
  readonly criticalThresholdPercent?: number
  /** Percent of growth of the heap's floor from where it is not waited for a verdict. @defaultValue no limit */
  readonly maxGrowthPercent?: number
  /** The most points that are kept, of however long a run. @defaultValue 500 */
  readonly capacity?: number
  /** Told of each reading. What it throws is ignored. */
  readonly onSample?: (point: MemoryPoint) => void
  /** Told once when memory is critical, to stop what is going on. What it throws is ignored. */
  readonly onCritical?: (critical: CriticalMemory) => void
  /** Whether it keeps the process running until its time is over. @defaultValue false */
  readonly keepAlive?: boolean
  /** @defaultValue the clock of the machine */
  readonly clock?: Clock
}

/** {@link MemoryMonitorOptions}, checked. */
export interface MonitorSettings {
  readonly rules: MemoryRules
  readonly duration: number
  readonly interval: number
  readonly collect: boolean
  /** How much longer than a forced collection the interval has to be. */
  readonly rest: number
  readonly criticalThresholdPercent: number
  readonly maxGrowthPercent: number | undefined
  readonly capacity: number
  readonly onSample: ((point: MemoryPoint) => void) | undefined
  readonly onCritical: ((critical: CriticalMemory) => void) | undefined
  readonly keepAlive: boolean
  readonly clock: Clock
}

const names: readonly string[] = [
  ...judgeOptionNames,
  'source',
  'duration',
  'interval',
  'collect',
  'collectShare',
  'criticalThresholdPercent',
  'maxGrowthPercent',
  'capacity',
  'onSample',
  'onCritical',
  'keepAlive',
  'clock',
]

/** @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. */
export function monitorSettings(options: MemoryMonitorOptions): MonitorSettings {
  knownOptions('memoryMonitor', options, names)
  const rules = memoryRules(options)
  const { collectShare = 0.04, maxGrowthPercent, capacity = 500 } = options
  if (!(collectShare > 0 && collectShare < 1))
    throw new InvalidOptionError('collectShare', 'a share above 0 and below 1', collectShare)
  if (!Number.isSafeInteger(capacity) || capacity < 60 || capacity % 2 !== 0)
    throw new InvalidOptionError('capacity', 'an even whole number of at least 60', capacity)
  return {
    rules,
    duration: duration('duration', options.duration ?? rules.contract, 1),
    interval: duration('interval', options.interval ?? '30s', 1),
    collect: options.collect ?? false,
    rest: 1 / collectShare,
    criticalThresholdPercent: number('criticalThresholdPercent', options.criticalThresholdPercent ?? 90, 1),
    maxGrowthPercent:
      maxGrowthPercent === undefined ? undefined : number('maxGrowthPercent', maxGrowthPercent),
    capacity,
    onSample: optionalFunction('onSample', options.onSample),
    onCritical: optionalFunction('onCritical', options.onCritical),
    keepAlive: options.keepAlive ?? false,
    clock: options.clock ?? systemClock,
  }
}

/** A memory monitor as configuration files and requests over HTTP describe it. */
export interface MemoryMonitorConfig {
  /** @defaultValue 4 */
  readonly duration_hours?: number
  /** @defaultValue 30 */
  readonly sampling_interval_seconds?: number
  /** @defaultValue 10 */
  readonly memory_growth_threshold_percent?: number
  /** @defaultValue 90 */
  readonly critical_memory_threshold_percent?: number
  /** Whether to count live objects by class at checkpoints, which stops the process for seconds. @defaultValue false */
  readonly enable_object_tracking?: boolean
  /** Whether readings force garbage collections. @defaultValue false */
  readonly enable_detailed_analysis?: boolean
}

/**
 * Options for {@link memoryMonitor} from a configuration. Whether objects are tracked is for who runs the monitor: see {@link accountObjects}.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when a name is unknown or a value makes no sense.
 */
export function memoryMonitorOptions(config: MemoryMonitorConfig): MemoryMonitorOptions {
  const {
    duration_hours = 4,
    sampling_interval_seconds = 30,
    memory_growth_threshold_percent = 10,
    critical_memory_threshold_percent = 90,
    enable_detailed_analysis = false,
    enable_object_tracking = false,
    ...unknown
  } = config
  for (const name of Object.keys(unknown))
    throw new InvalidOptionError(`memory option '${name}'`, `one of ${configNames.join(', ')}`, name)
  for (const [name, value] of Object.entries({ enable_detailed_analysis, enable_object_tracking }))
    if (typeof value !== 'boolean') throw new InvalidOptionError(name, 'true or false', value)
  const hours = number('duration_hours', duration_hours)
  return {
    contract: duration('duration_hours', hours * 3_600_000, 1),
    interval: duration(
      'sampling_interval_seconds',
      1000 * number('sampling_interval_seconds', sampling_interval_seconds),
      1,
    ),
    growthThresholdPercent: number('memory_growth_threshold_percent', memory_growth_threshold_percent),
    criticalThresholdPercent: number(
      'critical_memory_threshold_percent',
      critical_memory_threshold_percent,
      1,
    ),
    collect: enable_detailed_analysis,
  }
}

const configNames = [
  'duration_hours',
  'sampling_interval_seconds',
  'memory_growth_threshold_percent',
  'critical_memory_threshold_percent',
  'enable_object_tracking',
  'enable_detailed_analysis',
]
