/** How fast a worker gets through its tasks, and so how many it may fetch ahead of its slots. */

/** How long a task that was fetched ahead may be expected to wait for its slot, in milliseconds. */
const expectedWait = 5
/** The shortest time to judge by, in milliseconds: in a shorter one a burst would pass for a habit. */
const leastSpan = 20

/** A time that is over: how long it was, in milliseconds, and how many slots became free in it. */
interface Span {
  readonly length: number
  readonly freed: number
}

export class Pace {
  readonly #slots: number
  readonly #most: number
  #before: Span = { length: 0, freed: 0 }
  #began: number
  /** How many slots had become free when this span began. */
  #freedThen = 0

  /**
   * @param slots - How many tasks run at once.
   * @param most - The most tasks that may be fetched ahead.
   */
  constructor(slots: number, most: number, now: number) {
    this.#slots = slots
    this.#most = most
    this.#began = now
  }

  /**
   * How many tasks to fetch beyond the free slots: as many as get their turn within 5 ms at the pace of late, which is that of this span and
   * the one before it. 0 while not enough is known.
   *
   * One for each slot, two, or more: short tasks run in step, and a part of a round would break up what is claimed and acknowledged together
   * (bench:queue, idempotency at ten slots: batches of ten became batches of six).
   *
   * @param freed - How many slots have become free since the worker was made.
   */
  ahead(now: number, freed: number): number {
    if (this.#most < this.#slots) return 0
    const span = { length: now - this.#began, freed: freed - this.#freedThen }
    const length = this.#before.length + span.length
    const ended = this.#before.freed + span.freed
    if (span.length >= leastSpan) {
      this.#before = span
      this.#began = now
      this.#freedThen = freed
    }
    if (length < leastSpan) return 0
    const ahead = Math.min(this.#most, (ended / length) * expectedWait)
    return Math.floor(ahead / this.#slots) * this.#slots
  }
}
