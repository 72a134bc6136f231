/**
 * Limits on how long, how often and how many calls may run: timeout, bulkhead, rate limit, adaptive
 * concurrency.
 *
 * @module @seaworthy/flow
 */
export {
  type AdaptiveConcurrency,
  type AdaptiveConcurrencyEvents,
  adaptiveConcurrency,
  type LimitChange,
} from './adaptive-concurrency.ts'
export type {
  AdaptiveConcurrencyOptions,
  AdaptiveOptions,
  AimdOptions,
  GradientOptions,
  LoadSignal,
} from './adaptive-options.ts'
export type {
  AdmissionDequeued,
  AdmissionEvents,
  AdmissionQueued,
  AdmissionRejected,
} from './admission-events.ts'
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
export type { QueueOptions } from './queue-options.ts'
export { type RateLimit, rateLimit } from './rate-limit.ts'
export type {
  RateLimitDequeued,
  RateLimitEvents,
  RateLimitQueued,
  RateLimitRejected,
} from './rate-limit-events.ts'
export type { RateLimitOptions } from './rate-limit-options.ts'
export { type Timeout, type TimeoutMode, type TimeoutOptions, timeout } from './timeout.ts'
export type { LateResult, TimeoutEvents, TimeoutExpired } from './timeout-events.ts'
