/**
 * Conformance kits: everything a store of idempotency records, a store of dead letters or a stream of tasks has to do, as checks that
 * any adapter can run, with any test runner or none.
 *
 * @module @seaworthy/testing/conformance
 */

export { type ClientStores, type ConnectedStore, conformanceClient } from './conformance/client.ts'
export { deadLetterStoreConformance } from './conformance/dead-letter/kit.ts'
export type {
  DeadLetterStoreOptions,
  DeadLetterStoreSetup,
  DeadLetterStoreUnderTest,
} from './conformance/dead-letter/under-test.ts'
export { newLetter } from './conformance/dead-letter/under-test.ts'
export type { ClaimMachine } from './conformance/idempotency/histories.ts'
export { idempotencyStoreConformance } from './conformance/idempotency/kit.ts'
export {
  type KnownRecord,
  type RecordInput,
  type RecordOutput,
  recordModel,
} from './conformance/idempotency/record-model.ts'
export type {
  IdempotencyStoreOptions,
  IdempotencyStoreUnderTest,
} from './conformance/idempotency/under-test.ts'
export {
  type Breakable,
  type BreakableStores,
  type Capabilities,
  type Check,
  type CheckContext,
  type ConformanceKit,
  type Faults,
  type Floor,
  type Level,
  levels,
  type Need,
  NotOffered,
  type SharedPlace,
  type StoreKind,
  type StoreOptions,
} from './conformance/kit.ts'
export type { KnownBad } from './conformance/known-bad/known-bad.ts'
export { type RecordPlace, readThenWrite } from './conformance/known-bad/records.ts'
export {
  conformanceSelfTest,
  knownBadStores,
  type SelfTestResult,
} from './conformance/known-bad/self-test.ts'
export {
  checkLinearizability,
  type Model,
  type Operation,
  type Verdict,
} from './conformance/linearizability.ts'
export { type RegisterOptions, registerConformance, type TestRunner } from './conformance/register.ts'
export { type ConformanceReport, type Progress, type RunOptions, runConformance } from './conformance/run.ts'
export { taskStreamConformance } from './conformance/stream/kit.ts'
export type {
  TaskStreamOptions,
  TaskStreamSetup,
  TaskStreamUnderTest,
} from './conformance/stream/under-test.ts'
