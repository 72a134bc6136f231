/** A fallback that remembers what a service has answered. */
import { type Clock, systemClock } from '@seaworthy/core'
import { type StaleCacheOptions, staleCache } from '@seaworthy/fallback'
import type { FallbackRequest, ServiceFallback } from './fallback-link.ts'

/** Options of {@link memoryCache}: those of `staleCache` of `@seaworthy/fallback`. */
export type MemoryCacheOptions = Omit<StaleCacheOptions, 'key' | 'cacheOnly'>

/** An answer, and how old it is. */
export interface RememberedAnswer<Value> {
  readonly value: Value
  /** In milliseconds; 0 for one that was brought by a call just now. */
  readonly age: number
  /** Whether it was remembered, and not brought by a call just now. */
  readonly remembered: boolean
}

/** A fallback that sees every answer of its service. */
export interface MemoryCache<Value = unknown> extends ServiceFallback<unknown, Value> {
  /** Runs a call, remembers its answer, and answers with a remembered one if it fails. Calls with one key are joined. */
  around(call: () => Promise<Value>, key: string): Promise<RememberedAnswer<Value>>
  /** The remembered answer, without a call. @throws {@link @seaworthy/fallback!CacheMissError} when there is none. */
  find(key: string | undefined): Promise<RememberedAnswer<Value>>
  /** Forgets the answer for a key. */
  invalidate(key: string): void
  /** How many answers it holds. */
  readonly size: number
}

interface Stored<Value> {
  readonly value: Value
  readonly at: number
}

/**
 * Remembers the answers of a service and gives them again when it fails, or is not asked.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 */
export function memoryCache<Value>(options: MemoryCacheOptions): MemoryCache<Value> {
  return new Memory<Value>(options)
}

class Memory<Value> implements MemoryCache<Value> {
  readonly id = 'memory-cache'
  readonly #clock: Clock
  readonly #cache: ReturnType<typeof staleCache>
  #only = false

  constructor(options: MemoryCacheOptions) {
    this.#clock = options.clock ?? systemClock
    this.#cache = staleCache({ ...options, cacheOnly: () => this.#only })
  }

  get size(): number {
    return this.#cache.size
  }

  async around(call: () => Promise<Value>, key: string): Promise<RememberedAnswer<Value>> {
    const began = this.#clock.now()
    const stored = await this.#cache.execute(
      async (): Promise<Stored<Value>> => ({ value: await call(), at: this.#clock.now() }),
      { key },
    )
    return { value: stored.value, age: this.#age(stored), remembered: stored.at < began }
  }

  async find(key: string | undefined): Promise<RememberedAnswer<Value>> {
    // The cache asks whether it may call at once, before `execute` returns.
    this.#only = true
    const asked = this.#cache.execute(
      () => Promise.reject<Stored<Value>>(new Error('Without a key nothing is remembered')),
      key === undefined ? {} : { key },
    )
    this.#only = false
    const stored = await asked
    return { value: stored.value, age: this.#age(stored), remembered: true }
  }

  async run({ key }: FallbackRequest): Promise<Value> {
    return (await this.find(key)).value
  }

  invalidate(key: string): void {
    this.#cache.invalidate(key)
  }

  #age({ at }: Stored<Value>): number {
    return Math.max(0, this.#clock.now() - at)
  }
}
