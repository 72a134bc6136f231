/**
 * Answers for when the call has none, or is slow to give it: fallbacks, a stale cache, hedged calls, failover between
 * providers.
 *
 * @module @seaworthy/fallback
 */
export { CacheMissError } from './errors.ts'
export { type Failover, type FailoverSnapshot, failover, type ProviderSnapshot } from './failover.ts'
export {
  FirstByteTimeoutError,
  failoverHops,
  ProviderAnswerError,
  ProvidersFailedError,
  type ProvidersFailedErrorOptions,
  StreamInterruptedError,
} from './failover-errors.ts'
export type {
  FailoverAnswered,
  FailoverEvents,
  FailoverFailed,
  FailoverFailure,
  FailoverHop,
  FailoverInterrupted,
  FailoverLate,
  FailoverWaiting,
  HopEnded,
  HopOutcome,
  HopReason,
  ProviderExcluded,
  ProviderLimited,
  ProviderMisconfigured,
  ProviderProbed,
  ProviderState,
  ProviderStateChanged,
} from './failover-events.ts'
export type { FailoverOptions, FailoverProvider } from './failover-options.ts'
export {
  type Answered,
  type Fallback,
  type FallbackAnswered,
  type FallbackEvents,
  type FallbackLinkFailed,
  type FallbackOptions,
  type FallbackUnanswered,
  fallback,
  fallbackChain,
} from './fallback.ts'
export {
  type AnswerOf,
  type AnyFallbackLink,
  type FallbackAnswer,
  type FallbackFunction,
  type FallbackLink,
  type NoAnswer,
  noAnswer,
} from './fallback-link.ts'
export { type Hedge, type HedgeOptions, hedge } from './hedge.ts'
export type { HedgeBudgetExhausted, Hedged, HedgeEvents, HedgeLate, HedgeWon } from './hedge-events.ts'
export type { FailoverStrategy } from './selection.ts'
export { type StaleCache, type StaleCacheOptions, staleCache } from './stale-cache.ts'
export type {
  CacheEvicted,
  CacheHit,
  CacheMiss,
  CacheRefresh,
  CacheStale,
  StaleCacheEvents,
} from './stale-cache-events.ts'
