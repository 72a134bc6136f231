/** The memory of the process that this code runs in. */
import { totalmem } from 'node:os'
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Clock, systemClock } from '@seaworthy/core'
import { type MemoryReading, type MemorySource, residentLimit } from './source.ts'

/** Options of {@link thisProcess}. */
export interface ThisProcessOptions {
  /** What readings are timed by. @defaultValue the clock of the machine */
  readonly clock?: Clock
}

/**
 * This process. It notes what is left after each major garbage collection from when it is made, which costs some 20 microseconds a collection.
 */
export function thisProcess({ clock = systemClock }: ThisProcessOptions = {}): MemorySource {
  return new ThisProcess(clock)
}

class ThisProcess implements MemorySource {
  readonly #clock: Clock
  readonly #observer: PerformanceObserver
  #floor: { heapUsed: number; external: number } | undefined = undefined
  #collections = 0
  #busy = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#observer = new PerformanceObserver((list) => this.#collected(list.getEntries()))
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  async read(collect: boolean): Promise<MemoryReading> {
    const collecting = collect ? await this.#collect() : 0
    const start = this.#clock.now()
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
    // What the observer says of forced collections comes late, with garbage of the turn in between.
    const floor = collect ? { heapUsed, external } : this.#floor
    this.#floor = undefined
    const limits = {
      rss: residentLimit(process.constrainedMemory(), totalmem()),
      heap: getHeapStatistics().heap_size_limit,
    }
    const busy = this.#busy + collecting + this.#clock.now() - start
    this.#busy = 0
    return {
      rss,
      heapUsed,
      heapTotal,
      external,
      ...(floor && { floor }),
      collections: this.#collections,
      limits,
      busy,
      collecting,
    }
  }

  close(): void {
    this.#observer.disconnect()
  }

  #collected(entries: readonly PerformanceEntry[]): void {
    const major = entries.filter(isMajor).length
    if (major === 0) return
    const start = this.#clock.now()
    const { heapUsed, external } = process.memoryUsage()
    if (this.#floor === undefined || heapUsed < this.#floor.heapUsed) this.#floor = { heapUsed, external }
    this.#collections += major
    this.#busy += this.#clock.now() - start
  }

  /** Finalizers of the first round let go of what only the second one takes, and they run between turns. @returns Milliseconds of processor time. */
  async #collect(): Promise<number> {
    let took = 0
    for (let round = 0; round < 2; round++) {
      // Processor time, with that of the collector's own threads: waiting for a busy machine costs nobody anything.
      const start = process.cpuUsage()
      collector()()
      const { user, system } = process.cpuUsage(start)
      took += (user + system) / 1000
      await setImmediate()
    }
    return took
  }
}

const isMajor = (entry: PerformanceEntry): boolean =>
  // The types know no details of garbage collections.
  (entry as { detail?: { kind?: number } }).detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR

let collect: (() => void) | undefined

/** `gc` of V8. Without `--expose-gc` only contexts that are made after the flag was set have it. */
function collector(): () => void {
  if (collect === undefined) {
    if (globalThis.gc === undefined) setFlagsFromString('--expose-gc')
    const exposed = globalThis.gc ?? (runInNewContext('gc') as () => void)
    collect = () => exposed()
  }
  return collect
}
