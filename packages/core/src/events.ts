/** Typed events of a policy. eventemitter3 keeps the listeners; the rules about misbehaving ones are ours. */
import { EventEmitter } from 'eventemitter3'
import type { Hub } from './hub.ts'
import { deliverSafely, type Listener } from './listener.ts'

/** Event names and their payloads. A `type`, not an `interface`: only a type has the index signature. */
export type EventMap = Record<string, object>

interface Delivery {
  readonly type: string
  readonly payload: object
  readonly journey: string | undefined
}

/**
 * The events of one policy.
 *
 * A listener that throws, re-enters or unsubscribes changes no result and no state: its error goes to the hub's
 * `listenerError`. Events raised while one is being delivered wait their turn, so everybody sees the same order.
 */
export class Emitter<M extends EventMap> {
  readonly #kind: string
  readonly #name: string | undefined
  readonly #hub: Hub
  #listeners: EventEmitter<string> | undefined = undefined
  #queue: Delivery[] | undefined = undefined

  /** @param name - Only a policy with a name publishes on the hub. */
  constructor(kind: string, name: string | undefined, hub: Hub) {
    this.#kind = kind
    this.#name = name
    this.#hub = hub
  }

  /** Subscribes. @returns A function that unsubscribes. */
  on<E extends keyof M & string>(type: E, listener: Listener<M[E]>): () => void {
    this.#listeners ??= new EventEmitter()
    const listeners = this.#listeners
    const entry = (payload: object): unknown => listener(payload as M[E])
    listeners.on(type, entry)
    return () => {
      listeners.off(type, entry)
      if (listeners.eventNames().length === 0 && this.#listeners === listeners) this.#listeners = undefined
    }
  }

  /** Whether anybody would get such an event: build no payload and read no clock when it is false. */
  wants(type: keyof M & string, journey?: string): boolean {
    if (this.#listeners !== undefined && this.#listeners.listenerCount(type) > 0) return true
    return this.#name !== undefined && this.#hub.wants(type, journey)
  }

  /** Delivers to the listeners of this policy, then to the hub. */
  emit<E extends keyof M & string>(type: E, payload: M[E], journey?: string): void {
    if (this.#queue !== undefined) {
      this.#queue.push({ type, payload, journey })
      return
    }
    this.#queue = []
    this.#deliver({ type, payload, journey })
    // The queue may grow while it is walked.
    for (const delivery of this.#queue) this.#deliver(delivery)
    this.#queue = undefined
  }

  /** How many listeners there are, of all types. */
  get size(): number {
    const listeners = this.#listeners
    return listeners === undefined
      ? 0
      : listeners.eventNames().reduce((sum, type) => sum + listeners.listenerCount(type), 0)
  }

  /** Forgets every listener. */
  clear(): void {
    this.#listeners = undefined
  }

  #deliver({ type, payload, journey }: Delivery): void {
    for (const listener of this.#listeners?.listeners(type) ?? []) {
      deliverSafely(
        () => listener(payload),
        (error) => this.#hub.reportListenerError(error, this.#kind, this.#name, type),
      )
    }
    if (this.#name !== undefined) this.#hub.publish(this.#kind, this.#name, type, payload, journey)
  }
}
