/** What stands around the calls from one service to another: plain data, so that files and reports can hold it. Milliseconds. */

/** When the circuit breaker of a hop opens and how it recovers. */
export interface HopBreaker {
  readonly failureThreshold: number
  readonly failureRate: number
  readonly minimumRequests: number
  /** The first and the longest wait. */
  readonly initial: number
  readonly max: number
  readonly jitter: number
  readonly successThreshold: number
  /** Trials at once. */
  readonly trials: number
}

/** How many calls of a hop run at once. */
export interface HopBulkhead {
  readonly concurrency: number
  readonly queue: number
  /** @defaultValue as long as the caller does */
  readonly maxWait?: number
}

/** The settings of one hop. `false` leaves a policy out. */
export interface HopSettings {
  /** How long one attempt may take. */
  readonly timeout: number | false
  /** Attempts, the first included. */
  readonly attempts: number
  /** The wait before the first retry; each further one is twice as long, and half of each is random. */
  readonly delay: number
  /** Retries for each first attempt. */
  readonly budget: number | false
  readonly breaker: HopBreaker | false
  /** Calls at once, and waiting, of one instance of the caller, and how long they wait. */
  readonly bulkhead: HopBulkhead | false
  /**
   * How long a remembered answer is as good as new, and whether callers that ask for the same at once share one call. Of use only where the call
   * `answers` from a cache.
   */
  readonly cache: { readonly ttl: number; readonly singleFlight: boolean }
}

/** All hops by their edge, `from > to`, and whether the services turn work away when many circuits are open. */
export interface Defence {
  readonly hops: Readonly<Record<string, HopSettings>>
  readonly degradation: boolean
}
