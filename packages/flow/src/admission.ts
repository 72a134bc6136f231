/**
 * Lets a limited number of calls run at once and queues the others: what bulkhead and adaptive concurrency
 * share.
 */
import {
  type Call,
  type CallContext,
  type Clock,
  type Context,
  count,
  DeadlineList,
  type DeadlineNode,
  duration,
  type Emitter,
  formatDuration,
  onAbort,
  optionalFunction,
  type Refusal,
  type SeaworthyError,
  type Timer,
} from '@seaworthy/core'
import type { AdmissionEvents, AdmissionRejected } from './admission-events.ts'
import { policyLabel, type QueueRefusal } from './errors.ts'
import type { QueueOptions } from './queue-options.ts'
import { Slots } from './slots.ts'
import type { Queued } from './waiter-heap.ts'

/** What the policy around an {@link Admission} provides. */
export interface AdmissionOwner {
  readonly kind: string
  readonly name: string | undefined
  readonly clock: Clock
  readonly events: Emitter<AdmissionEvents>
  /** What a call is turned away with. */
  refusal(message: string, reason: QueueRefusal): SeaworthyError
  /** Called when a call that waited gets its slot. */
  granted?(call: Call, slot: number): void
}

/** The thin shell around {@link Slots}: promises, time limits, abort signals, events. */
export class Admission {
  private readonly owner: AdmissionOwner
  private readonly slots: Slots<Waiter>
  private readonly maxWait: number | undefined
  private readonly priority: ((context: Context) => number) | undefined
  /** Those who wait no longer than `maxWait` and have no deadline of their own. */
  private readonly patient: DeadlineList | undefined
  /** How many may wait. To be changed by {@link resizeQueue}. */
  queueLimit: number
  /** How many calls were turned away, or left without a slot, since it was made. */
  readonly rejected: Record<AdmissionRejected['reason'], number> = {
    full: 0,
    maxWait: 0,
    deadline: 0,
    aborted: 0,
  }
  private exactTimers = 0

  constructor(owner: AdmissionOwner, limit: number, { queue = 0, maxWait, priority }: QueueOptions) {
    this.owner = owner
    this.slots = new Slots(limit)
    this.queueLimit = queueLimit(queue)
    this.maxWait = maxWait === undefined ? undefined : duration('maxWait', maxWait, 1)
    this.priority = optionalFunction('priority', priority)
    this.patient = this.maxWait === undefined ? undefined : new DeadlineList(owner.clock, this.maxWait)
  }

  get limit(): number {
    return this.slots.limit
  }

  get active(): number {
    return this.slots.active
  }

  get queued(): number {
    return this.slots.queued
  }

  /** The longest wait; 0 when nobody may wait, undefined when nothing limits it. */
  get longestWait(): number | undefined {
    return this.queueLimit === 0 ? 0 : this.maxWait
  }

  /** Timers that run: one for all waiters without a deadline, one for each other. */
  get timers(): number {
    return this.exactTimers + (this.patient?.ticking ? 1 : 0)
  }

  /** The hook `enter` of a layer: the promise it may return holds a slot when it resolves. */
  enter(call: Call, slot: number): undefined | Refusal | Promise<void> {
    return this.slots.take() ? undefined : this.queue(call, slot)
  }

  /** Gives the slot of a call back. */
  leave(): void {
    const next = this.slots.giveBack()
    if (next !== undefined) this.admit(next)
  }

  /** Changes the number of slots. Calls that run go on; those who wait move up. */
  resize(limit: number): void {
    for (const waiter of this.slots.resize(limit)) this.admit(waiter)
  }

  /** Changes the length of the queue. Those who wait stay. */
  resizeQueue(queue: number): void {
    this.queueLimit = queueLimit(queue)
  }

  private queue(call: Call, slot: number): Refusal | Promise<void> {
    const { context } = call
    const { clock, events, name } = this.owner
    if (context.aborted) return this.turnAway(call, 'aborted')
    if (this.slots.queued >= this.queueLimit) return this.turnAway(call, 'full')
    const now = clock.now()
    const rest = context.deadline === undefined ? Number.POSITIVE_INFINITY : context.deadline - now
    if (rest < 1) return this.turnAway(call, 'deadline')

    const waiter = new Waiter(this, call, slot, this.priorityOf(context), now)
    this.slots.wait(waiter)
    this.limitWait(waiter, rest)
    const signal = context.waitSignal
    if (signal !== undefined) {
      waiter.forget = onAbort(signal, (reason) => this.dismiss(waiter, 'aborted', reason))
    }
    if (events.wants('queued', context.journey))
      events.emit('queued', { name, queued: this.queued }, context.journey)
    return waiter.promise
  }

  private limitWait(waiter: Waiter, rest: number): void {
    const maxWait = this.maxWait ?? Number.POSITIVE_INFINITY
    const limit = Math.min(rest, maxWait)
    if (limit === Number.POSITIVE_INFINITY) return
    if (rest === Number.POSITIVE_INFINITY) {
      this.patient?.add(waiter)
      return
    }
    const reason = rest < maxWait ? 'deadline' : 'maxWait'
    this.exactTimers++
    waiter.timer = this.owner.clock.setTimer(() => this.expire(waiter, reason), limit)
  }

  /** The waiter's time is up. */
  expire(waiter: Waiter, reason: QueueRefusal): void {
    this.dismiss(waiter, reason, this.refusal(reason))
  }

  private admit(waiter: Waiter): void {
    this.release(waiter)
    this.owner.granted?.(waiter.call, waiter.slot)
    waiter.resolve()
    const { events, name } = this.owner
    const { journey } = waiter.context
    if (!events.wants('dequeued', journey)) return
    events.emit('dequeued', { name, waited: this.waited(waiter), queued: this.queued }, journey)
  }

  private dismiss(waiter: Waiter, reason: AdmissionRejected['reason'], error: unknown): void {
    if (!this.slots.leave(waiter)) return
    this.release(waiter)
    waiter.reject(error)
    this.report(reason, this.waited(waiter), waiter.context)
  }

  /** Ends what watches over a wait. */
  private release(waiter: Waiter): void {
    this.patient?.remove(waiter)
    waiter.forget?.()
    if (waiter.timer === undefined) return
    waiter.timer.cancel()
    this.exactTimers--
  }

  private turnAway(call: Call, reason: AdmissionRejected['reason']): Refusal {
    const { context } = call
    const refusal = call.refuse(reason === 'aborted' ? context.reason : this.refusal(reason))
    this.report(reason, 0, context)
    return refusal
  }

  private refusal(reason: QueueRefusal): SeaworthyError {
    return this.owner.refusal(`${policyLabel(this.owner)}: ${this.why(reason)}`, reason)
  }

  private why(reason: QueueRefusal): string {
    if (reason === 'deadline') return "no slot came free before the call's deadline"
    if (reason === 'maxWait') return `no slot came free within ${formatDuration(this.maxWait ?? 0)}`
    const waiting = this.queueLimit === 0 ? '' : `, and ${this.queued} calls wait already`
    return `all ${this.limit} slots are taken${waiting}`
  }

  private report(reason: AdmissionRejected['reason'], waited: number, { journey }: CallContext): void {
    this.rejected[reason]++
    const { events, name } = this.owner
    if (!events.wants('rejected', journey)) return
    events.emit('rejected', { name, reason, waited, active: this.active, queued: this.queued }, journey)
  }

  private waited(waiter: Waiter): number {
    return this.owner.clock.now() - waiter.since
  }

  private priorityOf(context: Context): number {
    if (this.priority === undefined) return 0
    try {
      const priority = this.priority(context)
      return typeof priority === 'number' && !Number.isNaN(priority) ? priority : 0
    } catch {
      return 0
    }
  }
}

function queueLimit(queue: number): number {
  return count('queue', queue, 0, true)
}

/**
 * A call in the queue. It holds a promise to resolve, never the function to run: that runs where its caller
 * waits.
 */
class Waiter implements Queued, DeadlineNode {
  readonly call: Call
  readonly slot: number
  readonly context: CallContext
  readonly priority: number
  readonly since: number
  readonly promise: Promise<void>
  declare resolve: () => void
  declare reject: (error: unknown) => void
  timer: Timer | undefined = undefined
  forget: (() => void) | undefined = undefined
  private readonly admission: Admission

  order = 0
  place = -1

  previous: DeadlineNode | undefined = undefined
  next: DeadlineNode | undefined = undefined
  due = 0

  constructor(admission: Admission, call: Call, slot: number, priority: number, since: number) {
    this.admission = admission
    this.call = call
    this.slot = slot
    this.context = call.context
    this.priority = priority
    this.since = since
    this.promise = new Promise<void>((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }

  expire(): void {
    this.admission.expire(this, 'maxWait')
  }
}
