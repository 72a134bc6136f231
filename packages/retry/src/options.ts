import type { Classify, Clock, Duration, FailureClass, Hub, Random } from '@seaworthy/core'
import type { KeyedRetryBudget } from './budget-per-key.ts'
import type { Jitter } from './jitter.ts'
import type { RetryBudget } from './retry-budget.ts'
import type { DelayStrategy } from './strategies.ts'

/**
 * Options of {@link retry}.
 *
 * A function of yours that throws, or answers something that makes no sense, is treated as if it had not been
 * given; its error goes to the hub's `listenerError`. "Failure" means what the call threw, or a value that
 * `retryResult` refused.
 *
 * @typeParam R - What `retryResult` and `disposeResult` expect the functions to return.
 */
export interface RetryOptions<R = unknown> {
  /** Its name on the hub and in events. @defaultValue none: the policy stays off the hub */
  readonly name?: string | undefined
  /** The hub for a policy with a name. @defaultValue the hub of the process */
  readonly hub?: Hub | undefined
  /** The source of time. @defaultValue the system clock */
  readonly clock?: Clock | undefined
  /** The source of randomness for jitter. @defaultValue `Math.random` */
  readonly random?: Random | undefined

  /**
   * How often the function runs at most, the first time included. 1 switches the policy off; `Infinity` is
   * allowed.
   *
   * @defaultValue 5
   */
  readonly attempts?: number | undefined
  /**
   * The wait before each retry: a duration, or a strategy such as {@link exponential}.
   *
   * @defaultValue `exponential('1s', { max: '30s' })`, and `exponential('5s', { max: '30s' })` after a
   *   `degraded` failure
   */
  readonly delay?: DelayStrategy | Duration | undefined
  /**
   * How delays are spread: `none`, `full` (0 to the delay), `equal` (half to all of it), {@link @seaworthy/retry!proportional}
   * or {@link @seaworthy/retry!additive}.
   *
   * @defaultValue `'full'`, or `'none'` for a strategy that spreads by itself, such as {@link @seaworthy/retry!decorrelated}
   */
  readonly jitter?: 'none' | 'full' | 'equal' | Jitter | undefined
  /** The shortest wait that a strategy and its jitter may lead to. @defaultValue 0 */
  readonly minDelay?: Duration | undefined
  /** The longest wait that a strategy and its jitter may lead to. @defaultValue 2147483647 ms, 24.8 days */
  readonly maxDelay?: Duration | undefined

  /**
   * Reads from a failure how many milliseconds the server asks to wait. `'stop'`, a number below 0, or Infinity
   * says not to try again; undefined that it asks for nothing.
   *
   * @defaultValue the number in its `retryAfter`, as Seaworthy's own errors carry it
   */
  readonly delayFrom?: ((failure: unknown) => number | 'stop' | undefined) | undefined
  /**
   * `floor`: waits at least as long as the server asked, plus up to a tenth and at most a second more, and
   * longer if the strategy says so. `exact`: waits as long as the server asked, also if that is 0.
   *
   * @defaultValue `'floor'`
   */
  readonly hintMode?: 'floor' | 'exact' | undefined
  /**
   * When the server asks for more than this, the call fails at once instead of waiting. `Infinity` is allowed.
   *
   * @defaultValue `'60s'`
   */
  readonly maxServerDelay?: Duration | undefined
  /**
   * No wait is started that would end later than this after the start of the call. `Infinity` is allowed.
   *
   * @defaultValue `Infinity`
   */
  readonly maxElapsed?: Duration | undefined

  /** Judges a failure; undefined leaves it to `failureClass` of `@seaworthy/core`. */
  readonly classify?: Classify | undefined
  /**
   * Whether to retry after an error, instead of by its class: `transient` and `degraded` are retried,
   * `persistent` and `fatal` are not. Not asked about rejections by an open circuit, see `retryOpenCircuit`.
   */
  readonly retryIf?: ((error: unknown, failureClass: FailureClass, attempt: number) => boolean) | undefined
  /**
   * Whether a value that the function returned is to be retried. When there are no more retries, the caller
   * gets the value.
   */
  readonly retryResult?: ((value: R, attempt: number) => boolean) | undefined
  /** Frees what a value holds that `retryResult` refused and that nobody will get. Not awaited. */
  readonly disposeResult?: ((value: R) => unknown) | undefined

  /** What limits the retries of all calls together. @defaultValue `false`, no limit */
  readonly budget?: RetryBudget | KeyedRetryBudget | false | undefined
  /**
   * Whether a rejection by an open circuit breaker inside is retried: after its `retryAfter`, if that is short
   * enough.
   *
   * @defaultValue `false`
   */
  readonly retryOpenCircuit?: boolean | undefined
  /**
   * What to do inside another retry, in the same pipeline or in one around it whose context is passed on.
   * `collapse`: leave retrying to the outer one. `multiply`: retry as well, so that 3 attempts inside 3 make 9.
   *
   * @defaultValue `'collapse'`
   */
  readonly nested?: 'collapse' | 'multiply' | undefined
}
