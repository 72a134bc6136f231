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
   * `remember` reads them back, also into a window of another shape.
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
    if (hits > 0) window.record(true, middle, hits)
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
  private readonly size: number
  /** Where the next bit goes; the oldest one is there once the ring is full. */
  private position = 0
  private bits: Uint8Array | undefined = undefined

  constructor(size: number) {
    this.size = size
  }

  record(hit: boolean, _now?: number, times = 1): void {
    if (!hit && this.hits === 0) {
      if (this.calls < this.size) this.calls = Math.min(this.size, this.calls + times)
      return
    }
    this.bits ??= new Uint8Array((this.size + 7) >> 3)
    for (let i = Math.min(times, this.size); i > 0; i--) this.push(hit, this.bits)
  }

  private push(hit: boolean, bits: Uint8Array): void {
    const { position, size } = this
    const byte = position >> 3
    const bit = 1 << (position & 7)
    const old = bits[byte] as number
    if (this.calls < size) this.calls++
    else if ((old & bit) !== 0) this.hits--
    bits[byte] = hit ? old | bit : old & ~bit
    if (hit) this.hits++
    this.position = position + 1 === size ? 0 : position + 1
  }

  expire(): void {}

  export(): number[] {
    const { bits, calls, size } = this
    const exported = [0, 0, 0]
    const first = this.position + size - calls
    for (let i = first; i < first + calls; i++) {
      const position = i % size
      const hit = bits !== undefined && ((bits[position >> 3] as number) & (1 << (position & 7))) !== 0
      if (!hit && exported.at(-1) !== 0) exported.push(0, 0, 0)
      ;(exported[exported.length - (hit ? 1 : 2)] as number)++
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
  private readonly counts: Float64Array
  /** Where a bucket begins on the clock. */
  private origin = 0
  /** The number of the newest bucket since the origin, where its counts are, and when it ends. */
  private newest = Number.NEGATIVE_INFINITY
  private place = 0
  private end = Number.NEGATIVE_INFINITY

  constructor(time: number, buckets: number) {
    this.width = time / buckets
    this.counts = new Float64Array(2 * buckets)
  }

  /** Puts the edges of the buckets where `edge` is one. */
  align(edge: number): void {
    this.origin = edge
  }

  record(hit: boolean, now: number, times = 1): void {
    if (now >= this.end) this.rotate(now)
    const { counts, place } = this
    this.calls += times
    ;(counts[place] as number) += times
    if (!hit) return
    this.hits += times
    ;(counts[place + 1] as number) += times
  }

  expire(now: number): void {
    if (now >= this.end) this.rotate(now)
  }

  /** Empties the buckets that lie between the newest one and now. */
  private rotate(now: number): void {
    const { counts, origin, width } = this
    const newest = Math.floor((now - origin) / width)
    for (let left = Math.min(newest - this.newest, counts.length / 2); left > 0; left--) {
      const place = (this.place + 2) % counts.length
      this.calls -= counts[place] as number
      this.hits -= counts[place + 1] as number
      counts[place] = counts[place + 1] = 0
      this.place = place
    }
    this.newest = Math.max(this.newest, newest)
    this.end = origin + (this.newest + 1) * width
  }

  export(now: number): number[] {
    this.expire(now)
    const { counts, origin, width } = this
    const exported: number[] = []
    for (let age = counts.length / 2 - 1; age >= 0; age--) {
      const place = (this.place + counts.length - 2 * age) % counts.length
      const hits = counts[place + 1] as number
      exported.push(now - origin - (this.newest - age) * width, (counts[place] as number) - hits, hits)
    }
    return exported
  }
}
