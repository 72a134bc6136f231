/** What policies say about themselves before they run. `explain` reads it. */

/** The facts about one policy that decide what a composition does. All durations are milliseconds. */
export interface PolicyDescription {
  /** The kind, for example `retry`. */
  readonly kind: string
  /** The name, if it has one. */
  readonly name?: string | undefined
  /** Its effective options, for people: short plain values. */
  readonly options: Readonly<Record<string, unknown>>
  /**
   * The longest that the policy lets its inner part take. `aggressive`: it answers when the limit strikes, and at once
   * when the call is given up from outside. `cooperative`: it waits until the function has ended.
   */
  readonly timeLimit?: { readonly limit: number; readonly mode: 'aggressive' | 'cooperative' } | undefined
  /** How often the inner part may run for one call, one after the other, counting the first. @defaultValue 1 */
  readonly attempts?: number | undefined
  /** Of a retry: whether it repeats also inside another retry, which otherwise owns the repeating. @defaultValue `false` */
  readonly multiplies?: boolean | undefined
  /** The sum of the longest waits between attempts, or before copies. @defaultValue 0; of copies, not known */
  readonly delays?: number | undefined
  /** The longest wait before the inner part runs (a queue, a rate limit); Infinity if nothing limits it. @defaultValue 0 */
  readonly wait?: number | undefined
  /** How often the inner part may run side by side for one call. @defaultValue 1 */
  readonly copies?: number | undefined
  /** How many calls may run the inner part at once. */
  readonly concurrency?: number | undefined
  /** Set by a circuit breaker. */
  readonly circuit?: {
    /** Failures in a row that open it; Infinity if only a rate does. */
    readonly consecutive: number
    /** Calls before a rate is judged; Infinity if only failures in a row open it. */
    readonly minimumRequests: number
    /** The shortest and longest time it stays open before a trial. */
    readonly recovery: { readonly first: number; readonly longest: number }
    /** Whether it can open at all. */
    readonly trips: boolean
    /** Whether calls that hang count against it while they run. @defaultValue `false` */
    readonly countsHanging?: boolean | undefined
  }
  /** Set by a policy that answers in place of an error. `programmerErrors` if it hides bugs too. */
  readonly answers?: { readonly programmerErrors: boolean }
  /** Of a retry or breaker: whether a rejection by an open circuit inside is tried again. */
  readonly retriesOpenCircuit?: boolean | undefined
}
