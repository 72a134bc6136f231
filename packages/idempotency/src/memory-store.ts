import { type Clock, count, InvalidOptionError, knownOptions, systemClock } from '@seaworthy/core'
import { StoreUnavailableError } from './errors.ts'
import { claim, complete, forget, type IdempotencyRecord, living, peek, renew, type Step } from './machine.ts'
import type {
  Claim,
  ClaimOf,
  ClaimRequest,
  CompleteRequest,
  Completion,
  Forgetting,
  IdempotencyStore,
  RecordView,
  Renewal,
  RenewRequest,
} from './store.ts'

/** Options of {@link memoryIdempotencyStore}. */
export interface MemoryIdempotencyStoreOptions {
  /** The most records it holds. @defaultValue 10,000 */
  readonly max?: number
  /** Measures leases and ages. @defaultValue the system clock */
  readonly clock?: Clock
}

/** A store in the memory of one process. Made by {@link memoryIdempotencyStore}. */
export interface MemoryIdempotencyStore extends Required<IdempotencyStore> {
  /** How many records it holds, expired ones that nobody has come across since included. */
  readonly size: number
  /** `inFlight` and `settled`: records it holds; `waiting`: who waits for a hint. */
  debugStats(): Record<string, number>
}

/**
 * Keeps records in this process. It forgets them when the process ends, and other processes do not see them: use it
 * in tests, for a single process whose duplicates come soon, or while nothing better is there.
 *
 * When it is full, the record that was settled longest ago goes. Records in flight never go before they expire; when
 * there are only such, `claim` rejects with a {@link StoreUnavailableError}.
 *
 * It keeps no timer. Expired records are dropped when somebody asks for them, when room is needed, and two for every
 * claim that passes by, so what is left of them is bounded, and an idle store does nothing.
 *
 * Its fences rise within one process. They do not go on from those of the process before.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { memoryIdempotencyStore } from '@seaworthy/idempotency'
 *
 * const store = memoryIdempotencyStore({ max: 1000 })
 * const claim = { owner: 'me', fingerprint: '', lease: 30_000, retain: 60_000, takeover: true }
 * console.log((await store.claim('task-1', claim)).kind) // acquired
 * console.log((await store.claim('task-1', { ...claim, owner: 'you' })).kind) // inFlight
 * ```
 */
export function memoryIdempotencyStore(options: MemoryIdempotencyStoreOptions = {}): MemoryIdempotencyStore {
  knownOptions('memoryIdempotencyStore', options, ['max', 'clock'])
  return new MemoryStore(options)
}

/** How many records each claim looks at to find expired ones. */
const swept = 2

class MemoryStore implements MemoryIdempotencyStore {
  readonly #max: number
  readonly #clock: Clock
  readonly #inFlight = new Map<string, IdempotencyRecord>()
  /** In the order in which they were settled. */
  readonly #settled = new Map<string, IdempotencyRecord>()
  readonly #waiting = new Map<string, Set<() => void>>()
  /** The greatest fence there was: a clock may stand still, and records are forgotten. */
  #fence = 0
  /** Where the sweep goes on. */
  #sweep: Iterator<[string, IdempotencyRecord]>

  constructor({ max = 10_000, clock = systemClock }: MemoryIdempotencyStoreOptions) {
    this.#max = count('max', max)
    this.#clock = clock
    if (typeof clock?.now !== 'function') throw new InvalidOptionError('clock', 'a Clock', clock)
    this.#sweep = this.#settled.entries()
  }

  get size(): number {
    return this.#inFlight.size + this.#settled.size
  }

  async claim(key: string, request: ClaimRequest): Promise<Claim> {
    const now = this.#clock.now()
    this.#dropExpired(now)
    const known = this.#find(key)
    if (known === undefined) this.#makeRoom(now)
    const outcome = this.#keep(key, known, claim(known, request, now, this.#fence))
    if ('fence' in outcome) this.#fence = Math.max(this.#fence, outcome.fence)
    return outcome
  }

  claimMany(claims: readonly ClaimOf[]): Promise<readonly Claim[]> {
    return Promise.all(claims.map(({ key, request }) => this.claim(key, request)))
  }

  async renew(key: string, request: RenewRequest): Promise<Renewal> {
    const known = this.#find(key)
    const outcome = this.#keep(key, known, renew(known, request, this.#clock.now()))
    if (outcome === 'renewed' && request.lease === 0) this.#wake(key)
    return outcome
  }

  async complete(key: string, request: CompleteRequest): Promise<Completion> {
    const known = this.#find(key)
    const outcome = this.#keep(key, known, complete(known, request, this.#clock.now()))
    if (outcome === 'stored') this.#wake(key)
    return outcome
  }

  async forget(key: string, fence?: number): Promise<Forgetting> {
    const known = this.#find(key)
    const outcome = this.#keep(key, known, forget(known, fence, this.#clock.now()))
    if (outcome === 'forgotten') this.#wake(key)
    return outcome
  }

  async peek(key: string): Promise<RecordView | undefined> {
    return peek(this.#find(key), this.#clock.now())
  }

  waitFor(key: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve()
        return
      }
      const waiting = this.#waiting.get(key) ?? new Set()
      this.#waiting.set(key, waiting)
      const end = (): void => {
        signal.removeEventListener('abort', end)
        waiting.delete(end)
        if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key)
        resolve()
      }
      waiting.add(end)
      signal.addEventListener('abort', end, { once: true })
    })
  }

  debugStats(): Record<string, number> {
    let waiting = 0
    for (const each of this.#waiting.values()) waiting += each.size
    return { inFlight: this.#inFlight.size, settled: this.#settled.size, waiting }
  }

  #find(key: string): IdempotencyRecord | undefined {
    return this.#inFlight.get(key) ?? this.#settled.get(key)
  }

  #keep<Outcome>(
    key: string,
    known: IdempotencyRecord | undefined,
    { record, outcome }: Step<Outcome>,
  ): Outcome {
    if (record === known) return outcome
    this.#inFlight.delete(key)
    this.#settled.delete(key)
    if (record !== undefined) (record.state === 'inFlight' ? this.#inFlight : this.#settled).set(key, record)
    return outcome
  }

  #makeRoom(now: number): void {
    if (this.size < this.#max) return
    const [oldest] = this.#settled.keys()
    if (oldest !== undefined) {
      this.#settled.delete(oldest)
      return
    }
    for (const [key, record] of this.#inFlight) {
      if (living(record, now) === undefined) this.#inFlight.delete(key)
    }
    if (this.size >= this.#max) throw new StoreUnavailableError(undefined, 'full')
  }

  #dropExpired(now: number): void {
    for (let looked = 0; looked < swept; looked++) {
      const next = this.#sweep.next()
      if (next.done) {
        this.#sweep = this.#settled.entries()
        return
      }
      const [key, record] = next.value
      if (living(record, now) === undefined) this.#settled.delete(key)
    }
  }

  #wake(key: string): void {
    for (const end of [...(this.#waiting.get(key) ?? [])]) end()
  }
}
