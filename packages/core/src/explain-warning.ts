/** What the warnings of `explain` look like. */
/** Every kind of warning. The codes are stable; the words of the messages are not. `docs/explain.md` lists them. */
export type CompositionWarningCode =
  | 'breaker-never-trips'
  | 'breaker-opens-within-one-call'
  | 'breaker-outside-retry'
  | 'child-not-shorter'
  | 'cooperative-limit'
  | 'duration-misses-target'
  | 'fallback-hides-bugs'
  | 'fallback-inside-breaker'
  | 'fallback-inside-retry'
  | 'hang-goes-unnoticed'
  | 'lower-recovery-shorter'
  | 'no-room-for-retries'
  | 'no-time-limit'
  | 'optional-call-without-fallback'
  | 'places-held-while-waiting'
  | 'recovery-misses-target'
  | 'retries-bypass-rate-limit'
  | 'retries-multiplied'
  | 'retry-inside-retry'
  | 'retry-outside-dead-breaker'
  | 'unlimited-wait'
  | 'wait-exceeds-time-limit'

/** A known trap that a composition falls into. */
export interface CompositionWarning {
  /** Which trap, for programs. */
  readonly code: CompositionWarningCode
  /**
   * - `error`: a target that was asked for cannot be met.
   * - `warning`: something does not do what it is there for, or does harm in an outage.
   * - `info`: may well be meant; worth knowing.
   */
  readonly severity: 'error' | 'warning' | 'info'
  /** What is so, and why it hurts. */
  readonly message: string
  /** What to do about it. */
  readonly advice: string
  /** The policies concerned, as the text names them, outermost first; in a graph, the nodes as well. */
  readonly policies: readonly string[]
}
