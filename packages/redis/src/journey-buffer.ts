import type { HubEvent } from '@seaworthy/core'

/** An event that waits to be written. */
export interface BufferedEvent {
  readonly event: HubEvent
  /** When it happened, on the clock of the recorder. */
  readonly at: number
  readonly sequence: number
}

/** Events of one journey, oldest first. */
export interface JourneyBatch {
  readonly journey: string
  readonly events: readonly BufferedEvent[]
}

/** Events that wait to be written, by journey: a bounded number of them. */
export class JourneyBuffer {
  readonly #limit: number
  readonly #journeys = new Map<string, BufferedEvent[]>()
  #size = 0
  #sequence = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Those that were taken included, until they are {@link settle}d. */
  get size(): number {
    return this.#size
  }

  /** @returns Whether there was room. */
  add(journey: string, event: HubEvent, at: number): boolean {
    if (this.#size >= this.#limit) return false
    this.#size++
    const buffered = { event, at, sequence: this.#sequence++ }
    const events = this.#journeys.get(journey)
    if (events === undefined) this.#journeys.set(journey, [buffered])
    else events.push(buffered)
    return true
  }

  /** Takes out up to `journeys` batches of up to `events`, of different journeys, those that have waited longest first. */
  take(journeys: number, events: number): JourneyBatch[] {
    const batches: JourneyBatch[] = []
    const rest: JourneyBatch[] = []
    for (const [journey, waiting] of this.#journeys) {
      if (batches.length === journeys) break
      this.#journeys.delete(journey)
      if (waiting.length > events) rest.push({ journey, events: waiting.splice(events) })
      batches.push({ journey, events: waiting })
    }
    for (const batch of rest) this.putBack(batch)
    return batches
  }

  /** So many of those that were taken are written, or given up. */
  settle(events: number): void {
    this.#size -= events
  }

  /** Puts a batch back, before what came meanwhile. */
  putBack({ journey, events }: JourneyBatch): void {
    this.#journeys.set(journey, [...events, ...(this.#journeys.get(journey) ?? [])])
  }
}
