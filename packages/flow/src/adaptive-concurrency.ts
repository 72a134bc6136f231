import {
  type Call,
  type Clock,
  count,
  type Duration,
  duration,
  type Emitter,
  formatDuration,
  type Hub,
  InvalidOptionError,
  isSeaworthyError,
  knownFailureClass,
  knownOptions,
  type Layer,
  number,
  oneOf,
  optionalFunction,
  type Policy,
  PolicyBase,
  type PolicyDescription,
  type Refusal,
  ratio,
  systemClock,
} from '@seaworthy/core'
import { Admission, type AdmissionEvents, type QueueOptions, queueOptionNames } from './admission.ts'
import { aimd } from './aimd.ts'
import { ConcurrencyLimitedError, type QueueRefusal } from './errors.ts'
import { gradient, initialGradient } from './gradient.ts'
import { SampleWindow, type WindowSummary } from './sample-window.ts'

/**
 * What a failed call says about the load on the other side:
 *
 * - `drop`: it has too much to do.
 * - `sample`: nothing special; the call counts like a successful one.
 * - `ignore`: the call says nothing, not even by its duration.
 */
export type LoadSignal = 'drop' | 'sample' | 'ignore'

/** Options that both algorithms take. */
export interface AdaptiveOptions extends QueueOptions {
  /** The limit at the start. @defaultValue 20, within `min` and `max` */
  readonly initial?: number
  /** The limit never goes below this. @defaultValue 1 */
  readonly min?: number
  /** The limit never goes above this. @defaultValue 200 */
  readonly max?: number
  /** The limit is judged anew after so long, when there were `samples` calls. @defaultValue `'1s'` */
  readonly window?: Duration
  /** How many calls a judgement needs. @defaultValue 10 */
  readonly samples?: number
  /**
   * What an error says about the load. If it throws, the call is ignored. Calls that their caller gave up are never
   * asked about.
   *
   * @defaultValue `drop` for timeouts and for errors that say that they are `transient` or `degraded`, such as a 503 or
   *   a connection reset; `ignore` for others, and for calls that a policy inside turned away
   */
  readonly classify?: (error: unknown) => LoadSignal
  /** A name, for errors, events and the hub. */
  readonly name?: string
  /** Where an adaptive limit with a name shows itself. @defaultValue the hub of the process */
  readonly hub?: Hub
  /** Measures windows, latencies and waits. @defaultValue the system clock */
  readonly clock?: Clock
}

/** Options of {@link adaptiveConcurrency} that learns from drops. */
export interface AimdOptions extends AdaptiveOptions {
  /** `aimd` adds 1 after a window without drops, and multiplies with `backoff` after one with. @defaultValue `'aimd'` */
  readonly algorithm?: 'aimd'
  /** What the limit is multiplied with after drops, above 0 and below 1. @defaultValue 0.9 */
  readonly backoff?: number
  /** A call that took longer counts as a drop. @defaultValue no call does */
  readonly slowCallDuration?: Duration
}

/** Options of {@link adaptiveConcurrency} that learns from latencies. */
export interface GradientOptions extends AdaptiveOptions {
  /** `gradient` shrinks the limit when calls get slower than usual, and after drops. */
  readonly algorithm: 'gradient'
  /** How much slower than usual is tolerated, at least 1. @defaultValue 1.5 */
  readonly tolerance?: number
  /** How much of the way to its new value the limit goes in one window. @defaultValue 0.2 */
  readonly smoothing?: number
  /** How many calls may queue on the other side: what the limit grows by, before smoothing. @defaultValue 4 */
  readonly headroom?: number
}

/** Options of {@link adaptiveConcurrency}. */
export type AdaptiveConcurrencyOptions = AimdOptions | GradientOptions

/** The limit has changed, and what it was judged by. */
export interface LimitChange {
  readonly name: string | undefined
  readonly from: number
  readonly to: number
  /** `load`: the window was good, and at least half of the limit was in use. */
  readonly reason: 'load' | 'drops' | 'latency'
  /** How many calls were judged. */
  readonly samples: number
  readonly drops: number
  /** The mean duration of those that were not dropped, in milliseconds, if it was measured. */
  readonly latency: number | undefined
}

/** The events of an {@link AdaptiveConcurrency}. */
export type AdaptiveConcurrencyEvents = AdmissionEvents & { limitChange: LimitChange }

/** A limit on how many calls run at once that finds its own value. Made by {@link adaptiveConcurrency}. */
export interface AdaptiveConcurrency extends Policy<never, AdaptiveConcurrencyEvents> {
  /** How many calls may run at once now. */
  readonly limit: number
  /** How many run now. */
  readonly active: number
  /** How many wait now. */
  readonly queued: number
}

/**
 * Finds out how many calls the other side can take at once, and lets no more run. It grows while all goes well and at
 * least half of the limit is in use, and shrinks when calls are dropped or, with `gradient`, get slower than usual.
 *
 * `gradient` takes the average of the last ten minutes or so for usual. It starts best from below (`initial`), and gets
 * used to being slow when the load never lets up; `max` is what holds it then.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. Calls that find no room reject
 *   with a {@link ConcurrencyLimitedError}.
 *
 * @example
 * ```ts
 * import { adaptiveConcurrency } from '@seaworthy/flow'
 *
 * const search = adaptiveConcurrency({ initial: 2, max: 50 })
 * const outcomes = await Promise.all([1, 2, 3].map((page) => search.settle(() => `page ${page}`)))
 * console.log(outcomes.map(({ status }) => status)) // [ 'fulfilled', 'fulfilled', 'rejected' ]
 * ```
 */
export function adaptiveConcurrency(options: AdaptiveConcurrencyOptions = {}): AdaptiveConcurrency {
  const algorithm = oneOf('algorithm', options?.algorithm ?? 'aimd', ['aimd', 'gradient'])
  knownOptions(`adaptiveConcurrency with '${algorithm}'`, options, [...commonNames, ...ownNames[algorithm]])
  return new AdaptiveConcurrencyPolicy(options)
}

const commonNames = [
  'algorithm',
  'initial',
  'min',
  'max',
  'window',
  'samples',
  'classify',
  ...queueOptionNames,
  'name',
  'hub',
  'clock',
]
const ownNames = {
  aimd: ['backoff', 'slowCallDuration'],
  gradient: ['tolerance', 'smoothing', 'headroom'],
}

/** Judges a window: the new limit, with its fraction. */
type Judge = (window: WindowSummary) => number

class AdaptiveConcurrencyPolicy
  extends PolicyBase<never, AdaptiveConcurrencyEvents>
  implements AdaptiveConcurrency, Layer
{
  readonly steady: boolean
  private readonly algorithm: 'aimd' | 'gradient'
  private readonly bounds: { readonly min: number; readonly max: number }
  private readonly clock: Clock
  private readonly admission: Admission
  private readonly window: SampleWindow
  private readonly judge: Judge
  private readonly classify: (error: unknown) => LoadSignal
  private readonly slowCallDuration: number
  /** Whether durations matter. Then the token of a call is when it began to run. */
  private readonly measures: boolean

  constructor(options: AdaptiveConcurrencyOptions) {
    const { algorithm = 'aimd', window = '1s', samples = 10, classify = loadSignal, name } = options
    const clock = options.clock ?? systemClock
    super('adaptive-concurrency', name, options.hub)
    this.algorithm = algorithm
    this.clock = clock
    this.bounds = boundsOf(options)
    const initial = initialOf(options, this.bounds)
    this.judge = judgeOf(options, initial, this.bounds)
    this.slowCallDuration = slowCallDurationOf(options)
    this.measures = algorithm === 'gradient' || this.slowCallDuration < Number.POSITIVE_INFINITY
    this.classify = optionalFunction('classify', classify)
    this.window = new SampleWindow(duration('window', window, 1), count('samples', samples))
    // Calls that are not measured are all the same here.
    this.steady = !this.measures
    this.admission = new Admission(
      {
        kind: this.kind,
        name,
        clock,
        events: this.events as Emitter<AdmissionEvents>,
        refusal: (message, reason: QueueRefusal) => new ConcurrencyLimitedError(message, name, reason),
        granted: (call, slot) => this.begin(call, slot),
      },
      initial,
      options,
    )
    this.register(() => this.snapshot())
  }

  get limit(): number {
    return this.admission.limit
  }

  get active(): number {
    return this.admission.active
  }

  get queued(): number {
    return this.admission.queued
  }

  enter(call: Call, slot: number): undefined | Refusal | Promise<void> {
    const admission = this.admission.enter(call, slot)
    if (admission === undefined) this.begin(call, slot)
    return admission
  }

  success(call: Call, slot: number): void {
    this.end(call, slot, 'sample')
  }

  failure(call: Call, slot: number, error: unknown): void {
    this.end(call, slot, call.context.callerAborted ? 'ignore' : this.signalOf(error))
  }

  override layers(): readonly Layer[] {
    return [this]
  }

  override describe(): PolicyDescription[] {
    const { longestWait: wait = Number.POSITIVE_INFINITY, queueLimit: queue } = this.admission
    const maxWait = formatDuration(wait)
    const options = { algorithm: this.algorithm, ...this.bounds, queue, maxWait }
    return [{ kind: this.kind, name: this.name, options, wait, concurrency: this.bounds.max }]
  }

  override debugStats(): Record<string, number> {
    const { active, queued, timers } = this.admission
    return { ...super.debugStats(), active, queued, timers }
  }

  /** The call begins to run, after it has waited if it had to. */
  private begin(call: Call, slot: number): void {
    if (this.measures) call.tokens[slot] = this.clock.now()
  }

  private end(call: Call, slot: number, signal: LoadSignal): void {
    if (signal === 'ignore') {
      this.admission.leave()
      return
    }
    const now = this.clock.now()
    const latency = this.measures ? now - (call.tokens[slot] as number) : undefined
    const dropped = signal === 'drop' || (latency !== undefined && latency > this.slowCallDuration)
    const window = this.window.add(now, this.admission.active, dropped, latency)
    this.admission.leave()
    if (window !== undefined) this.adapt(window)
  }

  private adapt(window: WindowSummary): void {
    const from = this.limit
    const to = Math.floor(this.judge(window))
    if (to === from) return
    this.admission.resize(to)
    if (!this.events.wants('limitChange')) return
    const { samples, drops, latency } = window
    const reason = to > from ? 'load' : drops > 0 ? 'drops' : 'latency'
    this.events.emit('limitChange', { name: this.name, from, to, reason, samples, drops, latency })
  }

  private signalOf(error: unknown): LoadSignal {
    try {
      return this.classify(error)
    } catch {
      return 'ignore'
    }
  }

  private snapshot(): object {
    const { limit, active, queued, queueLimit: queue } = this.admission
    return { algorithm: this.algorithm, limit, ...this.bounds, active, queue, queued }
  }
}

/** The default of `classify`. Unknown errors are ignored: most are answers, and one answer must not shrink the limit. */
function loadSignal(error: unknown): LoadSignal {
  if (isSeaworthyError(error) && error.code !== 'ERR_TIMEOUT') return 'ignore'
  const known = knownFailureClass(error)
  return known === 'transient' || known === 'degraded' ? 'drop' : 'ignore'
}

function boundsOf({ min = 1, max = 200 }: AdaptiveOptions): { readonly min: number; readonly max: number } {
  count('min', min)
  count('max', max)
  if (max < min) throw new InvalidOptionError('max', `at least min, which is ${min}`, max)
  return { min, max }
}

function initialOf({ initial }: AdaptiveOptions, { min, max }: { min: number; max: number }): number {
  if (initial === undefined) return Math.max(min, Math.min(max, 20))
  count('initial', initial)
  if (initial >= min && initial <= max) return initial
  throw new InvalidOptionError('initial', `between min and max, ${min} and ${max}`, initial)
}

function judgeOf(
  options: AdaptiveConcurrencyOptions,
  initial: number,
  bounds: { readonly min: number; readonly max: number },
): Judge {
  if (options.algorithm === 'gradient') {
    const { tolerance = 1.5, smoothing = 0.2, headroom = 4 } = options
    const rules = {
      ...bounds,
      tolerance: number('tolerance', tolerance, 1),
      smoothing: ratio('smoothing', smoothing),
      headroom: number('headroom', headroom),
    }
    let state = initialGradient(initial)
    return (window) => {
      state = gradient(state, window, rules)
      return state.limit
    }
  }
  const rules = { ...bounds, backoff: ratio('backoff', options.backoff ?? 0.9) }
  if (rules.backoff === 1) throw new InvalidOptionError('backoff', 'above 0 and below 1', 1)
  let limit = initial
  return (window) => {
    limit = aimd(limit, window, rules)
    return limit
  }
}

function slowCallDurationOf(options: AdaptiveConcurrencyOptions): number {
  if (options.algorithm === 'gradient' || options.slowCallDuration === undefined)
    return Number.POSITIVE_INFINITY
  return duration('slowCallDuration', options.slowCallDuration, 1)
}
