/** Watches the memory of a process for seconds or weeks. */
import { Periodic } from '@seaworthy/core'
import { CriticalGuard, type CriticalMemory } from './critical.ts'
import { type MemoryMonitorOptions, type MonitorSettings, monitorSettings } from './monitor-options.ts'
import { type MemoryHistory, type MemoryPoint, memoryHistory } from './points.ts'
import type { MemoryReading, MemorySource } from './source.ts'
import { thisProcess } from './this-process.ts'
import { judgeBy, type MemoryVerdict } from './verdict.ts'

/** What a monitor costs. */
export interface MonitorOverhead {
  /** Milliseconds that the watched process has spent for its readings, forced collections included. */
  readonly busy: number
  /** Milliseconds from the start of monitoring. */
  readonly elapsed: number
  /** 100 · busy / elapsed. */
  readonly percent: number
}

/** How it stands. */
export interface MemoryStatus {
  readonly state: 'idle' | 'running' | 'stopped'
  /** The last reading. */
  readonly latest: MemoryPoint | undefined
  /** The most resident memory that was seen, in bytes. */
  readonly peakRss: number
  /** On what has been seen so far. */
  readonly verdict: MemoryVerdict
  readonly overhead: MonitorOverhead
  /** Set once memory was critical. */
  readonly critical: CriticalMemory | undefined
  /** Why readings have ended before their time: the process is gone. */
  readonly failure: string | undefined
}

/** What a monitor has seen, when it is over. */
export interface MemoryReport extends MemoryStatus {
  /** All of it; neighbours are merged where there would be too many. */
  readonly points: readonly MemoryPoint[]
}

/** Watches one process, once. */
export interface MemoryMonitor {
  /** Begins, with a reading at once. Does nothing when it has begun. */
  start(): void
  status(): MemoryStatus
  /**
   * What was seen.
   *
   * @param hours - Of the last so many hours. @defaultValue all
   */
  history(hours?: number): readonly MemoryPoint[]
  /** Ends it; the same report every time. Leaves no timer, observer or listener. */
  stop(): Promise<MemoryReport>
  /** Resolves when it is over, by `stop` or because its time is. */
  readonly finished: Promise<MemoryReport>
}

/**
 * Watches the memory of a process: reads it at an interval, stops what is going on when memory is about to run out, and judges at the end whether it leaks. What it
 * keeps does not grow with time.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { memoryMonitor } from '@seaworthy/drill'
 *
 * const monitor = memoryMonitor({
 *   interval: '100ms',
 *   duration: '1s',
 *   keepAlive: true,
 *   onCritical: ({ cause, percent }) => console.error('out of memory soon:', cause, percent),
 * })
 * monitor.start()
 * const { verdict, overhead } = await monitor.finished
 * console.log(verdict.verdict, overhead.percent < 5) // inconclusive true
 * ```
 */
export function memoryMonitor(options: MemoryMonitorOptions = {}): MemoryMonitor {
  const settings = monitorSettings(options)
  return new Monitor(settings, options.source ?? thisProcess({ clock: settings.clock }))
}

class Monitor implements MemoryMonitor {
  readonly finished: Promise<MemoryReport>
  readonly #settings: MonitorSettings
  readonly #source: MemorySource
  readonly #history: MemoryHistory
  readonly #guard: CriticalGuard
  readonly #readings: Periodic
  #finish: (report: MemoryReport) => void = () => {}
  #state: MemoryStatus['state'] = 'idle'
  #startedAt = 0
  #elapsed = 0
  #busy = 0
  #peakRss = 0
  #latest: MemoryPoint | undefined = undefined
  #critical: CriticalMemory | undefined = undefined
  #failure: string | undefined = undefined

  constructor(settings: MonitorSettings, source: MemorySource) {
    this.#settings = settings
    this.#source = source
    this.#history = memoryHistory(settings.capacity)
    const { rules, clock, interval } = settings
    const warmUp = Math.max(rules.warmUp, rules.warmUpShare * settings.duration)
    this.#guard = new CriticalGuard({ ...settings, warmUp })
    this.finished = new Promise((resolve) => {
      this.#finish = resolve
    })
    const never = (): number => 0.5 // without jitter nothing is drawn
    this.#readings = new Periodic({
      clock,
      random: never,
      interval,
      keepAlive: false,
      run: () => this.#run(),
    })
  }

  start(): void {
    if (this.#state !== 'idle') return
    this.#state = 'running'
    this.#startedAt = this.#settings.clock.now()
    this.#readings.start(0)
  }

  status(): MemoryStatus {
    const elapsed = this.#state === 'running' ? this.#settings.clock.now() - this.#startedAt : this.#elapsed
    return {
      state: this.#state,
      latest: this.#latest,
      peakRss: this.#peakRss,
      verdict: this.#verdict(),
      overhead: { busy: this.#busy, elapsed, percent: elapsed > 0 ? (100 * this.#busy) / elapsed : 0 },
      critical: this.#critical,
      failure: this.#failure,
    }
  }

  history(hours: number = Number.POSITIVE_INFINITY): readonly MemoryPoint[] {
    const from = (this.#latest?.until ?? 0) - hours * 3_600_000
    return this.#history.points.filter(({ until }) => until >= from)
  }

  async stop(): Promise<MemoryReport> {
    this.#end()
    await this.#readings.stop()
    return this.finished
  }

  /** @returns When to come back. */
  async #run(): Promise<number> {
    const { clock, collect, duration, interval, rest } = this.#settings
    let wait = interval
    try {
      const reading = await this.#source.read(collect)
      if (this.#state === 'running') this.#note(reading, clock.now() - this.#startedAt)
      wait = Math.max(interval, rest * reading.collecting)
    } catch (error) {
      // A reading that `stop` has cut off is no failure.
      if (this.#state === 'running') this.#failure = error instanceof Error ? error.message : String(error)
      this.#end()
    }
    const left = duration - (clock.now() - this.#startedAt)
    if (left <= 0) this.#end()
    return Math.max(1, Math.min(wait, left))
  }

  #note(reading: MemoryReading, at: number): void {
    const point = pointOf(reading, at)
    this.#history.add(point)
    this.#latest = point
    this.#busy += reading.busy
    this.#peakRss = Math.max(this.#peakRss, reading.rss)
    const { onSample, onCritical } = this.#settings
    quietly(() => onSample?.(point))
    const critical = this.#guard.observe(reading, at)
    if (critical === undefined || this.#critical !== undefined) return
    this.#critical = critical
    quietly(() => onCritical?.(critical))
  }

  #end(): void {
    if (this.#state === 'stopped') return
    if (this.#state === 'running') this.#elapsed = this.#settings.clock.now() - this.#startedAt
    this.#state = 'stopped'
    void this.#readings.stop()
    this.#source.close()
    this.#finish({ ...this.status(), points: this.#history.points })
  }

  #verdict(): MemoryVerdict {
    const verdict = judgeBy(this.#history.points, this.#settings.rules)
    const critical = this.#critical
    if (critical === undefined) return verdict
    const { pattern: _, ...rest } = verdict
    return { ...rest, verdict: 'critical', outcome: 'fail', reason: describe(critical) }
  }
}

function pointOf(reading: MemoryReading, at: number): MemoryPoint {
  const { rss, heapUsed, heapTotal, external, floor, collections } = reading
  return {
    at,
    until: at,
    samples: 1,
    rss,
    rssHighest: rss,
    collections,
    ...(heapUsed !== undefined && { heapUsed, heapHighest: heapUsed }),
    ...(external !== undefined && { external }),
    ...(heapTotal !== undefined && { nonHeap: Math.max(0, rss - heapTotal) }),
    ...(floor && { heapFloor: floor.heapUsed, externalFloor: floor.external }),
  }
}

function describe({ cause, percent, limitPercent }: CriticalMemory): string {
  const what = {
    rss: 'Resident memory is at # of what the process may use',
    heap: 'The heap is at # of its limit',
    growth: 'The floor of the heap has grown by #',
  }[cause]
  return `${what.replace('#', `${Math.round(percent)} %`)}; ${limitPercent} % is critical.`
}

/** Who listens cannot disturb the readings. */
function quietly(tell: () => void): void {
  try {
    tell()
  } catch {}
}
