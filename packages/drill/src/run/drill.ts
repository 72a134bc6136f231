/** A drill: nine phases, one log, one verdict. */
import { duration, knownOptions, oneOf, systemClock } from '@seaworthy/core'
import { type PhaseName, phases } from '../events.ts'
import { type MemoryMonitor, memoryMonitor } from '../memory/monitor.ts'
import { otherProcess } from '../memory/other-process.ts'
import { standardLimits } from '../report/limits.ts'
import { type DrillReport, reportOf } from '../report/report.ts'
import { sampleConnection } from '../sample/sample-connection.ts'
import { sampleService } from '../sample/sample-service.ts'
import { EventLog } from './event-log.ts'
import type { DrillOptions } from './options.ts'
import { runCascades, simulateSoak, soakMemory, testBreakers, watchMemory } from './parts.ts'
import { type Course, type DrillProfile, profileOf } from './profiles.ts'
import { Site } from './site.ts'
import { type DrillWorld, drillWorld } from './worlds.ts'

/** How often the memory of a service under drill is read. */
const readingEvery = 250

/**
 * Puts a service through nine phases and says what fails, what recovers, how long that takes and whether anything leaks.
 *
 * The same seed makes the same run, as far as virtual time goes: `eventHash` of two reports is the same.
 *
 * @returns The report. A service that fails does not make it reject; see `overall_result` and `exit_code`.
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { drill } from '@seaworthy/drill'
 *
 * const report = await drill({ real: false, without: ['CASCADING_FAILURE_TESTING', 'MEMORY_SOAK_TESTING'] })
 * console.log(report.overall_result, report.chaos_events_triggered)
 * ```
 */
export async function drill(options: DrillOptions = {}): Promise<DrillReport> {
  knownOptions('drill', options, optionNames)
  for (const phase of options.without ?? []) oneOf('without', phase, phases)
  const profile = profileOf(options.profile ?? 'ci')
  const run = new Run(options, profile)
  await run.all()
  return run.report()
}

const optionNames: readonly string[] = [
  'profile',
  'seed',
  'simulated',
  'real',
  'breaker',
  'cascades',
  'memory',
  'without',
  'limits',
  'signal',
  'onEvent',
]

/** Why a phase cannot go on, and with it the rest. */
class NotSteady extends Error {}

class Run {
  readonly #options: DrillOptions
  readonly #profile: DrillProfile
  readonly #seed: string
  readonly #log: EventLog
  readonly #worlds: readonly DrillWorld[]
  readonly #sites: Site[] = []
  readonly #stopping = new AbortController()
  readonly #ended = new AbortController()
  readonly #failures: unknown[] = []
  readonly #startedAt = systemClock.now()
  #monitor: MemoryMonitor | undefined = undefined
  #stopped = false

  constructor(options: DrillOptions, profile: DrillProfile) {
    this.#options = options
    this.#profile = profile
    this.#seed = String(options.seed ?? 1)
    const virtual = drillWorld('simulated', this.#seed)
    const real = drillWorld('real', this.#seed)
    this.#worlds = [virtual, real]
    this.#log = new EventLog({ virtual: virtual.clock, real: real.clock }, options.onEvent)
    const interrupt = (): void => this.#stop(String(options.signal?.reason ?? 'interrupted'))
    if (options.signal?.aborted) interrupt()
    else options.signal?.addEventListener('abort', interrupt, { signal: this.#ended.signal })
  }

  report(): DrillReport {
    const { limits } = this.#options
    return reportOf(this.#log.events, {
      eventHash: this.#log.hash(),
      limits: { ...standardLimits, memoryGrowthPercent: this.#profile.memoryGrowthPercent, ...limits },
      took: systemClock.now() - this.#startedAt,
      failures: this.#failures,
    })
  }

  async all(): Promise<void> {
    const { signal } = this.#stopping
    try {
      await this.#phase('INITIALIZATION', () => this.#initialize())
      await this.#phase('BASELINE_ESTABLISHMENT', () => this.#baseline())
      await this.#phase('CHAOS_INJECTION', () => this.#each((site) => site.chaos()))
      await this.#each((site) => site.pause())
      await this.#phase('CIRCUIT_BREAKER_TESTING', () => testBreakers(this.#log, this.#options))
      await this.#phase('CASCADING_FAILURE_TESTING', () => runCascades(this.#log, this.#options, signal))
      await this.#phase('MEMORY_SOAK_TESTING', () => this.#soak())
      await this.#phase('RECOVERY_VALIDATION', () => this.#each((site) => site.recovery()))
      await this.#phase('FINAL_ANALYSIS', async () => this.#measure())
    } catch (error) {
      if (!(error instanceof NotSteady)) this.#failures.push(error)
    } finally {
      this.#stopped = false // It is never left out, whatever has happened.
      await this.#phase('CLEANUP', () => this.#cleanUp())
      this.#ended.abort()
    }
  }

  async #phase(name: PhaseName, run: () => Promise<unknown>): Promise<void> {
    const log = this.#log
    log.phase = name
    const end = (outcome: 'completed' | 'failed' | 'skipped', reason?: string): void =>
      log.add('virtual', {
        type: 'phase.ended',
        phase: name,
        outcome,
        ...(reason !== undefined && { reason }),
      })
    if (this.#stopped) return end('skipped', 'interrupted')
    if (name !== 'CLEANUP' && this.#options.without?.includes(name)) return end('skipped', 'left out')
    log.add('virtual', { type: 'phase.started', phase: name })
    try {
      const skipped = await run()
      if (typeof skipped === 'string') end('skipped', skipped)
      else end('completed')
    } catch (error) {
      if (error === this.#stopping.signal.reason) return end('skipped', 'interrupted')
      end('failed', error instanceof Error ? error.message : String(error))
      throw error
    }
  }

  async #initialize(): Promise<void> {
    const { simulated = sampleService(), real = sampleConnection() } = this.#options
    const services = [simulated, real]
    const courses: readonly (Course | undefined)[] = [this.#profile.simulated, this.#profile.real]
    for (const [index, world] of this.#worlds.entries()) {
      const [service, course] = [services[index], courses[index]]
      if (!service || course === undefined) continue
      this.#log.add(world.on, {
        type: 'run.started',
        seed: this.#seed,
        service: service.name,
        profile: this.#profile.name,
        world: world.kind,
      })
      const site = await Site.open(service, world, course, this.#log, this.#seed, this.#stopping.signal)
      this.#sites.push(site)
      if (world.kind === 'real') this.#watch(site)
    }
  }

  /** A service whose memory runs out takes its neighbours with it, so everything ends before. */
  #watch(site: Site): void {
    const { processId } = site
    this.#monitor = memoryMonitor({
      ...(processId !== undefined && { source: otherProcess(processId) }),
      interval: readingEvery,
      duration: '30d',
      onCritical: ({ cause, percent }) =>
        this.#stop(`memory is critical: ${cause} at ${Math.round(percent)} %`),
    })
    this.#monitor.start()
  }

  async #baseline(): Promise<void> {
    for (const site of this.#sites) {
      const problem = await site.baseline()
      if (problem !== undefined && !this.#stopped) throw new NotSteady(`${problem}; nothing was broken`)
    }
  }

  async #soak(): Promise<string | undefined> {
    const { memory } = this.#options
    const { simulatedHours, memoryFor, memoryGrowthPercent, loadWhileSoaking } = this.#profile
    const length = duration('memoryFor', memoryFor)
    const real = this.#sites.find(({ world }) => world.kind === 'real')
    const soaks: Promise<void>[] = []
    if (simulatedHours > 0) {
      const simulation = simulateSoak(this.#log, this.#options, simulatedHours)
      soaks.push(simulation)
      // It takes the processor that real requests would be served with.
      if (loadWhileSoaking) await simulation
    }
    if (length > 0 && memory !== undefined)
      soaks.push(soakMemory(this.#log, memory, length, memoryGrowthPercent, this.#stopping.signal))
    if (length > 0 && real?.processId !== undefined)
      soaks.push(watchMemory(this.#log, real.processId, length, memoryGrowthPercent, this.#stopping.signal))
    if (length > 0 && real !== undefined && (loadWhileSoaking || real.processId !== undefined))
      soaks.push(real.carryOn(length).then(() => real.pause()))
    await Promise.all(soaks)
    const watched = length === 0 || memory !== undefined || real?.processId !== undefined
    return watched ? undefined : 'nobody said whose memory to watch'
  }

  #measure(): void {
    const status = this.#monitor?.status()
    if (status === undefined) return
    this.#log.add('real', {
      type: 'measurement',
      id: 'monitor_overhead',
      value: status.overhead.percent / 100,
      samples: status.overhead.elapsed / readingEvery,
    })
    this.#log.add('real', { type: 'measurement', id: 'peak_rss', value: status.peakRss, samples: 1 })
  }

  async #cleanUp(): Promise<void> {
    await this.#monitor?.stop()
    for (const site of this.#sites)
      for (const what of await site.close()) this.#log.add(site.world.on, { type: 'cleanup.failed', what })
  }

  /** Each site in turn, so that they do not take the processor from each other. */
  async #each(run: (site: Site) => Promise<void>): Promise<void> {
    for (const site of this.#sites) if (!this.#stopped) await run(site)
  }

  #stop(cause: string): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#log.add('real', { type: 'run.interrupted', cause })
    this.#stopping.abort(new Error(cause))
    for (const site of this.#sites) site.interrupt()
  }
}
