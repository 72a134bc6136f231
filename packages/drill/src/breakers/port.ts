/** What a circuit breaker must be able to do to be tested. The breaker of `@seaworthy/circuit-breaker` can as it is. */
import type { CircuitBreakerOptions, CircuitRules } from '@seaworthy/circuit-breaker'
import type { Clock, Hub, Random } from '@seaworthy/core'

/** Leave to make one call. The first of its methods counts. */
export interface BreakerPermit {
  success(): void
  failure(error?: unknown): void
  /** The call says nothing about the dependency: it was given up, or its error is one to ignore. */
  neutral(): void
}

/** A change of state, as the breaker tells it. */
export interface BreakerChange {
  readonly from: string
  readonly to: string
  /** Why, in the words of `ChangeReason` of `@seaworthy/circuit-breaker`. */
  readonly reason: string
}

/**
 * A breaker under test. Its states are `closed`, `open`, `halfOpen`, `isolated` and `disposed`. For a breaker of another make write
 * an object that translates.
 */
export interface BreakerUnderTest {
  readonly state: string
  /**
   * @throws When it turns the call away: an error with a `code`, and with `retryAfter`, the milliseconds until the next trial, while it is
   *   open.
   */
  acquire(): BreakerPermit
  execute<T>(operation: () => T | PromiseLike<T>): Promise<T>
  /** Opens it by hand. */
  trip(): unknown
  /** Closes it and forgets everything. */
  reset(): unknown
  /** Turns all calls away until it is released. */
  isolate(reason: string): { release(): void }
  dispose(): void
  /** Exact sizes of what it holds. All must be 0 after `dispose()`. */
  debugStats(): Record<string, number>
  on(event: 'stateChange', listener: (change: BreakerChange) => void): unknown
}

/** What a breaker is made with, for one part of a test. */
export interface BreakerSetup {
  /** The rules it must follow. */
  readonly options: CircuitRules
  readonly clock: Clock
  readonly random: Random
  /** For breakers that show themselves; nobody else is on it. */
  readonly hub: Hub
}

/** Makes the breaker that is tested: a new one each time. */
export type BreakerFactory = (setup: BreakerSetup) => BreakerUnderTest

/** The setup as options of `circuitBreaker`: `testBreaker((setup) => circuitBreaker(breakerOptions(setup)))`. */
export function breakerOptions({ options, clock, random, hub }: BreakerSetup): CircuitBreakerOptions {
  return { ...options, clock, random, hub }
}
