/** The policies around each send, when the user brings none. */
import { type BreakerPerKey, breakerPerKey, type CircuitBreakerOptions } from '@seaworthy/circuit-breaker'
import { InvalidOptionError, type Settled } from '@seaworthy/core'
import { type RateLimit, rateLimit } from '@seaworthy/flow'
import {
  budgetPerKey,
  byClass,
  exponential,
  type KeyedRetryBudget,
  type RetryBudget,
  type RetryOptions,
  type RetryPolicy,
  retry,
} from '@seaworthy/retry'
import { isUnknownHost } from './evidence.ts'
import type { HttpOptions, HttpRetryOptions } from './options.ts'
import { Reply } from './reply.ts'
import type { Rules } from './rules.ts'

/** The policies of one client, outermost first. */
export interface OwnPolicies {
  readonly retry: RetryPolicy | undefined
  readonly budgets: KeyedRetryBudget | undefined
  readonly rateLimit: RateLimit | undefined
  readonly breakers: BreakerPerKey | undefined
}

/** Makes them. */
export function ownPolicies(options: HttpOptions, rules: Rules): OwnPolicies {
  const common = commonOf(rules)
  const budget = budgetOf(options.budget, rules)
  const limit = options.rateLimit
  return {
    retry: retryOf(options.retry, budget, rules),
    budgets: budget !== false && 'size' in budget ? budget : undefined,
    rateLimit:
      limit === undefined
        ? undefined
        : rateLimit({
            ...limit,
            ...common,
            key: (context) => context.key,
            maxKeys: rules.maxOrigins,
          }),
    breakers: breakersOf(options.breaker, rules),
  }
}

function commonOf({ name, hub, clock }: Rules): Pick<CircuitBreakerOptions, 'name' | 'hub' | 'clock'> {
  return { hub, clock, ...(name === undefined ? {} : { name }) }
}

const defaultDelay = byClass(
  { degraded: exponential('1s', { max: '30s' }) },
  exponential('200ms', { max: '10s' }),
)

function retryOf(
  option: HttpOptions['retry'],
  budget: RetryBudget | KeyedRetryBudget | false,
  rules: Rules,
): RetryPolicy | undefined {
  if (option === false) return undefined
  const given: HttpRetryOptions = typeof option === 'number' ? { attempts: option } : (option ?? {})
  const { attempts = 4, delay = defaultDelay } = given
  const options: RetryOptions = {
    ...given,
    ...commonOf(rules),
    random: rules.random,
    attempts,
    delay,
    budget,
    classify: (failure) => (failure instanceof Reply ? failure.failureClass : rules.classify(failure)),
    retryIf: (error, judged, attempt) =>
      judged === 'transient' || judged === 'degraded' || (attempt === 1 && isUnknownHost(error)),
    retryResult: (value) => value instanceof Reply && value.repeat,
    disposeResult: (value) => (value as Reply).discard(),
    delayFrom: (failure) => (failure as { retryAfter?: number | 'stop' }).retryAfter,
  }
  return retry(options)
}

function breakersOf(option: HttpOptions['breaker'], rules: Rules): BreakerPerKey | undefined {
  if (option === false) return undefined
  const options: CircuitBreakerOptions = {
    ...option,
    ...commonOf(rules),
    random: rules.random,
    classify: (settled) => outcomeOf(settled, rules),
  }
  return breakerPerKey(options, { max: rules.maxOrigins, idle: rules.idle })
}

/** What a send says about the server that the request was meant for. */
function outcomeOf(settled: Settled<unknown>, rules: Rules): 'success' | 'failure' | 'neutral' {
  if (settled.status === 'rejected')
    return rules.classify(settled.reason) === 'transient' ? 'failure' : 'neutral'
  const { value } = settled
  if (!(value instanceof Reply) || value.redirected || value.failureClass === undefined) return 'success'
  // A server that names a wait is left alone until then; an open circuit would turn away what can wait.
  if (rules.cooldown !== undefined && value.failure?.evidence === 'unprocessed') return 'neutral'
  return value.failureClass === 'transient' ? 'failure' : 'neutral'
}

function budgetOf(option: HttpOptions['budget'], rules: Rules): RetryBudget | KeyedRetryBudget | false {
  if (option === false) return false
  if (typeof option === 'object' && option !== null && ('forKey' in option || 'tryWithdraw' in option))
    return option
  if (option !== undefined && (typeof option !== 'object' || option === null))
    throw new InvalidOptionError('budget', 'options of a budget, a budget, or false', option)
  return budgetPerKey({
    clock: rules.clock,
    ...option,
    max: rules.maxOrigins,
    idle: Math.max(rules.idle, 60_000),
  })
}
