/** Runs tasks, and tells the stream what came of them. */
import type { FailureClass } from '@seaworthy/core'
import { Batches } from './batches.ts'
import { Burials, type Buried } from './burials.ts'
import { crashError } from './dead-letter-sink.ts'
import type { Desk } from './desk.ts'
import { TaskDeathError } from './errors.ts'
import { type Clearance, Guard } from './guard.ts'
import type { Held } from './hands.ts'
import { judge } from './judgement.ts'
import { HeldTask } from './task-context.ts'
import type { DeathReason, PostponeReason } from './worker-events.ts'

type RunOutcome = 'success' | 'failure'

const deathCodes = {
  conflict: 'ERR_TASK_CONFLICT',
  unknownOutcome: 'ERR_TASK_UNKNOWN_OUTCOME',
} as const

export class Runner {
  readonly guard: Guard | undefined
  readonly #desk: Desk
  readonly #acknowledgements: Batches<Held, 'done' | 'lost'>
  readonly #burials: Burials

  constructor(desk: Desk) {
    this.#desk = desk
    const { idempotency, stream, deadLetters, owner, retries } = desk.settings
    const { attempts } = retries
    this.#burials = new Burials(
      stream,
      deadLetters,
      { worker: owner, attempts },
      {
        letters: (operation, call) => desk.insistWithin(operation, call),
        stream: (operation, call) => desk.insist(operation, call),
      },
    )
    this.guard =
      idempotency &&
      new Guard(desk, idempotency, {
        cleared: (held, clearance) => this.#cleared(held, clearance),
        recorded: (held) => this.#acknowledge(held),
        superseded: (held) => void this.postpone(held, 'superseded', desk.settings.minIdle),
        committed: (held, answer) => this.#acknowledged(held, answer),
      })
    this.#acknowledgements = new Batches(
      (batch) => this.#sendAcknowledgements(batch),
      (held, answer) => this.#acknowledged(held, answer),
    )
  }

  /** Tasks that are done and not yet on their way to the stream. */
  get unsent(): number {
    return this.#acknowledgements.collected + (this.guard?.unsent ?? 0)
  }

  /** Runs a task that is in hand. */
  start(held: Held): void {
    if (held.delivery.deliveries > 1 && this.#burials.leaveTraces) void this.#startAgain(held)
    else this.#begin(held)
  }

  #begin(held: Held): void {
    if (this.guard === undefined) this.#run(held)
    else this.guard.claim(held)
  }

  /** Whoever fell silent over the task may have written its letter: then it must not run again. */
  async #startAgain(held: Held): Promise<void> {
    const letter = await this.#burials.letterOf(held.delivery)
    const { hands } = this.#desk
    if (letter === undefined || !hands.has(held) || held.lost !== undefined) return
    if (letter === '') return this.#begin(held)
    hands.settle(held)
    const buried = await this.#burials.end(held, { reason: 'interrupted', letter })
    this.#buried(held, buried, 'interrupted', 'fatal')
  }

  /** Gives a task its letter and ends it; tries until both are done. Until then it stays in hand. */
  async bury(held: Held, error: unknown, reason: DeathReason, failureClass: FailureClass): Promise<void> {
    this.#desk.hands.settle(held)
    this.#buried(held, await this.#burials.bury(held, error, reason), reason, failureClass)
  }

  #buried(held: Held, buried: Buried | undefined, reason: DeathReason, failureClass: FailureClass): void {
    if (!this.#finish(held, buried?.outcome, 'failure')) return
    const { events } = this.#desk
    const { journey } = held.delivery
    const letter = buried?.letter
    if (events.wants('deadLettered', journey))
      events.emit('deadLettered', { ...this.#desk.facts(held), reason, failureClass, letter }, journey)
  }

  /** Buries a task over which workers fell silent. */
  buryCrashed(held: Held): Promise<void> {
    return this.bury(held, crashError(held.delivery), 'crashed', 'fatal')
  }

  /**
   * Gives a task back without a run that counts. The stream keeps track of it from then on: it comes back after
   * `delay`.
   */
  async postpone(held: Held, reason: PostponeReason, delay: number): Promise<void> {
    const { hands, events, settings } = this.#desk
    const { stream, owner } = settings
    hands.settle(held)
    const { receipt, journey } = held.delivery
    const lost = await this.#desk.insist('handBack', () =>
      stream.handBack(owner, [receipt], { delay, reason }),
    )
    if (!this.#finish(held, lost && (lost.length > 0 ? 'lost' : 'done'), 'failure')) return
    if (events.wants('postponed', journey))
      events.emit('postponed', { ...this.#desk.facts(held), reason, delay }, journey)
  }

  #run(held: Held): void {
    const { hands, events, settings } = this.#desk
    const { delivery } = held
    // It may have been given up while leave to run was asked for.
    if (!hands.has(held) || held.lost !== undefined) return
    held.stage = 'running'
    held.startedAt = this.#desk.now()
    const { journey, deliveries, age } = delivery
    if (events.wants('started', journey))
      events.emit('started', { ...this.#desk.facts(held), deliveries, age }, journey)
    let payload: unknown
    try {
      payload = settings.decode(delivery.payload)
    } catch (error) {
      const unreadable = new TaskDeathError('ERR_TASK_UNREADABLE', 'The payload could not be decoded', error)
      void this.#fail(held, () => this.bury(held, unreadable, 'unreadable', 'fatal'))
      return
    }
    settings.policy
      .execute((call) => {
        held.ran = true
        return settings.handler(payload, new HeldTask(held, call))
      }, held.context)
      .then(
        () => this.#succeeded(held),
        (error: unknown) => this.#failed(held, error),
      )
  }

  /** What the guard said. It may have been given up meanwhile. */
  #cleared(held: Held, clearance: Clearance): void {
    const { hands } = this.#desk
    if (!hands.has(held) || held.lost !== undefined) void this.guard?.abandon(held)
    else if (clearance === 'run') this.#run(held)
    else if (typeof clearance === 'number') void this.postpone(held, 'inFlight', clearance)
    else if (clearance === 'duplicate') this.#duplicate(held)
    else {
      const message =
        clearance === 'conflict' ? 'The id stands for other work' : 'A worker died over this task'
      const error = new TaskDeathError(deathCodes[clearance], message)
      void this.bury(held, error, clearance, 'fatal')
    }
  }

  #duplicate(held: Held): void {
    const { hands, events } = this.#desk
    const { journey } = held.delivery
    hands.settle(held)
    if (events.wants('duplicate', journey)) events.emit('duplicate', this.#desk.facts(held), journey)
    this.#acknowledge(held)
  }

  #succeeded(held: Held): void {
    if (this.#isLate(held, 'success')) return
    this.#desk.hands.settle(held)
    if (this.guard === undefined) this.#acknowledge(held)
    else this.guard.complete(held)
  }

  #failed(held: Held, error: unknown): void {
    if (this.#isLate(held, 'failure')) return
    const { settings, draining } = this.#desk
    if (draining && held.context.aborted) return void this.#fail(held, () => this.#handBack(held))
    const { failures } = held.delivery
    const judged = judge({ error, ran: held.ran, failures }, settings.retries)
    const { failureClass } = judged
    if (judged.kind === 'dead')
      void this.#fail(held, () => this.bury(held, error, judged.reason, failureClass))
    else if (judged.kind === 'postpone')
      void this.#fail(held, () => this.postpone(held, 'turnedAway', judged.delay))
    else void this.#fail(held, () => this.#retry(held, failureClass, judged.delay))
  }

  /** Lets go of the idempotency record before the task itself. */
  async #fail(held: Held, then: () => Promise<void>): Promise<void> {
    this.#desk.hands.settle(held)
    if (this.guard !== undefined) await this.guard.fail(held)
    await then()
  }

  async #retry(held: Held, failureClass: FailureClass, delay: number): Promise<void> {
    const { events, settings } = this.#desk
    const { stream, owner } = settings
    const { receipt, journey } = held.delivery
    const facts = this.#desk.runFacts(held)
    const answer = await this.#desk.insist('retryLater', () =>
      stream.retryLater(owner, receipt, { delay, reason: failureClass }),
    )
    if (!this.#finish(held, answer, 'failure')) return
    if (events.wants('retried', journey)) events.emit('retried', { ...facts, failureClass, delay }, journey)
  }

  async #handBack(held: Held): Promise<void> {
    const { events, settings } = this.#desk
    const { stream, owner } = settings
    const { receipt, journey } = held.delivery
    const lost = await this.#desk.insist('handBack', () =>
      stream.handBack(owner, [receipt], { delay: 0, reason: 'drain' }),
    )
    if (!this.#finish(held, lost && (lost.length > 0 ? 'lost' : 'done'), 'failure')) return
    if (events.wants('handedBack', journey))
      events.emit('handedBack', { ...this.#desk.facts(held), started: true }, journey)
  }

  /** Nothing is left but to tell the stream. */
  #acknowledge(held: Held): void {
    held.done = true
    this.#acknowledgements.add(held)
  }

  async #sendAcknowledgements(batch: readonly Held[]): Promise<readonly ('done' | 'lost')[] | undefined> {
    const { stream, owner } = this.#desk.settings
    const receipts = batch.map(({ delivery }) => delivery.receipt)
    const lost = await this.#desk.insist('acknowledge', () => stream.acknowledge(owner, receipts))
    const missing = lost && new Set(lost)
    return missing && receipts.map((receipt) => (missing.has(receipt) ? 'lost' : 'done'))
  }

  #acknowledged(held: Held, answer: 'done' | 'lost'): void {
    if (!this.#finish(held, answer, 'success')) return
    const { events } = this.#desk
    const { journey } = held.delivery
    // A duplicate has no run to tell of.
    if (held.ran && events.wants('completed', journey))
      events.emit('completed', this.#desk.runFacts(held), journey)
  }

  /** Puts a task down when the stream has answered. @returns Whether it was ours to the end. */
  #finish(held: Held, answer: 'done' | 'lost' | undefined, outcome: RunOutcome): boolean {
    if (answer === undefined || !this.#desk.hands.has(held)) return false
    this.#desk.hands.putDown(held)
    if (answer === 'done') return true
    this.#tellLate(held, outcome)
    return false
  }

  /**
   * Whether a run came back whose result counts no more. One that is overdue may still be ours: the stream decides.
   */
  #isLate(held: Held, outcome: RunOutcome): boolean {
    const { hands } = this.#desk
    const inHand = hands.has(held)
    if (inHand && (held.lost === undefined || held.lost === 'overdue')) return false
    hands.putDown(held)
    this.#tellLate(held, outcome)
    return true
  }

  #tellLate(held: Held, outcome: RunOutcome): void {
    const { events } = this.#desk
    const { journey } = held.delivery
    if (held.ran && events.wants('late', journey))
      events.emit('late', { ...this.#desk.runFacts(held), outcome }, journey)
  }
}
