/** Counts and tells what happens: the events of a policy, and the numbers of its snapshot. */
import type { Emitter } from '@seaworthy/core'
import type { IdempotencyEvents } from './events.ts'

type Payload<E extends keyof IdempotencyEvents> = Omit<IdempotencyEvents[E], 'name'>

export class Report {
  readonly #name: string | undefined
  readonly #events: Emitter<IdempotencyEvents>
  readonly #counts: Record<keyof IdempotencyEvents, number> = {
    claimed: 0,
    recovered: 0,
    finished: 0,
    duplicate: 0,
    waited: 0,
    rejected: 0,
    mismatch: 0,
    leaseLost: 0,
    outcomeNotRecorded: 0,
    recordedLate: 0,
    omitted: 0,
    unprotected: 0,
    forgotten: 0,
  }

  constructor(name: string | undefined, events: Emitter<IdempotencyEvents>) {
    this.#name = name
    this.#events = events
  }

  /** How often each event happened, heard or not. */
  get counts(): Readonly<Record<keyof IdempotencyEvents, number>> {
    return { ...this.#counts }
  }

  tell<E extends keyof IdempotencyEvents>(event: E, payload: Payload<E>, journey: string | undefined): void {
    this.#counts[event]++
    if (!this.#events.wants(event, journey)) return
    this.#events.emit(event, { name: this.#name, ...payload } as IdempotencyEvents[E], journey)
  }
}
