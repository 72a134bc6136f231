import {
  type Call,
  type Clock,
  count,
  formatDuration,
  type Hub,
  knownOptions,
  type Layer,
  type Policy,
  PolicyBase,
  type PolicyDescription,
  type Refusal,
  systemClock,
} from '@seaworthy/core'
import { Admission } from './admission.ts'
import type { AdmissionEvents } from './admission-events.ts'
import { BulkheadFullError, type QueueRefusal } from './errors.ts'
import { type QueueOptions, queueOptionNames } from './queue-options.ts'

/** Options of {@link bulkhead}. */
export interface BulkheadOptions extends QueueOptions {
  /** How many calls may run at once. */
  readonly concurrency: number
  /** A name, for errors, events and the hub. */
  readonly name?: string
  /** Where a bulkhead with a name shows itself. @defaultValue the hub of the process */
  readonly hub?: Hub
  /** Times the waits. @defaultValue the system clock */
  readonly clock?: Clock
}

/** What can be changed while it works; what is left out stays. */
export interface BulkheadChanges {
  /** How many calls may run at once. When lowered, running calls go on; when raised, waiting ones move up. */
  readonly concurrency?: number
  /** How many calls may wait. When lowered, those who wait stay. */
  readonly queue?: number
}

/** The events of a {@link Bulkhead}. */
export type BulkheadEvents = AdmissionEvents

/** A limit on how many calls run at once. Made by {@link bulkhead}. */
export interface Bulkhead extends Policy<never, BulkheadEvents> {
  /** How many calls may run at once. */
  readonly concurrency: number
  /** How many run now. */
  readonly active: number
  /** How many wait now. */
  readonly queued: number
  /**
   * Changes its size while it works.
   *
   * @throws {@link @seaworthy/core!InvalidOptionError} when a number makes no sense; nothing has changed
   *   then.
   */
  reconfigure(changes: BulkheadChanges): void
}

/**
 * Lets at most `concurrency` calls run at once, so that one slow dependency cannot take all sockets and
 * memory with it. Others wait in a queue or are turned away.
 *
 * A call holds its slot until the part of the pipeline inside the bulkhead has settled. An aggressive timeout
 * *inside* therefore frees the slot while an abandoned function may still run; put the timeout *outside* of
 * the bulkhead to count such functions.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. Calls that find no room
 *   reject with a {@link BulkheadFullError}.
 *
 * @example
 * ```ts
 * import { bulkhead } from '@seaworthy/flow'
 *
 * const reports = bulkhead({ concurrency: 1, queue: 1 })
 * const outcomes = await Promise.all([1, 2, 3].map((id) => reports.settle(() => `report ${id}`)))
 * console.log(outcomes.map(({ status }) => status)) // [ 'fulfilled', 'fulfilled', 'rejected' ]
 * ```
 */
export function bulkhead(options: BulkheadOptions): Bulkhead {
  knownOptions('bulkhead', options, ['concurrency', ...queueOptionNames, 'name', 'hub', 'clock'])
  return new BulkheadPolicy(options)
}

class BulkheadPolicy extends PolicyBase<never, BulkheadEvents> implements Bulkhead, Layer {
  private readonly admission: Admission
  /** Every call is the same here: it counts one. */
  readonly steady = true

  constructor(options: BulkheadOptions) {
    const { name, hub, clock = systemClock, concurrency } = options
    super('bulkhead', name, hub)
    const { kind, events } = this
    const refusal = (message: string, reason: QueueRefusal): BulkheadFullError =>
      new BulkheadFullError(message, name, reason)
    this.admission = new Admission({ kind, name, clock, events, refusal }, slots(concurrency), options)
    this.register(() => this.snapshot(), {
      reconfigure: (changes: BulkheadChanges) => this.reconfigure(changes),
    })
  }

  get concurrency(): number {
    return this.admission.limit
  }

  get active(): number {
    return this.admission.active
  }

  get queued(): number {
    return this.admission.queued
  }

  reconfigure(changes: BulkheadChanges): void {
    knownOptions('reconfigure', changes, ['concurrency', 'queue'])
    const { concurrency = this.admission.limit, queue = this.admission.queueLimit } = changes
    const limit = slots(concurrency)
    this.admission.resizeQueue(queue)
    this.admission.resize(limit)
  }

  enter(call: Call, slot: number): undefined | Refusal | Promise<void> {
    return this.admission.enter(call, slot)
  }

  success(): void {
    this.admission.leave()
  }

  failure(): void {
    this.admission.leave()
  }

  override layers(): readonly Layer[] {
    return [this]
  }

  override describe(): PolicyDescription[] {
    const {
      limit: concurrency,
      longestWait: wait = Number.POSITIVE_INFINITY,
      queueLimit: queue,
    } = this.admission
    const maxWait = formatDuration(wait)
    return [{ kind: this.kind, name: this.name, options: { concurrency, queue, maxWait }, wait, concurrency }]
  }

  override debugStats(): Record<string, number> {
    const { active, queued, timers } = this.admission
    return { ...super.debugStats(), active, queued, timers }
  }

  private snapshot(): object {
    const { limit: concurrency, active, queued, queueLimit: queue, rejected } = this.admission
    return { concurrency, active, queue, queued, rejected: { ...rejected } }
  }
}

function slots(concurrency: number): number {
  return count('concurrency', concurrency, 1)
}
