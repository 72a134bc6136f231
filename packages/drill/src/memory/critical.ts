/** When memory runs out, nobody waits for a verdict. */
import { median } from '../statistics/order.ts'
import type { MemoryReading } from './source.ts'

/** Why a run was to be stopped. */
export interface CriticalMemory {
  /** What came too close to its limit: resident memory, the heap, or the growth of its floor. */
  readonly cause: 'rss' | 'heap' | 'growth'
  /** What it is, in percent of the limit; for growth, of the base. */
  readonly percent: number
  /** From where it is critical, in percent. */
  readonly limitPercent: number
  /** Milliseconds since monitoring began. */
  readonly at: number
}

/** The limits of {@link CriticalGuard}. */
export interface CriticalLimits {
  /** Percent of what the process may use. */
  readonly criticalThresholdPercent: number
  /** Percent of growth of the floor. Undefined for no limit. */
  readonly maxGrowthPercent: number | undefined
  /** Milliseconds until the base of growth is looked for. */
  readonly warmUp: number
}

/** So many readings in a row. One may be garbage, or a peak of the load. */
const inARow = 2
/** So many floors make the base. */
const baseFloors = 5
/** The lowest of so many floors is what there is now. */
const recentFloors = 3

/** Looks at each reading. */
export class CriticalGuard {
  readonly #limits: CriticalLimits
  readonly #first: number[] = []
  readonly #recent: number[] = []
  #row = 0

  constructor(limits: CriticalLimits) {
    this.#limits = limits
  }

  /** @returns What is critical, on every reading on which something is. */
  observe(reading: MemoryReading, at: number): CriticalMemory | undefined {
    return this.#ceiling(reading, at) ?? this.#growth(reading, at)
  }

  #ceiling({ rss, heapUsed = 0, limits }: MemoryReading, at: number): CriticalMemory | undefined {
    const limitPercent = this.#limits.criticalThresholdPercent
    const resident = (100 * rss) / limits.rss
    const heap = limits.heap === undefined ? 0 : (100 * heapUsed) / limits.heap
    const percent = Math.max(resident, heap)
    this.#row = percent >= limitPercent ? this.#row + 1 : 0
    if (this.#row < inARow) return undefined
    return { cause: heap > resident ? 'heap' : 'rss', percent, limitPercent, at }
  }

  #growth({ floor }: MemoryReading, at: number): CriticalMemory | undefined {
    const limitPercent = this.#limits.maxGrowthPercent
    if (limitPercent === undefined || floor === undefined || at < this.#limits.warmUp) return undefined
    if (this.#first.length < baseFloors) {
      this.#first.push(floor.heapUsed)
      return undefined
    }
    this.#recent.push(floor.heapUsed)
    if (this.#recent.length > recentFloors) this.#recent.shift()
    if (this.#recent.length < recentFloors) return undefined
    const percent = 100 * (Math.min(...this.#recent) / median(this.#first) - 1)
    return percent >= limitPercent ? { cause: 'growth', percent, limitPercent, at } : undefined
  }
}
