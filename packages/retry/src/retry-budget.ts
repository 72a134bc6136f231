import {
  type Clock,
  type Duration,
  duration,
  knownOptions,
  number,
  ratio,
  systemClock,
} from '@seaworthy/core'
import { TokenWindow } from './token-window.ts'

/** Options of {@link retryBudget}. */
export interface RetryBudgetOptions {
  /** Retries that each first attempt pays for, in steps of a thousandth. @defaultValue 0.1 */
  readonly ratio?: number
  /** Retries a second that are allowed without any traffic. @defaultValue 1 */
  readonly minPerSecond?: number
  /** How long a first attempt counts; at least a second. @defaultValue `'10s'` */
  readonly ttl?: Duration
  /** The source of time. @defaultValue the system clock */
  readonly clock?: Clock
}

/** A limit on retries, shared by any number of policies. Implement it to bring your own. */
export interface RetryBudget {
  /** A call begins: its first attempt pays in. */
  deposit(): void
  /**
   * A call asks for one more retry.
   *
   * @param taken - How many it took before.
   * @returns A receipt for {@link refund}; undefined when the answer is no.
   */
  tryWithdraw(taken: number): number | undefined
  /** The retry of that receipt was given up before it ran. */
  refund(receipt: number): void
  /** How many retries it holds. */
  readonly balance: number
}

/** Tokens are counted in thousandths, so that shares add up exactly. */
const token = 1000

/**
 * Keeps an outage from growing: over any `ttl`, retries are at most `ratio` of the first attempts, plus a floor
 * for services with little traffic. Without a budget, three layers with three retries each turn one call into
 * 64.
 *
 * A retry is charged when it is scheduled, and refunded when it is given up before it ran. One call takes at
 * most half of what there is, so that a few slow calls do not use up everything. Give one budget to all
 * policies that call the same dependency.
 *
 * Source: Twitter Finagle, `RetryBudget`; Google, "Site Reliability Engineering", chapter 21, "Handling Overload".
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { retry, retryBudget } from '@seaworthy/retry'
 *
 * const budget = retryBudget({ ratio: 0.2 })
 * const read = retry({ budget })
 * const write = retry({ budget, attempts: 2 })
 * console.log(await read.execute(() => 'read'), await write.execute(() => 'written'))
 * console.log(budget.balance) // 10.4
 * ```
 */
export function retryBudget(options: RetryBudgetOptions = {}): RetryBudget {
  knownOptions('retryBudget', options, ['ratio', 'minPerSecond', 'ttl', 'clock'])
  return new TokenBudget(options)
}

class TokenBudget implements RetryBudget {
  private readonly clock: Clock
  private readonly earned: number
  private readonly reserve: number
  private readonly window: TokenWindow

  constructor({
    ratio: share = 0.1,
    minPerSecond = 1,
    ttl = '10s',
    clock = systemClock,
  }: RetryBudgetOptions) {
    const length = duration('ttl', ttl, 1000)
    this.clock = clock
    this.earned = Math.round(ratio('ratio', share, true) * token)
    this.reserve = Math.floor((number('minPerSecond', minPerSecond) * length * token) / 1000)
    this.window = new TokenWindow(length)
  }

  deposit(): void {
    this.window.add(this.earned, this.clock.now())
  }

  tryWithdraw(taken: number): number | undefined {
    const now = this.clock.now()
    const held = (this.reserve + this.window.sum(now)) / token
    const share = Math.max(1, Math.floor((held + taken) / 2))
    return held >= 1 && taken < share ? this.window.add(-token, now) : undefined
  }

  refund(receipt: number): void {
    this.window.addTo(receipt, token, this.clock.now())
  }

  get balance(): number {
    return Math.max(0, this.reserve + this.window.sum(this.clock.now())) / token
  }
}
