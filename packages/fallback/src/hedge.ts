import {
  type CallContext,
  type Classify,
  type Clock,
  type Context,
  classifyWith,
  count,
  type Duration,
  defaultHub,
  duration,
  type FailureClass,
  failureClass,
  formatDuration,
  type Hub,
  type Inner,
  InvalidOptionError,
  knownOptions,
  type Layer,
  optionalFunction,
  type Policy,
  PolicyBase,
  type PolicyDescription,
  ratio,
  type Settled,
  systemClock,
} from '@seaworthy/core'
import { holds } from './handled.ts'
import { contribution, earn, spend } from './hedge-budget.ts'
import type { Hedged, HedgeEvents } from './hedge-events.ts'
import { HedgedCall, type HedgeOwner, type HedgeStats } from './hedged-call.ts'
import { LatencyWindow } from './latency-window.ts'

/** Options of {@link hedge}. Give either `delay` or `percentile`. */
export interface HedgeOptions {
  /** How long a copy has before the next one starts. 0 starts all at once. */
  readonly delay?: Duration
  /**
   * The share of recent calls that is fast enough: the next copy starts when a call takes longer than these did, for
   * example 0.95. Nothing is hedged before there are enough samples (100 for 0.95).
   */
  readonly percentile?: number
  /** How far back `percentile` looks: this length at least, twice it at most. @defaultValue `'30s'` */
  readonly window?: Duration
  /** The most extra copies of one call. @defaultValue 1 */
  readonly max?: number
  /** Extra copies as a share of the calls that could have some. It is never exceeded. @defaultValue 0.05 */
  readonly budget?: number
  /** Which calls may run more than once. When it throws, it says no. @defaultValue all */
  readonly idempotent?: (context: Context) => boolean
  /** Your judgement of errors; undefined leaves it to the general rules. @defaultValue the general rules */
  readonly classify?: Classify
  /**
   * Gets every result that came too late to be the answer, to close what it holds. What it throws goes to the hub's
   * `listenerError`. @defaultValue late results are dropped
   */
  readonly disposeResult?: (result: unknown) => unknown
  /** A name, for events and the hub. */
  readonly name?: string
  /** Where a hedge with a name shows itself. @defaultValue the hub of the process */
  readonly hub?: Hub
  /** The source of time. @defaultValue the system clock */
  readonly clock?: Clock
}

/** A policy that starts a second copy of a slow call. Made by {@link hedge}. */
export interface Hedge extends Policy<never, HedgeEvents> {
  /** How long a copy has before the next one starts, in milliseconds; undefined while nothing is hedged. */
  readonly delay: number | undefined
}

/**
 * Starts another copy of a call that is slower than usual and takes the answer that comes first. It turns rare slow
 * answers (a pause, a lost packet, a busy replica) into normal ones, for a few percent more load.
 *
 * The first success wins; the signals of all other copies abort, and nobody waits for them. A copy with a transient
 * failure makes the next one start at once; the call fails when the last copy has failed, with its error. A `fatal`
 * failure ends the call. Hedge only functions that may run twice.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. Calls reject with the function's own
 *   error.
 *
 * @example
 * ```ts
 * import { hedge } from '@seaworthy/fallback'
 *
 * let calls = 0
 * const read = async () => {
 *   const wait = ++calls === 1 ? 60_000 : 5 // the first replica hangs
 *   await new Promise((resolve) => setTimeout(resolve, wait).unref())
 *   return `replica ${calls}`
 * }
 * console.log(await hedge({ delay: '20ms', budget: 1 }).execute(read)) // replica 2
 * ```
 */
export function hedge(options: HedgeOptions): Hedge {
  knownOptions('hedge', options, [
    'delay',
    'percentile',
    'window',
    'max',
    'budget',
    'idempotent',
    'classify',
    'disposeResult',
    'name',
    'hub',
    'clock',
  ])
  return new HedgePolicy(options)
}

class HedgePolicy extends PolicyBase<never, HedgeEvents> implements Hedge, HedgeOwner, Layer {
  readonly clock: Clock
  readonly stats: HedgeStats = { racing: 0, copies: 0, timers: 0 }
  readonly #hub: Hub
  readonly #delay: number | undefined
  readonly #percentile: number | undefined
  readonly #latencies: LatencyWindow | undefined
  readonly #max: number
  readonly #budget: number
  readonly #contribution: number
  readonly #idempotent: (context: Context) => boolean
  readonly #classify: (error: unknown) => FailureClass
  readonly #disposeResult: ((result: unknown) => unknown) | undefined
  #balance = 0
  #hedged = 0
  #denied = 0
  #late = 0

  constructor(options: HedgeOptions) {
    const { max = 1, budget = 0.05, hub = defaultHub, clock = systemClock } = options
    super('hedge', options.name, hub)
    this.clock = clock
    this.#hub = hub
    this.#percentile = percentileOf(options)
    this.#delay = options.delay === undefined ? undefined : duration('delay', options.delay)
    this.#latencies =
      this.#percentile === undefined
        ? undefined
        : new LatencyWindow(duration('window', options.window ?? '30s', 1), clock.now())
    this.#max = count('max', max)
    this.#budget = ratio('budget', budget)
    this.#contribution = contribution(budget)
    this.#idempotent = optionalFunction('idempotent', options.idempotent) ?? (() => true)
    this.#classify = classifierOf(optionalFunction('classify', options.classify))
    this.#disposeResult = optionalFunction('disposeResult', options.disposeResult)
    this.register(() => this.#snapshot())
  }

  get delay(): number | undefined {
    if (this.#percentile === undefined) return this.#delay
    return this.#latencies?.quantile(this.#percentile, this.clock.now())
  }

  around(context: CallContext, inner: Inner): Promise<unknown> {
    if (context.aborted) return Promise.reject(context.reason)
    if (!holds(this.#idempotent, context)) return inner.run(context.child())
    const { delay } = this
    if (delay === undefined) return new HedgedCall(this, context, inner, 0, 1).run()
    this.#balance = earn(this.#balance, this.#contribution)
    return new HedgedCall(this, context, inner, delay, 1 + this.#max).run()
  }

  override layers(): readonly Layer[] {
    return [this]
  }

  override describe(): PolicyDescription[] {
    const delay = this.#delay
    const options = {
      ...(delay === undefined ? { percentile: this.#percentile } : { delay: formatDuration(delay) }),
      max: this.#max,
      budget: this.#budget,
    }
    const delays = delay === undefined ? undefined : delay * this.#max
    return [{ kind: this.kind, name: this.name, options, copies: 1 + this.#max, delays }]
  }

  /** `racing`: calls not yet decided; `copies`: copies that run, those of decided calls included. */
  override debugStats(): Record<string, number> {
    return { ...super.debugStats(), ...this.stats }
  }

  classify(error: unknown): FailureClass {
    try {
      return this.#classify(error)
    } catch {
      return failureClass(error)
    }
  }

  withdraw(): boolean {
    const balance = spend(this.#balance)
    if (balance !== undefined) this.#balance = balance
    return balance !== undefined
  }

  get measures(): boolean {
    return this.#latencies !== undefined
  }

  took(latency: number, now: number): void {
    this.#latencies?.record(latency, now)
  }

  started({ journey }: CallContext, copy: number, after: number, cause: Hedged['cause']): void {
    this.#hedged++
    if (this.events.wants('hedged', journey))
      this.events.emit('hedged', { name: this.name, copy, after, cause }, journey)
  }

  denied({ journey }: CallContext, copies: number): void {
    this.#denied++
    if (this.events.wants('budgetExhausted', journey))
      this.events.emit('budgetExhausted', { name: this.name, copies }, journey)
  }

  won({ journey }: CallContext, copy: number, copies: number): void {
    if (this.events.wants('won', journey)) this.events.emit('won', { name: this.name, copy, copies }, journey)
  }

  late({ journey }: CallContext, copy: number, late: Settled<unknown>): void {
    this.#late++
    if (late.status === 'fulfilled') this.#dispose(late.value)
    if (!this.events.wants('late', journey)) return
    const outcome = late.status === 'fulfilled' ? 'success' : 'failure'
    this.events.emit('late', { name: this.name, copy, outcome }, journey)
  }

  #dispose(result: unknown): void {
    const report = (error: unknown): void =>
      this.#hub.reportListenerError(error, this.kind, this.name, 'disposeResult')
    try {
      const disposal = this.#disposeResult?.(result)
      if (disposal instanceof Promise) disposal.then(undefined, report)
    } catch (error) {
      report(error)
    }
  }

  #snapshot(): object {
    return {
      delay: this.delay,
      racing: this.stats.racing,
      copies: this.stats.copies,
      hedged: this.#hedged,
      denied: this.#denied,
      late: this.#late,
    }
  }
}

/** @throws InvalidOptionError unless there is either a delay or a percentile. */
function percentileOf({ delay, percentile, window }: HedgeOptions): number | undefined {
  if ((delay === undefined) === (percentile === undefined))
    throw new InvalidOptionError('delay', 'given, or else percentile, and not both', delay)
  if (percentile === undefined && window !== undefined)
    throw new InvalidOptionError('window', 'left out: only percentile looks back', window)
  if (percentile === undefined || (percentile > 0 && percentile < 1)) return percentile
  throw new InvalidOptionError('percentile', 'a share above 0 and below 1, for example 0.95', percentile)
}

function classifierOf(classify: Classify | undefined): (error: unknown) => FailureClass {
  return classify === undefined ? failureClass : classifyWith(classify)
}
