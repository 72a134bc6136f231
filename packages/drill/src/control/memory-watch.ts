/** A memory monitor that was started over control. */
import { type Counts, changedCounts, resourceCounts } from '../memory/gauges.ts'
import { type MemoryMonitor, memoryMonitor } from '../memory/monitor.ts'
import { type MemoryMonitorConfig, memoryMonitorOptions } from '../memory/monitor-options.ts'
import { thisProcess } from '../memory/this-process.ts'
import type { ControlSettings } from './control-options.ts'
import type { MemoryHistoryView, MemoryView } from './control-views.ts'
import type { Entry } from './registry.ts'
import { RequestFields } from './request-fields.ts'

const names = [
  'duration_hours',
  'sampling_interval_seconds',
  'memory_growth_threshold_percent',
  'critical_memory_threshold_percent',
  'enable_object_tracking',
  'enable_detailed_analysis',
] as const

/** @throws DrillControlError when it makes no sense. */
export function readMemoryConfig(body: unknown): MemoryMonitorConfig {
  const fields = new RequestFields(body, names)
  const config = {
    duration_hours: fields.number('duration_hours', { above: true, most: 24 * 365 }),
    sampling_interval_seconds: fields.number('sampling_interval_seconds', { least: 0.1, most: 3600 }),
    memory_growth_threshold_percent: fields.number('memory_growth_threshold_percent', {}),
    critical_memory_threshold_percent: fields.number('critical_memory_threshold_percent', {
      least: 1,
      most: 100,
    }),
    enable_object_tracking: fields.flag('enable_object_tracking'),
    enable_detailed_analysis: fields.flag('enable_detailed_analysis'),
  }
  fields.done()
  const given = Object.entries(config).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as MemoryMonitorConfig // Without those that were left out.
}

/** Watches the memory of a process until its time is over or somebody stops it. */
export class MemoryWatch implements Entry {
  readonly id: string
  readonly #settings: ControlSettings
  readonly #actor: string | undefined
  readonly #monitor: MemoryMonitor
  readonly #startedAt: number
  /** What there was at the beginning, if objects are tracked. */
  readonly #before: Counts | undefined
  #after: Counts | undefined = undefined
  #endedAt: number | undefined = undefined

  constructor(id: string, settings: ControlSettings, config: MemoryMonitorConfig, actor: string | undefined) {
    const { clock, memory } = settings
    this.id = id
    this.#settings = settings
    this.#actor = actor
    this.#startedAt = clock.now()
    this.#before = config.enable_object_tracking ? countsOf(settings) : undefined
    const source = memory.source?.() ?? thisProcess({ clock })
    this.#monitor = memoryMonitor({ ...memoryMonitorOptions(config), source, clock })
    void this.#monitor.finished.then(() => this.#end())
    this.#monitor.start()
  }

  get endedAt(): number | undefined {
    return this.#endedAt
  }

  /** @returns Whether it was running. */
  stop(): boolean {
    const ran = this.#endedAt === undefined
    this.#end()
    void this.#monitor.stop().catch(() => {}) // A source that cannot be closed is none of the caller's.
    return ran
  }

  view(): MemoryView {
    const { verdict, overhead, peakRss, latest, critical, failure } = this.#monitor.status()
    return {
      ...this.brief(),
      ...(this.#endedAt !== undefined && { endedAt: this.#dateOf(this.#endedAt) }),
      verdict,
      overhead,
      peakRss,
      ...(latest !== undefined && { latest }),
      ...(critical !== undefined && { critical }),
      ...(failure !== undefined && { failure }),
      ...(this.#before !== undefined && {
        objects: changedCounts(this.#before, this.#after ?? countsOf(this.#settings)),
      }),
    }
  }

  brief(): Pick<MemoryView, 'id' | 'state' | 'startedAt' | 'startedBy'> {
    return {
      id: this.id,
      state: this.#endedAt === undefined ? 'running' : 'stopped',
      ...(this.#actor !== undefined && { startedBy: this.#actor }),
      startedAt: this.#dateOf(this.#startedAt),
    }
  }

  /** @param hours - Of the last so many hours; all if left out. */
  history(hours: number | undefined): MemoryHistoryView {
    return {
      id: this.id,
      startedAt: this.#dateOf(this.#startedAt),
      points: this.#monitor.history(hours),
    }
  }

  #end(): void {
    if (this.#endedAt !== undefined) return
    this.#endedAt = this.#settings.clock.now()
    if (this.#before !== undefined) this.#after = countsOf(this.#settings)
  }

  #dateOf(at: number): number {
    const { clock, wallClock } = this.#settings
    return Math.round(wallClock() + at - clock.now())
  }
}

/** Gauges of the owner may fail; then there is nothing to compare. */
function countsOf({ memory }: ControlSettings): Counts {
  try {
    return (memory.gauges ?? resourceCounts)()
  } catch {
    return {}
  }
}
