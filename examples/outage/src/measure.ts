/** What happened to each request, and the figures made of it. Plain data throughout: it goes into `--json` as it is. */
import { answeredByUpstream, type BadDay, type Phase } from './script.ts'
import type { Request } from './traffic.ts'

/**
 * How a request ended: answered by the upstream while its user waited, from the cache (`cached` while fresh, `stale`
 * after that), or not at all.
 */
export type Outcome = 'live' | 'cached' | 'stale' | 'failed'

/** One request. Times are milliseconds since the start of the day. */
export interface Sample {
  readonly id: number
  readonly product: number
  /** When it was scheduled. */
  readonly at: number
  /** Whether this client had seen an answer for the product by then. */
  readonly seenBefore: boolean
  /** When it ended; undefined while it waits. */
  end?: number
  outcome?: Outcome
  /** How old the answer was when it was given. */
  age?: number
  /** The code or name of the error it failed with. */
  error?: string
  /** The answer was for another product. */
  mixedUp?: true
}

/** Keeps the samples of one client. */
export class Recorder {
  readonly samples: Sample[] = []
  /** Products that the upstream has told this client about. */
  readonly #seen = new Set<number>()

  /** Requests without an outcome. */
  pending = 0

  begin({ id, product, at }: Request): Sample {
    const sample: Sample = { id, product, at, seenBefore: this.#seen.has(product) }
    this.samples.push(sample)
    this.pending++
    return sample
  }

  /**
   * @param age - Of the answer. One that is younger than the request came from the upstream meanwhile.
   * @param fresh - Up to which age an answer from the cache counts as fresh.
   */
  answered(sample: Sample, end: number, product: number, age: number, fresh: number): void {
    this.pending--
    sample.end = end
    sample.age = age
    const live = end - age >= sample.at
    sample.outcome = live ? 'live' : age <= fresh ? 'cached' : 'stale'
    if (live) this.#seen.add(product)
    if (product !== sample.product) sample.mixedUp = true
  }

  failed(sample: Sample, end: number, error: unknown): void {
    this.pending--
    sample.end = end
    sample.outcome = 'failed'
    sample.error = nameOf(error)
  }
}

/**
 * The requests that could have been answered: by the upstream while their users waited, or from an earlier answer.
 *
 * @param lateness - By how much everything takes longer on a busy machine.
 */
export function answerable(day: BadDay, samples: readonly Sample[], lateness = 0): Sample[] {
  return samples.filter(({ at, seenBefore }) => seenBefore || answeredByUpstream(day, at, lateness))
}

/** Figures of some requests. Latencies are milliseconds from the scheduled time; undefined of no requests. */
export interface Figures {
  readonly requests: number
  readonly answered: number
  /** Share of the ended requests that were answered. */
  readonly success: number | undefined
  readonly p50: number | undefined
  readonly p99: number | undefined
}

/** Figures of the requests scheduled from `from` until `to`. Those that still wait count with their time so far. */
export function figures(samples: readonly Sample[], from: number, to: number, now: number = to): Figures {
  return of(
    samples.filter(({ at }) => at >= from && at < to),
    now,
  )
}

/** Figures of the requests that users waited for at some time from `from` until `now`: how it is just then. */
export function recent(samples: readonly Sample[], from: number, now: number): Figures {
  return of(
    samples.filter(({ end }) => end === undefined || end >= from),
    now,
  )
}

/** Figures of a phase, when all is over. */
export function phaseFigures(samples: readonly Sample[], { from, to }: Phase): Figures {
  return figures(samples, from, to, Number.POSITIVE_INFINITY)
}

/** Figures for each of `parts` equal parts of `duration`, as far as `now` has come. */
export function timeline(
  samples: readonly Sample[],
  duration: number,
  parts: number,
  now: number,
): Figures[] {
  const length = duration / parts
  const begun = Math.min(parts, Math.ceil(now / length))
  const groups = Array.from({ length: begun }, (): Sample[] => [])
  for (const sample of samples) groups[Math.floor(sample.at / length)]?.push(sample)
  return groups.map((group) => of(group, now))
}

/** Requests without an outcome would be missing from the worst latencies, so they count as if they ended now. */
function of(samples: readonly Sample[], now: number): Figures {
  const latencies = samples.map(({ at, end }) => (end ?? Math.max(now, at)) - at).sort((a, b) => a - b)
  return {
    requests: samples.length,
    answered: samples.filter(isAnswered).length,
    success: success(samples),
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  }
}

/** The share of the ended requests that were answered. */
export function success(samples: readonly Sample[]): number | undefined {
  const ended = samples.filter(({ outcome }) => outcome !== undefined)
  return ended.length === 0 ? undefined : ended.filter(isAnswered).length / ended.length
}

/** Whether its user got an answer. */
export function isAnswered({ outcome }: Sample): boolean {
  return outcome !== undefined && outcome !== 'failed'
}

/** The nearest-rank percentile of sorted numbers. */
export function percentile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]
}

/** A code if there is one, along the causes: `fetch` hides it there. */
function nameOf(error: unknown): string {
  for (let level = error; level instanceof Error; level = level.cause) {
    const { code, status } = level as { code?: unknown; status?: unknown }
    if (typeof code === 'string') return code
    if (typeof status === 'number') return `HTTP ${status}`
  }
  return error instanceof Error ? error.name : typeof error
}
