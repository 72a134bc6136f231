/** The story of a piece of work: all its events, from all policies and processes, in order. */
import { type Clock, systemClock } from './clock.ts'
import { type Duration, duration } from './duration.ts'
import { InvalidOptionError } from './errors.ts'
import type { HubEvent, JourneyRecorder } from './hub.ts'
import { count, knownOptions } from './options.ts'

/** One event of a piece of work. */
export interface JourneyEntry {
  /** When, in milliseconds on the clock of the store: {@link JourneyStore} says which. */
  readonly at: number
  /** Who recorded it: a text that is different for every recorder. */
  readonly source: string
  /** The kind of the component, for example `circuit-breaker`. */
  readonly kind: string
  /** The name of the component. */
  readonly name: string
  /** The event, for example `opened`. */
  readonly type: string
  /** Names, classes, counts and durations; as JSON keeps them, where the store is not this process. */
  readonly payload: object
}

/** Records journeys (`hub.recordJourneys(journeys)`) and tells them again. */
export interface JourneyStore extends JourneyRecorder {
  /** Keeps an event. It never throws, and it waits for nothing. */
  record(journey: string, event: HubEvent): void

  /**
   * The story of a piece of work, oldest event first. Events of one recorder keep their order; between recorders, the clock of the
   * store decides. Empty if nothing is known, or is no longer.
   *
   * @throws When a store outside of this process does not answer.
   */
  journey(id: string): Promise<readonly JourneyEntry[]>
}

/** Options of {@link memoryJourney}. */
export interface MemoryJourneyOptions {
  /** The most events of a journey; the oldest go first. @defaultValue 1,000 */
  readonly keep?: number
  /** How long a journey is kept after its last event. @defaultValue `'7d'` */
  readonly maxAge?: Duration
  /** The most journeys; the one whose last event is longest ago goes first. @defaultValue 10,000 */
  readonly maxJourneys?: number
  /** Its `now()` is the time of the entries. @defaultValue the system clock */
  readonly clock?: Clock
}

/** Journeys in the memory of one process. Made by {@link memoryJourney}. */
export interface MemoryJourney extends JourneyStore {
  /** How many journeys it holds, expired ones that nobody has come across since included. */
  readonly size: number
  /** Forgets all. */
  clear(): void
}

/**
 * Keeps journeys in this process: for tests, for one process, or to begin with. Times are those of its `clock`.
 *
 * It keeps no timer: what has expired is dropped as new events come.
 *
 * @throws {@link InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { Hub, memoryJourney } from '@seaworthy/core'
 *
 * const hub = new Hub()
 * const journeys = memoryJourney()
 * hub.recordJourneys(journeys)
 * hub.publish('retry', 'payments', 'retrying', { attempt: 1 }, 'order-7') // as policies with a name do
 * const story = await journeys.journey('order-7')
 * console.log(story.map(({ kind, type }) => `${kind}: ${type}`)) // [ 'retry: retrying' ]
 * ```
 */
export function memoryJourney(options: MemoryJourneyOptions = {}): MemoryJourney {
  knownOptions('memoryJourney', options, ['keep', 'maxAge', 'maxJourneys', 'clock'])
  return new JourneyMemory(options)
}

interface Journey {
  readonly entries: JourneyEntry[]
  lastAt: number
}

class JourneyMemory implements MemoryJourney {
  readonly #keep: number
  readonly #maxAge: number
  readonly #maxJourneys: number
  readonly #clock: Clock
  /** In the order of their last events. */
  readonly #journeys = new Map<string, Journey>()

  constructor({
    keep = 1000,
    maxAge = '7d',
    maxJourneys = 10_000,
    clock = systemClock,
  }: MemoryJourneyOptions) {
    this.#keep = count('keep', keep)
    this.#maxAge = duration('maxAge', maxAge, 1)
    this.#maxJourneys = count('maxJourneys', maxJourneys)
    if (typeof clock?.now !== 'function') throw new InvalidOptionError('clock', 'a Clock', clock)
    this.#clock = clock
  }

  get size(): number {
    return this.#journeys.size
  }

  record(id: string, { kind, name, type, payload }: HubEvent): void {
    const at = this.#clock.now()
    this.#dropExpired(at)
    const journey = this.#journeys.get(id) ?? { entries: [], lastAt: at }
    journey.lastAt = at
    journey.entries.push({ at, source: 'memory', kind, name, type, payload })
    if (journey.entries.length > this.#keep) journey.entries.shift()
    this.#journeys.delete(id)
    this.#journeys.set(id, journey)
    if (this.#journeys.size > this.#maxJourneys) this.#dropOldest()
  }

  async journey(id: string): Promise<readonly JourneyEntry[]> {
    this.#dropExpired(this.#clock.now())
    return [...(this.#journeys.get(id)?.entries ?? [])]
  }

  clear(): void {
    this.#journeys.clear()
  }

  #dropExpired(now: number): void {
    for (const [id, { lastAt }] of this.#journeys) {
      if (now - lastAt < this.#maxAge) return
      this.#journeys.delete(id)
    }
  }

  #dropOldest(): void {
    const [oldest] = this.#journeys.keys()
    if (oldest !== undefined) this.#journeys.delete(oldest)
  }
}
