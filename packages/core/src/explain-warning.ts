/** What the warnings of `explain` look like. */
import type { PolicyDescription } from './describe.ts'

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

/** How the text names a policy: its kind, and its name if it has one. */
export function label({ kind, name }: PolicyDescription): string {
  return name === undefined ? kind : `${kind} '${name}'`
}

/** `1 attempt`, `5 attempts`, `endless attempts`. */
export function counted(count: number, noun: string): string {
  if (count === Number.POSITIVE_INFINITY) return `endless ${noun}s`
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
