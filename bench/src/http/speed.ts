/** The speed of clients, each in a process of its own, by short slices that take turns. */
import { once } from 'node:events'
import { percentile } from '../statistics.ts'
import type { HttpContender } from './contenders.ts'
import { startOn } from './processors.ts'
import type { Slice } from './trial.ts'

/** What a contender needs for a request. */
export interface Speed {
  readonly name: string
  /** Milliseconds for a request of one lane. */
  readonly milliseconds: number
  /** Microseconds of the processor. */
  readonly processor: number
  /** Of single requests, milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Compared with the bare client of its family at the same time. */
  readonly relative: { readonly milliseconds: number; readonly processor: number }
}

const sliceRequests = 100
/** Long enough that each has some collections of garbage in it. */
const blockSlices = 10
/** Until then the engine still compiles, most where there is most code, and beside whatever client has its turn. */
const warmUpRequests = 20_000

/**
 * Measures some contenders once. Their slices take turns in random order, so that what else the machine does hits all alike.
 *
 * @param trial - The program of the processes.
 * @param lanes - How many requests are in flight.
 * @param requests - Of each contender, besides those to warm up.
 */
export async function speeds(
  contenders: readonly HttpContender[],
  trial: string,
  url: string,
  lanes: number,
  requests: number,
): Promise<Speed[]> {
  const runners = contenders.map((contender) => ({
    contender,
    process: startOn(1, trial, 'slices', url, String(lanes), contender.name),
    slices: [] as Slice[],
  }))
  const rounds = Math.ceil(requests / sliceRequests / blockSlices) * blockSlices
  try {
    for (let round = -warmUpRequests / sliceRequests; round < rounds; round++) {
      for (const runner of shuffled(runners)) {
        runner.process.send(sliceRequests)
        const [slice] = (await once(runner.process, 'message')) as [Slice]
        if (round >= 0) runner.slices.push(slice)
      }
    }
  } finally {
    for (const runner of runners) runner.process.kill()
  }
  const bareOf = ({ family }: HttpContender): readonly Slice[] =>
    runners.find(({ contender }) => contender.bare && contender.family === family)?.slices ?? []
  return runners.map(({ contender, slices }) => {
    const bare = bareOf(contender)
    const single = slices.flatMap((slice) => slice.single)
    const middle = (read: (slice: Slice) => number): number => percentile(blocks(slices, read), 0.5)
    const ratio = (read: (slice: Slice) => number): number => {
      const below = blocks(bare, read)
      return percentile(
        blocks(slices, read).map((value, at) => value / (below[at] as number)),
        0.5,
      )
    }
    const milliseconds = (slice: Slice): number => slice.milliseconds
    const processor = (slice: Slice): number => slice.processor
    return {
      name: contender.name,
      milliseconds: middle(milliseconds),
      processor: middle(processor),
      p50: percentile(single, 0.5),
      p99: percentile(single, 0.99),
      relative: { milliseconds: ratio(milliseconds), processor: ratio(processor) },
    }
  })
}

/** The means of slices that follow each other. */
function blocks(slices: readonly Slice[], read: (slice: Slice) => number): number[] {
  const means: number[] = []
  for (let at = 0; at < slices.length; at += blockSlices) {
    const values = slices.slice(at, at + blockSlices).map(read)
    means.push(values.reduce((sum, value) => sum + value, 0) / values.length)
  }
  return means
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}
