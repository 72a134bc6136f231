/** Which of the providers that may be asked is asked. Pure, but for the random numbers it is given. */
import type { Random } from '@seaworthy/core'

/** How a provider is chosen among those of one tier: see `FailoverOptions.strategy`. */
export type FailoverStrategy = 'ordered' | 'weighted' | 'latency'

/** A provider that may be asked now. */
export interface Candidate {
  /** Lower ones are asked first. */
  readonly tier: number
  readonly weight: number
  /** The share of its calls that it should get while it starts slowly; else 1. */
  readonly share: number
  /** The usual time to its first byte in milliseconds; undefined while it is not known. */
  readonly latency: number | undefined
  /** Attempts that wait for it. */
  readonly inflight: number
}

/** How fast a latency is forgotten while nobody measures it: half of it in this time. */
const halfLife = 10_000

/** How much one sample moves the average. */
const gain = 0.2

/**
 * The choice: of the lowest tier, by the strategy. A provider that starts slowly is passed over in all but its share of
 * calls, unless there is no other.
 *
 * @param candidates - One at least, in the order of the user's list.
 */
export function choose<C extends Candidate>(
  candidates: readonly C[],
  strategy: FailoverStrategy,
  random: Random,
): C {
  const willing = candidates.filter(({ share }) => share >= 1 || random() < share)
  const pool = willing.length > 0 ? willing : candidates
  const lowest = Math.min(...pool.map(({ tier }) => tier))
  const tier = pool.filter((candidate) => candidate.tier === lowest)
  if (strategy === 'ordered' || tier.length === 1) return tier[0] as C
  if (strategy === 'weighted') return byWeight(tier, random)
  return byLatency(tier, random)
}

/** The average after one more sample. */
export function averageWith(average: number | undefined, sample: number): number {
  return average === undefined ? sample : average + gain * (sample - average)
}

/** What to believe of an average after nobody measured for a while. It shrinks, so who was slow once is tried again. */
export function faded(average: number | undefined, idle: number): number | undefined {
  return average === undefined ? undefined : average * 2 ** (-idle / halfLife)
}

/** The middle one of the known values. */
export function median(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b)
  return known[known.length >> 1]
}

function byWeight<C extends Candidate>(candidates: readonly C[], random: Random): C {
  let rest = random() * candidates.reduce((sum, { weight }) => sum + weight, 0)
  for (const candidate of candidates) {
    rest -= candidate.weight
    if (rest < 0) return candidate
  }
  return candidates.at(-1) as C
}

/**
 * The better one of two that chance picks: nearly as good as the best of all, and it does not send everybody to one place.
 *
 * Source: M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001; the score
 * is that of Twitter Finagle's `PeakEwma`: latency by load.
 */
function byLatency<C extends Candidate>(candidates: readonly C[], random: Random): C {
  const first = Math.floor(random() * candidates.length)
  const other = (first + 1 + Math.floor(random() * (candidates.length - 1))) % candidates.length
  const [a, b] = [candidates[first] as C, candidates[other] as C]
  return score(a) <= score(b) ? a : b
}

/** With nothing known of anybody, load alone decides. */
function score({ latency = 1, inflight, weight }: Candidate): number {
  return (latency * (inflight + 1)) / weight
}
