/** What a breaker tells those who listen. */
import type { FailureClass } from '@seaworthy/core'
import type { CircuitState } from './errors.ts'
import type { NeutralReason } from './judge.ts'
import type { CircuitCounts, CircuitOutcome, OpenCause } from './rules.ts'

/** Part of every event. */
export interface CircuitEvent {
  /** The name of the breaker. */
  readonly name: string | undefined
  /** Which circuit of a `breakerPerKey`. */
  readonly key: string | undefined
  /** The state after what happened. */
  readonly state: CircuitState
  /** The epoch after what happened. */
  readonly epoch: number
}

/** What a breaker asks its store for. */
export type StoreOperation = 'exchange' | 'startTrial' | 'endTrial' | 'command'

/**
 * Why the state changed: the rule that opened it; `recoveryTimeout` for the first trial; `successThreshold` for
 * enough trials; `fleet` where it follows other instances; otherwise the method that was called.
 */
export type ChangeReason =
  | OpenCause['reason']
  | 'recoveryTimeout'
  | 'successThreshold'
  | 'reset'
  | 'isolate'
  | 'release'
  | 'setMode'
  | 'dispose'

/** The events of a circuit breaker. */
export type CircuitBreakerEvents = {
  /** The state has another name now. Sent before the event of the state itself. */
  stateChange: CircuitEvent & {
    readonly from: CircuitState
    readonly to: CircuitState
    readonly reason: ChangeReason
  }
  /** It opened. `openFor` milliseconds without calls begin; `openings` counts those since it was well. */
  open: CircuitEvent & {
    readonly cause: OpenCause
    readonly openFor: number
    readonly openings: number
  }
  /** The first trial call runs. */
  halfOpen: CircuitEvent & { readonly openFor: number; readonly openings: number }
  /** It closed. */
  close: CircuitEvent & { readonly reason: ChangeReason }
  /** In mode `observe`: it would have opened. Once, until the rule no longer holds. */
  wouldOpen: CircuitEvent & { readonly cause: OpenCause }
  /** A call succeeded. */
  success: CircuitEvent & CircuitCounts
  /** A call failed. The counts are those that it added to. */
  failure: CircuitEvent & CircuitCounts & { readonly failureClass: FailureClass | undefined }
  /** A call settled in a way that says nothing about the dependency. */
  neutral: CircuitEvent & CircuitCounts & { readonly reason: NeutralReason }
  /** A call was turned away; `retryAfter` as on the error. */
  rejected: CircuitEvent & { readonly retryAfter: number | undefined }
  /** `count` calls have become slow; some may still be under way. */
  slow: CircuitEvent & CircuitCounts & { readonly count: number }
  /** A call settled that had entered in another epoch, or a trial after its lease: it counts nowhere. */
  stale: CircuitEvent & { readonly entered: number }
  /** The store did not answer in time, or failed: each breaker goes on by itself. Once, until it answers again. */
  storeDown: { readonly name: string | undefined; readonly operation: StoreOperation }
  /** The store answers again, `downFor` milliseconds later. */
  storeUp: { readonly name: string | undefined; readonly downFor: number }
  /** A call settled, after `duration` milliseconds. Calls are timed only while somebody listens to this event. */
  call: CircuitEvent & { readonly outcome: CircuitOutcome; readonly duration: number }
}

/** The names of the events. */
export type EventName = keyof CircuitBreakerEvents
