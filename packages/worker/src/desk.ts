/**
 * What all parts of a worker share: its settings, what it has in hand, its events, and calls to stores that do not
 * give up.
 */
import { type Clock, type Emitter, SeaworthyError } from '@seaworthy/core'
import { type AbortCause, TaskAbortedError } from './errors.ts'
import { Hands, type Held } from './hands.ts'
import { insist, type StoreTrouble } from './insist.ts'
import type { WorkerSettings } from './options.ts'
import type { RunFacts, TaskFacts, WorkerEvents } from './worker-events.ts'

/** How long a store may take for one call that somebody waits for, in milliseconds. */
export const storeLimit = 5000

export class Desk {
  readonly settings: WorkerSettings
  readonly events: Emitter<WorkerEvents>
  readonly hands: Hands
  /** Whether no new work is begun. */
  draining = false
  /** When the last beat was sent that got through. */
  lastBeat = 0
  /**
   * Nothing is taken over before. After an outage all workers look silent to each other, and this one to itself: all
   * get the time for a beat first.
   */
  reapFrom = 0
  readonly #end = new AbortController()

  constructor(settings: WorkerSettings, events: Emitter<WorkerEvents>) {
    this.settings = settings
    this.events = events
    this.hands = new Hands(settings.concurrency, settings.prefetch)
  }

  /** Aborts when the worker is over: nothing is tried again. */
  get ended(): AbortSignal {
    return this.#end.signal
  }

  end(): void {
    this.#end.abort()
  }

  /** Whether silence of others means something: this worker is heard itself. */
  get inTouch(): boolean {
    const { minIdle, margin } = this.settings
    const now = this.now()
    return now >= this.reapFrom && now - this.lastBeat < minIdle - margin
  }

  now(): number {
    return this.settings.clock.now()
  }

  /**
   * Calls a store until it answers. Undefined once the worker has ended.
   *
   * @param failures - How often it failed before. @defaultValue 0
   */
  insist<T>(operation: string, call: () => Promise<T>, failures?: number): Promise<T | undefined> {
    const { clock, random } = this.settings
    return insist(operation, call, {
      clock,
      random,
      failures,
      signal: this.ended,
      trouble: (trouble) => this.trouble(trouble),
      recovered: (name, failures) => this.recovered(name, failures),
    })
  }

  /** As {@link insist}, for stores that do not limit their own time. */
  insistWithin<T>(operation: string, call: () => Promise<T>, failures?: number): Promise<T | undefined> {
    const { clock } = this.settings
    return this.insist(operation, () => answerWithin(clock, storeLimit, operation, call), failures)
  }

  trouble(trouble: StoreTrouble): void {
    if (this.events.wants('storeError'))
      this.events.emit('storeError', { name: this.settings.name, ...trouble })
  }

  recovered(operation: string, failures: number): void {
    if (this.events.wants('storeRecovered'))
      this.events.emit('storeRecovered', { name: this.settings.name, operation, failures })
  }

  /** Gives a task up. It stays in hand while its handler runs. */
  lose(held: Held, reason: AbortCause): void {
    if (held.lost !== undefined || !this.hands.has(held)) return
    held.lost = reason
    if (held.stage === 'queued' || held.stage === 'waiting') this.hands.putDown(held)
    held.context.abort(new TaskAbortedError(this.settings.name, reason))
    const { journey } = held.delivery
    if (this.events.wants('lost', journey)) this.events.emit('lost', { ...this.facts(held), reason }, journey)
  }

  facts(held: Held): TaskFacts {
    return { name: this.settings.name, task: held.delivery.task, attempt: held.attempt }
  }

  runFacts(held: Held): RunFacts {
    return { ...this.facts(held), duration: this.now() - held.startedAt }
  }
}

/** Rejects when a call takes longer than `limit`. What it does then is not known. */
export async function answerWithin<T>(
  clock: Clock,
  limit: number,
  operation: string,
  call: () => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(
      () => reject(new SeaworthyError('ERR_TIMEOUT', `${operation} did not answer within ${limit} ms`)),
      limit,
    )
    // A `call` that throws instead of rejecting is a store that fails, too.
    Promise.resolve()
      .then(call)
      .then(resolve, reject)
      .finally(() => timer.cancel())
  })
}
