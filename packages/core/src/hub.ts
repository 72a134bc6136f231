/**
 * Where the named policies of a process meet those who watch them. Health, metrics, degradation, dashboards and
 * audits attach to the hub, whenever they start, and never import a policy.
 */
import { InvalidOptionError } from './errors.ts'
import { deliverSafely, type Listener } from './listener.ts'

/** What a named policy tells about itself and lets others do with it. */
export interface Component {
  /** The kind of policy, for example `circuit-breaker`. */
  readonly kind: string
  /** Its name, unique among its kind. */
  readonly name: string
  /** Its present state as plain data: names, states, counts and durations, never arguments, results or error text. */
  snapshot(): object
  /** What an operator may do with it, by name, for example `reset`. */
  readonly actions: Readonly<Record<string, (...args: never[]) => unknown>>
}

/** One event of one component. */
export interface HubEvent {
  readonly kind: string
  readonly name: string
  readonly type: string
  readonly payload: object
  /** The id of the piece of work it belongs to, if the call carried one. */
  readonly journey: string | undefined
}

/** An error that a listener threw or rejected with. It changed nothing. */
export interface ListenerError {
  readonly error: unknown
  readonly kind: string
  readonly name: string | undefined
  /** The event whose listener failed. */
  readonly type: string
}

/** Keeps the events of each piece of work, so that its whole story can be read back by id. */
export interface JourneyRecorder {
  /** Called for every event that a call with a journey id causes, in order. Must not throw; may return a promise. */
  record(journey: string, event: HubEvent): unknown
}

/** The meeting place. One for the process under {@link defaultHub}; tests and tenants make their own. */
export class Hub {
  readonly #components = new Map<string, Component>()
  readonly #listeners = new Map<string, Set<Listener<HubEvent>>>()
  readonly #errorListeners = new Set<Listener<ListenerError>>()
  readonly #watchers = new Set<(component: Component, present: boolean) => unknown>()
  #recorder: JourneyRecorder | undefined
  #listenerErrors = 0
  /** Grows when listeners or the recorder come or go. For the policies, which reads it at every call. */
  revision = 0

  /**
   * Adds a component. Policies with a name do it themselves.
   *
   * @returns A function that takes it out again.
   * @throws {@link InvalidOptionError} when the name is taken by another component of the kind.
   */
  register(component: Component): () => void {
    const id = `${component.kind}:${component.name}`
    if (this.#components.has(id)) {
      throw new InvalidOptionError(
        'name',
        `unique among the ${component.kind} policies of a hub: share the one that exists, dispose() it first, or pass another hub`,
        component.name,
      )
    }
    this.#components.set(id, component)
    this.#tell(component, true)
    return () => {
      if (this.#components.get(id) !== component) return
      this.#components.delete(id)
      this.#tell(component, false)
    }
  }

  /** All components, in the order they came. */
  components(): Component[] {
    return [...this.#components.values()]
  }

  /** One component, or undefined. */
  component(kind: string, name: string): Component | undefined {
    return this.#components.get(`${kind}:${name}`)
  }

  /** Calls `watcher` for every component that comes or goes. @returns A function that ends it. */
  watch(watcher: (component: Component, present: boolean) => unknown): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /**
   * Subscribes to events of all components: one type, or `'*'` for all.
   *
   * @returns A function that unsubscribes.
   */
  on(type: string, listener: Listener<HubEvent>): () => void {
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners)
    listeners.add(listener)
    this.revision++
    return () => {
      listeners.delete(listener)
      this.revision++
      if (listeners.size === 0 && this.#listeners.get(type) === listeners) this.#listeners.delete(type)
    }
  }

  /** Subscribes to the errors of listeners. @returns A function that unsubscribes. */
  onListenerError(listener: Listener<ListenerError>): () => void {
    this.#errorListeners.add(listener)
    return () => this.#errorListeners.delete(listener)
  }

  /** Keeps journeys with `recorder`; undefined stops it. */
  recordJourneys(recorder: JourneyRecorder | undefined): void {
    this.#recorder = recorder
    this.revision++
  }

  /** Whether journeys are kept. For authors of policies. */
  get recording(): boolean {
    return this.#recorder !== undefined
  }

  /** How many errors listeners have thrown, heard or not. */
  get listenerErrors(): number {
    return this.#listenerErrors
  }

  /** Whether nobody listens to events and no journeys are kept. For authors of policies. */
  get silent(): boolean {
    return this.#listeners.size === 0 && this.#recorder === undefined
  }

  /** Whether somebody listens to such events. For authors of policies. */
  wants(type: string, journey?: string): boolean {
    if (journey !== undefined && this.#recorder !== undefined) return true
    return this.#listeners.size > 0 && (this.#listeners.has(type) || this.#listeners.has('*'))
  }

  /** Delivers an event of a component. For authors of policies. */
  publish(kind: string, name: string, type: string, payload: object, journey: string | undefined): void {
    if (!this.wants(type, journey)) return
    const event: HubEvent = { kind, name, type, payload, journey }
    const report = (error: unknown): void => this.reportListenerError(error, kind, name, type)
    const recorder = this.#recorder
    if (journey !== undefined && recorder !== undefined) {
      deliverSafely((recorded) => recorder.record(journey, recorded), event, report)
    }
    deliverToAll(this.#listeners.get(type), event, report)
    deliverToAll(this.#listeners.get('*'), event, report)
  }

  /** Counts and passes on the error of a listener. For authors of policies. */
  reportListenerError(error: unknown, kind: string, name: string | undefined, type: string): void {
    this.#listenerErrors++
    // A broken error listener has nobody left to tell.
    deliverToAll(this.#errorListeners, { error, kind, name, type }, () => {})
  }

  #tell(component: Component, present: boolean): void {
    for (const watcher of [...this.#watchers]) {
      deliverSafely(
        (changed) => watcher(changed, present),
        component,
        (error) => this.reportListenerError(error, component.kind, component.name, 'watch'),
      )
    }
  }
}

/** To those who listen now: one who comes or goes meanwhile changes nothing for the others. */
function deliverToAll<P>(
  listeners: ReadonlySet<Listener<P>> | undefined,
  payload: P,
  report: (error: unknown) => void,
): void {
  if (listeners === undefined) return
  for (const listener of [...listeners]) deliverSafely(listener, payload, report)
}

const key = Symbol.for('seaworthy.hub')

/** The hub of the process: one, even when two copies of the package are loaded. */
export const defaultHub: Hub = shared()

function shared(): Hub {
  const place = globalThis as { [key]?: Hub }
  place[key] ??= new Hub()
  return place[key]
}
