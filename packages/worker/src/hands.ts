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
 * - `queued`: its handler has not been started.
 * - `running`: it holds a slot.
 * - `settling`: the handler is done, and the stream is being told.
 */
export type Stage = 'queued' | 'running' | 'settling'

/** One delivery in hand. Fields are declared and set in the constructor, since one is made for each delivery. */
export class Held {
  declare readonly delivery: Delivery
  /** The context of the run; whoever gives the task up aborts it. */
  declare readonly context: CallContext
  declare stage: Stage
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

  constructor(delivery: Delivery, context: CallContext, confirmedAt: number) {
    this.delivery = delivery
    this.context = context
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
  #settling = 0
  #suspects = 0
  #waiting: (() => void)[] = []
  /** Receipts put down while somebody compares what is in hand with what the stream says. */
  #putDown: Set<string> | undefined = undefined

  constructor(concurrency: number) {
    this.#concurrency = concurrency
  }

  /** How many more may be taken. */
  get free(): number {
    const { size } = this.#held
    const slots = this.#concurrency - (size - this.#settling)
    return Math.max(0, Math.min(slots, this.#concurrency + mostSettling - size))
  }

  get size(): number {
    return this.#held.size
  }

  get settling(): number {
    return this.#settling
  }

  /** Tasks whose handler runs or is about to. */
  get active(): number {
    return this.#held.size - this.#settling
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

  take(held: Held): void {
    this.#held.set(held.delivery.receipt, held)
  }

  quarantine(held: Held): void {
    held.suspect = true
    this.#suspects++
  }

  /** The handler is done: its slot is free. */
  settle(held: Held): void {
    if (held.stage === 'settling') return
    held.stage = 'settling'
    this.#settling++
    this.#release(held)
    this.#wake()
  }

  /** It is no longer ours. */
  putDown(held: Held): void {
    if (!this.#held.delete(held.delivery.receipt)) return
    this.#putDown?.add(held.delivery.receipt)
    if (held.stage === 'settling') this.#settling--
    this.#release(held)
    held.context.release()
    this.#wake()
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
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Resolves when nothing is in hand. */
  async empty(): Promise<void> {
    while (this.#held.size > 0) await this.change()
  }

  /** Wakes all who wait for a change, for another reason. */
  nudge(): void {
    this.#wake()
  }

  #release(held: Held): void {
    if (!held.suspect) return
    held.suspect = false
    this.#suspects--
  }

  #wake(): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
