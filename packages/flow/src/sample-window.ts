/** What was seen of the calls of a while: what adaptive limits decide on, rather than on single calls. */

/** The sum of a {@link SampleWindow}. */
export interface WindowSummary {
  /** How many calls it saw, with those that were dropped. */
  readonly samples: number
  /** How many of them the other side could not take. */
  readonly drops: number
  /** The most calls that ran at once. */
  readonly peak: number
  /** The mean duration of the calls that were not dropped, in milliseconds; undefined if there was none. */
  readonly latency: number | undefined
}

/** Calls that end faster have not been anywhere: a cache answered, or a check failed. In milliseconds. */
const tooFast = 0.1

/** Collects samples until there are enough and enough time has passed; a quiet time only makes it longer. */
export class SampleWindow {
  readonly #length: number
  readonly #least: number
  #endsAt = Number.NEGATIVE_INFINITY
  #samples = 0
  #drops = 0
  #peak = 0
  #latencies = 0
  #latencySum = 0

  /** @param length - At least so many milliseconds. @param least - At least so many samples. */
  constructor(length: number, least: number) {
    this.#length = length
    this.#least = least
  }

  /**
   * Adds one call that ended.
   *
   * @param active - How many calls ran when it ended, with itself.
   * @param latency - How long it took; undefined if nobody measured.
   * @returns The sum, when this call completes the window. The next one begins then.
   */
  add(now: number, active: number, dropped: boolean, latency: number | undefined): WindowSummary | undefined {
    if (this.#samples === 0) this.#endsAt = now + this.#length
    this.#samples++
    if (active > this.#peak) this.#peak = active
    if (dropped) this.#drops++
    else if (latency !== undefined && latency >= tooFast) {
      this.#latencies++
      this.#latencySum += latency
    }
    if (now < this.#endsAt || this.#samples < this.#least) return undefined
    return this.#take()
  }

  #take(): WindowSummary {
    const latency = this.#latencies === 0 ? undefined : this.#latencySum / this.#latencies
    const summary = { samples: this.#samples, drops: this.#drops, peak: this.#peak, latency }
    this.#samples = 0
    this.#drops = 0
    this.#peak = 0
    this.#latencies = 0
    this.#latencySum = 0
    return summary
  }
}
