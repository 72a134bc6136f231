import { performance } from 'node:perf_hooks'
import { type Clock, count, knownOptions, number, oneOf, systemClock } from '@seaworthy/core'
import type { LetterCounts, LetterGroup, LetterSummary, StoredLetter } from './letter.ts'
import { idOfKey, timeOfKey } from './letter-index.ts'
import type { Input } from './machine.ts'
import { byActor, MemoryLetters } from './memory-letters.ts'
import type {
  AddResult,
  AuditPage,
  AuditQuery,
  By,
  Claimed,
  ClaimRequest,
  DeadLetterStore,
  DiscardResult,
  LetterPage,
  ListQuery,
  NewLetter,
  RemovedLetter,
  RetryRequest,
  RetryResult,
  Settlement,
  TrimRequest,
  TrimResult,
  TurnRequest,
} from './store.ts'

/** Options of {@link memoryDeadLetters}. */
export interface MemoryDeadLettersOptions {
  /** How many letters may be dead, leased or replaying. @defaultValue 100,000 */
  readonly maxCount?: number
  /**
   * What becomes of one more: `drop-oldest` removes the oldest dead one, `refuse` refuses the new one.
   *
   * @defaultValue `'refuse'`
   */
  readonly overflow?: 'drop-oldest' | 'refuse'
  /** How many settled letters are remembered, without their payload. @defaultValue 10,000 */
  readonly maxSettled?: number
  /** How many audit entries are kept, at least. @defaultValue 100,000 */
  readonly maxAudit?: number
  /** @defaultValue the system clock */
  readonly clock?: Clock
  /**
   * What time it was, in milliseconds since 1970, when the clock said 0.
   *
   * @defaultValue the start of the process with the system clock, else 0
   */
  readonly origin?: number
}

/** A store in the memory of one process. Made by {@link memoryDeadLetters}. */
export interface MemoryDeadLetters extends DeadLetterStore {
  /** Exact sizes of what it holds: `letters`, `lists` of its index, `dedupeKeys`, `auditEntries`. */
  debugStats(): Record<string, number>
}

/**
 * Dead letters in memory: for tests, for one process, and as the reference for other stores. What it holds is gone when the
 * process ends.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { deadLetters, memoryDeadLetters } from '@seaworthy/dead-letter'
 *
 * const queue = deadLetters({ store: memoryDeadLetters({ maxCount: 1000 }) })
 * const id = await queue.add({ order: 7 }, new Error('card declined'), { type: 'payment' })
 * console.log((await queue.get(id))?.errorClass) // Error: card declined
 * ```
 */
export function memoryDeadLetters(options: MemoryDeadLettersOptions = {}): MemoryDeadLetters {
  knownOptions('memoryDeadLetters', options, optionNames)
  return new MemoryStore(options)
}

const optionNames = ['maxCount', 'overflow', 'maxSettled', 'maxAudit', 'clock', 'origin']

/** Who does a job, until when, and when it may be done next. */
interface Turn {
  readonly holder: string | undefined
  readonly until: number
  readonly next: number
}

/** Every method does its whole step before its first `await`, so steps are atomic. */
class MemoryStore implements MemoryDeadLetters {
  readonly replaysItself = false
  readonly #letters: MemoryLetters
  readonly #turns = new Map<string, Turn>()

  constructor(options: MemoryDeadLettersOptions) {
    const { maxCount = 100_000, overflow = 'refuse', maxSettled = 10_000, maxAudit = 100_000 } = options
    const { clock = systemClock } = options
    // A constant of the process, not a reading of its clock.
    const { origin = clock === systemClock ? performance.timeOrigin : 0 } = options
    this.#letters = new MemoryLetters({
      maxCount: count('maxCount', maxCount),
      overflow: oneOf('overflow', overflow, ['drop-oldest', 'refuse']),
      maxSettled: count('maxSettled', maxSettled, 0),
      maxAudit: count('maxAudit', maxAudit, 0),
      clock,
      origin: number('origin', origin),
    })
  }

  async add(added: NewLetter): Promise<AddResult> {
    return this.addNow(added)
  }

  addNow(added: NewLetter): AddResult {
    const letters = this.#letters
    const now = letters.now()
    const same = letters.duplicateOf(added, now)?.letter
    if (same !== undefined) {
      const { id, state } = same
      letters.note({ letter: same, event: 'duplicate', from: state, to: state, now }, byActor(added.actor))
      return { outcome: 'duplicate', id, now }
    }
    const dropped = letters.makeRoom(now)
    if (dropped === undefined) return { outcome: 'full', now }
    return { outcome: 'added', id: letters.add(added, now).id, now, dropped }
  }

  async lookup(dedupeKey: string): Promise<string | undefined> {
    return this.#letters.keyed(dedupeKey)?.id
  }

  async get(id: string, view?: By): Promise<StoredLetter | undefined> {
    const entry = this.#letters.find(id)
    if (entry === undefined) return undefined
    const { letter } = entry
    if (view === undefined) return { ...letter, payload: undefined }
    const { state } = letter
    this.#letters.note({ letter, event: 'viewed', from: state, to: state, now: this.#letters.now() }, view)
    return letter
  }

  async list({ state, order, cursor, limit, type, errorClass }: ListQuery): Promise<LetterPage> {
    const ids = this.#letters.index.ids(state, { type, errorClass })
    const items: LetterSummary[] = []
    let more = false
    for (const id of order === 'oldest' ? ids.after(cursor) : ids.before(cursor)) {
      more = items.length === limit
      if (more) break
      items.push(summaryOf(this.#letters.entry(id).letter))
    }
    return { items, next: more ? items.at(-1)?.id : undefined, now: this.#letters.now() }
  }

  async groups(): Promise<readonly LetterGroup[]> {
    const died = (id: string | undefined): number => this.#letters.entry(id ?? '').letter.diedAt
    return this.#letters.index
      .deadGroups()
      .map(({ type, errorClass, ids }) => ({
        type,
        errorClass,
        count: ids.size,
        oldest: died(ids.first),
        newest: died(ids.last),
      }))
      .sort((a, b) => b.count - a.count)
  }

  async counts(): Promise<LetterCounts> {
    const { first } = this.#letters.index.ids('dead')
    return {
      dead: this.#letters.index.count('dead'),
      leased: this.#letters.index.count('leased'),
      replaying: this.#letters.index.count('replaying'),
      replayed: this.#letters.index.count('replayed'),
      resolved: this.#letters.index.count('resolved'),
      discarded: this.#letters.index.count('discarded'),
      oldest: first === undefined ? undefined : this.#letters.entry(first).letter.diedAt,
      now: this.#letters.now(),
    }
  }

  async retry(id: string, request: RetryRequest): Promise<RetryResult> {
    const entry = this.#letters.find(id)
    if (entry === undefined) return { outcome: 'missing' }
    const now = this.#letters.now()
    const lease = this.#letters.newLease(request.owner, request.leaseFor, now)
    const { answer } = this.#letters.take(entry, { type: 'retry', lease, oneStep: false }, now, request)
    const { state, replayId } = entry.letter
    if (answer === 'already') return { outcome: 'already', state, replayId }
    if (answer === 'leased') return { outcome: 'leased', leaseLeft: leaseLeft(entry.letter, now) }
    if (request.payload !== undefined) entry.letter = { ...entry.letter, payload: request.payload }
    return { outcome: 'replaying', fence: lease.fence, letter: entry.letter }
  }

  async discard(id: string, by: By): Promise<DiscardResult> {
    const entry = this.#letters.find(id)
    if (entry === undefined) return { outcome: 'missing' }
    const now = this.#letters.now()
    const { answer } = this.#letters.take(entry, { type: 'discard' }, now, by)
    const { letter } = entry
    if (answer === 'already') return { outcome: 'already', state: letter.state }
    if (answer === 'leased') return { outcome: 'leased', leaseLeft: leaseLeft(letter, now) }
    return { outcome: 'discarded', letter: summaryOf(letter), now }
  }

  async claim({ limit, leaseFor, owner, dueOnly, ...filter }: ClaimRequest): Promise<Claimed> {
    const now = this.#letters.now()
    const lease = this.#letters.newLease(owner, leaseFor, now)
    const ids: string[] = []
    const offer = (id: string): boolean => {
      if (ids.length < limit && matches(this.#letters.entry(id).letter, filter)) ids.push(id)
      return ids.length < limit
    }
    for (const key of this.#letters.index.leases.after())
      if (timeOfKey(key) > now || !offer(idOfKey(key))) break
    if (dueOnly) {
      for (const key of this.#letters.index.due.after())
        if (timeOfKey(key) > now || !offer(idOfKey(key))) break
    } else {
      for (const id of this.#letters.index.ids('dead', filter).after()) if (!offer(id)) break
    }
    const letters = ids.map((id) => {
      const entry = this.#letters.entry(id)
      this.#letters.take(entry, { type: 'claim', lease }, now, byActor(owner))
      return entry.letter
    })
    return { fence: lease.fence, letters, now }
  }

  async renew(ids: readonly string[], fence: number, leaseFor: number): Promise<readonly string[]> {
    const now = this.#letters.now()
    return ids.filter((id) => {
      const entry = this.#letters.find(id)
      if (entry === undefined) return false
      const step = this.#letters.take(
        entry,
        { type: 'renew', fence, until: now + leaseFor },
        now,
        byActor(''),
      )
      return step.answer === 'done'
    })
  }

  async settle(id: string, fence: number, settlement: Settlement): Promise<'done' | 'stale' | 'missing'> {
    const entry = this.#letters.find(id)
    if (entry === undefined) return 'missing'
    const { outcome, dueIn } = settlement
    const now = this.#letters.now()
    const due = dueIn === undefined ? undefined : now + dueIn
    const input: Input = { type: 'settle', fence, outcome, due, oneStep: false }
    return this.#letters.take(entry, input, now, settlement).answer === 'done' ? 'done' : 'stale'
  }

  async trim({ olderThan, keep, settledBefore, batch, actor }: TrimRequest): Promise<TrimResult> {
    const now = this.#letters.now()
    const by = byActor(actor)
    const removed: RemovedLetter[] = []
    let lapsed = 0
    const room = (): boolean => lapsed + removed.length < batch
    for (const id of this.#lapsed(now, batch)) {
      this.#letters.take(this.#letters.entry(id), { type: 'lapse' }, now, by)
      lapsed++
    }
    const dead = this.#letters.index.ids('dead')
    for (let id = dead.first; id !== undefined && room(); id = dead.first) {
      const old = olderThan !== undefined && this.#letters.entry(id).letter.diedAt <= now - olderThan
      const many = keep !== undefined && dead.size > keep
      if (!old && !many) break
      removed.push(this.#letters.remove(id, old ? 'age' : 'count', 'expired', now, by))
    }
    if (settledBefore !== undefined) {
      const { settled } = this.#letters.index
      for (let key = settled.first; key !== undefined && room(); key = settled.first) {
        if (timeOfKey(key) > now - settledBefore) break
        removed.push(this.#letters.remove(idOfKey(key), 'settled', 'expired', now, by))
      }
    }
    return { removed, lapsed, more: !room(), now }
  }

  async audit(query: AuditQuery): Promise<AuditPage> {
    return this.#letters.audit.page(query)
  }

  async beginTurn({ job, owner, leaseFor, early }: TurnRequest): Promise<number> {
    const now = this.#letters.now()
    const { holder, until = now, next = now } = this.#turns.get(job) ?? {}
    const taken = holder !== undefined && until > now
    if (holder !== owner || !taken) {
      if (taken) return until - now
      if (next > now && !early) return next - now
    }
    this.#turns.set(job, { holder: owner, until: now + leaseFor, next })
    return 0
  }

  async endTurn(job: string, owner: string, nextIn: number): Promise<void> {
    if (this.#turns.get(job)?.holder !== owner) return
    const now = this.#letters.now()
    this.#turns.set(job, { holder: undefined, until: now, next: now + nextIn })
  }

  debugStats(): Record<string, number> {
    const { size, index, dedupeKeys, audit } = this.#letters
    return { letters: size, lists: index.lists, dedupeKeys, auditEntries: audit.size }
  }

  /** The ids of letters in `leased` whose lease is over. */
  #lapsed(now: number, limit: number): string[] {
    const ids: string[] = []
    for (const key of this.#letters.index.leases.after()) {
      if (timeOfKey(key) > now || ids.length === limit) break
      const id = idOfKey(key)
      if (this.#letters.entry(id).letter.state === 'leased') ids.push(id)
    }
    return ids
  }
}

function summaryOf({ payload: _payload, history: _history, error, ...header }: StoredLetter): LetterSummary {
  const { stack: _stack, causes: _causes, ...brief } = error
  return { ...header, error: brief }
}

function matches(
  letter: StoredLetter,
  { type, errorClass }: Pick<ListQuery, 'type' | 'errorClass'>,
): boolean {
  return (type ?? letter.type) === letter.type && (errorClass ?? letter.errorClass) === letter.errorClass
}

function leaseLeft({ leasedUntil }: StoredLetter, now: number): number {
  return Math.max(0, (leasedUntil ?? now) - now)
}
