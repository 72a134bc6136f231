/** What happened to one breaker in each second of the last quarter of an hour. Of fixed size, whatever happens. */
import type { SeriesPoint, SeriesView } from '../../src/wire.ts'

/** How many seconds are kept. */
const seconds = 900

type Counter = 'calls' | 'failures' | 'rejections'
type Quantile = 'p50' | 'p95' | 'p99'

const counters: readonly Counter[] = ['calls', 'failures', 'rejections']
const quantiles: readonly Quantile[] = ['p50', 'p95', 'p99']

/** What a stretch of seconds comes to. Response times are those of the worst second but for the median, which is the middle one. */
export interface Summary {
  readonly calls: number
  readonly failures: number
  readonly rejections: number
  readonly p50: number | undefined
  readonly p95: number | undefined
  readonly p99: number | undefined
}

export class Series {
  /** The second after the last one that is known, counted from 1970. */
  #end = 0
  /** Up to where the server has told the past. */
  #loaded = 0
  readonly #values: Readonly<Record<Counter | Quantile, Float32Array>> = {
    calls: new Float32Array(seconds),
    failures: new Float32Array(seconds),
    rejections: new Float32Array(seconds),
    p50: new Float32Array(seconds),
    p95: new Float32Array(seconds),
    p99: new Float32Array(seconds),
  }

  /** When the last second ended, in milliseconds since 1970; 0 if none is known. */
  get end(): number {
    return this.#end * 1000
  }

  /** Takes what the server remembers in place of what is here. */
  load(end: number, view: SeriesView): void {
    this.#end = 0
    this.advance(end)
    this.#loaded = this.#end
    const { length } = view.calls
    for (let back = 1; back <= Math.min(length, seconds); back++) {
      const place = (this.#end - back) % seconds
      for (const name of counters) this.#values[name][place] = view[name][length - back] ?? 0
      for (const name of quantiles) this.#values[name][place] = view[name][length - back] ?? Number.NaN
    }
  }

  /** Adds the second that ended at `end`. Timers are late at times, so that two of them can end in one second: they are added up. */
  add(end: number, point: SeriesPoint): void {
    this.advance(end)
    const second = Math.floor(end / 1000) - 1
    if (second < this.#loaded || second < this.#end - seconds) return
    const place = second % seconds
    for (const name of counters)
      this.#values[name][place] = (this.#values[name][place] as number) + point[name]
    for (const name of quantiles) this.#values[name][place] = point[name] ?? Number.NaN
  }

  /** Lets time pass until `end`: seconds of which nothing was heard had no calls. */
  advance(end: number): void {
    const next = Math.floor(end / 1000)
    for (let second = Math.max(this.#end, next - seconds); second < next; second++) {
      const place = second % seconds
      for (const name of counters) this.#values[name][place] = 0
      for (const name of quantiles) this.#values[name][place] = Number.NaN
    }
    this.#end = Math.max(this.#end, next)
  }

  /** When each of the steps of {@link rates} ended, in seconds since 1970. */
  times(step: number): number[] {
    const last = this.#end - (this.#end % step)
    const steps = seconds / step - 1
    return Array.from({ length: steps }, (_, index) => last - (steps - 1 - index) * step)
  }

  /**
   * Calls per second and the like, oldest first, each over `step` seconds that are over. `seconds` must be a multiple of it. The steps begin
   * at multiples of it too, or the shape would flicker while it moves.
   */
  rates(name: Counter, step: number): number[] {
    const rates: number[] = []
    const last = this.#end - (this.#end % step)
    for (let from = last - seconds + step; from < last; from += step) {
      let sum = 0
      for (let second = from; second < from + step; second++) sum += this.#at(name, second)
      rates.push(sum / step)
    }
    return rates
  }

  /** The last so many seconds together. */
  summary(last: number): Summary {
    const sum = (name: Counter): number => {
      let total = 0
      for (let second = this.#end - last; second < this.#end; second++) total += this.#at(name, second)
      return total
    }
    const known = (name: Quantile): number[] => {
      const found: number[] = []
      for (let second = this.#end - last; second < this.#end; second++) {
        const value = this.#at(name, second)
        if (!Number.isNaN(value) && this.#at('calls', second) > 0) found.push(value)
      }
      return found.sort((a, b) => a - b)
    }
    const medians = known('p50')
    return {
      calls: sum('calls'),
      failures: sum('failures'),
      rejections: sum('rejections'),
      p50: medians[Math.floor(medians.length / 2)],
      p95: known('p95').at(-1),
      p99: known('p99').at(-1),
    }
  }

  #at(name: Counter | Quantile, second: number): number {
    return second < 0 ? 0 : (this.#values[name][second % seconds] as number)
  }
}
