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
  knownOptions,
  type Layer,
  oneOf,
  optionalFunction,
  type Policy,
  PolicyBase,
  type PolicyDescription,
  type Settled,
  systemClock,
} from '@seaworthy/core'
import { CacheMissError } from './errors.ts'
import { type AgeLimits, freshness } from './freshness.ts'
import { handledByDefault, handlesBugs, holds } from './handled.ts'
import { LruMap } from './lru.ts'
import { SharedCall } from './shared-call.ts'
import { SharedCalls } from './shared-calls.ts'
import type { CacheMiss, CacheRefresh, CacheStale, StaleCacheEvents } from './stale-cache-events.ts'

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
   * How long after its start a running call is still joined by others; then the next one starts another in its place,
   * and what the first one brings is not stored. Make it longer than the function ever takes. It keeps a function that
   * hangs from blocking its key.
   *
   * @defaultValue `'1m'`
   */
  readonly joinFor?: Duration
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
    'joinFor',
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
  readonly #max: number
  readonly #background: boolean
  readonly #key: (context: Context) => string | undefined
  readonly #when: (error: unknown) => boolean
  readonly #cacheOnly: () => boolean
  readonly #clock: Clock
  readonly #stored: LruMap<Stored>
  readonly #calls: SharedCalls
  #hits = 0
  #stale = 0
  #misses = 0

  constructor(options: StaleCacheOptions) {
    super('stale-cache', options.name, options.hub)
    const { ttl, staleFor = '24h', max = 1000, refresh = 'inline', joinFor = '1m' } = options
    this.#limits = { ttl: duration('ttl', ttl), staleFor: duration('staleFor', staleFor) }
    this.#max = count('max', max)
    this.#background = oneOf('refresh', refresh, ['inline', 'background']) === 'background'
    this.#key = optionalFunction('key', options.key) ?? ((context) => context.key)
    this.#when = optionalFunction('when', options.when) ?? handledByDefault
    this.#cacheOnly = optionalFunction('cacheOnly', options.cacheOnly) ?? (() => false)
    this.#clock = options.clock ?? systemClock
    this.#stored = new LruMap(this.#max)
    this.#calls = new SharedCalls(duration('joinFor', joinFor, 1), (...end) => this.#ended(...end))
    this.register(() => this.#snapshot(), { clear: () => this.clear() })
  }

  get size(): number {
    return this.#stored.size
  }

  invalidate(key: string): void {
    this.#stored.delete(key)
    this.#calls.invalidate(key)
  }

  clear(): void {
    this.#stored.clear()
    this.#calls.clear()
  }

  around(context: CallContext, inner: Inner): Promise<unknown> {
    const key = this.#key(context)
    if (key === undefined) return inner.run(context.child())
    const now = this.#clock.now()
    const stored = this.#find(key, now)
    if (stored !== undefined && this.#isFresh(stored, now)) return this.#serveFresh(stored, now, context)
    if (holds(this.#cacheOnly, undefined))
      return stored === undefined
        ? this.#refuse(context)
        : this.#serveStale(stored, now, context, 'cacheOnly')
    if (stored === undefined || !this.#background) return this.#ask(key, now, context, inner)
    if (this.#calls.find(key, now) === undefined)
      this.#calls.start(new SharedCall(key, now, context, true), inner)
    return this.#serveStale(stored, now, context, 'refresh')
  }

  override layers(): readonly Layer[] {
    return [this]
  }

  override describe(): PolicyDescription[] {
    const { ttl, staleFor } = this.#limits
    const options = {
      ttl: formatDuration(ttl),
      staleFor: formatDuration(staleFor),
      max: this.#max,
      refresh: this.#background ? 'background' : 'inline',
    }
    const answers = { programmerErrors: handlesBugs(this.#when) }
    return [{ kind: this.kind, name: this.name, options, answers }]
  }

  /** `entries`: answers it holds; `running`: functions that run; `waiting`: callers that wait for one. */
  override debugStats(): Record<string, number> {
    const { running, waiting } = this.#calls
    return { ...super.debugStats(), entries: this.#stored.size, running, waiting }
  }

  /** The answer for a key, unless it is dead. */
  #find(key: string, now: number): Stored | undefined {
    const stored = this.#stored.get(key)
    if (stored === undefined || freshness(now - stored.startedAt, this.#limits) !== 'dead') return stored
    this.#stored.delete(key)
    return undefined
  }

  #isFresh({ startedAt }: Stored, now: number): boolean {
    return freshness(now - startedAt, this.#limits) === 'fresh'
  }

  /** Joins the call that is running for the key, or begins it. */
  #ask(key: string, now: number, context: CallContext, inner: Inner): Promise<unknown> {
    if (context.aborted) return Promise.reject(context.reason)
    const joined = this.#calls.find(key, now)
    const call = joined ?? new SharedCall(key, now, context, false)
    const source = joined === undefined ? 'own' : 'joined'
    const answer = this.#calls.wait(call, context).then(
      (value) => {
        this.#reportMiss(context, source)
        return value
      },
      (error) => this.#rescue(key, context, source, error),
    )
    if (joined === undefined) this.#calls.start(call, inner)
    return answer
  }

  /** What a caller gets whose call failed. */
  #rescue(key: string, context: CallContext, source: CacheMiss['source'], error: unknown): unknown {
    if (context.aborted) throw error
    const now = this.#clock.now()
    const stored = holds(this.#when, error) ? this.#find(key, now) : undefined
    if (stored !== undefined) return this.#serveStale(stored, now, context, 'failure', failureClass(error))
    this.#reportMiss(context, source)
    throw error
  }

  #ended(call: SharedCall, outcome: Settled<unknown>, current: boolean): void {
    if (outcome.status === 'rejected') {
      this.#reportRefresh(call, current ? 'failed' : 'discarded', failureClass(outcome.reason))
      return
    }
    const { key, startedAt } = call
    const evicted = current && this.#stored.set(key, { value: outcome.value, startedAt })
    this.#reportRefresh(call, current ? 'stored' : 'discarded')
    if (evicted && this.events.wants('evicted')) this.events.emit('evicted', { name: this.name })
  }

  #serveFresh({ value, startedAt }: Stored, now: number, { journey }: CallContext): Promise<unknown> {
    this.#hits++
    if (this.events.wants('hit', journey))
      this.events.emit('hit', { name: this.name, age: now - startedAt }, journey)
    return Promise.resolve(value)
  }

  #serveStale(
    { value, startedAt }: Stored,
    now: number,
    { journey }: CallContext,
    reason: CacheStale['reason'],
    failureClass?: FailureClass,
  ): Promise<unknown> {
    this.#stale++
    if (this.events.wants('stale', journey))
      this.events.emit('stale', { name: this.name, age: now - startedAt, reason, failureClass }, journey)
    return Promise.resolve(value)
  }

  #refuse(context: CallContext): Promise<never> {
    this.#reportMiss(context, 'none')
    return Promise.reject(new CacheMissError(this.name))
  }

  #reportMiss({ journey }: CallContext, source: CacheMiss['source']): void {
    this.#misses++
    if (this.events.wants('miss', journey)) this.events.emit('miss', { name: this.name, source }, journey)
  }

  #reportRefresh(
    { background, startedAt, context: { journey } }: SharedCall,
    outcome: CacheRefresh['outcome'],
    failureClass?: FailureClass,
  ): void {
    if (!this.events.wants('refresh', journey)) return
    const duration = this.#clock.now() - startedAt
    this.events.emit('refresh', { name: this.name, outcome, background, duration, failureClass }, journey)
  }

  #snapshot(): object {
    const { running, waiting } = this.#calls
    const entries = this.#stored.size
    return {
      entries,
      max: this.#max,
      running,
      waiting,
      hits: this.#hits,
      stale: this.#stale,
      misses: this.#misses,
    }
  }
}
