/**
 * What a policy contributes to a pipeline: hooks around one call, instead of a function around a function. The
 * engine runs the hooks of all layers of a call in one flat plan; see `engine.ts`.
 */
import type { CallContext, ExecuteOptions } from './context.ts'
import type { DeadlineNode } from './deadlines.ts'

/** Your function, as the engine calls it. */
export type Operation<T = unknown> = (context: CallContext) => T | PromiseLike<T>

/** The answer of {@link Layer.enter} that turns a call away; made by {@link Call.refuse}. */
export interface Refusal {
  readonly refused: true
}

/**
 * One call, as hooks see it, with its place in a `DeadlineList`. It belongs to the engine and is used again for a later call: a hook must not keep it
 * after the call has settled. Keep `context` instead.
 */
export interface Call extends DeadlineNode {
  /** The context your function gets. */
  readonly context: CallContext
  /** One place for each layer, at its slot, to remember what `enter` found. Write it in `enter` before reading it. */
  readonly tokens: unknown[]
  /** Whether the call was given up by {@link giveUp} while its function still ran. */
  readonly expired: boolean
  /** Turns the call away: `return call.refuse(error)` from `enter`. Far cheaper than to throw. */
  refuse(error: unknown): Refusal
  /**
   * Whether somebody outside of the layer at `slot` no longer waits: the caller, or a policy further out. A layer
   * further in that ran out of time is a failure of the inner part instead.
   */
  givenUpOutside(slot: number): boolean
  /** Settles the call now, for a layer with `deadline: 'settles'`: the caller gets `error`, the context aborts. */
  giveUp(error: unknown): void
}

/** The part of the plan inside a layer. */
export interface Inner {
  /** Runs it in a context of its own, made by `call.context.child()`. */
  run(context: CallContext): Promise<unknown>
  /**
   * Runs it as if this layer were not there. Where nothing is left but the function, that is the call of the function, without
   * a promise or a context more.
   */
  pass(): Promise<unknown>
  /** Whether a retry outside this layer, in this pipeline or one around it, already owns retrying. */
  readonly retriedOutside: boolean
}

/**
 * The hooks of a policy. A call enters the layers in order, runs the function, and settles in reverse.
 *
 * `enter` is followed by exactly one `success` or `failure` of the same layer if it admitted the call, and by none
 * if it refused. Hooks must not throw, except that a throwing `enter` counts as a refusal with that error.
 */
export interface Layer {
  /** The kind of policy, for example `retry`. */
  readonly kind: string
  /**
   * Promises that calls without options need no record of their own in this layer: its token stays the same from
   * call to call until the state of the policy changes, and its `success` and `failure` look at nothing of
   * `call` but their token. The engine then serves such calls with one shared record. Layers without `enter` are
   * steady. @defaultValue `false`
   */
  readonly steady?: boolean
  /**
   * For a steady layer: while it is not undefined, `enter` would admit a call without options with this token and
   * change nothing, so such calls may enter without asking. Read for every call.
   */
  readonly pass?: unknown
  /**
   * The token with which `enter` would admit a call with these options now, changing nothing but what {@link passed} changes; undefined
   * to see the call. The same token as for the last call as long as nothing has changed. `success` and {@link revises} must look at
   * nothing of `call` but their token then. Layers without `enter` and `success` let all calls pass. Asked for
   * {@link @seaworthy/core!PolicyBase.passage}.
   */
  passFor?(options: ExecuteOptions): unknown
  /** A call with these options has passed: does what `enter` would do besides writing its token. */
  passed?(options: ExecuteOptions): void
  /** Admits a call (undefined), turns it away (`call.refuse`), or lets it wait (a promise; its rejection turns it away). */
  enter?(call: Call, slot: number): undefined | Refusal | Promise<unknown>
  /** Sees the value of the inner part. */
  success?(call: Call, slot: number, value: unknown): void
  /** Sees the error of the inner part. */
  failure?(call: Call, slot: number, error: unknown): void
  /** May answer in place of an error of the inner part: undefined lets the error pass on. Called after `failure`. */
  recover?(call: Call, slot: number, error: unknown, inner: Inner): Promise<unknown> | undefined
  /**
   * Whether {@link revise} is to be asked about a value. It may be asked twice, and throw, with the same effect as there. Without it,
   * `revise` is asked about every value, for which the engine has to prepare the inner part.
   */
  revises?(value: unknown): boolean
  /** May answer in place of a value of the inner part: undefined lets the value pass on. Called after `success`. */
  revise?(call: Call, slot: number, value: unknown, inner: Inner): Promise<unknown> | undefined
  /** The general form: replaces all hooks above. Costs a promise of its own on every call. */
  around?(context: CallContext, inner: Inner): Promise<unknown>
  /**
   * Set by a layer that limits the time of a call with the call's own place in a `DeadlineList`: `settles` if it may
   * settle the call while the function still runs, `signals` if it only aborts the context.
   */
  readonly deadline?: 'settles' | 'signals' | undefined
  /** Called when the call's place in a `DeadlineList` expires. */
  expire?(call: Call, slot: number): void
}
