/**
 * Recent latencies as counts in buckets: constant memory, constant time to record, and quantiles that are never below
 * the true one and at most 5 % above it.
 *
 * Sources: C. Masson, J. E. Rim, H. K. Lee, "DDSketch: A fast and fully-mergeable quantile sketch with relative-error
 * guarantees", VLDB 2019 (buckets whose bounds grow by a constant factor). That an estimate is made only from a window
 * and only from enough samples follows Twitter Finagle, `WindowedPercentileHistogram`.
 */

/** Each bucket ends this much above the one before. */
const growth = 1.05
const logGrowth = Math.log(growth)

/** Bucket 0 holds up to 1 ms, the last one all above 13 minutes. */
const buckets = 280

/** An estimate of the quantile at `share` needs this many samples above it to mean anything. */
const samplesAbove = 5
const fewest = 20

/** Remembers the last one to two window lengths. It has no clock: whoever uses it passes the time in. */
export class LatencyWindow {
  readonly #length: number
  #current = new Uint32Array(buckets)
  #previous = new Uint32Array(buckets)
  #currentTotal = 0
  #previousTotal = 0
  /** When the current half began. */
  #since: number

  constructor(length: number, now: number) {
    this.#length = length
    this.#since = now
  }

  /** Adds one latency, in milliseconds. */
  record(latency: number, now: number): void {
    this.#forget(now)
    const bucket = bucketOf(latency)
    this.#current[bucket] = (this.#current[bucket] as number) + 1
    this.#currentTotal++
  }

  /**
   * The latency that a share of calls does not exceed, in milliseconds, 1 at least.
   *
   * @param share - Between 0 and 1, for example 0.95.
   * @returns Undefined while there are too few samples: 100 for 0.95, 500 for 0.99, never less than 20.
   */
  quantile(share: number, now: number): number | undefined {
    this.#forget(now)
    const total = this.#currentTotal + this.#previousTotal
    if (total < samplesFor(share)) return undefined
    let rank = Math.ceil(share * total)
    for (let bucket = 0; bucket < buckets; bucket++) {
      rank -= (this.#current[bucket] as number) + (this.#previous[bucket] as number)
      if (rank <= 0) return growth ** bucket
    }
    return growth ** (buckets - 1)
  }

  #forget(now: number): void {
    const age = now - this.#since
    if (age < this.#length) return
    const oldest = this.#previous
    oldest.fill(0)
    if (age < 2 * this.#length) {
      this.#previous = this.#current
      this.#previousTotal = this.#currentTotal
      this.#since += this.#length
    } else {
      this.#previous = this.#current.fill(0)
      this.#previousTotal = 0
      this.#since = now
    }
    this.#current = oldest
    this.#currentTotal = 0
  }
}

function samplesFor(share: number): number {
  return Math.max(fewest, Math.round(samplesAbove / (1 - share)))
}

/** The first bucket whose end is not below the latency. */
function bucketOf(latency: number): number {
  if (!(latency > 1)) return 0
  return Math.min(buckets - 1, Math.ceil(Math.log(latency) / logGrowth))
}
