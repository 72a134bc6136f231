/** The speed of clients, each in a process of its own, by short slices that take turns. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { home } from '../processes.ts'
import { percentile } from '../statistics.ts'
import { contenders } from './contenders.ts'
import type { Slice } from './trial.ts'

/** What a contender needs for a request. */
export interface Speed {
  readonly name: string
  /** Milliseconds for a request of one lane, the median of the slices. */
  readonly milliseconds: number
  /** Microseconds of the processor, the median of the slices. */
  readonly processor: number
  /** Of single requests, milliseconds. */
  readonly p50: number
  readonly p99: number
}

const sliceRequests = 100
/** Until then the engine still compiles, most where there is most code. */
const warmUpRequests = 2000

/**
 * Measures all contenders once. Their slices take turns in random order, so that what else the machine does hits all alike.
 *
 * @param trial - The program of the processes.
 * @param lanes - How many requests are in flight.
 * @param requests - Of each contender, besides those to warm up.
 */
export async function speeds(trial: string, url: string, lanes: number, requests: number): Promise<Speed[]> {
  const runners = contenders.map(({ name }) => ({
    name,
    process: fork(trial, ['slices', url, String(lanes), name], { cwd: home, execArgv: [] }),
    slices: [] as Slice[],
  }))
  const rounds = Math.ceil(requests / sliceRequests)
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
  return runners.map(({ name, slices }) => {
    const single = slices.flatMap((slice) => slice.single)
    const median = (read: (slice: Slice) => number): number => percentile(slices.map(read), 0.5)
    return {
      name,
      milliseconds: median((slice) => slice.milliseconds),
      processor: median((slice) => slice.processor),
      p50: percentile(single, 0.5),
      p99: percentile(single, 0.99),
    }
  })
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}
