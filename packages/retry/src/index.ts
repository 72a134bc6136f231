/**
 * Retries with backoff, jitter, server hints and budgets that keep an outage from growing.
 *
 * @module @seaworthy/retry
 */
export { AbortError } from 'p-retry'
export { type BudgetPerKeyOptions, budgetPerKey, type KeyedRetryBudget } from './budget-per-key.ts'
export { byClass, type ChainLink, chain, combine } from './combinations.ts'
export type { DelaySource, GaveUpReason } from './decision.ts'
export type {
  AttemptFailed,
  RetryBudgetExhausted,
  RetryEvents,
  RetryGaveUp,
  RetryScheduled,
  RetrySucceeded,
} from './events.ts'
export { additive, type Jitter, proportional } from './jitter.ts'
export type { RetryOptions } from './options.ts'
export { type RetryPolicy, retry } from './retry.ts'
export { type RetryBudget, type RetryBudgetOptions, retryBudget } from './retry-budget.ts'
export { type RetryHandler, type RetryHandlerStatistics, retryHandler } from './retry-handler.ts'
export { type RetryInfo, retryInfo } from './retry-info.ts'
export type { RetryStatistics } from './retry-statistics.ts'
export { retryable } from './retryable.ts'
export {
  type DelayInput,
  type DelayStrategy,
  decorrelated,
  delays,
  type ExponentialGrowth,
  exponential,
  fibonacci,
  fixed,
  type Growth,
  type LinearGrowth,
  linear,
} from './strategies.ts'
