/** The policies that defences are built from. Each can be swapped for another, such as one with a bug that a drill has to find. */
import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { createDegradation, loadShed } from '@seaworthy/degradation'
import { fallback, staleCache } from '@seaworthy/fallback'
import { bulkhead, timeout } from '@seaworthy/flow'
import { retry, retryBudget } from '@seaworthy/retry'

/** The factories of policies, as the packages export them. */
export interface DefencePolicies {
  readonly timeout: typeof timeout
  readonly retry: typeof retry
  readonly retryBudget: typeof retryBudget
  readonly circuitBreaker: typeof circuitBreaker
  readonly bulkhead: typeof bulkhead
  readonly fallback: typeof fallback
  readonly staleCache: typeof staleCache
  readonly loadShed: typeof loadShed
  readonly createDegradation: typeof createDegradation
}

/** The real ones. */
export const realPolicies: DefencePolicies = Object.freeze({
  timeout,
  retry,
  retryBudget,
  circuitBreaker,
  bulkhead,
  fallback,
  staleCache,
  loadShed,
  createDegradation,
})
