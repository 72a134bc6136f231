/**
 * A circuit breaker that stops calling what is failing and finds out safely when it works again.
 *
 * @module @seaworthy/circuit-breaker
 */
export type { BreakerControls } from './breaker-base.ts'
export { type BreakerPerKey, breakerPerKey, type PerKeyOptions } from './breaker-per-key.ts'
export { type CircuitBreaker, circuitBreaker } from './circuit-breaker.ts'
export type { CircuitControls, FleetControls, Isolation, Permit } from './controls.ts'
export { CircuitOpenError, type CircuitState } from './errors.ts'
export type { ChangeReason, CircuitBreakerEvents, CircuitEvent, StoreOperation } from './events.ts'
export type { ClassifyOutcome, NeutralReason } from './judge.ts'
export * as circuitMachine from './machine.ts'
export { type MemoryBreakerStoreOptions, memoryBreakerStore } from './memory-store.ts'
export type { CircuitBreakerOptions, CircuitRules, HalfOpenOptions, RecoveryOptions } from './options.ts'
export type { CircuitCounts, CircuitMode, CircuitOutcome, OpenCause } from './rules.ts'
export { type SharingOptions, shareBreakers } from './share.ts'
export * as sharedBreaker from './shared-breaker.ts'
export type { FleetCircuitSide, FleetLink, FleetMembership, FleetParty, SharedBreakers } from './sharing.ts'
export type { CircuitSnapshot, CircuitStatus, CircuitTotals } from './snapshot.ts'
export type {
  BreakerStore,
  CircuitReport,
  FleetExchange,
  FleetExchangeRequest,
  SharedCircuitView,
  SharedCommand,
  TrialAnswer,
  TrialEnd,
  TrialRequest,
} from './store.ts'
