/**
 * What the instances of a service tell each other about their circuits, and the interface of whatever keeps it.
 *
 * Rules for those who write a store. One method is one atomic step. All times are the store's own: requests and answers hold durations in
 * milliseconds, and nothing is compared with the clock of a client. A request that is carried out twice does no harm. `memoryBreakerStore` is the
 * plain form, and `sharedBreaker` the machine behind it.
 */
import type { CircuitOutcome } from './rules.ts'

/** What an instance says about one circuit. */
export interface CircuitReport {
  /** Which circuit of the breaker; `''` for a breaker with one. */
  readonly key: string
  /** The latest fleet epoch that it knows. A report from before the present one counts no more. */
  readonly epoch: number
  /** How long its circuit stays open by its own experience; 0 while it is to be tried; undefined while it is well. */
  readonly openFor: number | undefined
}

/** What an instance says about itself. */
export interface FleetExchangeRequest {
  /** Its id, new with every start. */
  readonly instance: string
  /** Grows with every request of the instance: one that comes late changes nothing. */
  readonly sequence: number
  /** How long it counts as alive. */
  readonly ttl: number
  /** All its circuits that are not well, and those it knows an epoch of. What is missing is well. */
  readonly reports: readonly CircuitReport[]
}

/** What operators have said last about a circuit of all instances. */
export type SharedCommand =
  | { readonly kind: 'trip'; readonly openFor: number }
  | { readonly kind: 'isolate'; readonly reason: string }
  | { readonly kind: 'reset' }

/** What is known of one circuit, without what the asking instance itself has reported. */
export interface SharedCircuitView {
  readonly key: string
  /** Grows when the fleet recovers, and with every command. */
  readonly epoch: number
  /** For each other instance whose circuit is not well: how long it stays open; 0 where that is over. */
  readonly reports: readonly number[]
  /** How many of the reports are from instances that have ended. */
  readonly departed: number
  /** Undefined when there was none since the fleet has recovered. */
  readonly command: SharedCommand | undefined
}

/** What an instance hears. */
export interface FleetExchange {
  /** How many other instances are alive. */
  readonly others: number
  /** All circuits about which something is known. */
  readonly circuits: readonly SharedCircuitView[]
}

/** Leave for one trial call. */
export interface TrialRequest {
  readonly key: string
  /** Its id; the same one again is granted again. */
  readonly id: string
  /** After this time it counts as lost. */
  readonly lease: number
  /** How many may run in all instances together. */
  readonly limit: number
}

/** Whether the trial may run. */
export interface TrialAnswer {
  readonly granted: boolean
  readonly epoch: number
}

/** How a trial ended. */
export interface TrialEnd {
  readonly key: string
  readonly id: string
  /** The epoch in which it was granted. */
  readonly epoch: number
  readonly outcome: CircuitOutcome
  /** So many successes in a row, by whomever, are the recovery of the fleet; 0 where it counts for its own instance alone. */
  readonly needed: number
}

/** Keeps what instances share. Methods may reject or never answer: breakers then decide by themselves. */
export interface BreakerStore {
  /**
   * Keeps what an instance reports, in place of what it has reported before, and answers what is known from all others. A report whose epoch is
   * less than that of the circuit is dropped; a greater one raises it and drops all others, for a store that has forgotten. Reports of an instance
   * that has ended stay until the opening they tell of is over.
   */
  exchange(breaker: string, request: FleetExchangeRequest): Promise<FleetExchange>
  /** Grants a trial unless `limit` others run. */
  startTrial(breaker: string, request: TrialRequest): Promise<TrialAnswer>
  /**
   * Ends a trial. If its lease still held and its epoch is the present one, a success counts towards `needed`, and a failure sets that count
   * back; the one that completes it begins a new epoch without reports. @returns The epoch.
   */
  endTrial(breaker: string, end: TrialEnd): Promise<number>
  /** Begins a new epoch without reports, in which an operator's word holds. @returns The epoch. */
  command(breaker: string, key: string, command: SharedCommand): Promise<number>
  /** Forgets that an instance is alive. */
  leave(breaker: string, instance: string): Promise<void>
  /**
   * Calls back soon after something has changed, if it can; nothing depends on it but how soon others hear of it.
   *
   * @returns A function that ends it.
   */
  watch?(breaker: string, callback: () => void): () => void
}
