/** Calls that all layers of a pipeline let pass without a look, for clients that make a promise of their own. */
import type { Context, ExecuteOptions } from './context.ts'

/** A call that passes: its options, and what to run if it has to be run again. */
export interface PassingCall extends ExecuteOptions {
  /** Read only if a layer recovers from its outcome. */
  readonly operation: (context: Context) => unknown
}

/**
 * The right to run a function once, under a policy, without `execute`: made by {@link @seaworthy/core!PolicyBase.passage}. Its owner tells how that
 * ended, once, with the call that it got it for.
 */
export interface Passage {
  /** It succeeded. @returns The outcome of the call: the value, or the promise of what a layer answers in its place. */
  succeed(value: unknown, call: PassingCall): unknown
  /**
   * It failed.
   *
   * @returns The promise of what a layer answers in its place.
   * @throws The error, if none does.
   */
  fail(error: unknown, call: PassingCall): unknown
}
