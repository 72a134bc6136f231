/** What a controller is told, and what it is asked for. */
import type { Clock, Duration, Hub } from '@seaworthy/core'
import type { ChaosEvents } from './controller-events.ts'
import type { Fault } from './fault.ts'
import type { Intensity } from './intensity.ts'
import type { ChaosLease } from './lease.ts'
import type { RecoveryPattern, Scenario, ScenarioId } from './scenario.ts'
import type { ChaosTarget } from './target.ts'

/** Options of `chaosController`. */
export interface ChaosControllerOptions {
  /** What may be broken: what is not in this list cannot be. */
  readonly targets: readonly ChaosTarget[]
  /** Whether it may do anything at all. A function is asked at every injection; one that throws says no. @defaultValue `false` */
  readonly armed?: boolean | (() => boolean)
  /** Where this runs, for example `process.env.NODE_ENV`. */
  readonly environment?: string | undefined
  /** Where it may do anything: `environment` must be one of these. @defaultValue anywhere, if armed */
  readonly environments?: readonly string[]
  /** Only tells what it would do (`wouldInject`). @defaultValue `false` */
  readonly dryRun?: boolean
  /** What all decisions come from. @defaultValue 0 */
  readonly seed?: number | string
  /** Sets the defaults of `maxConcurrentChaos` and `maxCallFraction`, and how fast schedules run. @defaultValue none */
  readonly intensity?: Intensity
  /** How many injections may be in place at once. @defaultValue 3 */
  readonly maxConcurrentChaos?: number
  /** The shortest time from one injection to the next. @defaultValue `'1s'` */
  readonly minGap?: Duration
  /** The longest time for an injection. @defaultValue `'10m'` */
  readonly maxDuration?: Duration
  /** Whether faults end when their time is up. If not, they end at `maxDuration`. @defaultValue `true` */
  readonly autoRecovery?: boolean
  /** The share of calls that `provider_timeout` hits. @defaultValue 0.1 */
  readonly timeoutProbability?: number
  /** The share of calls that `valuation_exception` hits. @defaultValue 0.5 */
  readonly valuationExceptionRate?: number
  /** The share of calls that `latency_spike` hits. @defaultValue 0.05 */
  readonly latencySpikeProbability?: number
  /** The share of calls that any other scenario hits, by its id. @defaultValue as the scenario says */
  readonly probabilities?: Readonly<Record<string, number>>
  /** Scenarios of your own, or others under the ids of ours. @defaultValue none */
  readonly scenarios?: readonly Scenario[]
  /** How far the damage may go. */
  readonly blastRadius?: BlastRadius
  /** Whether the service is well. Asked before each injection; if not, or if it throws, there is none. @defaultValue no check */
  readonly steadyState?: () => boolean | Promise<boolean>
  /** When a service counts as recovered. */
  readonly recovery?: RecoveryRules
  /**
   * Keeps the event that announces an injection, where a crash does not lose it. The injection begins when it has; if it fails,
   * there is none. @defaultValue nothing is kept
   */
  readonly record?: (announcement: ChaosEvents['injecting']) => void | Promise<void>
  /** Ends the faults when the one who holds it is gone. @defaultValue none */
  readonly lease?: ChaosLease
  /** The holder renews the lease while faults are in place. A follower ends its faults when nobody does. @defaultValue `'holder'` */
  readonly leaseRole?: 'holder' | 'follower'
  /** Every how many hits of an injection one is told; the first always is. Counts are exact in any case. @defaultValue 100 */
  readonly sampling?: number
  /** Its name on the hub. @defaultValue `'chaos'` */
  readonly name?: string
  readonly hub?: Hub
  readonly clock?: Clock
}

/** How far the damage may go. */
export interface BlastRadius {
  /** The largest share of the calls of a target that is hit, whatever the rates say. @defaultValue 1 */
  readonly maxCallFraction?: number
  /** The most calls that the controller ever hits. When it is reached, all injections end. @defaultValue `Infinity` */
  readonly maxAffectedCalls?: number
  /** The most targets of one injection. @defaultValue `Infinity` */
  readonly maxTargets?: number
  /** Only calls with one of these keys are hit. @defaultValue all calls */
  readonly tenants?: readonly string[]
  /** Ends all injections when users suffer too much. */
  readonly errorBudget?: ErrorBudget
}

/** A figure that must not be exceeded while faults are in place. */
export interface ErrorBudget {
  /** Measures it, over the last `window` milliseconds. One that throws counts as exceeded. */
  readonly measure: (window: number) => number | Promise<number>
  readonly limit: number
  /** @defaultValue `'10s'` */
  readonly window?: Duration
  /** How often it is measured. @defaultValue `'1s'` */
  readonly every?: Duration
}

/** When a service counts as recovered: so many good probes in a row, over such a time, within a budget that starts when the faults are gone. */
export interface RecoveryRules {
  /** Whether the service is well. @defaultValue `steadyState` */
  readonly check?: () => boolean | Promise<boolean>
  /** @defaultValue 3 */
  readonly probes?: number
  /** From one probe to the next. @defaultValue `'1s'` */
  readonly every?: Duration
  /** @defaultValue `'5s'` */
  readonly stable?: Duration
  /** @defaultValue `'30s'` */
  readonly budget?: Duration
}

/** What is to be broken, and how. */
export interface InjectRequest {
  /** A scenario by its id. Either this or `fault`. */
  readonly scenario?: ScenarioId | (string & {})
  /** Faults of your own; several act together. */
  readonly fault?: Fault | readonly Fault[]
  /** What `fault` is called in events and reports. @defaultValue the kind of the first */
  readonly label?: string
  /** Which targets: an id, several, or some of several. */
  readonly on: string | readonly string[] | TargetSelection
  /** For how long. There is no default, so that nothing stays broken by accident. */
  readonly for: Duration
  /** The share of calls in place of that of the scenario or the fault. */
  readonly probability?: number
  /** How it ends. @defaultValue as the scenario says, else all at once */
  readonly recovery?: RecoveryPattern
}

/** Some of several targets, drawn from the seed. */
export interface TargetSelection {
  /** @defaultValue all targets */
  readonly from?: readonly string[]
  /** `percent` is rounded up; `atMostPercent` draws how many. */
  readonly pick:
    | 'one'
    | 'all'
    | { readonly count: number }
    | { readonly percent: number }
    | { readonly atMostPercent: number }
}
