/** Runs experiments, on any clock. */
import { duration, Hub, onAbort, systemClock, systemRandom } from '@seaworthy/core'
import { chaosSettings } from './chaos-settings.ts'
import { chaosController } from './controller.ts'
import type { ChaosController, Injection } from './controller-types.ts'
import { type DeviationWatch, deviationWatch } from './deviation-watch.ts'
import { ChaosRefusedError, type ExperimentProblem, InvalidExperimentError } from './errors.ts'
import type { Experiment, InjectStep, Probe } from './experiment.ts'
import type { ExpectationResult, ExperimentJournal, ProbeResult, Surroundings } from './experiment-run.ts'
import { concluded } from './experiment-verdict.ts'
import type { Fault } from './fault.ts'
import { Journal } from './journal.ts'
import { faultsOf, knownScenario, parseExperiment } from './parse-experiment.ts'
import { ask, expected } from './probes.ts'
import type { RecoveryPattern } from './scenario.ts'

/**
 * Runs an experiment: checks that the service is well, does what the method says, watches the service meanwhile, takes everything back
 * on every path, checks the service again, and judges.
 *
 * All probes are always asked, also after one has failed. It never rejects once it has begun: what went wrong is in the journal.
 *
 * @throws {@link InvalidExperimentError} before anything is done: the experiment makes no sense, or the surroundings lack something that
 *   it names.
 *
 * @example
 * ```ts
 * import { callTarget, runExperiment } from '@seaworthy/chaos'
 *
 * const stock = callTarget('stock')
 * const getStock = stock.wrap(async () => 4)
 * const journal = await runExperiment(
 *   {
 *     version: 1,
 *     title: 'The stock service is gone for a moment',
 *     steadyState: { probes: [{ id: 'answers', call: 'answers', tolerance: { op: '==', value: true } }] },
 *     method: [{ inject: 'provider_outage', on: 'stock', for: '50ms' }],
 *   },
 *   { targets: [stock], calls: { answers: () => getStock().then(() => true, () => false) } },
 * )
 * console.log(journal.status) // passed
 * ```
 */
export async function runExperiment(
  experiment: Experiment,
  surroundings: Surroundings,
): Promise<ExperimentJournal> {
  checkSurroundings(parseExperiment(experiment), surroundings)
  return new Run(experiment, surroundings).run()
}

class Run {
  readonly #experiment: Experiment
  readonly #surroundings: Surroundings
  readonly #clock: NonNullable<Surroundings['clock']>
  readonly #journal: Journal
  readonly #seed: string
  readonly #controller: ChaosController
  readonly #watch: DeviationWatch
  readonly #probes: ProbeResult[] = []
  readonly #injections: Injection[] = []
  readonly #expectations: ExpectationResult[] = []
  readonly #reasons: string[] = []
  /** Aborts the method: it is interrupted, too long, or has deviated too far. */
  readonly #method = new AbortController()
  /** Questions are asked to the end, also after that. */
  readonly #never = new AbortController().signal
  #interrupted = false
  #load: AbortController | undefined = undefined

  constructor(experiment: Experiment, surroundings: Surroundings) {
    const { clock = systemClock, hub = new Hub(), onEntry } = surroundings
    this.#experiment = experiment
    this.#surroundings = surroundings
    this.#clock = clock
    this.#journal = new Journal(clock, onEntry)
    this.#seed = seedOf(surroundings.seed ?? experiment.seed ?? 0)
    this.#controller = this.#controllerOn(hub)
    this.#watch = deviationWatch(experiment.steadyState, clock, {
      ask: (probe) => this.#ask(probe, 'during'),
      exceeded: () => this.#abandon('the service was unwell for longer than maxDeviationMs'),
    })
  }

  async run(): Promise<ExperimentJournal> {
    const { signal } = this.#surroundings
    const forget = signal && onAbort(signal, () => this.#interrupt())
    const unsubscribe = this.#followController()
    this.#journal.write('started', { title: this.#experiment.title, seed: this.#seed })
    const steady = await this.#isSteadyBefore()
    try {
      if (steady && !this.#interrupted) await this.#perform()
    } catch (error) {
      this.#reasons.push(`the method failed: ${nameOf(error)}`)
    } finally {
      this.#load?.abort()
      this.#watch.stop()
    }
    if (steady) await this.#windUp()
    forget?.()
    unsubscribe()
    const journal = this.#conclude(steady)
    this.#controller.dispose()
    return journal
  }

  async #isSteadyBefore(): Promise<boolean> {
    const results = await this.#askAll('before')
    const bad = results.filter(({ critical, verdict }) => critical && verdict !== 'passed')
    for (const { probe, verdict } of bad) this.#reasons.push(`before: ${probe} ${verdict}`)
    return bad.length === 0
  }

  /** Does the steps in order, and waits for the injections that they have begun. */
  async #perform(): Promise<void> {
    const start = this.#clock.now()
    const { method, limits } = this.#experiment
    const longest = duration('limits.maxDuration', limits?.maxDuration ?? '10m')
    const limit = this.#clock.setTimer(
      () => this.#abandon('the method took longer than limits.maxDuration'),
      longest,
    )
    this.#watch.start()
    try {
      for (const step of method) {
        if ('at' in step && step.at !== undefined)
          await this.#pause(duration('at', step.at) - (this.#clock.now() - start))
        if (this.#method.signal.aborted) break
        if ('inject' in step) await this.#inject(step)
        else if ('probe' in step) await this.#ask(this.#probe(step.probe), 'method')
        else if ('load' in step) this.#startLoad(step.load)
        else await this.#pause(duration('wait', step.wait))
      }
      const settled = Promise.all(this.#injections.map(({ settled }) => settled))
      await Promise.race([settled, aborted(this.#method.signal)])
    } finally {
      limit.cancel()
    }
  }

  async #inject(step: InjectStep): Promise<void> {
    const { inject, on, for: time, recovery, wait = false } = step
    try {
      const pattern = recoveryOf(recovery)
      const injection = await this.#controller.inject({
        ...(typeof inject === 'string' && step.with === undefined
          ? { scenario: inject }
          : { fault: this.#chosen(step), ...(typeof inject === 'string' && { label: inject }) }),
        on,
        for: time,
        ...(pattern && { recovery: pattern }),
      })
      this.#injections.push(injection)
      if (wait) await Promise.race([injection.settled, aborted(this.#method.signal)])
    } catch (error) {
      const why = error instanceof ChaosRefusedError ? `refused (${error.reason})` : nameOf(error)
      this.#reasons.push(`not injected: ${typeof inject === 'string' ? inject : 'faults'} on ${on}: ${why}`)
      this.#journal.write('notInjected', { on, why })
    }
  }

  /** The faults of a step; of a scenario that wants one only, the first that the target supports. */
  #chosen(step: InjectStep): readonly Fault[] {
    const faults = faultsOf(step)
    if (typeof step.inject !== 'string' || knownScenario(step.inject)?.use === 'all') return faults
    const ids = typeof step.on === 'string' ? [step.on] : step.on
    const target = this.#surroundings.targets.find(({ id }) => ids.includes(id))
    return faults.filter(({ kind }) => target?.supports.includes(kind)).slice(0, 1)
  }

  #startLoad(load: { readonly rps: number; readonly arrivals?: 'open' | 'closed' }): void {
    this.#load?.abort()
    this.#load = new AbortController()
    const { signal } = this.#load
    const { rps, arrivals = 'open' } = load
    this.#journal.write('load', { rps, arrivals })
    const sent = (async () => this.#surroundings.load?.({ rps, arrivals }, signal))()
    sent.catch((error: unknown) => {
      if (!signal.aborted) this.#reasons.push(`the load failed: ${nameOf(error)}`)
    })
  }

  /** Takes everything back, whatever has happened, and looks at the service before and after that. */
  async #windUp(): Promise<void> {
    await this.#askUntilWell()
    this.#journal.write('rollback')
    await this.#controller.stop()
    this.#controller.reconcile()
    await this.#askAll('after', 'afterRollback')
    const metrics = { ...this.#ownMetrics(), ...this.#surroundings.metrics }
    for (const expectation of this.#experiment.expect ?? []) {
      const result = await expected(expectation, metrics)
      this.#expectations.push(result)
      this.#journal.write('expectation', { ...result })
    }
  }

  /** A service gets some time to recover. Only the last answers count. */
  async #askUntilWell(): Promise<void> {
    const within = duration('steadyState.within', this.#experiment.steadyState.within ?? '30s')
    const start = this.#clock.now()
    for (;;) {
      const before = this.#probes.length
      const results = await this.#askAll('after')
      const bad = results.some(({ critical, verdict }) => critical && verdict !== 'passed')
      if (!bad || this.#interrupted || this.#clock.now() - start >= within) return
      this.#probes.length = before
      await this.#clock.sleep(1000)
    }
  }

  async #askAll(time: 'before' | 'after', as: ProbeResult['when'] = time): Promise<ProbeResult[]> {
    const results: ProbeResult[] = []
    for (const probe of this.#experiment.steadyState.probes) {
      if ((probe.when ?? ['before', 'after']).includes(time)) results.push(await this.#ask(probe, as))
    }
    return results
  }

  async #ask(probe: Probe, when: ProbeResult['when']): Promise<ProbeResult> {
    const answer = await ask(probe, this.#surroundings, this.#never)
    const result = {
      probe: probe.id,
      when,
      at: this.#journal.elapsed,
      critical: probe.critical ?? true,
      ...answer,
    }
    this.#probes.push(result)
    this.#journal.write('probe', { ...result })
    return result
  }

  #probe(id: string): Probe {
    const found = this.#experiment.steadyState.probes.find((probe) => probe.id === id)
    if (found === undefined) throw new Error(`no probe ${id}`)
    return found
  }

  /** Never longer than the method may take. */
  async #pause(delay: number): Promise<void> {
    if (delay <= 0) return
    await this.#clock.sleep(delay, this.#method.signal).catch(() => {})
  }

  #abandon(reason: string): void {
    if (this.#method.signal.aborted) return
    this.#reasons.push(reason)
    this.#journal.write('abandoned', { reason })
    this.#method.abort()
  }

  #interrupt(): void {
    this.#interrupted = true
    this.#abandon('it was interrupted')
  }

  #controllerOn(hub: Hub): ChaosController {
    const { limits = {}, config = {}, steadyState } = this.#experiment
    const { targets, metrics, record } = this.#surroundings
    const { maxConcurrent, maxDuration, errorBudget, maxCallFraction, maxAffectedCalls } = limits
    const well = steadyState.probes.filter(
      ({ critical, when }) => critical !== false && when?.includes('after') !== false,
    )
    const measure = async (window: number): Promise<number> => {
      const result = await metrics?.[errorBudget?.metric ?? '']?.(window)
      return Number(typeof result === 'object' ? result.value : result)
    }
    return chaosController({
      targets: targets.filter(({ id }) => this.#names(id)),
      armed: true,
      minGap: 0,
      ...chaosSettings(config),
      seed: this.#seed,
      clock: this.#clock,
      hub,
      name: `experiment ${this.#experiment.title}`,
      ...(maxConcurrent !== undefined && { maxConcurrentChaos: maxConcurrent }),
      ...(maxDuration !== undefined && { maxDuration }),
      ...(record && { record }),
      blastRadius: {
        ...(maxCallFraction !== undefined && { maxCallFraction }),
        ...(maxAffectedCalls !== undefined && { maxAffectedCalls }),
        ...(errorBudget && {
          errorBudget: {
            limit: errorBudget.limit,
            measure,
            ...(errorBudget.window !== undefined && { window: errorBudget.window }),
          },
        }),
      },
      recovery: {
        budget: Math.max(1, duration('steadyState.within', steadyState.within ?? '30s')),
        check: async () => {
          const answers = await Promise.all(well.map((probe) => ask(probe, this.#surroundings, this.#never)))
          return answers.every(({ verdict }) => verdict === 'passed')
        },
      },
    })
  }

  /** Whether the experiment may touch a target: what it does not name is safe. */
  #names(id: string): boolean {
    return namedTargets(this.#experiment).includes(id)
  }

  #followController(): () => void {
    const types = [
      'planned',
      'refused',
      'injecting',
      'injected',
      'affectedCall',
      'effectEnded',
      'skipped',
      'effectFailed',
      'recovering',
      'removed',
      'recovered',
      'recoverFailed',
      'overdue',
      'killSwitch',
      'budgetExceeded',
      'expired',
    ] as const
    const ends = types.map((type) =>
      this.#controller.on(type, (event) => this.#journal.write(`chaos.${type}`, { ...event })),
    )
    return () => {
      for (const end of ends) end()
    }
  }

  /** What an experiment knows by itself. */
  #ownMetrics(): NonNullable<Surroundings['metrics']> {
    const all = this.#injections.map((injection) => injection.status())
    const times = all.flatMap(({ outcome, recoveryTook }) =>
      outcome === 'recovered' && recoveryTook !== undefined ? [recoveryTook] : [],
    )
    const samples = all.length
    const total = times.reduce((sum, time) => sum + time, 0)
    return {
      injections: () => ({ value: samples, samples }),
      affected_calls: () => ({ value: all.reduce((sum, { affected }) => sum + affected, 0), samples }),
      recovery_success_rate: () => ({ value: times.length / samples, samples }),
      recovery_ms_mean: () => ({ value: total / times.length, samples: times.length }),
      recovery_ms_max: () => ({ value: Math.max(...times), samples: times.length }),
      deviation_ms: () => ({ value: this.#watch.deviatedMs, samples: this.#watch.rounds }),
    }
  }

  #conclude(steady: boolean): ExperimentJournal {
    const injections = this.#injections.map((injection) => injection.status())
    const { during } = this.#experiment.steadyState
    const { deviatedMs } = this.#watch
    const { status, exitCode, score, reasons } = concluded({
      experiment: this.#experiment,
      steady,
      interrupted: this.#interrupted,
      probes: this.#probes,
      injections,
      expectations: this.#expectations,
      faultsLeft: this.#controller.debugStats()['faults'] ?? 0,
      deviatedTooLong: deviatedMs > (during?.maxDeviationMs ?? 0),
      reasons: this.#reasons,
    })
    this.#journal.write('ended', { status })
    return {
      title: this.#experiment.title,
      status,
      exitCode,
      seed: this.#seed,
      interrupted: this.#interrupted,
      deviated: this.#watch.deviated,
      deviatedMs,
      score,
      took: this.#journal.elapsed,
      probes: this.#probes,
      injections,
      expectations: this.#expectations,
      reasons,
      entries: this.#journal.entries,
    }
  }
}

function recoveryOf(recovery: InjectStep['recovery']): RecoveryPattern | undefined {
  return typeof recovery === 'string' ? { pattern: recovery } : recovery
}

/** A seed for every run, and the same text for the same number however it is written. */
function seedOf(seed: number | string): string {
  if (seed === 'random') return String(Math.floor(systemRandom() * 2 ** 32))
  return typeof seed === 'string' && /^0x[0-9a-f]+$/i.test(seed) ? String(Number(seed)) : String(seed)
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    onAbort(signal, () => resolve())
  })

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'something was thrown')

function namedTargets({ targets = [], method }: Experiment): readonly string[] {
  const used = method.flatMap((step) => ('inject' in step ? step.on : []))
  return [...new Set([...targets.map(({ id }) => id), ...used])]
}

function checkSurroundings(
  experiment: Experiment,
  { targets, metrics = {}, calls = {}, load }: Surroundings,
): void {
  const problems: ExperimentProblem[] = []
  const lacks = (path: string, what: string, name: string): void => {
    problems.push({ path, message: `names the ${what} '${name}', which these surroundings do not have` })
  }
  const present = targets.map(({ id }) => id)
  for (const id of namedTargets(experiment)) if (!present.includes(id)) lacks('targets', 'target', id)
  for (const [index, { metric, call }] of experiment.steadyState.probes.entries()) {
    const path = `steadyState.probes[${index}]`
    if (metric !== undefined && metrics[metric] === undefined) lacks(path, 'metric', metric)
    if (call !== undefined && calls[call] === undefined) lacks(path, 'call', call)
  }
  for (const [index, { metric }] of (experiment.expect ?? []).entries()) {
    if (metrics[metric] === undefined && !ownMetrics.has(metric)) lacks(`expect[${index}]`, 'metric', metric)
  }
  const budget = experiment.limits?.errorBudget?.metric
  if (budget !== undefined && metrics[budget] === undefined) lacks('limits.errorBudget', 'metric', budget)
  if (load === undefined && experiment.method.some((step) => 'load' in step))
    problems.push({ path: 'method', message: 'has load, and these surroundings have no load function' })
  if (problems.length > 0) throw new InvalidExperimentError(problems)
}

const ownMetrics: ReadonlySet<string> = new Set([
  'injections',
  'affected_calls',
  'recovery_success_rate',
  'recovery_ms_mean',
  'recovery_ms_max',
  'deviation_ms',
])
