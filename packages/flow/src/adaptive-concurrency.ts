import {
  type Call,
  type Clock,
  count,
  duration,
  type Emitter,
  formatDuration,
  isSeaworthyError,
  knownFailureClass,
  type Layer,
  optionalFunction,
  type Policy,
  PolicyBase,
  type PolicyDescription,
  type Refusal,
  systemClock,
} from '@seaworthy/core'
import {
  type AdaptiveConcurrencyOptions,
  boundsOf,
  checkNames,
  initialOf,
  type Judge,
  judgeOf,
  type LoadSignal,
  slowCallDurationOf,
} from './adaptive-options.ts'
import { Admission } from './admission.ts'
import type { AdmissionEvents } from './admission-events.ts'
import { ConcurrencyLimitedError, type QueueRefusal } from './errors.ts'
import { SampleWindow, type WindowSummary } from './sample-window.ts'

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
 * Finds out how many calls the other side can take at once, and lets no more run. It grows while all goes
 * well and at least half of the limit is in use, and shrinks when calls are dropped or, with `gradient`, get
 * slower than usual.
 *
 * `gradient` takes the average of the last ten minutes or so for usual. It starts best from below
 * (`initial`), and gets used to being slow when the load never lets up; `max` is what holds it then.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. Calls that find no room
 *   reject with a {@link ConcurrencyLimitedError}.
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
  checkNames(options)
  return new AdaptiveConcurrencyPolicy(options)
}

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
    const { limit, active, queued, queueLimit: queue, rejected } = this.admission
    return {
      algorithm: this.algorithm,
      limit,
      ...this.bounds,
      active,
      queue,
      queued,
      rejected: { ...rejected },
    }
  }
}

/**
 * The default of `classify`. Unknown errors are ignored: most are answers, and one answer must not shrink the
 * limit.
 */
function loadSignal(error: unknown): LoadSignal {
  if (isSeaworthyError(error) && error.code !== 'ERR_TIMEOUT') return 'ignore'
  const known = knownFailureClass(error)
  return known === 'transient' || known === 'degraded' ? 'drop' : 'ignore'
}
