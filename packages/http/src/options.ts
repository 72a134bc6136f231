import type { CircuitBreakerOptions } from '@seaworthy/circuit-breaker'
import type { Classify, Clock, Duration, Hub, Policy, Random, WallClock } from '@seaworthy/core'
import type { RateLimitOptions } from '@seaworthy/flow'
import type { KeyedRetryBudget, RetryBudget, RetryBudgetOptions, RetryOptions } from '@seaworthy/retry'

/** How often and how soon a request is sent again. All as in `retry` of `@seaworthy/retry`. */
export interface HttpRetryOptions
  extends Pick<RetryOptions, 'jitter' | 'minDelay' | 'maxDelay' | 'hintMode' | 'maxServerDelay'> {
  /** How often a request is sent at most, the first time included. @defaultValue 4 */
  readonly attempts?: number | undefined
  /**
   * The wait before each retry, if the server asks for none.
   *
   * @defaultValue `exponential('200ms', { max: '10s' })`, and from 1 s on after a 429 or 529
   */
  readonly delay?: RetryOptions['delay']
  /** Whether a rejection by an open circuit is retried when it closes soon enough. @defaultValue `false` */
  readonly retryOpenCircuit?: boolean | undefined
}

/** How long requests may take. `false` for no limit. */
export interface HttpTimeoutOptions {
  /** One send, until its answer begins. @defaultValue `'10s'` */
  readonly attempt?: Duration | false | undefined
  /** The call with all its sends and the waits between them. No wait is begun that would end later. @defaultValue `'30s'` */
  readonly total?: Duration | false | undefined
  /**
   * What must have come by then: the headers, or the whole body. With `body` reading a body that takes longer fails with
   * the same error, and an answer that nobody reads is given up when the time is over.
   *
   * @defaultValue `'headers'`
   */
  readonly covers?: 'headers' | 'body' | undefined
}

/** What happens when a server asks for a pause, with a 429 or 503 and a wait. */
export interface CooldownOptions {
  /** The longest that other calls to the server wait for its end; longer ones are turned away. @defaultValue `'60s'` */
  readonly maxWait?: Duration | undefined
  /** The longest pause that is kept, whatever the server asks. @defaultValue `'10m'` */
  readonly max?: Duration | undefined
  /** Whether a successful answer that says it was the last one allowed (`RateLimit: …;r=0;t=…`) begins one, too. @defaultValue `false` */
  readonly whenExhausted?: boolean | undefined
}

/** What is known about a request where its state is looked up. */
export interface RequestTarget {
  /** Scheme, host and port. */
  readonly origin: string
  /** In capitals. */
  readonly method: string
  readonly url: URL
}

/** Options of the engine that do not depend on the client. */
export interface HttpOptions {
  /** A name, for errors, events and the hub. Its retry, breaker and rate limit carry it, too. */
  readonly name?: string | undefined
  /** Where a client with a name shows itself. @defaultValue the hub of the process */
  readonly hub?: Hub | undefined
  /** Measures limits and waits. @defaultValue the system clock */
  readonly clock?: Clock | undefined
  /** For jitter and keys. @defaultValue `Math.random` */
  readonly random?: Random | undefined
  /** Reads dates in headers where the server sends no `Date`. @defaultValue `Date.now` */
  readonly wallClock?: WallClock | undefined

  /**
   * A policy of your own, which then decides alone about retries, limits and circuits: `retry`, `breaker`, `budget`, `rateLimit`,
   * `cooldown` are refused beside it, and there is no `timeout` unless you give one. Its calls get the origin as `key`. The
   * engine tells it what may be retried, replays bodies, reads hints, and never lets it send twice what must not be.
   */
  readonly policy?: Policy<unknown> | undefined

  /** Sends that fail for a while are repeated. A number means `{ attempts }`; `false` sends once. */
  readonly retry?: HttpRetryOptions | number | false | undefined
  /** The statuses that are retried. 413 is when the server says when; 409 while an own key is in flight. @defaultValue {@link retriedStatuses} */
  readonly retryStatuses?: readonly number[] | undefined
  /** @defaultValue `{ attempt: '10s', total: '30s', covers: 'headers' }` */
  readonly timeout?: HttpTimeoutOptions | false | undefined
  /**
   * When the work that a call is for must be over: milliseconds on the clock, or undefined. Asked at the beginning of every
   * call; what ends sooner holds, `timeout` or this. Inside protected routes `currentDeadline` of `@seaworthy/http/incoming`
   * hands the time on that the caller of the route gave. For the breaker a call that its deadline ends says nothing about the
   * server: let `timeout.attempt` be shorter than the deadlines that you get.
   *
   * @defaultValue none
   */
  readonly deadline?: (() => number | undefined) | undefined
  /** The circuit breaker of each origin: its options, or `false` for none. */
  readonly breaker?:
    | Omit<CircuitBreakerOptions, 'name' | 'hub' | 'clock' | 'random' | 'classify'>
    | false
    | undefined
  /**
   * What limits the retries to each origin: options of `retryBudget`, a budget to share, or `false` for no limit.
   *
   * @defaultValue a tenth of the requests, and one a second
   */
  readonly budget?: RetryBudgetOptions | RetryBudget | KeyedRetryBudget | false | undefined
  /** How many requests may be sent to each origin. @defaultValue no limit */
  readonly rateLimit?: Pick<RateLimitOptions, 'limit' | 'per' | 'burst' | 'wait'> | undefined
  /** Whether all calls heed a server that asked one of them for a pause. */
  readonly cooldown?: CooldownOptions | false | undefined

  /**
   * - `auto`: requests that are not idempotent by their method get a key, the same on all sends, unless they carry one. Only for
   *   servers that know such keys: others would carry out a request twice.
   * - `respect`: such a request is repeated like an idempotent one if it carries a key of yours.
   * - `false`: keys mean nothing.
   *
   * @defaultValue `'respect'`
   */
  readonly idempotencyKey?: 'auto' | 'respect' | false | undefined
  /** The header of the key. @defaultValue `'Idempotency-Key'` */
  readonly idempotencyHeader?: string | undefined
  /** A header that tells the server how many sends came before, from the second on: `X-Retry-Count`. @defaultValue none */
  readonly attemptHeader?: string | undefined
  /** Whether vendors' headers count: `retry-after-ms`, `x-ms-retry-after-ms`, `x-amz-retry-after`, `x-should-retry`. @defaultValue `true` */
  readonly vendorHints?: boolean | undefined
  /** Judges errors; undefined leaves it to `failureClass` of `@seaworthy/core`. */
  readonly classify?: Classify | undefined
  /**
   * Whether an answer whose status is a failure rejects with an `HttpStatusError` when there are no more retries. Without it
   * the caller gets the answer.
   *
   * @defaultValue `false`
   */
  readonly throwOnFailure?: boolean | undefined

  /** How much of a body is kept in memory, so that it can be sent again, where it would be gone otherwise: bytes. @defaultValue 1 MiB */
  readonly maxReplayBytes?: number | undefined
  /** Whether bodies that are streams are kept, too. They are then sent when they have ended. @defaultValue `false` */
  readonly bufferStreams?: boolean | undefined

  /** The state of an origin is forgotten when so many others were used since, or when it was idle for so long. @defaultValue `{ max: 1000, idle: '10m' }` */
  readonly origins?: { readonly max?: number; readonly idle?: Duration } | undefined
  /** What shares its state; shown in events. If it throws, the origin counts. @defaultValue the origin: scheme, host and port */
  readonly key?: ((target: RequestTarget) => string) | undefined
}
