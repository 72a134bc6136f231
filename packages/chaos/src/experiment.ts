/** Experiments as data: what a file says. */
import type { Duration } from '@seaworthy/core'
import type { Fault } from './fault.ts'
import type { RecoveryPattern } from './scenario.ts'

/** An experiment: a claim about the steady state of a service, what is done to it, and what must come of it. */
export interface Experiment {
  readonly version: 1
  readonly title: string
  /** What is claimed, for people. */
  readonly hypothesis?: string
  /** A number, a text, `'0x2a'`; `'random'` draws one and writes it into the journal. @defaultValue 0 */
  readonly seed?: number | string
  /** `sim` on a virtual clock, `real` in real time. For whoever prepares the surroundings. @defaultValue `'sim'` */
  readonly mode?: 'sim' | 'real'
  readonly tags?: readonly string[]
  /** Settings of the controller, under the names of configuration files; see `chaosSettings`. */
  readonly config?: ExperimentSettings
  /** The targets that it needs. @defaultValue those that its method names */
  readonly targets?: readonly ExperimentTarget[]
  readonly steadyState: SteadyState
  readonly method: readonly Step[]
  readonly limits?: ExperimentLimits
  /** What must be true at the end. */
  readonly expect?: readonly Expectation[]
  /** Faults are always taken back. The field is there to say so. */
  readonly rollbacks?: 'always'
}

/** Settings of the controller. */
export interface ExperimentSettings {
  /** The share of calls that `provider_timeout` hits. @defaultValue 0.1 */
  readonly timeout_probability?: number
  /** The share of calls that `valuation_exception` hits. @defaultValue 0.5 */
  readonly valuation_exception_rate?: number
  /** The share of calls that `latency_spike` hits. @defaultValue 0.05 */
  readonly latency_spike_probability?: number
  /** Whether faults end when their time is up. @defaultValue `true` */
  readonly auto_recovery?: boolean
  /** @defaultValue 3; `limits.maxConcurrent` says the same */
  readonly max_concurrent_chaos?: number
}

/** A target that an experiment needs. */
export interface ExperimentTarget {
  readonly id: string
  /** What it has to be, for people and for whoever prepares the surroundings. */
  readonly kind?: 'tcp' | 'policy' | 'process' | 'store' | 'resource' | 'clock'
  /** What it stands for, for whoever prepares the surroundings. */
  readonly selector?: Readonly<Record<string, unknown>>
}

/** When the service is well. */
export interface SteadyState {
  readonly probes: readonly Probe[]
  /** How it is watched while the method runs. */
  readonly during?: {
    /** @defaultValue 1000 */
    readonly everyMs?: number
    /** How long it may be unwell in all, by its critical probes. @defaultValue 0 */
    readonly maxDeviationMs?: number
    /** Ends the method when that limit is reached. @defaultValue `false` */
    readonly failFast?: boolean
  }
  /** How long to wait for it after the faults are gone. @defaultValue `'30s'` */
  readonly within?: Duration
}

/** When a probe is asked. */
export type ProbeTime = 'before' | 'during' | 'after'

/** One question to the service. Either `metric` or `call`. */
export interface Probe {
  readonly id: string
  /** The name of a measurement of the surroundings. */
  readonly metric?: string
  /** The name of a function of the surroundings. */
  readonly call?: string
  readonly tolerance: Tolerance
  /** Fewer samples than this decide nothing. A `call` is made so many times, and each answer judged. @defaultValue 1 */
  readonly minSamples?: number
  /** What is asked `after` is asked once more after the rollback. @defaultValue `['before', 'after']` */
  readonly when?: readonly ProbeTime[]
  /** How much it counts in the score, which is for information. @defaultValue 1 */
  readonly weight?: number
  /** Whether the experiment fails with it. @defaultValue `true` */
  readonly critical?: boolean
}

/** How a value is judged. */
export type Operator = '<' | '<=' | '==' | '!=' | '>=' | '>'

/** What a value must be. */
export type Tolerance =
  | { readonly op: Operator; readonly value: number | string | boolean; readonly unit?: string }
  | { readonly op: 'between'; readonly min: number; readonly max: number; readonly unit?: string }
  | { readonly op: 'in'; readonly values: readonly (number | string | boolean)[] }
  | { readonly op: 'matches'; readonly pattern: string }

/** One step of a method. Steps with `at` begin at that time of the method; others when the step before has ended. */
export type Step = InjectStep | ProbeStep | WaitStep | LoadStep

/** Breaks something, and goes on at once. */
export interface InjectStep {
  readonly at?: Duration
  /** A scenario, or faults. */
  readonly inject: string | Fault | readonly Fault[]
  /** One target, or several. */
  readonly on: string | readonly string[]
  /** Overrides fields of the faults, for example `{ "rate": 0.5 }`. */
  readonly with?: Readonly<Record<string, unknown>>
  readonly for: Duration
  readonly recovery?: RecoveryPattern['pattern'] | RecoveryPattern
  /** Waits until it has settled. @defaultValue `false` */
  readonly wait?: boolean
}

/** Asks one probe of the steady state, for the record. */
export interface ProbeStep {
  readonly at?: Duration
  readonly probe: string
}

/** Waits. */
export interface WaitStep {
  readonly wait: Duration
}

/** Starts load, or changes it. */
export interface LoadStep {
  readonly at?: Duration
  readonly load: {
    /** Requests a second. */
    readonly rps: number
    /** `open` sends on time, whatever became of those before. @defaultValue `'open'` */
    readonly arrivals?: 'open' | 'closed'
  }
}

/** How far it may go. */
export interface ExperimentLimits {
  readonly maxConcurrent?: number
  readonly maxCallFraction?: number
  readonly maxAffectedCalls?: number
  /** The name of a measurement, and what it may reach. */
  readonly errorBudget?: { readonly metric: string; readonly limit: number; readonly window?: Duration }
  /** The longest time for the method. @defaultValue `'10m'` */
  readonly maxDuration?: Duration
}

/** What must be true at the end. */
export interface Expectation {
  readonly id: string
  readonly metric: string
  readonly op: Operator
  readonly value: number
  /** @defaultValue 1 */
  readonly minSamples?: number
}
