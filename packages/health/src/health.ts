/** The registry of health checks, and the answers to probes. */
import {
  type Clock,
  type Duration,
  defaultHub,
  duration,
  Emitter,
  type Hub,
  InvalidOptionError,
  knownOptions,
  type Listener,
  number,
  oneOf,
  type Random,
  systemClock,
  systemRandom,
  systemWallClock,
  type WallClock,
} from '@seaworthy/core'
import { checkSettings, type HealthCheck } from './check.ts'
import { type ContributionOptions, type ContributionSettings, contributions } from './contributions.ts'
import type { HealthEvents } from './events.ts'
import {
  type HealthCheckResult,
  type HealthKind,
  type HealthReport,
  type HealthStatus,
  overall,
} from './report.ts'
import { type CheckTold, WatchedCheck } from './watched-check.ts'

/** Options of {@link createHealth}. */
export interface HealthOptions {
  /** Its name on the hub, as a component of kind `health`. @defaultValue `'default'` */
  readonly name?: string
  /**
   * `background`: every check is asked on its own interval, and probes read what is known. `on-demand`: who asks makes checks
   * whose answer has become old be asked. @defaultValue `'background'`
   */
  readonly mode?: 'background' | 'on-demand'
  /** The longest that a report waits for checks. A kubelet waits for one second. @defaultValue `'800ms'` */
  readonly deadline?: Duration
  /** What policies contribute; `false` for nothing. @defaultValue all */
  readonly contributions?: ContributionOptions | false
  /** @defaultValue the hub of the process */
  readonly hub?: Hub
  /** @defaultValue the system clock */
  readonly clock?: Clock
  /** @defaultValue the calendar of the machine */
  readonly wallClock?: WallClock
  /** Spreads the checks. @defaultValue `Math.random` */
  readonly random?: Random
}

/** A registry of health checks. Made by {@link createHealth}. */
export interface Health {
  readonly name: string
  /** Whether {@link drain} was called. */
  readonly draining: boolean

  /**
   * Adds a check. In the background it is asked at once, and then on its interval.
   *
   * @returns A function that takes it out again.
   * @throws {@link @seaworthy/core!InvalidOptionError} when there is a check of that name, in whatever case, or a setting makes no sense.
   */
  register(name: string, check: HealthCheck): () => void

  /**
   * How the process does. It never rejects and waits for `deadline` at most; checks that have not answered by then are reported
   * with their last answer, or as unknown.
   *
   * - Without a kind: all checks and contributions.
   * - `liveness`: whether only a restart helps. Checks of that kind alone; one that has not answered yet passes. Draining changes nothing.
   * - `startup`: whether all checks of that kind have passed once. Then it passes for good.
   * - `readiness`: whether the process should get requests: it has started, does not drain, and nothing critical fails.
   */
  report(kind?: HealthKind): Promise<HealthReport>

  /** The same without a kind, from what is known now. */
  snapshot(): HealthReport

  /** Makes the process unready for good, before it ends. Liveness stays as it is, so nobody kills it on the way. */
  drain(reason?: string): void

  /** Subscribes to an event. @returns A function that unsubscribes. */
  on<E extends keyof HealthEvents & string>(event: E, listener: Listener<HealthEvents[E]>): () => void

  /** Asks no more and leaves the hub. Reports still answer with what was known. */
  close(): Promise<void>

  /** Timers, runs, checks and listeners, for leak tests. */
  debugStats(): Record<string, number>
}

/**
 * Makes a registry of health checks that tells the truth: every check has a time limit, is asked once at a time, and counts as unknown
 * when its answer is too old; a report never waits longer than its deadline.
 *
 * Timers do not keep the process running.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { createHealth } from '@seaworthy/health'
 *
 * const health = createHealth({ mode: 'on-demand' })
 * health.register('database', { check: async () => true })
 * health.register('mail', { criticality: 'important', check: () => { throw new Error('no route') } })
 * const { status, checks } = await health.report('readiness')
 * console.log(status, checks.map((check) => `${check.name} ${check.status}`)) // warn [ 'database pass', 'mail fail' ]
 * await health.close()
 * ```
 */
export function createHealth(options: HealthOptions = {}): Health {
  knownOptions('createHealth', options, [
    'name',
    'mode',
    'deadline',
    'contributions',
    'hub',
    'clock',
    'wallClock',
    'random',
  ])
  return new Registry(options)
}

class Registry implements Health {
  readonly name: string
  readonly #mode: 'background' | 'on-demand'
  readonly #deadline: number
  readonly #contributions: ContributionSettings | undefined
  readonly #hub: Hub
  readonly #clock: Clock
  readonly #wallClock: WallClock
  readonly #random: Random
  readonly #events: Emitter<HealthEvents>
  readonly #checks = new Map<string, WatchedCheck>()
  readonly #leave: (() => void)[]
  #started = false
  #draining = false
  #drainReason: string | undefined = undefined
  #status: HealthStatus = 'pass'
  #closed = false

  constructor(options: HealthOptions) {
    const { name = 'default', mode = 'background', deadline = '800ms', hub = defaultHub } = options
    this.name = name
    this.#mode = oneOf('mode', mode, ['background', 'on-demand'])
    this.#deadline = duration('deadline', deadline)
    this.#contributions = contributionSettings(options.contributions ?? {})
    this.#hub = hub
    this.#clock = options.clock ?? systemClock
    this.#wallClock = options.wallClock ?? systemWallClock
    this.#random = options.random ?? systemRandom
    this.#events = new Emitter('health', name, hub)
    const leave = hub.register({
      kind: 'health',
      name,
      snapshot: () => ({ ...withoutWords(this.snapshot()), draining: this.#draining }),
      actions: { drain: (reason?: string) => this.drain(reason) },
    })
    // An open circuit changes the whole without any check being asked.
    this.#leave = [leave, hub.on('stateChange', () => this.#review())]
  }

  get draining(): boolean {
    return this.#draining
  }

  register(name: string, check: HealthCheck): () => void {
    const key = name.toLowerCase()
    if (typeof name !== 'string' || name === '')
      throw new InvalidOptionError('name', 'a name for the check', name)
    if (this.#checks.has(key))
      throw new InvalidOptionError('name', 'unique among the checks of a registry, in whatever case', name)
    if (this.#closed)
      throw new InvalidOptionError('health', 'open when a check is registered', 'a closed registry')
    const watched = new WatchedCheck(name, checkSettings(check), {
      clock: this.#clock,
      wallClock: this.#wallClock,
      random: this.#random,
      tell: (told) => this.#tell(told),
    })
    this.#checks.set(key, watched)
    if (this.#mode === 'background') watched.watch()
    return () => {
      if (this.#checks.get(key) !== watched) return
      this.#checks.delete(key)
      watched.close()
      this.#review()
    }
  }

  async report(kind?: HealthKind): Promise<HealthReport> {
    if (this.#mode === 'on-demand') await this.#refresh(kind)
    return this.#reportOf(kind)
  }

  snapshot(): HealthReport {
    return this.#reportOf(undefined)
  }

  drain(reason?: string): void {
    if (this.#draining) return
    this.#draining = true
    this.#drainReason = reason
    this.#events.emit('draining', { reason })
    this.#review()
  }

  on<E extends keyof HealthEvents & string>(event: E, listener: Listener<HealthEvents[E]>): () => void {
    return this.#events.on(event, listener)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const leave of this.#leave) leave()
    for (const check of this.#checks.values()) check.close()
    this.#events.clear()
  }

  debugStats(): Record<string, number> {
    const stats = [...this.#checks.values()].map((check) => check.debugStats)
    const sum = (read: (each: (typeof stats)[number]) => number): number =>
      stats.reduce((total, each) => total + read(each), 0)
    return {
      timers: sum(({ timers }) => timers),
      running: sum(({ running }) => running),
      listeners: this.#events.size,
    }
  }

  /** Asks those checks of a kind whose answer has become old, and waits for them up to the deadline. */
  async #refresh(kind: HealthKind | undefined): Promise<void> {
    if (this.#closed) return
    const due = this.#checksOf(kind).filter((check) => check.isDue())
    if (due.length === 0) return
    const all = Promise.all(due.map((check) => check.refresh()))
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimer(resolve, this.#deadline, false)
      void all.then(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  #checksOf(kind: HealthKind | undefined): WatchedCheck[] {
    const checks = [...this.#checks.values()]
    if (kind === undefined) return checks
    // Whether it is ready depends on whether it has started.
    const kinds: readonly HealthKind[] = kind === 'readiness' ? ['readiness', 'startup'] : [kind]
    return checks.filter(({ settings }) => settings.kinds.some((each) => kinds.includes(each)))
  }

  #reportOf(kind: HealthKind | undefined): HealthReport {
    const results = this.#checksOf(kind).map((check) => check.result())
    const started = this.#hasStarted()
    const notes: string[] = []
    let checks = results
    let status: HealthStatus
    if (kind === 'liveness') {
      checks = results.map((result) =>
        result.code === 'pending' ? { ...result, status: 'pass' as const } : result,
      )
      status = overall(checks)
    } else if (kind === 'startup') {
      status = started ? 'pass' : 'fail'
    } else {
      if (this.#contributions !== undefined)
        checks = [...results, ...contributions(this.#hub, this.#contributions)]
      status = overall(checks.filter(({ kinds }) => kind === undefined || kinds.includes(kind)))
      if (!started || this.#draining) status = 'fail'
    }
    if (!started && kind !== 'liveness') notes.push('starting')
    if (this.#draining)
      notes.push(this.#drainReason === undefined ? 'draining' : `draining: ${this.#drainReason}`)
    return { status, time: this.#wallClock(), notes, checks }
  }

  /** Whether everything that belongs to the start has passed. Once it has, for good. */
  #hasStarted(): boolean {
    this.#started ||= [...this.#checks.values()]
      .filter(({ settings }) => settings.kinds.includes('startup'))
      .every((check) => check.result().status === 'pass')
    return this.#started
  }

  #tell({ name, finding, duration, before, after }: CheckTold): void {
    const { status, code } = finding
    this.#hasStarted()
    if (this.#events.wants('checked')) this.#events.emit('checked', { check: name, status, duration, code })
    if (before === after) return
    this.#events.emit('changed', { check: name, from: before, to: after, code })
    this.#review()
  }

  /** Tells when the whole has changed. */
  #review(): void {
    const from = this.#status
    const { status: to } = this.#reportOf(undefined)
    if (from === to || this.#closed) return
    this.#status = to
    this.#events.emit('overallChanged', { from, to })
  }
}

/** The hub passes a snapshot on to whoever asks; what a check said in words is for people with permission. */
function withoutWords(report: HealthReport): HealthReport {
  const checks = report.checks.map(({ output: _output, ...rest }): HealthCheckResult => rest)
  return { ...report, checks }
}

function contributionSettings(options: ContributionOptions | false): ContributionSettings | undefined {
  if (options === false) return undefined
  knownOptions('contributions', options, [
    'circuitBreakers',
    'criticalCircuitBreakers',
    'deadLetters',
    'redis',
  ])
  const { circuitBreakers = true, criticalCircuitBreakers = [], deadLetters = 100, redis = true } = options
  return {
    circuitBreakers,
    criticalCircuitBreakers: new Set(criticalCircuitBreakers),
    deadLetters: deadLetters === false ? Number.POSITIVE_INFINITY : number('deadLetters', deadLetters, 1),
    redis,
  }
}
