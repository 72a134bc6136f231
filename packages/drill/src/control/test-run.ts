/** A complete test that was started over control. */
import type { DrillEvent, PhaseName } from '../events.ts'
import { type MemoryMonitor, memoryMonitor } from '../memory/monitor.ts'
import { thisProcess } from '../memory/this-process.ts'
import { standardLimits } from '../report/limits.ts'
import { type DrillReport, reportOf } from '../report/report.ts'
import { drill } from '../run/drill.ts'
import { DrillControlError } from './control-error.ts'
import type { ControlSettings } from './control-options.ts'
import type { TestReportView, TestView } from './control-views.ts'
import type { Entry } from './registry.ts'
import type { TestPlan } from './test-request.ts'

/** Runs a drill in the background, and tells how it stands. */
export class TestRun implements Entry {
  readonly id: string
  /** Resolves when it is over and everything is closed. Never rejects. */
  readonly over: Promise<void>
  readonly #settings: ControlSettings
  readonly #plan: TestPlan
  readonly #actor: string | undefined
  readonly #abort = new AbortController()
  readonly #startedAt: number
  readonly #phases: TestView['phases'][number][] = []
  #events: DrillEvent[] = []
  #phase: PhaseName = 'INITIALIZATION'
  #injected = 0
  #recovered = 0
  #guard: MemoryMonitor | undefined = undefined
  #interrupted: string | undefined = undefined
  #endedAt: number | undefined = undefined
  #report: DrillReport | undefined = undefined

  constructor(id: string, settings: ControlSettings, plan: TestPlan, actor: string | undefined) {
    this.id = id
    this.#settings = settings
    this.#plan = plan
    this.#actor = actor
    this.#startedAt = settings.clock.now()
    this.over = this.#run()
  }

  get endedAt(): number | undefined {
    return this.#endedAt
  }

  /** Ends it in order: no more faults, what was broken is mended, a report is written. @returns Whether it was running. */
  stop(cause: string): boolean {
    if (this.#endedAt !== undefined || this.#interrupted !== undefined) return false
    this.#interrupted = cause
    this.#abort.abort(cause)
    return true
  }

  view(): TestView {
    const { clock } = this.#settings
    const report = this.#report
    return {
      id: this.id,
      state:
        this.#endedAt !== undefined ? 'finished' : this.#interrupted === undefined ? 'running' : 'stopping',
      ...(this.#actor !== undefined && { startedBy: this.#actor }),
      startedAt: this.#dateOf(this.#startedAt),
      ...(this.#endedAt !== undefined && { endedAt: this.#dateOf(this.#endedAt) }),
      profile: this.#plan.profile.name,
      seed: this.#plan.seed,
      elapsed: Math.round((this.#endedAt ?? clock.now()) - this.#startedAt),
      phase: this.#phase,
      phases: [...this.#phases],
      chaosEventsTriggered: this.#injected,
      successfulRecoveries: this.#recovered,
      ...(this.#interrupted !== undefined && { interrupted: this.#interrupted }),
      ...(report !== undefined && { result: report.overall_result, exitCode: report.exit_code }),
    }
  }

  /**
   * @param partial - Whether to judge what there is so far, if it has not ended.
   * @param withEvents - Whether to add the log that everything was computed from.
   * @throws DrillControlError when it has not ended.
   */
  report(partial: boolean, withEvents: boolean): TestReportView {
    const ended = this.#report
    if (ended === undefined && !partial)
      throw new DrillControlError(
        'ERR_DRILL_RUNNING',
        'the test has not ended yet; partial=1 gives what there is so far',
      )
    const { events, ...report } = ended ?? this.#reportOf([])
    const kept = withEvents && events.length > 0
    return { ...report, test_id: this.id, partial: ended === undefined, ...(kept && { events }) }
  }

  async #run(): Promise<void> {
    const { profile, seed, without, limits } = this.#plan
    this.#watch()
    let report: DrillReport
    try {
      report = await drill({
        ...this.#settings.drill,
        profile,
        seed,
        without,
        limits,
        signal: this.#abort.signal,
        onEvent: (event) => this.#heard(event),
      })
    } catch (error) {
      report = this.#reportOf([error])
    }
    this.#guard?.stop().catch(() => {}) // It has served its purpose, whether its source can be closed or not.
    const { length } = report.events
    this.#report = length > this.#settings.limits.events ? { ...report, events: [] } : report
    this.#events = []
    this.#endedAt = this.#settings.clock.now()
  }

  #heard(event: DrillEvent): void {
    this.#events.push(event)
    this.#phase = event.phase
    if (event.type === 'phase.ended') {
      const { phase, outcome, reason } = event
      this.#phases.push({ phase, outcome, ...(reason !== undefined && { reason }) })
    }
    if (event.type !== 'injection') return
    if (event.happened === 'injected') this.#injected++
    if (event.happened === 'recovered') this.#recovered++
  }

  /** A test must not take the process that it is controlled from along. */
  #watch(): void {
    const { guard } = this.#plan
    if (guard === undefined) return
    const { clock, memory } = this.#settings
    const { interval, criticalThresholdPercent, maxGrowthPercent } = guard
    this.#guard = memoryMonitor({
      source: memory.source?.() ?? thisProcess({ clock }),
      duration: '365d',
      interval,
      criticalThresholdPercent,
      ...(maxGrowthPercent !== undefined && { maxGrowthPercent }),
      onCritical: ({ cause, percent }) =>
        this.stop(`memory is critical: ${cause} at ${Math.round(percent)} %`),
      clock,
    })
    this.#guard.start()
  }

  #reportOf(failures: readonly unknown[]): DrillReport {
    const { profile, limits } = this.#plan
    return reportOf(this.#events, {
      eventHash: '',
      limits: { ...standardLimits, memoryGrowthPercent: profile.memoryGrowthPercent, ...limits },
      took: this.#settings.clock.now() - this.#startedAt,
      failures,
    })
  }

  #dateOf(at: number): number {
    const { clock, wallClock } = this.#settings
    return Math.round(wallClock() + at - clock.now())
  }
}
