/** What a scenario is, and how it ends. */
import type { Duration } from '@seaworthy/core'
import type { Fault } from './fault.ts'

/** The ten scenarios. */
export type ScenarioId =
  | 'provider_timeout'
  | 'valuation_exception'
  | 'latency_spike'
  | 'provider_outage'
  | 'rate_limit_storm'
  | 'flapping_errors'
  | 'network_partition'
  | 'connection_reset'
  | 'datastore_outage'
  | 'resource_pressure'

/** Further scenarios. */
export type ExtensionScenarioId =
  | 'corrupted_response'
  | 'clock_jump'
  | 'worker_crash'
  | 'duplicate_delivery'
  | 'cancel_storm'
  | 'slow_drip'
  | 'cold_cache_stampede'
  | 'gray_failure'

/** A kind of trouble that systems get into, with the faults that bring it about. Plain data. */
export interface Scenario {
  /** Its name in experiments, events and reports. */
  readonly id: string
  /** One sentence: what goes wrong. */
  readonly covers: string
  /** What should save the service. */
  readonly defence: string
  /** When it has been saved. */
  readonly passes: string
  /** What is done to a target, of that which it supports. */
  readonly faults: readonly Fault[]
  /** `first`: the first fault that the target supports. `all`: all that it supports, each around those after it. @defaultValue `'first'` */
  readonly use?: 'first' | 'all'
  /** How it ends. @defaultValue `{ pattern: 'immediate' }` */
  readonly recovery?: RecoveryPattern
}

/** How a fault ends when its time is up. Targets that decide call by call can end by and by. */
export type RecoveryPattern =
  /** All at once. */
  | { readonly pattern: 'immediate' }
  /** In steps, evenly over a time. */
  | {
      readonly pattern: 'gradual'
      /** @defaultValue 10 */
      readonly steps?: number
      /** @defaultValue `'10s'` */
      readonly over?: Duration
    }
  /** A share stays broken for a time. */
  | {
      readonly pattern: 'partial'
      /** The share of the calls hit so far that stays so. @defaultValue 0.5 */
      readonly remaining?: number
      /** @defaultValue `'10s'` */
      readonly over?: Duration
    }
