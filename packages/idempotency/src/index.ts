/**
 * Runs work once per key: claims, leases, fences, stored results.
 *
 * @module @seaworthy/idempotency
 */
export { canonicalJson } from './canonical-json.ts'
export { type ClaimedWork, idempotencyOf } from './claimed-work.ts'
export { type Codec, taggedJson } from './codec.ts'
export {
  FingerprintMismatchError,
  type IdempotencyErrorCode,
  InFlightError,
  type InFlightReason,
  InvalidKeyError,
  type LeaseLoss,
  LeaseLostError,
  OutcomeUnrecordedError,
  ResultOmittedError,
  type StoreFailure,
  StoreUnavailableError,
  UnknownOutcomeError,
} from './errors.ts'
export type * from './events.ts'
export { fingerprintOf } from './fingerprint.ts'
export { type ForgetOptions, type IdempotencyPolicy, idempotency, type RecordChoice } from './idempotency.ts'
export * as claimMachine from './machine.ts'
export {
  type MemoryIdempotencyStore,
  type MemoryIdempotencyStoreOptions,
  memoryIdempotencyStore,
} from './memory-store.ts'
export type {
  FailureMeaning,
  IdempotencyOptions,
  Reconcile,
  Reconciliation,
  RecordLifetimes,
} from './options.ts'
export { recordKey } from './record-key.ts'
export type * from './store.ts'
export { UnansweredClaims } from './unanswered-claims.ts'
