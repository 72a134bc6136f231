/**
 * Memory of processes that do not exist: what they hold has a shape that is known, under noise and garbage as real ones have.
 *
 * 480 samples are four hours at one in 30 seconds. Held memory is around 100 MB; its noise is autocorrelated (a sample resembles the one before by 0.9) with
 * a standard deviation of 1 %. Garbage builds up to 15 to 40 MB, over 4 to 12 samples, until a major collection takes it away.
 */
import { type SeededRandom, seededRandom } from '@seaworthy/testing'
import type { MemoryPoint } from '../src/memory/points.ts'

const megabyte = 2 ** 20
const base = 100

/** Held memory in MB, sample by sample. `share` runs from 0 to 1. */
type Shape = (random: SeededRandom, length: number) => (share: number, sample: number) => number

/** Whether a shape is a leak, and how much it grows by, in percent. */
export interface SeriesKind {
  readonly name: string
  /** `slow` leaks are below what the rule promises to find. */
  readonly is: 'harmless' | 'leak' | 'slow leak'
  /** The least percent of it that has to be found. @defaultValue 95 for leaks */
  readonly found?: number
  /** New ones were not known to those who drafted the rule. */
  readonly fresh?: true
  readonly shape: Shape
  /** Standard deviation of the noise, in percent. @defaultValue 1 */
  readonly noise?: number
  /** How much a sample resembles the one before. @defaultValue 0.9 */
  readonly resemblance?: number
  /** Garbage, in MB at a share of the run. @defaultValue 15 to 40 at random */
  readonly garbage?: (random: SeededRandom, share: number) => number
}

/** A standard normal number (G. Box, M. Muller, 1958). */
const normal = (random: SeededRandom): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

const between = (random: SeededRandom, low: number, high: number): number => low + (high - low) * random()

/** Values that resemble the one before, with the standard deviation 1. */
function correlated(random: SeededRandom, resemblance: number): () => number {
  let value = normal(random)
  const fresh = Math.sqrt(1 - resemblance * resemblance)
  return () => {
    value = resemblance * value + fresh * normal(random)
    return value
  }
}

const linear =
  (percent: number): Shape =>
  () =>
  (share) =>
    (base * percent * share) / 100

const steps =
  (percent: number, count: number): Shape =>
  (random) => {
    const places = Array.from({ length: count }, () => between(random, 0.05, 0.95))
    return (share) => (base * percent * places.filter((place) => share >= place).length) / (100 * count)
  }

export const seriesKinds: readonly SeriesKind[] = [
  { name: 'independent noise', is: 'harmless', shape: () => () => 0, resemblance: 0 },
  { name: 'autocorrelated noise', is: 'harmless', shape: () => () => 0 },
  {
    name: 'much garbage, collected now and then',
    is: 'harmless',
    shape: () => () => 0,
    noise: 0.5,
    garbage: (random) => between(random, 30, 80),
  },
  {
    name: 'warm-up over a quarter',
    is: 'harmless',
    shape: () => (share) => 25 * (1 - Math.exp(-share / 0.06)),
  },
  {
    name: 'cache that fills',
    is: 'harmless',
    shape: (random) => {
      const time = between(random, 0.1, 0.2)
      return (share) => 15 * (1 - Math.exp(-share / time))
    },
  },
  {
    name: 'load in waves',
    is: 'harmless',
    shape: (random) => {
      const [cycles, phase] = [between(random, 3, 8), random()]
      return (share) => 8 * Math.sin(2 * Math.PI * (cycles * share + phase))
    },
  },
  {
    name: 'one step of 8 %',
    is: 'harmless',
    shape: (random) => {
      const place = between(random, 0.2, 0.8)
      return (share) => (share >= place ? 8 : 0)
    },
  },
  {
    name: 'wanders, and comes back',
    is: 'harmless',
    fresh: true,
    shape: (random) => {
      const wander = correlated(random, 0.98)
      return () => 3 * wander()
    },
  },
  {
    name: 'load changes half-way',
    is: 'harmless',
    fresh: true,
    shape: (random) => {
      const [place, height, time] = [
        between(random, 0.3, 0.7),
        between(random, 4, 12),
        between(random, 0.01, 0.05),
      ]
      return (share) => (share < place ? 0 : height * (1 - Math.exp(-(share - place) / time)))
    },
  },
  {
    name: 'collector changes its mode',
    is: 'harmless',
    fresh: true,
    shape: (random) => {
      const place = between(random, 0.3, 0.7)
      return (share) => (share >= place ? between(random, 0, 2) : 0)
    },
    garbage: (random, share) => (share < 0.5 ? between(random, 10, 20) : between(random, 40, 90)),
  },
  {
    name: 'days, the last one cut off',
    is: 'harmless',
    fresh: true,
    shape: (random) => {
      const [cycles, phase] = [between(random, 1.4, 2.9), random()]
      return (share) => 6 * Math.sin(2 * Math.PI * (cycles * share + phase))
    },
  },
  {
    name: 'outliers now and then',
    is: 'harmless',
    fresh: true,
    // A 20th of the samples are up to ten times as far off as the others.
    shape: (random) => () => (random() < 0.05 ? Math.abs(normal(random)) * 10 : 0),
  },
  {
    name: 'two pools that grow to their size',
    is: 'harmless',
    fresh: true,
    shape: (random) => {
      const places = [between(random, 0.05, 0.4), between(random, 0.1, 0.5)]
      return (share) =>
        places.reduce(
          (sum, place) => sum + (share < place ? 0 : 4 * (1 - Math.exp(-(share - place) / 0.05))),
          0,
        )
    },
  },
  { name: 'leak of 3 %', is: 'slow leak', shape: linear(3) },
  { name: 'leak of 6 %', is: 'slow leak', shape: linear(6) },
  { name: 'leak of 10 %', is: 'leak', shape: linear(10) },
  { name: 'leak of 20 %', is: 'leak', shape: linear(20) },
  {
    name: 'leak of 20 %, exponential',
    is: 'leak',
    shape: () => (share) => (20 * (Math.exp(share / 0.25) - 1)) / (Math.exp(4) - 1),
  },
  { name: 'leak of 10 % in 4 steps', is: 'slow leak', shape: steps(10, 4) },
  { name: 'leak of 20 % in 4 steps', is: 'slow leak', shape: steps(20, 4) },
  {
    name: 'leak of 10 % under load in waves',
    is: 'leak',
    fresh: true,
    shape: (random) => {
      const [cycles, phase] = [between(random, 3, 8), random()]
      return (share) => 10 * share + 3 * Math.sin(2 * Math.PI * (cycles * share + phase))
    },
  },
  {
    name: 'leak of 15 % that starts after a third',
    is: 'leak',
    fresh: true,
    shape: () => (share) => (share < 1 / 3 ? 0 : (15 * (share - 1 / 3)) / (2 / 3)),
  },
  {
    name: 'leak that explodes at the end',
    is: 'leak',
    fresh: true,
    shape: () => (share) => 40 * Math.exp((share - 1) / 0.08),
  },
  {
    name: 'leak of 10 % with outliers',
    is: 'leak',
    found: 90,
    fresh: true,
    shape: (random) => (share) => 10 * share + (random() < 0.05 ? Math.abs(normal(random)) * 10 : 0),
  },
]

/** One series of a kind. The same seed makes the same series. */
export function series(
  kind: SeriesKind,
  seed: string | number,
  length = 480,
  interval = 30_000,
): MemoryPoint[] {
  const random = seededRandom(`${kind.name}/${seed}`)
  const held = kind.shape(random, length)
  const noise = correlated(random, kind.resemblance ?? 0.9)
  const allocator = correlated(random, 0.9)
  const garbageOf = kind.garbage ?? (() => between(random, 15, 40))
  const points: MemoryPoint[] = []
  let collections = 0
  let limit = garbageOf(random, 0)
  let pace = limit / between(random, 4, 12)
  let garbage = limit * random()
  for (let sample = 0; sample < length; sample++) {
    const share = sample / (length - 1)
    const kept = (base + held(share, sample) + noise() * (kind.noise ?? 1)) * megabyte
    garbage += pace * between(random, 0.5, 1.5)
    const collected = garbage >= limit
    if (collected) {
      collections++
      limit = garbageOf(random, share)
      pace = limit / between(random, 4, 12)
      garbage = random() * pace
    }
    const heapUsed = kept + garbage * megabyte
    const nonHeap = (40 + 0.4 * allocator()) * megabyte
    const rss = kept + limit * megabyte + nonHeap
    const at = sample * interval
    points.push({
      at,
      until: at,
      samples: 1,
      rss,
      rssHighest: rss,
      heapUsed,
      nonHeap,
      collections,
      ...(collected && { heapFloor: kept }),
    })
  }
  return points
}

/** The same process, when only the system can be asked about it. */
export function fromOutside(points: readonly MemoryPoint[]): MemoryPoint[] {
  return points.map(({ at, until, samples, rss, rssHighest }) => ({
    at,
    until,
    samples,
    rss,
    rssHighest,
    collections: 0,
  }))
}
