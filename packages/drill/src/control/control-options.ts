/** What control of drills is given. */
import { type ChaosControllerOptions, type ChaosTarget, chaosController, intensities } from '@seaworthy/chaos'
import type { CircuitRules } from '@seaworthy/circuit-breaker'
import {
  type Clock,
  count,
  type Duration,
  defaultHub,
  duration,
  Hub,
  InvalidOptionError,
  knownOptions,
  optionalFunction,
  type Random,
  systemClock,
  systemRandom,
  systemWallClock,
  type WallClock,
} from '@seaworthy/core'
import type { BreakerFactory } from '../breakers/port.ts'
import type { Counts } from '../memory/gauges.ts'
import type { MemorySource } from '../memory/source.ts'
import type { DrillOptions } from '../run/options.ts'
import { type DrillProfile, profiles } from '../run/profiles.ts'

/** Options of `drillControl`. */
export interface DrillControlOptions {
  /** What may be broken over control. @defaultValue nothing */
  readonly targets?: readonly ChaosTarget[]
  /**
   * Whether anything may be broken: by injections, and by tests with their faults. A function is asked each time; one that throws says no.
   * @defaultValue `false`
   */
  readonly armed?: boolean | (() => boolean)
  /**
   * What holds for all injections: blast radius, steady state, `record`, `environments`, `dryRun`. `maxConcurrentChaos` is the most that
   * a request can ask for; if it is left out, what `intensity` stands for, else 10.
   */
  readonly chaos?: Omit<ChaosControllerOptions, 'targets' | 'armed' | 'name' | 'hub' | 'clock'>
  /** What complete tests are made with: the services, the cascades, whose memory, the limits. @defaultValue samples */
  readonly drill?: Pick<DrillOptions, 'simulated' | 'real' | 'breaker' | 'cascades' | 'memory' | 'limits'>
  /** Further profiles that a complete test can ask for by name. @defaultValue none */
  readonly profiles?: Readonly<Record<string, DrillProfile>>
  /** Circuit breakers to test by name; never the ones at work. @defaultValue `test_circuit`: the one of this library, with the rules that show most */
  readonly breakers?: Readonly<Record<string, BreakerSubject>>
  /** Whose memory monitors watch. @defaultValue this process */
  readonly memory?: MemorySubject
  /** How much at once, and how much of it is remembered. */
  readonly limits?: ControlLimits
  /** Its name on the hub. @defaultValue `'default'` */
  readonly name?: string
  /** @defaultValue the hub of the process */
  readonly hub?: Hub
  /** Runs monitors and injections, and lets what has ended be forgotten. @defaultValue the clock of the machine */
  readonly clock?: Clock
  /** Dates what is shown. @defaultValue the calendar of the machine */
  readonly wallClock?: WallClock
  /** For ids. @defaultValue `Math.random` */
  readonly random?: Random
}

/** A circuit breaker to be tested. */
export interface BreakerSubject {
  /** The rules that it follows; the tests adapt to them. @defaultValue each test brings its own */
  readonly options?: CircuitRules
  /** Makes it. @defaultValue that of `@seaworthy/circuit-breaker` */
  readonly factory?: BreakerFactory
}

/** Whose memory is watched. */
export interface MemorySubject {
  /** Makes the source for a monitor, which closes it. @defaultValue this process */
  readonly source?: () => MemorySource
  /** Exact sizes, for monitors that track objects: those of `debugStats()`, say. @defaultValue what keeps the process running */
  readonly gauges?: () => Counts
}

/** How much at once, and how much of it is remembered. Injections have limits of their own, for which there is one chaos service at a time. */
export interface ControlLimits {
  /** Complete tests at once. @defaultValue 1 */
  readonly tests?: number
  /** Memory monitors at once. @defaultValue 3 */
  readonly monitors?: number
  /** How many of each kind that have ended are remembered. @defaultValue 10 */
  readonly kept?: number
  /** And for how long. @defaultValue `'24h'` */
  readonly keepFor?: Duration
  /** The longest log of a test that is kept with its report. @defaultValue 50,000 events */
  readonly events?: number
}

/** Options without gaps. */
export interface ControlSettings
  extends Required<Pick<DrillControlOptions, 'targets' | 'chaos' | 'drill' | 'breakers' | 'memory'>> {
  readonly name: string
  /** Never throws. */
  readonly armed: () => boolean
  readonly mostConcurrentChaos: number
  readonly profiles: Readonly<Record<string, DrillProfile>>
  readonly limits: Required<ControlLimits> & { readonly keepFor: number }
  readonly hub: Hub
  readonly clock: Clock
  readonly wallClock: WallClock
  readonly random: Random
}

const names: readonly string[] = [
  'targets',
  'armed',
  'chaos',
  'drill',
  'profiles',
  'breakers',
  'memory',
  'limits',
  'name',
  'hub',
  'clock',
  'wallClock',
  'random',
]

/** @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. */
export function controlSettings(options: DrillControlOptions): ControlSettings {
  knownOptions('drillControl', options, names)
  const { chaos = {}, drill = {}, memory = {}, limits = {}, targets = [] } = options
  knownOptions('drill', drill, ['simulated', 'real', 'breaker', 'cascades', 'memory', 'limits'])
  knownOptions('memory', memory, ['source', 'gauges'])
  knownOptions('limits', limits, ['tests', 'monitors', 'kept', 'keepFor', 'events'])
  optionalFunction('memory.source', memory.source)
  optionalFunction('memory.gauges', memory.gauges)
  if (!Array.isArray(targets)) throw new InvalidOptionError('targets', 'a list of targets', targets)
  const { intensity, maxConcurrentChaos = intensity ? intensities[intensity].maxConcurrentChaos : 10 } = chaos
  const clock = options.clock ?? systemClock
  const { armed = false } = options
  // It breaks nothing: it says what is wrong with the options now, not to whoever asks for the first chaos, and whether it would be armed.
  const example = chaosController({ ...chaos, targets, armed, hub: new Hub(), clock })
  example.dispose()
  return {
    name: options.name ?? 'default',
    targets,
    armed: () => example.armed,
    chaos,
    mostConcurrentChaos: maxConcurrentChaos,
    drill,
    profiles: { ...profiles, ...options.profiles },
    breakers: { test_circuit: {}, ...options.breakers },
    memory,
    limits: {
      tests: count('limits.tests', limits.tests ?? 1),
      monitors: count('limits.monitors', limits.monitors ?? 3),
      kept: count('limits.kept', limits.kept ?? 10, 0),
      keepFor: duration('limits.keepFor', limits.keepFor ?? '24h', 1),
      events: count('limits.events', limits.events ?? 50_000, 0),
    },
    hub: options.hub ?? defaultHub,
    clock,
    wallClock: options.wallClock ?? systemWallClock,
    random: options.random ?? systemRandom,
  }
}
