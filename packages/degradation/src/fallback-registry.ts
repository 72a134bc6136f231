/** What to answer in place of which service. */
import {
  type Context,
  defaultHub,
  Emitter,
  type EventMap,
  failureClass,
  type Hub,
  InvalidOptionError,
  knownOptions,
  type Listener,
} from '@seaworthy/core'
import type { Degradation } from './degradation.ts'
import { FallbacksFailedError, ServiceLevelError } from './errors.ts'
import type { ServiceFallback } from './fallback-link.ts'
import type { Level } from './levels.ts'
import type { MemoryCache } from './memory-cache.ts'

/** Options of {@link fallbackRegistry}. */
export interface FallbackRegistryOptions {
  /** Whose level decides whether services are asked at all. @defaultValue none: they always are */
  readonly degradation?: Degradation
  /** Its name on the hub, as a component of kind `fallback-registry`. @defaultValue `'default'` */
  readonly name?: string
  /** @defaultValue the hub of the process */
  readonly hub?: Hub
}

/** Options of a service. */
export interface ServiceOptions {
  /** Whether it is asked even at service level `cache-only`. @defaultValue false */
  readonly alwaysAsk?: boolean
}

/** What a call is about. */
export interface ServeOptions<Input = unknown> {
  /** What the service is asked, for fallbacks such as `enqueue`. */
  readonly input?: Input
  /** What it is about, for the memory. */
  readonly key?: string
  /** Gives the call up. */
  readonly signal?: AbortSignal
  /** The id of the piece of work. */
  readonly journey?: string
}

/** An answer, and where it comes from. */
export interface ServedAnswer<Value> {
  readonly value: Value
  readonly source: 'primary' | 'stale-cache' | 'fallback'
  /** Which fallback it was. */
  readonly fallback: string | undefined
  /** Whether it is from memory. */
  readonly stale: boolean
  /** How old it is, in milliseconds, if it is from memory. */
  readonly age: number | undefined
  readonly level: Level
}

/** The events of a registry of fallbacks. */
export type FallbackRegistryEvents = EventMap & {
  /** A fallback was tried. `hit` and `miss` are those of a memory. */
  used: {
    readonly service: string
    readonly fallback: string
    readonly result: 'success' | 'failure' | 'hit' | 'miss'
    readonly level: Level
    /** In milliseconds, if it is from memory. */
    readonly age: number | undefined
  }
}

/** Answers in place of services. Made by {@link fallbackRegistry}. */
export interface FallbackRegistry {
  /**
   * Says what may answer in place of a service, in order.
   *
   * @returns A function that takes it back.
   * @throws {@link @seaworthy/core!InvalidOptionError} when the service has fallbacks already, or two have one id.
   */
  register(service: string, fallbacks: readonly ServiceFallback[], options?: ServiceOptions): () => void
  /**
   * Asks a service, and its fallbacks if it fails. At service level `cache-only` the fallbacks alone are asked.
   *
   * @throws The service's own error if no fallback accepts it, or the reason of the signal; {@link @seaworthy/degradation!FallbacksFailedError} when
   *   those that did failed as well.
   */
  serve<Value, Input = unknown>(
    service: string,
    call: (context: Pick<Context, 'signal'>) => Promise<Value>,
    options?: ServeOptions<Input>,
  ): Promise<ServedAnswer<Value>>
  /** Subscribes to an event. @returns A function that unsubscribes. */
  on<E extends keyof FallbackRegistryEvents & string>(
    event: E,
    listener: Listener<FallbackRegistryEvents[E]>,
  ): () => void
  /** Leaves the hub. */
  close(): void
}

/**
 * Keeps what to answer in place of each service.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { cannedReply, fallbackRegistry, memoryCache } from '@seaworthy/degradation'
 *
 * const services = fallbackRegistry()
 * services.register('assistant', [memoryCache({ ttl: '1m' }), cannedReply('I cannot answer now.')])
 * const { value, source } = await services.serve('assistant', () => Promise.reject(new Error('down')), { key: 'hello' })
 * console.log(value, source) // I cannot answer now. fallback
 * services.close()
 * ```
 */
export function fallbackRegistry(options: FallbackRegistryOptions = {}): FallbackRegistry {
  knownOptions('fallbackRegistry', options, ['degradation', 'name', 'hub'])
  return new Registry(options)
}

interface Service {
  readonly fallbacks: readonly ServiceFallback[]
  readonly alwaysAsk: boolean
  readonly memory: MemoryCache | undefined
  asked: number
  answeredOtherwise: number
}

class Registry implements FallbackRegistry {
  readonly #degradation: Degradation | undefined
  readonly #services = new Map<string, Service>()
  readonly #events: Emitter<FallbackRegistryEvents>
  readonly #leave: () => void

  constructor({ degradation, name = 'default', hub = defaultHub }: FallbackRegistryOptions) {
    this.#degradation = degradation
    this.#events = new Emitter('fallback-registry', name, hub)
    this.#leave = hub.register({
      kind: 'fallback-registry',
      name,
      snapshot: () => this.#snapshot(),
      actions: {},
    })
  }

  register(
    service: string,
    fallbacks: readonly ServiceFallback[],
    { alwaysAsk = false }: ServiceOptions = {},
  ): () => void {
    if (this.#services.has(service))
      throw new InvalidOptionError('service', 'one without fallbacks as yet', service)
    const ids = fallbacks.map(({ id }) => id)
    if (new Set(ids).size < ids.length) throw new InvalidOptionError('fallbacks', 'with an id each', ids)
    const memory = fallbacks.find(isMemory)
    const entry: Service = { fallbacks, alwaysAsk, memory, asked: 0, answeredOtherwise: 0 }
    this.#services.set(service, entry)
    return () => {
      if (this.#services.get(service) === entry) this.#services.delete(service)
    }
  }

  async serve<Value, Input = unknown>(
    service: string,
    call: (context: Pick<Context, 'signal'>) => Promise<Value>,
    options: ServeOptions<Input> = {},
  ): Promise<ServedAnswer<Value>> {
    const { signal = new AbortController().signal } = options
    signal.throwIfAborted()
    const entry = this.#services.get(service)
    if (entry !== undefined) entry.asked++
    const serviceLevel = this.#degradation?.serviceLevel ?? 'full'
    if (entry !== undefined && serviceLevel === 'cache-only' && !entry.alwaysAsk)
      return this.#fallBack(service, entry, new ServiceLevelError(service, serviceLevel), options, signal)
    try {
      return await this.#ask(service, entry, () => call({ signal }), options)
    } catch (error) {
      if (entry === undefined || signal.aborted) throw error
      return this.#fallBack(service, entry, error, options, signal)
    }
  }

  on<E extends keyof FallbackRegistryEvents & string>(
    event: E,
    listener: Listener<FallbackRegistryEvents[E]>,
  ): () => void {
    return this.#events.on(event, listener)
  }

  close(): void {
    this.#leave()
    this.#events.clear()
  }

  async #ask<Value>(
    service: string,
    entry: Service | undefined,
    call: () => Promise<Value>,
    { key, journey }: ServeOptions,
  ): Promise<ServedAnswer<Value>> {
    // Whoever registers the memory of a service says what it remembers.
    const memory = entry?.memory as MemoryCache<Value> | undefined
    if (memory === undefined || key === undefined)
      return this.#answer(await call(), 'primary', undefined, undefined)
    const { value, age, remembered } = await memory.around(call, key)
    if (!remembered) return this.#answer(value, 'primary', undefined, undefined)
    this.#tell(service, memory.id, 'hit', age, journey)
    if (entry !== undefined) entry.answeredOtherwise++
    return this.#answer(value, 'stale-cache', memory.id, age)
  }

  async #fallBack<Value>(
    service: string,
    entry: Service,
    cause: unknown,
    { input, key, journey }: ServeOptions,
    signal: AbortSignal,
  ): Promise<ServedAnswer<Value>> {
    const errors: unknown[] = []
    const { level = 'normal' } = this.#degradation ?? {}
    for (const fallback of entry.fallbacks) {
      const error = errors.at(-1) ?? cause
      if (!accepts(fallback, cause, level)) continue
      try {
        if (isMemory(fallback)) {
          const { value, age } = await fallback.find(key)
          this.#tell(service, fallback.id, 'hit', age, journey)
          entry.answeredOtherwise++
          return this.#answer(value as Value, 'stale-cache', fallback.id, age) // as above
        }
        const value = await fallback.run({ input, key, error, level, signal })
        this.#tell(service, fallback.id, 'success', undefined, journey)
        entry.answeredOtherwise++
        return this.#answer(value as Value, 'fallback', fallback.id, undefined) // as above
      } catch (failure) {
        signal.throwIfAborted()
        this.#tell(service, fallback.id, isMemory(fallback) ? 'miss' : 'failure', undefined, journey)
        errors.push(failure)
      }
    }
    throw errors.length === 0 ? cause : new FallbacksFailedError(service, cause, errors)
  }

  #answer<Value>(
    value: Value,
    source: ServedAnswer<Value>['source'],
    fallback: string | undefined,
    age: number | undefined,
  ): ServedAnswer<Value> {
    const level = this.#degradation?.level ?? 'normal'
    return { value, source, fallback, stale: age !== undefined, age, level }
  }

  #tell(
    service: string,
    fallback: string,
    result: FallbackRegistryEvents['used']['result'],
    age: number | undefined,
    journey: string | undefined,
  ): void {
    if (!this.#events.wants('used', journey)) return
    const level = this.#degradation?.level ?? 'normal'
    this.#events.emit('used', { service, fallback, result, level, age }, journey)
  }

  #snapshot(): object {
    return Object.fromEntries(
      [...this.#services].map(([service, { fallbacks, asked, answeredOtherwise }]) => [
        service,
        { fallbacks: fallbacks.map(({ id }) => id), asked, answeredOtherwise },
      ]),
    )
  }
}

function accepts(fallback: ServiceFallback, error: unknown, level: Level): boolean {
  try {
    return fallback.accepts?.(error, level) ?? failureClass(error) !== 'fatal'
  } catch {
    return false
  }
}

const isMemory = (fallback: ServiceFallback): fallback is MemoryCache =>
  'around' in fallback && 'find' in fallback
