import {
  type CallContext,
  type Clock,
  type Context,
  count,
  type Duration,
  duration,
  type FailureClass,
  failureClass,
  formatDuration,
  type Hub,
  type Inner,
  InvalidOptionError,
  knownOptions,
  type Layer,
  oneOf,
  optionalFunction,
  type Policy,
  PolicyBase,
  type PolicyDescription,
  systemClock,
} from '@seaworthy/core'
import { CacheMissError } from './errors.ts'
import { type AgeLimits, type Freshness, freshness } from './freshness.ts'
import { handledByDefault, handlesBugs, holds } from './handled.ts'
import { LruMap } from './lru.ts'
import { SharedCall } from './shared-call.ts'

/** Options of {@link staleCache}. */
export interface StaleCacheOptions {
  /** How long an answer is as good as new, from the start of the call that brought it. */
  readonly ttl: Duration
  /** How long after that it still serves when a call fails. @defaultValue `'24h'` */
  readonly staleFor?: Duration
  /**
   * What a call is about: calls with one key get each other's answers. Without a key (undefined) a call passes by
   * the cache. What it throws, the call rejects with.
   *
   * @defaultValue `(context) => context.key`
   */
  readonly key?: (context: Context) => string | undefined
  /** The most answers it keeps; those not used for longest go first. @defaultValue 1000 */
  readonly max?: number
  /**
   * What happens to a call that finds a stale answer. `inline`: it asks anew, and gets the stale one only if that fails.
   * `background`: it gets the stale one at once, and the answer is renewed behind its back.
   *
   * @defaultValue `'inline'`
   */
  readonly refresh?: 'inline' | 'background'
  /**
   * The errors in place of which a stale answer is served. When the predicate throws, it says no.
   *
   * @defaultValue all but programming errors (`TypeError` and its kind without a network code behind them)
   */
  readonly when?: (error: unknown) => boolean
  /** Whether to leave the function alone for now and answer from memory only. When it throws, it says no. @defaultValue never */
  readonly cacheOnly?: () => boolean
  /** A name, for errors, events and the hub. */
  readonly name?: string
  /** Where a cache with a name shows itself. @defaultValue the hub of the process */
  readonly hub?: Hub
  /** The source of time. @defaultValue the system clock */
  readonly clock?: Clock
}

/** A call got a fresh answer from memory. */
export interface CacheHit {
  readonly name: string | undefined
  /** The age of the answer in milliseconds. */
  readonly age: number
}

/** A call got a stale answer from memory. */
export interface CacheStale {
  readonly name: string | undefined
  /** The age of the answer in milliseconds. */
  readonly age: number
  /** Why: the call failed, it was renewed in the background, or only cached answers were allowed. */
  readonly reason: 'failure' | 'refresh' | 'cacheOnly'
  /** What the call failed with. */
  readonly failureClass: FailureClass | undefined
}

/** A call got nothing from memory. */
export interface CacheMiss {
  readonly name: string | undefined
  /** Whose outcome it got: its own, that of another call it joined, or none since only cached answers were allowed. */
  readonly outcome: 'own' | 'joined' | 'none'
}

/** The function has ended. */
export interface CacheRefresh {
  readonly name: string | undefined
  /** `discarded`: it succeeded, but its key was invalidated meanwhile, or nobody waited for it any more. */
  readonly outcome: 'stored' | 'discarded' | 'failed'
  readonly background: boolean
  /** How long it took, in milliseconds. */
  readonly duration: number
  readonly failureClass: FailureClass | undefined
}

/** The cache was full, and an answer had to go. */
export interface CacheEvicted {
  readonly name: string | undefined
}

/** The events of a {@link StaleCache}. A call with a key that is not given up raises one of `hit`, `stale` and `miss`. */
export type StaleCacheEvents = {
  hit: CacheHit
  stale: CacheStale
  miss: CacheMiss
  refresh: CacheRefresh
  evicted: CacheEvicted
}

/** A cache that answers for a function that fails. Made by {@link staleCache}. */
export interface StaleCache extends Policy<never, StaleCacheEvents> {
  /** How many answers it holds, dead ones that nobody has asked for since included. */
  readonly size: number
  /** Forgets the answer for a key. A call that is running for it stores nothing and is joined by nobody. */
  invalidate(key: string): void
  /** Forgets all answers, likewise. */
  clear(): void
}

/**
 * Remembers what calls were answered, and answers with it again: while it is fresh, without a call; for a long time
 * after, when a call fails for any reason that `when` accepts, an open circuit included.
 *
 * Calls with one key that come while one is running share its outcome, and run their function in its place: it goes on
 * until all of them have given up. An answer never takes the place of one from a later call.
 *
 * Put it outside retry, circuit breaker and timeout. Callers share the answers as the same objects: do not change
 * them, and keep data rather than things that are read once, such as a `Response`.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. Calls reject with the function's own
 *   error, or with a {@link CacheMissError}.
 *
 * @example
 * ```ts
 * import { staleCache } from '@seaworthy/fallback'
 *
 * const prices = staleCache({ ttl: 0, staleFor: '1h' })
 * await prices.execute(() => 42, { key: 'lamp' })
 * console.log(await prices.execute(() => Promise.reject(new Error('down')), { key: 'lamp' })) // 42
 * ```
 */
export function staleCache(options: StaleCacheOptions): StaleCache {
  knownOptions('staleCache', options, [
    'ttl',
    'staleFor',
    'key',
    'max',
    'refresh',
    'when',
    'cacheOnly',
    'name',
    'hub',
    'clock',
  ])
  return new StaleCachePolicy(options)
}

/** An answer, and when the call that brought it began. */
interface Stored {
  readonly value: unknown
  readonly startedAt: number
}

class StaleCachePolicy extends PolicyBase<never, StaleCacheEvents> implements StaleCache, Layer {
  readonly #limits: AgeLimits
  readonly #key: (context: Context) => string | undefined
  readonly #max: number
  readonly #background: boolean
  readonly #when: (error: unknown) => boolean
  readonly #cacheOnly: (() => boolean) | undefined
  readonly #clock: Clock
  readonly #stored: LruMap<Stored>
  /** The running call of each key. Only it may store its answer: whoever is taken off this map is outdated. */
  readonly #running = new Map<string, SharedCall>()
  readonly #all = new Set<SharedCall>()
  #hits = 0
  #stale = 0
  #misses = 0

  constructor(options: StaleCacheOptions) {
    super('stale-cache', options.name, options.hub)
    const { ttl, staleFor = '24h', max = 1000, refresh = 'inline', clock = systemClock } = options
    this.#limits = { ttl: duration('ttl', ttl), staleFor: duration('staleFor', staleFor) }
    this.#max = count('max', max)
    this.#background = oneOf('refresh', refresh, ['inline', 'background']) === 'background'
    this.#key = optionalFunction('key', options.key) ?? ((context) => context.key)
    this.#when = optionalFunction('when', options.when) ?? handledByDefault
    this.#cacheOnly = optionalFunction('cacheOnly', options.cacheOnly)
    this.#clock = clock
    this.#stored = new LruMap(this.#max)
    this.register(() => this.#snapshot(), { clear: () => this.clear() })
  }

  get size(): number {
    return this.#stored.size
  }

  invalidate(key: string): void {
    this.#stored.delete(key)
    this.#running.delete(key)
  }

  clear(): void {
    this.#stored.clear()
    this.#running.clear()
  }
}
