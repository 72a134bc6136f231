import { type Clock, count, type Duration, duration, systemClock } from '@seaworthy/core'
import { type RetryBudget, type RetryBudgetOptions, retryBudget } from './retry-budget.ts'

/** Options of {@link budgetPerKey}. */
export interface BudgetPerKeyOptions extends RetryBudgetOptions {
  /** The most keys that have a budget; the one that was used longest ago goes. @defaultValue 1000 */
  readonly max?: number
  /** How long a budget is kept after a call with another key came, if it is not used again. Not below `ttl`. @defaultValue `'10m'` */
  readonly idle?: Duration
}

/** Many budgets, one for each key. */
export interface KeyedRetryBudget {
  /** The budget of a key. Calls without a key share one. */
  forKey(key: string | undefined): RetryBudget
  /** How many keys have a budget now. */
  readonly size: number
}

/**
 * A {@link retryBudget} for each `key` of the calls: one tenant, host or provider in trouble does not use up
 * the retries of the others.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { budgetPerKey, retry } from '@seaworthy/retry'
 *
 * const budget = budgetPerKey()
 * const policy = retry({ budget })
 * await policy.execute(() => 'hello', { key: 'api.example.com' })
 * console.log(budget.size) // 1
 * ```
 */
export function budgetPerKey(options: BudgetPerKeyOptions = {}): KeyedRetryBudget {
  return new BudgetPerKey(options)
}

interface Entry {
  readonly key: string | undefined
  readonly budget: RetryBudget
  /** When another key came after it. */
  left: number
}

/** Asked for every call; members are private to TypeScript only, since V8 checks `#private` names at every access. */
class BudgetPerKey implements KeyedRetryBudget {
  /** The longest unused first. */
  private readonly entries = new Map<string | undefined, Entry>()
  private readonly options: RetryBudgetOptions
  private readonly clock: Clock
  private readonly max: number
  private readonly idle: number
  /** The last of them. Most calls in a row are for the same key: nothing changes, and no clock is asked. */
  private newest: Entry | undefined = undefined

  constructor({ max = 1000, idle = '10m', ...options }: BudgetPerKeyOptions) {
    retryBudget(options) // refuses options that make no sense
    this.options = options
    this.clock = options.clock ?? systemClock
    this.max = count('max', max)
    this.idle = duration('idle', idle, duration('ttl', options.ttl ?? '10s'))
  }

  forKey(key: string | undefined): RetryBudget {
    const { newest } = this
    return newest !== undefined && newest.key === key ? newest.budget : this.turnTo(key)
  }

  get size(): number {
    return this.entries.size
  }

  private turnTo(key: string | undefined): RetryBudget {
    const now = this.clock.now()
    if (this.newest !== undefined) this.newest.left = now
    const entry = this.entries.get(key) ?? this.create(key, now)
    this.entries.delete(key)
    this.entries.set(key, entry)
    this.newest = entry
    return entry.budget
  }

  private create(key: string | undefined, now: number): Entry {
    for (const [other, { left }] of this.entries) {
      if (this.entries.size < this.max && now - left < this.idle) break
      this.entries.delete(other)
    }
    return { key, budget: retryBudget(this.options), left: now }
  }
}
