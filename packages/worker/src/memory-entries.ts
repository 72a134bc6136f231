/** The entries of a memory stream: each in the place where its state belongs, each step with its audit entry. */
import type { Clock, Random } from '@seaworthy/core'
import { type Entry, type EntryInput, enqueued, isStale, next, type Pending } from './entry.ts'
import { Line, Timetable, Trail } from './memory-parts.ts'
import type { StreamStats } from './stream.ts'
import type { Delivery, NewTask, TaskAudit, TaskEvent } from './task.ts'
import { uniqueText } from './unique-text.ts'

/** An entry and what it carries. */
export interface Item {
  readonly id: string
  readonly task: string
  readonly payload: string
  readonly headers: Readonly<Record<string, string>>
  readonly journey: string | undefined
  readonly enqueuedAt: number
  state: Entry
}

/** What is known about an owner. */
interface Owner {
  heardAt: number
  holding: number
}

/** Facts of a step for the audit, beyond what the entry says. */
type Note = Partial<Pick<TaskAudit, 'owner' | 'previousOwner' | 'idle' | 'delay' | 'reason'>>

/** A step that only the holder may make. */
type HolderStep = Extract<EntryInput, { by: unknown }>['type']

export class Entries {
  readonly trail: Trail<TaskAudit>
  readonly owners: Map<string, Owner> = new Map()
  readonly #clock: Clock
  readonly #random: Random
  readonly #waiting: Line<Item> = new Line()
  readonly #due: Timetable<Item> = new Timetable()
  /** By id, in the order they were handed out. */
  readonly #pending = new Map<string, Item>()
  #enqueued = 0
  #acknowledged = 0
  #dead = 0

  constructor(clock: Clock, random: Random, auditLimit: number) {
    this.#clock = clock
    this.#random = random
    this.trail = new Trail(auditLimit)
  }

  /** How many entries are where. */
  get counts(): Omit<StreamStats, 'vanished' | 'owners' | 'capacity'> {
    return {
      waiting: this.#waiting.size,
      pending: this.#pending.size,
      due: this.#due.size,
      enqueued: this.#enqueued,
      acknowledged: this.#acknowledged,
      dead: this.#dead,
    }
  }

  get waiting(): number {
    return this.#waiting.size
  }

  get unfinished(): number {
    return this.#waiting.size + this.#pending.size + this.#due.size
  }

  /** When the next entry is due. */
  get firstDue(): number | undefined {
    return this.#due.first
  }

  /** Entries whose owner was not heard of for `minIdle`. */
  stale(minIdle: number): (Item & { state: Pending })[] {
    const now = this.#clock.now()
    const silent = (item: Item): item is Item & { state: Pending } => isStale(item.state, minIdle, now)
    return [...this.#pending.values()].filter(silent)
  }

  /** @returns The id of the task. */
  add({ payload, id, headers = {}, journey, delay = 0 }: NewTask): string {
    const now = this.#clock.now()
    const item: Item = {
      id: String(++this.#enqueued),
      task: id ?? uniqueText(this.#random),
      payload,
      headers,
      journey,
      enqueuedAt: now,
      state: enqueued(delay, now),
    }
    this.#place(item)
    this.log('enqueued', item, { delay })
    return item.task
  }

  /** Hands out what waits, longest waiting first. */
  handOut(owner: string, count: number): Delivery[] {
    const deliveries: Delivery[] = []
    while (deliveries.length < count) {
      const item = this.#waiting.shift()
      if (item === undefined) break
      this.#step(item, { type: 'deliver', owner })
      this.log('delivered', item, { owner })
      deliveries.push(this.delivery(item))
    }
    return deliveries
  }

  /** Takes an entry from an owner that fell silent. */
  takeOver(item: Item, event: TaskEvent, input: EntryInput, owner: string): Delivery {
    const { owner: previousOwner, heardAt } = item.state as Pending
    this.#step(item, input)
    this.log(event, item, { owner, previousOwner, idle: this.#clock.now() - heardAt })
    return { ...this.delivery(item), previousOwner }
  }

  /** Notes that the handler has been started. */
  start(owner: string, receipt: string): void {
    const before = this.#holding(receipt)?.state.starts
    const item = this.byHolder(owner, receipt, 'start')
    if (item !== undefined && item.state.starts !== before) this.log('started', item, { owner })
  }

  /** Makes up to `limit` entries that are due wait. @returns How many. */
  promote(limit: number): number {
    const items = this.#due.takeDue(this.#clock.now(), limit)
    for (const item of items) {
      this.#step(item, { type: 'promote' })
      this.log('promoted', item, {})
    }
    return items.length
  }

  #holding(receipt: string): Item | undefined {
    return this.#pending.get(receipt.slice(0, receipt.indexOf('.')))
  }

  /** Whether a receipt counts, and for this owner. */
  isHeld(owner: string, receipt: string): boolean {
    const state = this.#holding(receipt)?.state as Pending | undefined
    return state !== undefined && state.owner === owner && receipt.endsWith(`.${state.handOuts}`)
  }

  /** A step that only the holder may make. Undefined if it is lost. */
  byHolder(owner: string, receipt: string, type: HolderStep, delay = 0): Item | undefined {
    const item = this.#holding(receipt)
    if (item === undefined) return undefined
    const by = { owner, handOut: Number(receipt.slice(receipt.indexOf('.') + 1)) }
    return this.#step(item, { type, by, delay }) ? item : undefined
  }

  /** Makes a step and moves the entry to where it belongs. @returns Whether there was one to make. */
  #step(item: Item, input: EntryInput): boolean {
    const { state: before } = item
    const { entry, outcome } = next(before, input, this.#clock.now())
    if (outcome !== 'done') return false
    item.state = entry
    if (entry.name === 'acknowledged') this.#acknowledged++
    if (entry.name === 'dead') this.#dead++
    const stays = before.name === 'pending' && entry.name === 'pending' && before.owner === entry.owner
    if (stays) return true
    if (before.name === 'pending') {
      this.#pending.delete(item.id)
      this.#ownerOf(before.owner).holding--
    }
    this.#place(item)
    return true
  }

  #place(item: Item): void {
    const { state } = item
    if (state.name === 'waiting') this.#waiting.push(item)
    else if (state.name === 'due') this.#due.add(state.dueAt, item)
    else if (state.name === 'pending') {
      this.#pending.set(item.id, item)
      this.#ownerOf(state.owner).holding++
    }
  }

  #ownerOf(name: string): Owner {
    let owner = this.owners.get(name)
    if (owner === undefined) {
      owner = { heardAt: this.#clock.now(), holding: 0 }
      this.owners.set(name, owner)
    }
    return owner
  }

  /** Notes that an owner lives. */
  heard(owner: string): void {
    this.#ownerOf(owner).heardAt = this.#clock.now()
  }

  /** What its owner gets to see of an entry. */
  delivery({ id, task, payload, headers, journey, enqueuedAt, state }: Item): Delivery {
    const { handOuts, deliveries, starts, failures } = state
    const age = this.#clock.now() - enqueuedAt
    const receipt = receiptOf(id, handOuts)
    return { receipt, entry: id, task, payload, headers, journey, age, deliveries, starts, failures }
  }

  log(event: TaskEvent, { id, task, state }: Item, note: Note): void {
    const { deliveries, starts, failures } = state
    const { owner, previousOwner, idle, delay, reason } = note
    const counts = { deliveries, starts, failures }
    const at = this.#clock.now()
    this.trail.add({ at, event, task, entry: id, ...counts, owner, previousOwner, idle, delay, reason })
  }
}

/** Names one hand-out of one entry. */
export const receiptOf = (id: string, handOut: number): string => `${id}.${handOut}`
