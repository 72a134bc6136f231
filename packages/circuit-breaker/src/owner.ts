import type { Clock, Emitter } from '@seaworthy/core'
import type { CircuitBreakerEvents } from './events.ts'
import type { ClassifyOutcome } from './judge.ts'
import type { Rules } from './state.ts'

type EventName = keyof CircuitBreakerEvents

/**
 * What the circuits of one policy share: rules, time, and listeners.
 *
 * Events wait here until all of one change are there. Otherwise a listener that changes the state again would have
 * its events delivered between those of the first change.
 */
export class Owner {
  readonly name: string | undefined
  readonly clock: Clock
  readonly classify: ClassifyOutcome | undefined
  rules: Rules
  private readonly events: Emitter<CircuitBreakerEvents>
  private waiting: Array<() => void> | undefined = undefined
  private sending = false

  constructor(
    name: string | undefined,
    clock: Clock,
    classify: ClassifyOutcome | undefined,
    rules: Rules,
    events: Emitter<CircuitBreakerEvents>,
  ) {
    this.name = name
    this.clock = clock
    this.classify = classify
    this.rules = rules
    this.events = events
  }

  /** Whether anybody listens. */
  wants(type: EventName, journey: string | undefined): boolean {
    return this.events.wants(type, journey)
  }

  /** Puts an event in line. */
  put<E extends EventName>(type: E, payload: CircuitBreakerEvents[E], journey: string | undefined): void {
    this.waiting ??= []
    this.waiting.push(() => this.events.emit(type, payload, journey))
  }

  /** Sends what waits, unless a caller further up is at it. */
  send(): void {
    if (this.waiting === undefined || this.sending) return
    this.sending = true
    // The line may grow while it is walked.
    for (const deliver of this.waiting) deliver()
    this.waiting = undefined
    this.sending = false
  }
}
