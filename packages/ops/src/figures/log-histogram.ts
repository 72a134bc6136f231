/** Durations by size, in fixed memory; histograms can be added up. */

/** Each bucket is 15 % wider than the one before, so a quantile is at most 8 % off, from a millisecond on. */
const growth = 1.15
/** The first bucket ends at a tenth of a millisecond; the last one begins at about two minutes. */
const smallest = 0.1
const buckets = 102
const logGrowth = Math.log(growth)

export class LogHistogram {
  readonly #counts = new Uint32Array(buckets)
  #total = 0

  get total(): number {
    return this.#total
  }

  /** @param duration - In milliseconds. */
  add(duration: number): void {
    const bucket = duration <= smallest ? 0 : Math.ceil(Math.log(duration / smallest) / logGrowth)
    const index = Math.min(bucket, buckets - 1)
    this.#counts[index] = (this.#counts[index] as number) + 1
    this.#total++
  }

  addAll(other: LogHistogram): void {
    for (let i = 0; i < buckets; i++)
      this.#counts[i] = (this.#counts[i] as number) + (other.#counts[i] as number)
    this.#total += other.#total
  }

  /** The duration below which the share `q` of all lie, in milliseconds; undefined if there are none. */
  quantile(q: number): number | undefined {
    if (this.#total === 0) return undefined
    let left = Math.max(1, Math.ceil(q * this.#total))
    for (let i = 0; i < buckets; i++) {
      left -= this.#counts[i] as number
      if (left <= 0) return middleOf(i)
    }
    return middleOf(buckets - 1)
  }

  clear(): void {
    if (this.#total === 0) return
    this.#counts.fill(0)
    this.#total = 0
  }
}

/** In the sense of ratios, since buckets grow by one. */
const middleOf = (bucket: number): number =>
  bucket === 0 ? smallest / 2 : Math.round(smallest * growth ** (bucket - 0.5) * 100) / 100
