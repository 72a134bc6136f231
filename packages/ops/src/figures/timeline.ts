/** What a breaker did, second by second, for a quarter of an hour, in fixed memory. */
import type { CircuitWord, SeriesPoint, SeriesView, StateSpan } from '../wire.ts'

/** How many seconds are remembered. */
export const timelineSeconds = 900

/** What happened in one second. */
export type SecondFigures = Omit<SeriesPoint, 'kind' | 'name'> & { readonly state: CircuitWord }

/** 0 stands for a second in which the breaker was not there. */
const stateWords: readonly (CircuitWord | undefined)[] = [
  undefined,
  'closed',
  'open',
  'halfOpen',
  'isolated',
  'disposed',
]

export class Timeline {
  readonly kind: string
  readonly name: string
  readonly #calls = new Uint32Array(timelineSeconds)
  readonly #failures = new Uint32Array(timelineSeconds)
  readonly #rejections = new Uint32Array(timelineSeconds)
  readonly #p50 = new Float32Array(timelineSeconds)
  readonly #p95 = new Float32Array(timelineSeconds)
  readonly #p99 = new Float32Array(timelineSeconds)
  readonly #states = new Uint8Array(timelineSeconds)
  /** Where the next second goes: the oldest one is there. */
  #at = 0

  constructor(kind: string, name: string) {
    this.kind = kind
    this.name = name
  }

  push({ calls, failures, rejections, p50, p95, p99, state }: SecondFigures): void {
    const at = this.#at
    this.#calls[at] = calls
    this.#failures[at] = failures
    this.#rejections[at] = rejections
    this.#p50[at] = p50 ?? Number.NaN
    this.#p95[at] = p95 ?? Number.NaN
    this.#p99[at] = p99 ?? Number.NaN
    this.#states[at] = Math.max(0, stateWords.indexOf(state))
    this.#at = (at + 1) % timelineSeconds
  }

  /** The sums of the last seconds. */
  sums(seconds: number): { calls: number; failures: number; rejections: number } {
    const sums = { calls: 0, failures: 0, rejections: 0 }
    for (const i of this.#last(seconds)) {
      sums.calls += this.#calls[i] as number
      sums.failures += this.#failures[i] as number
      sums.rejections += this.#rejections[i] as number
    }
    return sums
  }

  /** @param end - When the last second ended, in milliseconds since 1970. */
  view(seconds: number, end: number): SeriesView {
    const places = [...this.#last(seconds)]
    const read = (from: Uint32Array): number[] => places.map((i) => from[i] as number)
    const readTimes = (from: Float32Array): (number | null)[] =>
      places.map((i) => shownTime(from[i] as number))
    return {
      kind: this.kind,
      name: this.name,
      calls: read(this.#calls),
      failures: read(this.#failures),
      rejections: read(this.#rejections),
      p50: readTimes(this.#p50),
      p95: readTimes(this.#p95),
      p99: readTimes(this.#p99),
      states: spansOf(
        places.map((i) => stateWords[this.#states[i] as number]),
        end - seconds * 1000,
      ),
    }
  }

  /** Places of the last seconds, oldest first. */
  *#last(seconds: number): Generator<number> {
    for (let back = seconds; back > 0; back--) yield (this.#at - back + timelineSeconds) % timelineSeconds
  }
}

/** With as many digits as it is good for. */
const shownTime = (value: number): number | null =>
  Number.isNaN(value) ? null : Math.round(value * 100) / 100

/** @param start - When the first second began. */
function spansOf(states: readonly (CircuitWord | undefined)[], start: number): StateSpan[] {
  return states.flatMap((state, i) =>
    state === undefined || state === states[i - 1] ? [] : { since: start + i * 1000, state },
  )
}
