/**
 * Limits on how long, how often and how many calls may run: timeout, bulkhead, rate limit, adaptive concurrency.
 *
 * @module @seaworthy/flow
 */
export {
  type AdaptiveConcurrency,
  type AdaptiveConcurrencyEvents,
  type AdaptiveConcurrencyOptions,
  type AdaptiveOptions,
  type AimdOptions,
  adaptiveConcurrency,
  type GradientOptions,
  type LimitChange,
  type LoadSignal,
} from './adaptive-concurrency.ts'
export type {
  AdmissionDequeued,
  AdmissionEvents,
  AdmissionQueued,
  AdmissionRejected,
  QueueOptions,
} from './admission.ts'
export {
  type Bulkhead,
  type BulkheadChanges,
  type BulkheadEvents,
  type BulkheadOptions,
  bulkhead,
} from './bulkhead.ts'
export {
  BulkheadFullError,
  ConcurrencyLimitedError,
  type QueueRefusal,
  RateLimitedError,
  type RateRefusal,
  TimeoutError,
  type TimeoutErrorOptions,
} from './errors.ts'
export {
  type RateLimit,
  type RateLimitDequeued,
  type RateLimitEvents,
  type RateLimitOptions,
  type RateLimitQueued,
  type RateLimitRejected,
  rateLimit,
} from './rate-limit.ts'
export {
  type LateResult,
  type Timeout,
  type TimeoutEvents,
  type TimeoutExpired,
  type TimeoutMode,
  type TimeoutOptions,
  timeout,
} from './timeout.ts'
