/**
 * Service levels for hard times: rules, overrides, features, load shedding, fallbacks, notices.
 *
 * @module @seaworthy/degradation
 */
export {
  currentCriticality,
  type RequestCriticality,
  type SheddingTable,
  withCriticality,
} from './criticality.ts'
export type { Degradation, KillOptions, OverrideOptions } from './degradation.ts'
export {
  FallbacksFailedError,
  FeatureOffError,
  LoadShedError,
  ReadOnlyModeError,
  ServiceLevelError,
  UnknownFeatureError,
} from './errors.ts'
export type { DegradationEvents } from './events.ts'
export {
  cannedReply,
  type EnqueueOptions,
  type EnqueueReceipt,
  enqueue,
  type FallbackRequest,
  readOnly,
  type ServiceFallback,
} from './fallback-link.ts'
export {
  type FallbackRegistry,
  type FallbackRegistryEvents,
  type FallbackRegistryOptions,
  fallbackRegistry,
  type ServedAnswer,
  type ServeOptions,
  type ServiceOptions,
} from './fallback-registry.ts'
export type { FeatureOptions } from './features.ts'
export * as levelMachine from './level-machine.ts'
export {
  type Level,
  levels,
  levelValue,
  parseLevel,
  type ServiceLevel,
  type ServiceLevels,
} from './levels.ts'
export { type LoadShed, type LoadShedEvents, type LoadShedOptions, loadShed } from './load-shed.ts'
export { createDegradation } from './manager.ts'
export {
  type MemoryCache,
  type MemoryCacheOptions,
  memoryCache,
  type RememberedAnswer,
} from './memory-cache.ts'
export { type MemoryDegradationStoreOptions, memoryDegradationStore } from './memory-store.ts'
export type { Notice, NoticeText, NoticeTexts } from './notice.ts'
export type { DegradationOptions } from './options.ts'
export { type Rule, type RuleReading, type StandardRuleOptions, standardRules } from './rule.ts'
export type {
  BulkheadSignal,
  CheckSignal,
  CircuitSignal,
  DeadLetterSignal,
  ResourceSignals,
  Signals,
} from './signals.ts'
export type { DegradationSnapshot, LevelChange } from './snapshot.ts'
export type { DegradationStore, FleetView, SharedOverride } from './store.ts'
