import { InvalidOptionError } from '@seaworthy/core'
import { type CallTarget, type CallTargetOptions, callTarget } from './call-target.ts'
import type { Fault } from './fault.ts'
import type { AppliedFault, ChaosTarget, TargetInjection } from './target.ts'

/** A store that can be hit. Made by {@link storeTarget}. */
export interface StoreTarget<T> extends ChaosTarget {
  readonly perCall: true
  /** The store, each method within reach of the faults. Its methods return promises, whatever they returned before. */
  readonly store: T
}

/**
 * Puts all methods of an object within reach of faults: a store, a client, a repository. One target for all of them.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { storeTarget } from '@seaworthy/chaos'
 *
 * const { store } = storeTarget('stock', { get: async (item: string) => item.length })
 * console.log(await store.get('lamp')) // 4
 * ```
 */
export function storeTarget<T extends object>(
  id: string,
  store: T,
  options: CallTargetOptions = {},
): StoreTarget<T> {
  if (typeof store !== 'object' || store === null) throw new InvalidOptionError('store', 'an object', store)
  return new Store(callTarget(id, options), store)
}

class Store<T extends object> implements StoreTarget<T> {
  readonly perCall = true as const
  readonly store: T
  readonly #calls: CallTarget

  constructor(calls: CallTarget, store: T) {
    this.#calls = calls
    this.store = within(calls, store)
  }

  get id(): string {
    return this.#calls.id
  }

  get supports(): CallTarget['supports'] {
    return this.#calls.supports
  }

  apply(fault: Fault, injection: TargetInjection): AppliedFault {
    return this.#calls.apply(fault, injection)
  }
}

type Method = (...args: unknown[]) => unknown

/** Methods run on the object itself, since its private fields are not those of a proxy. */
function within<T extends object>(calls: CallTarget, store: T): T {
  const wrapped = new Map<Method, Method>()
  return new Proxy(store, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      const method = value as Method // It is a function.
      let known = wrapped.get(method)
      if (known === undefined) {
        known = calls.wrap((...args: unknown[]) => Reflect.apply(method, target, args))
        wrapped.set(method, known)
      }
      return known
    },
  })
}
