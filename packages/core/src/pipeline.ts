import type { PolicyDescription } from './describe.ts'
import { InvalidOptionError } from './errors.ts'
import type { EventMap } from './events.ts'
import type { Layer } from './layer.ts'
import type { Listener } from './listener.ts'
import { type Policy, PolicyBase } from './policy.ts'

/** Any policy, whatever it answers and emits. */
// biome-ignore lint/suspicious/noExplicitAny: `Added` and `Events` are inferred from the argument; a bound would fix them.
export type AnyPolicy = Policy<any, any>

/** What the policies of a pipeline may answer besides the function's own result. */
export type AddedBy<P> = P extends { readonly answers?: infer Added } ? Added : never

type EventsOf<P> = P extends Policy<infer _Added, infer Events> ? Events : never
type KeysOf<M> = M extends unknown ? keyof M & string : never
type PayloadOf<M, E extends string> = M extends unknown ? (E extends keyof M ? M[E] & object : never) : never

/** The events of all policies of a pipeline; an event that several emit has any of their payloads. */
export type EventsBy<P> = { [E in KeysOf<EventsOf<P>>]: PayloadOf<EventsOf<P>, E> }

/**
 * Composes policies into one, the first outermost and the last nearest to the function. Compiled once: a call costs
 * about one promise, whatever the number of policies.
 *
 * A pipeline holds no state of its own. A policy may be part of several pipelines, which then share its state. Its
 * events can be listened to on the pipeline as well.
 *
 * @throws {@link InvalidOptionError} when an argument is not a policy.
 *
 * @example
 * ```ts
 * import { pipeline } from '@seaworthy/core'
 *
 * const plain = pipeline() // no policies: just runs the function
 * console.log(await plain.execute(() => 'hello'))
 * ```
 */
export function pipeline<const P extends readonly AnyPolicy[]>(
  ...policies: P
): Policy<AddedBy<P[number]>, EventsBy<P[number]>> {
  for (const [index, policy] of policies.entries()) {
    if (typeof policy?.layers !== 'function') {
      throw new InvalidOptionError(
        `pipeline argument ${index + 1}`,
        'a policy, such as retry() or timeout()',
        policy,
      )
    }
  }
  return new Pipeline<AddedBy<P[number]>, EventsBy<P[number]>>(policies)
}

class Pipeline<Added, Events extends EventMap> extends PolicyBase<Added, Events> {
  readonly #policies: readonly AnyPolicy[]

  constructor(policies: readonly AnyPolicy[]) {
    super('pipeline', undefined)
    this.#policies = policies
  }

  override layers(): readonly Layer[] {
    return this.#policies.flatMap((policy) => policy.layers())
  }

  override describe(): PolicyDescription[] {
    return this.#policies.flatMap((policy) => policy.describe())
  }

  override on<E extends keyof Events & string>(event: E, listener: Listener<Events[E]>): () => void {
    const unsubscribe = this.#policies.map((policy) => policy.on(event, listener as Listener<object>))
    return () => {
      for (const each of unsubscribe) each()
    }
  }

  /** The sums over its policies. */
  override debugStats(): Record<string, number> {
    const sums: Record<string, number> = {}
    for (const policy of this.#policies) {
      for (const [name, value] of Object.entries(policy.debugStats())) sums[name] = (sums[name] ?? 0) + value
    }
    return sums
  }

  /** Disposes its policies, too. */
  override dispose(): void {
    for (const policy of this.#policies) policy.dispose()
    super.dispose()
  }
}
