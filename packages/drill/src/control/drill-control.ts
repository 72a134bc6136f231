/** Starts and stops everything that breaks or watches a service, on request. */
import { ChaosService, readChaosSettings } from './chaos-service.ts'
import { DrillControlError } from './control-error.ts'
import type { DrillControl } from './control-interface.ts'
import { type ControlSettings, controlSettings, type DrillControlOptions } from './control-options.ts'
import type {
  BreakerTestsView,
  CascadeTestsView,
  ChaosView,
  CleanupView,
  ControlView,
  InjectionView,
  MemoryHistoryView,
  MemoryView,
  TestReportView,
  TestView,
} from './control-views.ts'
import { Laboratory } from './laboratory.ts'
import { MemoryWatch, readMemoryConfig } from './memory-watch.ts'
import { Registry } from './registry.ts'
import { type Caller, Repeats } from './repeats.ts'
import { readTest } from './test-request.ts'
import { TestRun } from './test-run.ts'

/**
 * Makes what starts and stops chaos, memory monitors and tests on request, for a server, a command line or a button.
 *
 * Nothing can be broken unless it is `armed`.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { callTarget } from '@seaworthy/chaos'
 * import { drillControl } from '@seaworthy/drill'
 *
 * const stock = callTarget('stock')
 * const getStock = stock.wrap(async (item: string) => item.length)
 * const control = drillControl({ targets: [stock], armed: true })
 *
 * const { id } = await control.startChaos({ max_concurrent_chaos: 1 })
 * await control.inject(id, { scenario: 'provider_outage', target_service: 'stock', duration: 60 })
 * await getStock('lamp').catch((error) => console.log(error.code)) // ECONNREFUSED
 * control.cleanup()
 * console.log(await getStock('lamp')) // 4
 * await control.close()
 * ```
 */
export function drillControl(options: DrillControlOptions = {}): DrillControl {
  return new Control(controlSettings(options))
}

class Control implements DrillControl {
  readonly #settings: ControlSettings
  readonly #chaos: Registry<ChaosService>
  readonly #memory: Registry<MemoryWatch>
  readonly #tests: Registry<TestRun>
  readonly #laboratory: Laboratory
  readonly #repeats: Repeats
  readonly #unregister: () => void
  #closed = false

  constructor(settings: ControlSettings) {
    const { clock, random, limits, breakers, hub, name } = settings
    this.#settings = settings
    const shared = { ...limits, clock, random }
    this.#chaos = new Registry({ ...shared, kind: 'chaos', what: 'chaos service', most: 1 })
    this.#memory = new Registry({
      ...shared,
      kind: 'memory',
      what: 'memory monitor',
      most: limits.monitors,
    })
    this.#tests = new Registry({ ...shared, kind: 'test', what: 'test', most: limits.tests })
    this.#laboratory = new Laboratory(breakers, clock)
    this.#repeats = new Repeats(clock)
    this.#unregister = hub.register({
      kind: 'drill-control',
      name,
      snapshot: () => ({ armed: settings.armed(), ...this.debugStats() }),
      actions: { cleanup: () => this.cleanup() },
    })
  }

  startChaos(body?: unknown, caller: Caller = {}): Promise<ChaosView> {
    return this.#once(caller, ['startChaos', body], async () => {
      const settings = readChaosSettings(body, this.#settings)
      return this.#chaos.add((id) => new ChaosService(id, this.#settings, settings, caller.actor)).view()
    })
  }

  inject(id: string, body: unknown, caller: Caller = {}): Promise<InjectionView> {
    return this.#once(caller, ['inject', id, body], async () => this.#chaos.get(id).inject(body))
  }

  chaos(id: string): ChaosView {
    return this.#chaos.get(id).view()
  }

  stopChaos(id: string): ChaosView {
    const service = this.#chaos.get(id)
    service.stop()
    return service.view()
  }

  startMemory(body?: unknown, caller: Caller = {}): Promise<MemoryView> {
    return this.#once(caller, ['startMemory', body], async () => {
      const config = readMemoryConfig(body)
      return this.#memory.add((id) => new MemoryWatch(id, this.#settings, config, caller.actor)).view()
    })
  }

  memory(id: string): MemoryView {
    return this.#memory.get(id).view()
  }

  memoryHistory(id: string, hours?: number): MemoryHistoryView {
    return this.#memory.get(id).history(hours)
  }

  stopMemory(id: string): MemoryView {
    const watch = this.#memory.get(id)
    watch.stop()
    return watch.view()
  }

  testBreaker(name?: string, caller: Caller = {}): Promise<BreakerTestsView> {
    return this.#once(caller, ['testBreaker', name], () => this.#laboratory.testBreaker(name))
  }

  testCascades(topology?: unknown, only?: unknown, caller: Caller = {}): Promise<CascadeTestsView> {
    return this.#once(caller, ['testCascades', topology, only], () =>
      this.#laboratory.testCascades(topology, only),
    )
  }

  startTest(body?: unknown, caller: Caller = {}): Promise<TestView> {
    return this.#once(caller, ['startTest', body], async () => {
      const plan = readTest(body, this.#settings)
      if (!plan.without.includes('CHAOS_INJECTION')) this.#mustBeArmed()
      return this.#tests.add((id) => new TestRun(id, this.#settings, plan, caller.actor)).view()
    })
  }

  test(id: string): TestView {
    return this.#tests.get(id).view()
  }

  testReport(
    id: string,
    { partial = false, events = false }: { readonly partial?: boolean; readonly events?: boolean } = {},
  ): TestReportView {
    return this.#tests.get(id).report(partial, events)
  }

  stopTest(id: string): TestView {
    const run = this.#tests.get(id)
    run.stop('it was asked to stop')
    return run.view()
  }

  tests(): readonly TestView[] {
    return this.#tests.all().map((run) => run.view())
  }

  status(): ControlView {
    const { armed, targets, breakers, profiles, wallClock } = this.#settings
    return {
      time: Math.round(wallClock()),
      armed: armed(),
      targets: targets.map(({ id }) => id),
      faults: this.#faults(),
      chaos: this.#chaos.all().map((service) => service.brief()),
      memory: this.#memory.all().map((watch) => watch.brief()),
      tests: this.tests(),
      circuitBreakers: Object.keys(breakers),
      profiles: Object.keys(profiles),
    }
  }

  cleanup(): CleanupView {
    // Faults first: nothing that comes after them may keep them in place.
    const chaos = this.#chaos.all().filter((service) => service.kill())
    const tests = this.#tests.all().filter((run) => run.stop('emergency stop'))
    const memory = this.#memory.all().filter((watch) => watch.stop())
    this.#laboratory.stop()
    const ids = (entries: readonly { readonly id: string }[]): string[] => entries.map(({ id }) => id)
    return { chaos: ids(chaos), memory: ids(memory), tests: ids(tests), faults: this.#faults() }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.cleanup()
    await Promise.all(this.#tests.all().map(({ over }) => over))
    this.#unregister()
  }

  debugStats(): Record<string, number> {
    return {
      chaos: this.#chaos.running().length,
      memory: this.#memory.running().length,
      tests: this.#tests.running().length,
      laboratory: this.#laboratory.running ? 1 : 0,
      faults: this.#faults(),
    }
  }

  /** A test breaks things with a controller of its own. The same gates are to hold for it. */
  #mustBeArmed(): void {
    const { armed, chaos } = this.#settings
    const reason = !armed() ? 'disarmed' : chaos.dryRun === true ? 'dryRun' : undefined
    if (reason === undefined) return
    const why = reason === 'disarmed' ? 'nothing is armed here' : 'this is a dry run'
    throw new DrillControlError('ERR_DRILL_REFUSED', `a test with faults was refused: ${why}`, { reason })
  }

  async #once<T>(caller: Caller, request: readonly unknown[], run: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new DrillControlError('ERR_DRILL_ENDED', 'control of drills is closed')
    return this.#repeats.once(caller, request, run)
  }

  #faults(): number {
    return this.#chaos.all().reduce((sum, { faults }) => sum + faults, 0)
  }
}
