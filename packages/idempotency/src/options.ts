import type { Clock, Context, Duration, Hub, Random } from '@seaworthy/core'
import type { Codec } from './codec.ts'
import type { IdempotencyStore } from './store.ts'

/** How long records stay. */
export interface RecordLifetimes {
  /** That the work is done, and its result. @defaultValue `'24h'` */
  readonly completed?: Duration
  /** That it has failed for good, and the error. @defaultValue `'24h'` */
  readonly failed?: Duration
  /** That it has failed in a way that may be mended, which counts its attempts. @defaultValue `'24h'` */
  readonly retryable?: Duration
}

/**
 * What a failure means for the key: it is the answer to all later calls (`terminal`), the next call tries again
 * (`retryable`), or it is not known whether the work had its effect (`unknown`), and `onAbandoned` decides.
 */
export type FailureMeaning = 'terminal' | 'retryable' | 'unknown'

/**
 * What became of a run that went silent: it had its effect, and this is its `value`; it had none, so do it again; or
 * that cannot be found out yet.
 */
export type Reconciliation = { readonly value: unknown } | 'reexecute' | 'unknown'

/**
 * Finds out what became of a run that went silent. It holds the lease meanwhile; `idempotencyOf(context)` has its
 * fence and attempt. What it throws, the call rejects with, and the next call asks again.
 */
export type Reconcile = (context: Context) => Reconciliation | PromiseLike<Reconciliation>

/** Options of {@link idempotency}. */
export interface IdempotencyOptions {
  /** Where the records are. */
  readonly store: IdempotencyStore
  /**
   * What a call is about: at most 256 characters. A function of yours may say undefined, and the call runs
   * unprotected; what it throws, the call rejects with.
   *
   * @defaultValue `context.key`; a call without one is refused
   */
  readonly key?: (context: Context) => string | undefined
  /**
   * Keeps the keys of different operations and tenants apart: at most 256 characters. Calls share a record only if
   * scope and key are equal.
   *
   * @defaultValue none: all who use the store share their keys
   */
  readonly scope?: string | ((context: Context) => string)
  /**
   * How long records stay: all, or by what became of the work. Longer than any duplicate may be late.
   *
   * @defaultValue `'24h'`
   */
  readonly ttl?: Duration | RecordLifetimes
  /**
   * How long an owner may be silent before others may take its place; 100 ms at least. It is renewed at a third of it
   * while the function runs, so it says how soon the work of a process that died goes on, not how long work may take.
   *
   * @defaultValue `'30s'`
   */
  readonly lease?: Duration
  /**
   * The payload of a call. A key that comes again with another payload is refused. Undefined is not compared; what it
   * throws, the call rejects with.
   *
   * @defaultValue payloads are not compared
   */
  readonly fingerprint?: (context: Context) => unknown
  /** Makes fingerprints that only those who know it can check. @defaultValue none: a plain SHA-256 */
  readonly fingerprintSecret?: string | Uint8Array
  /**
   * What a call does that finds the work in flight: `reject` at once, or `wait` for the outcome and share it.
   *
   * @defaultValue `'reject'`
   */
  readonly whenInFlight?: 'reject' | 'wait'
  /** The longest such wait. @defaultValue `'5s'` */
  readonly maxWait?: Duration
  /**
   * What happens to work whose owner went silent, which may or may not have had its effect: do it again, refuse to
   * (`ERR_UNKNOWN_OUTCOME`), or ask a function.
   *
   * @defaultValue `'reexecute'`
   */
  readonly onAbandoned?: 'reexecute' | 'unknown-outcome' | Reconcile
  /**
   * What a call gets whose function succeeded when the store did not take the result: that result, or an
   * `ERR_OUTCOME_UNRECORDED`. Either way it is sent again until the lease is over.
   *
   * @defaultValue `'return'`
   */
  readonly onCompletionFailure?: 'return' | 'throw'
  /**
   * What a call does when the store cannot say whether the work may be done: `closed` rejects
   * (`ERR_STORE_UNAVAILABLE`), `open` runs the function unprotected.
   *
   * @defaultValue `'closed'`
   */
  readonly onStoreError?: 'closed' | 'open'
  /** How long each answer of the store may take; never more than a third of the lease. @defaultValue `'1s'` */
  readonly storeTimeout?: Duration
  /** Turns results into text. @defaultValue {@link @seaworthy/idempotency!taggedJson} */
  readonly codec?: Codec
  /** The most bytes of UTF-8 that are kept of a result. @defaultValue 65,536 */
  readonly maxResultSize?: number
  /**
   * Your judgement of failures; undefined, or a throw, leaves it to the general rules.
   *
   * @defaultValue `terminal` if it is `fatal`, and neither a bug (`TypeError` and its kind), nor raised by a policy, nor
   *   of a call that was given up; else `retryable`
   */
  readonly classify?: (error: unknown) => FailureMeaning | undefined
  /** A name, for errors, events and the hub. */
  readonly name?: string
  /** Where a policy with a name shows itself. @defaultValue the hub of the process */
  readonly hub?: Hub
  /** The source of time, but for the store's. @defaultValue the system clock */
  readonly clock?: Clock
  /** The source of randomness, for the names of owners and to spread polls. @defaultValue `Math.random` */
  readonly random?: Random
}
