/** What every policy can do, and how policies become a pipeline. */
import type { Context, ExecuteOptions } from './context.ts'
import type { PolicyDescription } from './describe.ts'
import { Plan } from './engine.ts'
import { Emitter, type EventMap } from './events.ts'
import { defaultHub, type Hub } from './hub.ts'
import type { Layer, Operation } from './layer.ts'
import type { Listener } from './listener.ts'
import type { Passage } from './passage.ts'

/** How a call ended, without a throw. */
export type Settled<T> =
  | { readonly status: 'fulfilled'; readonly value: T }
  | { readonly status: 'rejected'; readonly reason: unknown }

/**
 * A policy wraps any async function. A pipeline is a policy too.
 *
 * @typeParam Added - What the policy may answer besides the function's own result.
 * @typeParam Events - The events it emits and their payloads.
 */
export interface Policy<Added = never, Events extends EventMap = EventMap> {
  /** What it does, for example `circuit-breaker`. */
  readonly kind: string
  /** Its name, which is also its place on the hub. */
  readonly name: string | undefined
  /** What it may answer, for the type checker alone, which cannot see through a generic method. Never set. */
  readonly answers?: Added

  /**
   * Runs a function under this policy.
   *
   * @param operation - Gets a {@link Context} with the signal to obey. May be synchronous.
   * @returns What the function returned or the policy answered.
   * @throws The function's own error, as the same object; the reason of `options.signal`, as the same object; or a
   *   {@link @seaworthy/core!SeaworthyError} of the policy that stopped the call.
   */
  execute<T>(
    operation: (context: Context) => T | PromiseLike<T>,
    options?: ExecuteOptions,
  ): Promise<T | Added>

  /** The same function under this policy: same parameters, same `this`, same result. */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R,
  ): (this: This, ...args: Args) => Promise<Awaited<R> | Added>

  /** Like {@link execute}, but never rejects. */
  settle<T>(
    operation: (context: Context) => T | PromiseLike<T>,
    options?: ExecuteOptions,
  ): Promise<Settled<T | Added>>

  /** Subscribes to an event. @returns A function that unsubscribes. */
  on<E extends keyof Events & string>(event: E, listener: Listener<Events[E]>): () => void

  /** What it does, before it runs: the facts that `explain` works with, outermost layer first. */
  describe(): PolicyDescription[]

  /** Exact sizes of what it holds (timers, waiters, permits, listeners), so that leak tests compare numbers. */
  debugStats(): Record<string, number>

  /** Its layers, outermost first: what a pipeline takes from a policy. For authors of policies. */
  layers(): readonly Layer[]

  /** Takes it off the hub and forgets its listeners. Policies without a name need no disposal. */
  dispose(): void
}

/** The part that all policies share. Extend it to write your own; `docs/own-policies.md` shows how. */
export abstract class PolicyBase<Added = never, Events extends EventMap = EventMap>
  implements Policy<Added, Events>
{
  readonly kind: string
  readonly name: string | undefined
  declare readonly answers?: Added
  protected readonly events: Emitter<Events>
  readonly #hub: Hub
  #unregister: (() => void) | undefined = undefined
  private plan: Plan | undefined = undefined

  protected constructor(kind: string, name: string | undefined, hub: Hub = defaultHub) {
    this.kind = kind
    this.name = name
    this.#hub = hub
    this.events = new Emitter(kind, name, hub)
  }

  abstract layers(): readonly Layer[]
  abstract describe(): PolicyDescription[]

  /** Puts a policy with a name on the hub. Called at the end of a constructor. */
  protected register(
    snapshot: () => object,
    actions: Record<string, (...args: never[]) => unknown> = {},
  ): void {
    const { kind, name } = this
    if (name !== undefined) this.#unregister = this.#hub.register({ kind, name, snapshot, actions })
  }

  execute<T>(
    operation: (context: Context) => T | PromiseLike<T>,
    options?: ExecuteOptions,
  ): Promise<T | Added> {
    this.plan ??= new Plan(this.layers())
    return this.plan.run(operation as Operation, options) as Promise<T | Added>
  }

  /**
   * The cheapest way to run a function that makes a promise of its own, for authors of clients: while no layer needs to see a call, it
   * begins and ends with two plain calls, and costs neither a record nor a promise. The outcome is that of {@link execute} with
   * the same options.
   *
   * @returns Undefined when a layer has to see the call, or a signal may have aborted it: `execute` it then.
   */
  passage(options: ExecuteOptions): Passage | undefined {
    this.plan ??= new Plan(this.layers())
    return options.signal?.aborted ? undefined : this.plan.passage(options)
  }

  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R,
  ): (this: This, ...args: Args) => Promise<Awaited<R> | Added> {
    this.plan ??= new Plan(this.layers())
    const plan = this.plan
    const wrapped = function (this: This, ...args: Args): Promise<Awaited<R> | Added> {
      return plan.run(() => fn.apply(this, args), undefined) as Promise<Awaited<R> | Added>
    }
    Object.defineProperty(wrapped, 'name', { value: fn.name, configurable: true })
    Object.defineProperty(wrapped, 'length', { value: fn.length, configurable: true })
    return wrapped
  }

  settle<T>(
    operation: (context: Context) => T | PromiseLike<T>,
    options?: ExecuteOptions,
  ): Promise<Settled<T | Added>> {
    return this.execute(operation, options).then(
      (value) => ({ status: 'fulfilled', value }),
      (reason: unknown) => ({ status: 'rejected', reason }),
    )
  }

  on<E extends keyof Events & string>(event: E, listener: Listener<Events[E]>): () => void {
    return this.events.on(event, listener)
  }

  debugStats(): Record<string, number> {
    return { listeners: this.events.size }
  }

  dispose(): void {
    this.#unregister?.()
    this.#unregister = undefined
    this.events.clear()
  }
}
