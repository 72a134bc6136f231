import {
  type Clock,
  count,
  type Duration,
  duration,
  type Hub,
  InvalidOptionError,
  knownOptions,
  number,
  oneOf,
  ratio,
} from '@seaworthy/core'
import { aimd } from './aimd.ts'
import { gradient, initialGradient } from './gradient.ts'
import { type QueueOptions, queueOptionNames } from './queue-options.ts'
import type { WindowSummary } from './sample-window.ts'

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
   * What an error says about the load. If it throws, the call is ignored. Calls that their caller gave up are
   * never asked about.
   *
   * @defaultValue `drop` for timeouts and for errors that say that they are `transient` or `degraded`, such
   *   as a 503 or a connection reset; `ignore` for others, and for calls that a policy inside turned away
   */
  readonly classify?: (error: unknown) => LoadSignal
  /** A name, for errors, events and the hub. */
  readonly name?: string
  /** Where an adaptive limit with a name shows itself. @defaultValue the hub of the process */
  readonly hub?: Hub
  /** Measures windows, latencies and waits. @defaultValue the system clock */
  readonly clock?: Clock
}

/** Options of an adaptive limit that learns from drops. */
export interface AimdOptions extends AdaptiveOptions {
  /**
   * `aimd` adds 1 after a window without drops, and multiplies with `backoff` after one with. @defaultValue
   * `'aimd'`
   */
  readonly algorithm?: 'aimd'
  /** What the limit is multiplied with after drops, above 0 and below 1. @defaultValue 0.9 */
  readonly backoff?: number
  /** A call that took longer counts as a drop. @defaultValue no call does */
  readonly slowCallDuration?: Duration
}

/** Options of an adaptive limit that learns from latencies. */
export interface GradientOptions extends AdaptiveOptions {
  /** `gradient` shrinks the limit when calls get slower than usual, and after drops. */
  readonly algorithm: 'gradient'
  /** How much slower than usual is tolerated, at least 1. @defaultValue 1.5 */
  readonly tolerance?: number
  /** How much of the way to its new value the limit goes in one window. @defaultValue 0.2 */
  readonly smoothing?: number
  /**
   * How many calls may queue on the other side: what the limit grows by, before smoothing. @defaultValue 4
   */
  readonly headroom?: number
}

/** Options of an adaptive limit. */
export type AdaptiveConcurrencyOptions = AimdOptions | GradientOptions

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

/** Refuses an unknown algorithm, and options that it does not take. */
export function checkNames(options: AdaptiveConcurrencyOptions): void {
  const algorithm = oneOf('algorithm', options?.algorithm ?? 'aimd', ['aimd', 'gradient'])
  knownOptions(`adaptiveConcurrency with '${algorithm}'`, options, [...commonNames, ...ownNames[algorithm]])
}

/** Judges a window: the new limit, with its fraction. */
export type Judge = (window: WindowSummary) => number

export function boundsOf({ min = 1, max = 200 }: AdaptiveOptions): {
  readonly min: number
  readonly max: number
} {
  count('min', min)
  count('max', max)
  if (max < min) throw new InvalidOptionError('max', `at least min, which is ${min}`, max)
  return { min, max }
}

export function initialOf({ initial }: AdaptiveOptions, { min, max }: { min: number; max: number }): number {
  if (initial === undefined) return Math.max(min, Math.min(max, 20))
  count('initial', initial)
  if (initial >= min && initial <= max) return initial
  throw new InvalidOptionError('initial', `between min and max, ${min} and ${max}`, initial)
}

export function judgeOf(
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

export function slowCallDurationOf(options: AdaptiveConcurrencyOptions): number {
  if (options.algorithm === 'gradient' || options.slowCallDuration === undefined)
    return Number.POSITIVE_INFINITY
  return duration('slowCallDuration', options.slowCallDuration, 1)
}
