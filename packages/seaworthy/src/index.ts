/**
 * Resilience for any async function, in one import: pipelines, circuit breaker, retry, timeout, bulkhead, rate limit,
 * adaptive concurrency, fallback, stale cache, hedging, provider failover; and ready-made presets and profiles.
 *
 * @module seaworthy
 */
export * from '@seaworthy/circuit-breaker'
export * from '@seaworthy/core'
export * from '@seaworthy/fallback'
export * from '@seaworthy/flow'
export * from '@seaworthy/retry'
export {
  aiProvider,
  database,
  type MoreBreakerOptions,
  type MoreRetryOptions,
  messaging,
  type PresetEvents,
  type PresetOptions,
  type PresetPipeline,
} from './factories.ts'
export { type Preset, type PresetName, presets } from './presets.ts'
export {
  formatProfile,
  type Profile,
  type ProfileName,
  type ProfileSettings,
  profile,
  profileNameOf,
  profiles,
} from './profiles.ts'
export { type Overrides, type ResolvedOptions, resolveOptions, type Source } from './resolve-options.ts'
