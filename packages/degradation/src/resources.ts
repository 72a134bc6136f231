/** What the machine says about this process. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { ResourceSignals } from './signals.ts'

const resolution = 20
const nanoseconds = 1e6

/** Measures heap and event loop. */
export class Resources {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution })

  constructor() {
    this.#delay.enable()
  }

  /** What it is now; the event loop since the last time. */
  read(): ResourceSignals {
    const { used_heap_size, heap_size_limit } = getHeapStatistics()
    // The histogram counts the resolution in, and is empty when nothing was measured yet.
    const late = this.#delay.count > 0 ? this.#delay.percentile(99) / nanoseconds - resolution : 0
    this.#delay.reset()
    return { heap: used_heap_size / heap_size_limit, eventLoopDelay: Math.max(0, late) }
  }

  close(): void {
    this.#delay.disable()
  }
}
