/**
 * The letters of a memory store with their indices, dedupe keys and audit. What changes a letter goes through here, so that all of these
 * change together.
 */
import type { Clock } from '@seaworthy/core'
import { AuditLog } from './audit-log.ts'
import type { AuditEvent, StoredLetter } from './letter.ts'
import { idOfKey, LetterIndex } from './letter-index.ts'
import { type Condition, type Input, isSettled, type Lease, newlyDead, next, type Step } from './machine.ts'
import type { By, NewLetter, RemovedLetter } from './store.ts'

/** What {@link MemoryLetters} goes by. */
export interface MemoryRules {
  readonly maxCount: number
  readonly overflow: 'drop-oldest' | 'refuse'
  readonly maxSettled: number
  readonly maxAudit: number
  readonly clock: Clock
  readonly origin: number
}

/** A letter and what only the store knows about it. */
export interface Entry {
  letter: StoredLetter
  fence: number | undefined
  readonly dedupeKey: string | undefined
  readonly dedupeUntil: number
}

/** A change for the audit. */
interface Change {
  readonly letter: StoredLetter
  readonly event: AuditEvent
  readonly from: StoredLetter['state'] | undefined
  readonly to: StoredLetter['state'] | undefined
  readonly now: number
}

export class MemoryLetters {
  readonly index: LetterIndex = new LetterIndex()
  readonly audit: AuditLog
  readonly #rules: MemoryRules
  readonly #entries = new Map<string, Entry>()
  readonly #dedupe = new Map<string, string>()
  #sequence = 0
  #lastId = 0
  #fence = 0

  constructor(rules: MemoryRules) {
    this.#rules = rules
    this.audit = new AuditLog(rules.maxAudit)
  }

  get size(): number {
    return this.#entries.size
  }

  get dedupeKeys(): number {
    return this.#dedupe.size
  }

  /** Milliseconds since 1970. */
  now(): number {
    return Math.floor(this.#rules.origin + this.#rules.clock.now())
  }

  find(id: string): Entry | undefined {
    return this.#entries.get(id)
  }

  /** An entry that an index knows. */
  entry(id: string): Entry {
    return this.#entries.get(id) as Entry
  }

  /** Adds a letter for which there is room. */
  add(added: NewLetter, now: number): StoredLetter {
    const entry = this.#newEntry(added, now)
    const { letter, dedupeKey } = entry
    this.#entries.set(letter.id, entry)
    this.index.add(letter)
    if (dedupeKey !== undefined) this.#dedupe.set(dedupeKey, letter.id)
    this.note({ letter, event: 'added', from: undefined, to: 'dead', now }, byActor(added.actor))
    return letter
  }

  /** Does a step of the machine, keeps the indices true, and audits. */
  take(entry: Entry, input: Input, now: number, by: By): Step {
    const { letter } = entry
    const step = next(conditionOf(entry), input, now)
    const { condition, transition } = step
    if (step.answer !== 'done') return step
    this.index.remove(letter)
    entry.fence = condition.fence
    entry.letter = withCondition(letter, condition)
    this.index.add(entry.letter)
    if (transition !== undefined)
      this.note({ letter, event: transition, from: letter.state, to: condition.state, now }, by)
    if (isSettled(condition.state) && !isSettled(letter.state)) this.#forgetSettled(now)
    return step
  }

  #forgetSettled(now: number): void {
    const { settled } = this.index
    while (settled.size > this.#rules.maxSettled)
      this.remove(idOfKey(settled.first ?? ''), 'settled', 'expired', now, byActor('overflow'))
  }

  remove(
    id: string,
    cause: RemovedLetter['cause'],
    event: 'expired' | 'dropped',
    now: number,
    by: By,
  ): RemovedLetter {
    const entry = this.entry(id)
    const { letter } = entry
    this.index.remove(letter)
    this.#entries.delete(id)
    this.#forgetKey(entry)
    const { type, journey, diedAt, state } = letter
    this.note({ letter, event, from: state, to: undefined, now }, { ...by, reason: cause })
    return { id, type, journey, diedAt, cause }
  }

  #forgetKey({ dedupeKey, letter }: Entry): void {
    if (dedupeKey !== undefined && this.#dedupe.get(dedupeKey) === letter.id) this.#dedupe.delete(dedupeKey)
  }

  /** @returns What was dropped; undefined if there is no room. */
  makeRoom(now: number): RemovedLetter[] | undefined {
    const dead = this.index.count('dead')
    const surplus =
      dead + this.index.count('leased') + this.index.count('replaying') + 1 - this.#rules.maxCount
    if (surplus <= 0) return []
    // Before anything is dropped: what is not enough is no reason to lose a letter.
    if (this.#rules.overflow === 'refuse' || surplus > dead) return undefined
    return Array.from({ length: surplus }, () => {
      const { first = '' } = this.index.ids('dead')
      return this.remove(first, 'overflow', 'dropped', now, byActor('overflow'))
    })
  }

  /** The letter that was added last with this key. */
  keyed(dedupeKey: string): StoredLetter | undefined {
    return this.#entries.get(this.#dedupe.get(dedupeKey) ?? '')?.letter
  }

  duplicateOf({ dedupeKey }: NewLetter, now: number): Entry | undefined {
    if (dedupeKey === undefined) return undefined
    const entry = this.#entries.get(this.#dedupe.get(dedupeKey) ?? '')
    if (entry === undefined || entry.dedupeUntil <= now) return undefined
    return entry.letter.state === 'dead' || entry.letter.state === 'leased' ? entry : undefined
  }

  #newEntry(added: NewLetter, now: number): Entry {
    const { token, dueIn, dedupeKey, dedupeFor, actor: _actor, ...rest } = added
    const id = this.#newId(token, now)
    const condition = newlyDead(dueIn === undefined ? undefined : now + dueIn)
    const replayId = `${id}:${added.replays + 1}`
    const letter = withCondition({ id, ...rest, ...fresh, diedAt: now, replayId }, condition)
    return { letter, fence: undefined, dedupeKey, dedupeUntil: now + dedupeFor }
  }

  #newId(token: string, now: number): string {
    this.#sequence = now > this.#lastId ? 0 : this.#sequence + 1
    this.#lastId = Math.max(this.#lastId, now)
    const time = String(this.#lastId).padStart(13, '0')
    return `${time}${String(this.#sequence).padStart(9, '0')}-${token}`
  }

  newLease(owner: string, leaseFor: number, now: number): Lease {
    return { owner, fence: ++this.#fence, until: now + leaseFor }
  }

  note({ letter, event, from, to, now }: Change, { actor, reason }: By): void {
    this.audit.add({ at: now, id: letter.id, event, from, to, actor, reason })
  }
}

/** Fields that {@link withCondition} fills in. */
const fresh = {
  state: 'dead',
  attempts: 0,
  due: undefined,
  settledAt: undefined,
  owner: undefined,
  leasedUntil: undefined,
} as const

function conditionOf({ letter, fence }: Entry): Condition {
  const { state, attempts, due, owner, leasedUntil: until, settledAt } = letter
  return { state, attempts, due, owner, fence, until, settledAt }
}

function withCondition(letter: StoredLetter, condition: Condition): StoredLetter {
  const { state, attempts, due, owner, until: leasedUntil, settledAt } = condition
  const payload = isSettled(state) ? undefined : letter.payload
  return { ...letter, state, attempts, due, owner, leasedUntil, settledAt, payload }
}

/** Somebody without a reason. */
export function byActor(actor: string): By {
  return { actor, reason: undefined }
}
