/** What a worker has in hand. */
import type { CallContext } from '@seaworthy/core'
import type { Dying } from './burials.ts'
import type { AbortCause } from './errors.ts'
import type { Delivery } from './task.ts'

/** A grant of the idempotency store for one run. */
export interface Grant {
  readonly key: string
  readonly owner: string
  readonly fence: number
  /** When the last claim or renewal that got through was sent. */
  confirmedAt: number
}

/**
 * - `waiting`: it was fetched ahead, and waits for a slot.
 * - `queued`: it holds a slot, and its handler has not been started.
 * - `running`: it holds a slot.
 * - `settling`: the handler is done, and the stream is being told.
 */
export type Stage = 'waiting' | 'queued' | 'running' | 'settling'

/** One delivery in hand. Fields are declared and set in the constructor, since one is made for each delivery. */
export class Held {
  declare readonly delivery: Delivery
  /** The context of the run; whoever gives the task up aborts it. */
  declare readonly context: CallContext
  declare stage: Stage
  declare readonly takenAt: number
  /** When the last fetch or beat that got through was sent: from then on the stream gives us `minIdle`. */
  declare confirmedAt: number
  declare startedAt: number
  /** Whether the stream has counted this start. */
  declare marked: boolean
  /** Whether the handler was called. */
  declare ran: boolean
  /** Whether nothing is left but to acknowledge it. */
  declare done: boolean
  /** Whether it holds the place of the one suspect. */
  declare suspect: boolean
  /** Why it was given up. */
  declare lost: AbortCause | undefined
  declare grant: Grant | undefined
  /** What is under way with its letter. */
  declare burial: Dying['burial']

  constructor(delivery: Delivery, context: CallContext, takenAt: number, confirmedAt: number) {
    this.delivery = delivery
    this.context = context
    this.takenAt = takenAt
    this.stage = 'queued'
    this.confirmedAt = confirmedAt
    this.startedAt = 0
    this.marked = false
    this.ran = false
    this.done = false
    this.suspect = false
    this.lost = undefined
    this.grant = undefined
    this.burial = undefined
  }

  /** Which try this is. */
  get attempt(): number {
    return this.delivery.failures + this.delivery.deliveries
  }
}

/** The most tasks beyond the slots that may wait for the stream to hear that they are done. */
const mostSettling = 50

/** Everything in hand, by receipt. */
export class Hands {
  readonly #concurrency: number
  readonly #held = new Map<string, Held>()
  /** Who waits for a slot, the longest waiting first. */
  readonly #line: Held[] = []
  readonly #most: number
  #freedCount = 0
  #settling = 0
  #suspects = 0
  #watchers: (() => void)[] = []
  /** Receipts put down while somebody compares what is in hand with what the stream says. */
  #putDown: Set<string> | undefined = undefined

  /** Called when a slot is free for somebody who waits: {@link next}. */
  turn: () => void = () => {}

  constructor(concurrency: number, prefetch: number) {
    this.#concurrency = concurrency
    this.#most = concurrency + prefetch + mostSettling
  }

  /** Free slots, as far as there is room in hand. */
  get free(): number {
    return this.roomFor(0)
  }

  /** How many more may be taken if `ahead` of them may wait. */
  roomFor(ahead: number): number {
    const { size } = this.#held
    const room = this.#concurrency + ahead - (size - this.#settling)
    return Math.max(0, Math.min(room, this.#most - size))
  }

  get size(): number {
    return this.#held.size
  }

  get settling(): number {
    return this.#settling
  }

  /** Tasks that wait for a slot. */
  get waiting(): number {
    return this.#line.length
  }

  /** Tasks that hold a slot: whose handler runs or is about to. */
  get active(): number {
    return this.#held.size - this.#settling - this.#line.length
  }

  /** How often a slot has become free. */
  get freed(): number {
    return this.#freedCount
  }

  /** Whether a suspect is in hand. */
  get quarantined(): boolean {
    return this.#suspects > 0
  }

  all(): IterableIterator<Held> {
    return this.#held.values()
  }

  receipts(): string[] {
    return [...this.#held.keys()]
  }

  /** Whether a receipt is in hand, or was within {@link watch}. */
  knows(receipt: string): boolean {
    return this.#held.has(receipt) || this.#putDown?.has(receipt) === true
  }

  has(held: Held): boolean {
    return this.#held.get(held.delivery.receipt) === held
  }

  /** It is in hand from now on: in a slot, or waiting for one when none is free. */
  take(held: Held): void {
    if (this.active >= this.#concurrency) {
      held.stage = 'waiting'
      this.#line.push(held)
    }
    this.#held.set(held.delivery.receipt, held)
  }

  /** Gives a free slot to the one that waits longest. Undefined if there is no slot or nobody waits. */
  next(): Held | undefined {
    if (this.active >= this.#concurrency) return undefined
    const held = this.#line.shift()
    if (held !== undefined) held.stage = 'queued'
    return held
  }

  /** Those that wait for a slot, the longest waiting first. */
  line(): readonly Held[] {
    return [...this.#line]
  }

  quarantine(held: Held): void {
    held.suspect = true
    this.#suspects++
  }

  /** The handler is done: its slot is free. */
  settle(held: Held): void {
    if (held.stage === 'settling') return
    this.#leave(held)
    held.stage = 'settling'
    this.#settling++
    this.#freed(held)
  }

  /** It is no longer ours. */
  putDown(held: Held): void {
    if (!this.#held.delete(held.delivery.receipt)) return
    this.#putDown?.add(held.delivery.receipt)
    this.#leave(held)
    held.context.release()
    this.#freed(held)
  }

  /** Remembers what is put down until the returned function is called. One watch at a time. */
  watch(): () => void {
    this.#putDown = new Set()
    return () => {
      this.#putDown = undefined
    }
  }

  /** Resolves at the next change that may free a slot. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#watchers.push(resolve))
  }

  /** Resolves when nothing is in hand. */
  async empty(): Promise<void> {
    while (this.#held.size > 0) await this.change()
  }

  /** Wakes all who wait for a change, for another reason. */
  nudge(): void {
    this.#wake()
  }

  /** Leaves what its stage stands for. */
  #leave(held: Held): void {
    if (held.stage === 'settling') this.#settling--
    else if (held.stage === 'waiting') this.#line.splice(this.#line.indexOf(held), 1)
    else this.#freedCount++
  }

  #freed(held: Held): void {
    if (held.suspect) {
      held.suspect = false
      this.#suspects--
    }
    if (this.#line.length > 0) this.turn()
    this.#wake()
  }

  #wake(): void {
    if (this.#watchers.length === 0) return
    const watchers = this.#watchers
    this.#watchers = []
    for (const resolve of watchers) resolve()
  }
}
