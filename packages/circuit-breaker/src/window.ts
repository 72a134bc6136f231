/**
 * What a breaker remembers of past calls: one bit each. `hits` are the calls that speak against the dependency
 * (failed, or slow), `calls` are all. Totals are kept up to date, so recording and reading take the same time for
 * ten calls as for a million, and nothing runs while nothing is called.
 */

/** The last calls, or the calls of the last seconds. */
export type WindowShape = { readonly calls: number } | { readonly time: number; readonly buckets: number }

/** A window over one kind of fact. Its totals move in place. */
export interface Window {
  /** How many calls it remembers. */
  readonly calls: number
  /** How many of them were hits. */
  readonly hits: number
  /** Remembers `times` calls. `now` must not decrease. */
  record(hit: boolean, now: number, times?: number): void
  /** Forgets what is too old at `now`. */
  expire(now: number): void
  /**
   * All it remembers, oldest first, as plain numbers in threes: age in milliseconds, calls that were no hits, hits.
   * {@link remember} reads them back, also into a window of another shape.
   */
  export(now: number): number[]
}

/** An empty window. */
export function createWindow(shape: WindowShape): Window {
  return 'calls' in shape ? new CallWindow(shape.calls) : new TimeWindow(shape.time, shape.buckets)
}

/** An empty window that then gets what another one exported. */
export function remember(shape: WindowShape, exported: readonly number[], now: number): Window {
  const window = createWindow(shape)
  if (window instanceof TimeWindow) window.align(now - (exported.at(-3) ?? 0))
  for (let i = 0; i < exported.length; i += 3) {
    const [age, misses, hits] = exported.slice(i, i + 3) as [number, number, number]
    const middle = now - age + (window instanceof TimeWindow ? window.width / 2 : 0)
    window.record(false, middle, misses)
    window.record(true, middle, hits)
  }
  return window
}

/**
 * The last `size` calls as a ring of bits: a million take 125 kB. The ring is made at the first hit, since a window without
 * hits is known by its number of calls alone: a success there writes at most that number.
 */
class CallWindow implements Window {
  calls = 0
  hits = 0
  readonly #size: number
  /** The oldest bit once the ring is full. */
  #position = 0
  #bits: Uint8Array | undefined = undefined

  constructor(size: number) {
    this.#size = size
  }

  record(hit: boolean, _now?: number, times = 1): void {
    if (!hit && this.hits === 0) {
      if (this.calls < this.#size) this.calls = Math.min(this.#size, this.calls + times)
      return
    }
    this.#bits ??= new Uint8Array((this.#size + 7) >> 3)
    for (let i = Math.min(times, this.#size); i > 0; i--) this.#push(hit, this.#bits)
  }

  #push(hit: boolean, bits: Uint8Array): void {
    const position = this.#position
    const byte = position >> 3
    const bit = 1 << (position & 7)
    const old = bits[byte] as number
    if (this.calls < this.#size) this.calls++
    else if ((old & bit) !== 0) this.hits--
    bits[byte] = hit ? old | bit : old & ~bit
    if (hit) this.hits++
    this.#position = position + 1 === this.#size ? 0 : position + 1
  }

  expire(): void {}

  export(): number[] {
    const exported = [0, 0, 0]
    const first = this.#position + this.#size - this.calls
    for (let i = first; i < first + this.calls; i++) {
      const position = i % this.#size
      const hit = (((this.#bits?.[position >> 3] ?? 0) >> (position & 7)) & 1) as 0 | 1
      if (hit === 0 && exported.at(-1) !== 0) exported.push(0, 0, 0)
      ;(exported[exported.length - 2 + hit] as number)++
    }
    return exported
  }
}

/**
 * The last `time` milliseconds in equal buckets. Between `time` minus one bucket and `time` is remembered, never
 * more. Buckets are rotated when the window is touched, over gaps of any length at once.
 */
class TimeWindow implements Window {
  calls = 0
  hits = 0
  readonly width: number
  /** Calls and hits of each bucket, in turn. */
  readonly #counts: Float64Array
  /** Where the buckets begin on the clock. */
  #origin = 0
  /** The number of the newest bucket since the origin. */
  #newest = Number.NEGATIVE_INFINITY

  constructor(time: number, buckets: number) {
    this.width = time / buckets
    this.#counts = new Float64Array(2 * buckets)
  }

  /** Puts the edges of the buckets where `edge` is one. */
  align(edge: number): void {
    this.#origin = edge
  }

  record(hit: boolean, now: number, times = 1): void {
    this.expire(now)
    const at = this.#place(0)
    this.calls += times
    ;(this.#counts[at] as number) += times
    if (!hit) return
    this.hits += times
    ;(this.#counts[at + 1] as number) += times
  }

  expire(now: number): void {
    const counts = this.#counts
    const newest = Math.floor((now - this.#origin) / this.width)
    const steps = Math.min(newest - this.#newest, counts.length / 2)
    if (!(steps > 0)) return
    this.#newest = newest
    for (let age = 0; age < steps; age++) {
      const at = this.#place(age)
      this.calls -= counts[at] as number
      this.hits -= counts[at + 1] as number
      counts[at] = counts[at + 1] = 0
    }
  }

  export(now: number): number[] {
    this.expire(now)
    const exported: number[] = []
    const buckets = this.#counts.length / 2
    for (let age = buckets - 1; age >= 0; age--) {
      const at = this.#place(age)
      const hits = this.#counts[at + 1] as number
      const start = this.#origin + (this.#newest - age) * this.width
      exported.push(now - start, (this.#counts[at] as number) - hits, hits)
    }
    return exported
  }

  /** Where the bucket that is `age` buckets older than the newest is kept. */
  #place(age: number): number {
    const buckets = this.#counts.length / 2
    return 2 * ((((this.#newest - age) % buckets) + buckets) % buckets)
  }
}
