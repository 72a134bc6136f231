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
 * Members are private to TypeScript only: policies ask at every call whether somebody listens, and V8 checks `#private`
 * names at every access (bench: `closed`).
 */
export class Emitter<M extends EventMap> {
  private readonly kind: string
  private readonly name: string | undefined
  private readonly hub: Hub
  private listeners: EventEmitter<string> | undefined = undefined
  /** Events that wait for those before them. */
  private waiting: Delivery[] | undefined = undefined
  private delivering = false
  private changes = 0

  /** @param name - Only a policy with a name publishes on the hub. */
  constructor(kind: string, name: string | undefined, hub: Hub) {
    this.kind = kind
    this.name = name
    this.hub = hub
  }

  /** Subscribes. @returns A function that unsubscribes. */
  on<E extends keyof M & string>(type: E, listener: Listener<M[E]>): () => void {
    this.listeners ??= new EventEmitter()
    const { listeners } = this
    const report = (error: unknown): void => this.hub.reportListenerError(error, this.kind, this.name, type)
    const entry = (payload: object): void => deliverSafely(listener as Listener<object>, payload, report)
    listeners.on(type, entry)
    this.changes++
    return () => {
      listeners.off(type, entry)
      this.changes++
      if (listeners.eventNames().length === 0 && this.listeners === listeners) this.listeners = undefined
    }
  }

  /** Whether anybody would get such an event: build no payload and read no clock when it is false. */
  wants(type: keyof M & string, journey?: string): boolean {
    if (this.listeners !== undefined && this.listeners.listenerCount(type) > 0) return true
    return this.name !== undefined && this.hub.wants(type, journey)
  }

  /** Whether nobody listens to anything. */
  get silent(): boolean {
    return this.listeners === undefined && (this.name === undefined || this.hub.silent)
  }

  /** Grows when somebody who might get an event comes or goes. */
  get revision(): number {
    return this.name === undefined ? this.changes : this.changes + this.hub.revision
  }

  /** Whether events go into journeys. */
  get recorded(): boolean {
    return this.name !== undefined && this.hub.recording
  }

  /** Delivers to the listeners of this policy, then to the hub. */
  emit<E extends keyof M & string>(type: E, payload: M[E], journey?: string): void {
    if (this.delivering || this.waiting !== undefined) {
      this.put(type, payload, journey)
      this.send()
      return
    }
    this.delivering = true
    this.deliver(type, payload, journey)
    this.delivering = false
    this.send()
  }

  /** Puts an event in line for {@link send}: for changes that cause several, none of which may be seen before the last. */
  put<E extends keyof M & string>(type: E, payload: M[E], journey?: string): void {
    this.waiting ??= []
    this.waiting.push({ type, payload, journey })
  }

  /** Delivers what stands in line, unless a listener calls it, after whom it is delivered anyway. */
  send(): void {
    if (this.waiting === undefined || this.delivering) return
    this.delivering = true
    // Listeners may make the line longer while it is walked.
    for (const { type, payload, journey } of this.waiting) this.deliver(type, payload, journey)
    this.waiting = undefined
    this.delivering = false
  }

  /** How many listeners there are, of all types. */
  get size(): number {
    const { listeners } = this
    return listeners === undefined
      ? 0
      : listeners.eventNames().reduce((sum, type) => sum + listeners.listenerCount(type), 0)
  }

  /** Forgets every listener. */
  clear(): void {
    this.listeners = undefined
    this.changes++
  }

  private deliver(type: string, payload: object, journey: string | undefined): void {
    this.listeners?.emit(type, payload)
    if (this.name !== undefined) this.hub.publish(this.kind, this.name, type, payload, journey)
  }
}

/**
 * Whether nobody would get any of a few events. It is asked at every call and worked out only when listeners come or go, so that
 * who listens to the rare events of a policy does not slow down its calls (bench: `closed.watched`). For authors of policies.
 */
export class Silence<M extends EventMap> {
  private readonly emitter: Emitter<M>
  private readonly types: readonly (keyof M & string)[]
  private revision = -1
  private answer = false

  constructor(emitter: Emitter<M>, types: readonly (keyof M & string)[]) {
    this.emitter = emitter
    this.types = types
  }

  /** Whether it is silent. */
  get holds(): boolean {
    const { revision } = this.emitter
    if (revision !== this.revision) {
      this.revision = revision
      this.answer = !this.emitter.recorded && !this.types.some((type) => this.emitter.wants(type))
    }
    return this.answer
  }
}
