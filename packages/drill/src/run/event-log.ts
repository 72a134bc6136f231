/** The log of a drill. */
import type { Clock } from '@seaworthy/core'
import type { DrillEvent, DrillFact, MeasuredOn, PhaseName } from '../events.ts'
import { EventHash } from '../simulation/event-hash.ts'
import { outsideSimulation } from '../simulation/tripwire.ts'

/** Writes down what happens, in order. */
export class EventLog {
  /** All of it. */
  readonly events: DrillEvent[] = []
  /** The phase that new entries belong to. */
  phase: PhaseName = 'INITIALIZATION'
  readonly #hash = new EventHash()
  readonly #clocks: Readonly<Record<MeasuredOn, Clock>>
  readonly #starts: Readonly<Record<MeasuredOn, number>>
  readonly #onEvent: ((event: DrillEvent) => void) | undefined

  /** @param clocks - Times are those of the clock that an entry was measured with, from now on. */
  constructor(clocks: Readonly<Record<MeasuredOn, Clock>>, onEvent?: (event: DrillEvent) => void) {
    this.#clocks = clocks
    this.#starts = { virtual: clocks.virtual.now(), real: clocks.real.now() }
    this.#onEvent = onEvent
  }

  add(on: MeasuredOn, fact: DrillFact): void {
    const { phase } = this
    const event = {
      sequence: this.events.length + 1,
      at: rounded(this.#clocks[on].now() - this.#starts[on]),
      on,
      phase,
      ...fact,
    } as DrillEvent
    this.events.push(event)
    // Real time is never the same twice, nor is what was measured with it.
    if (on === 'virtual') this.#hash.add({ at: event.at, phase, ...fact })
    if (this.#onEvent !== undefined) outsideSimulation(() => this.#onEvent?.(event))
  }

  /** Of all that happened in virtual time, in order: two runs of one seed have the same. */
  hash(): string {
    return this.#hash.digest()
  }
}

/** A microsecond is more than any figure here is good for. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000
}
