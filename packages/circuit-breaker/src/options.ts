/** The options of a circuit breaker, checked once and turned into the rules of its state machine. */
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
  optionalFunction,
  type Random,
  ratio,
  systemRandom,
} from '@seaworthy/core'
import type { ClassifyOutcome } from './judge.ts'
import { type CircuitMode, type OpenCause, off, type Rules } from './rules.ts'
import type { SharedBreakers } from './sharing.ts'
import type { WindowShape } from './window.ts'

/** How long a circuit stays open, growing from opening to opening. */
export interface RecoveryOptions {
  /** The first wait. @defaultValue `'5s'` */
  readonly initial?: Duration
  /** Each wait is so many times the one before. @defaultValue 2 */
  readonly factor?: number
  /** The longest wait, also for a server that asks for more. @defaultValue `'60s'`, or `initial` if that is longer */
  readonly max?: Duration
  /**
   * Each wait is longer by a random share of up to this much, so that many processes do not try again at once. Waits
   * end in the range below `max` even when they have stopped growing. @defaultValue 0.2
   */
  readonly jitter?: number
  /**
   * When the waits start over from `initial`: as soon as the circuit closes, or (`stable`) once it has stayed
   * closed for as long as it was open last. @defaultValue `'close'`
   */
  readonly resetOn?: 'close' | 'stable'
}

/** What half-open circuits let through. */
export interface HalfOpenOptions {
  /** How many trial calls may run at once. @defaultValue 1 */
  readonly concurrency?: number
  /** How many trials may fail before it opens again. @defaultValue 0 */
  readonly failures?: number
  /** After this time a trial that has not settled counts as lost and frees its place. @defaultValue `'30s'` */
  readonly lease?: Duration
}

/** When a circuit opens, how it recovers: what can be changed while it works. */
export interface CircuitRules {
  /** Failures in a row that open it; `false` for never. @defaultValue 5 */
  readonly failureThreshold?: number | false
  /** Share of failures in the window that opens it, reached or exceeded; `false` for never. @defaultValue 0.5 */
  readonly failureRate?: number | false
  /**
   * Calls are slow from this time on, finished or not. Measuring costs two reads of the clock for every call.
   * `false` for never. @defaultValue `false`
   */
  readonly slowCallDuration?: Duration | false
  /** Share of slow calls in the window that opens it, reached or exceeded. Needs `slowCallDuration`. @defaultValue 0.8 */
  readonly slowCallRate?: number
  /** What the shares are taken of: the last calls, or the calls of the last time. @defaultValue `{ calls: 100 }` */
  readonly window?: { readonly calls: number } | { readonly time: Duration; readonly buckets?: number }
  /** Calls in the window before a share is judged. @defaultValue 10, or the size of the window if that is smaller */
  readonly minimumRequests?: number
  /**
   * How long it stays open before a trial: growing waits, always the same, or a function of the number of the opening
   * (from 1) and its cause. A server's `retryAfter` on the error that opened it makes the wait longer: up to `max`,
   * or five minutes where there is none. A function that throws, or gives no duration, means 5 seconds.
   *
   * @defaultValue `{ initial: '5s', factor: 2, max: '60s', jitter: 0.2, resetOn: 'close' }`
   */
  readonly recoveryTimeout?: Duration | RecoveryOptions | ((opening: number, cause: OpenCause) => Duration)
  /** Trial calls that must succeed to close it. @defaultValue 3 */
  readonly successThreshold?: number
  /** What is let through to find out whether it works again. @defaultValue `{ concurrency: 1, failures: 0, lease: '30s' }` */
  readonly halfOpen?: HalfOpenOptions
}

/** Options of {@link circuitBreaker}. */
export interface CircuitBreakerOptions extends CircuitRules {
  /** A name, for errors, events and the hub. */
  readonly name?: string
  /** Where a breaker with a name shows itself. @defaultValue the hub of the process */
  readonly hub?: Hub
  /** Times waits, windows of time and slow calls. @defaultValue the system clock */
  readonly clock?: Clock
  /** For the jitter. @defaultValue the randomness of the machine */
  readonly random?: Random
  /** `disabled` lets everything pass uncounted; `observe` counts, and emits `wouldOpen` where it would open. @defaultValue `'enabled'` */
  readonly mode?: CircuitMode
  /**
   * Judges an outcome; undefined leaves it to the default: values are successes, errors of class `transient` failures, all
   * others (`degraded` such as 429, `persistent`, `fatal`) neutral. Not asked about calls that their caller gave up
   * and calls that another policy turned away: those are neutral always. If it throws, the outcome is neutral.
   */
  readonly classify?: ClassifyOutcome
  /**
   * Shares the circuit with breakers of the same name in other processes; see {@link shareBreakers}. Needs a `name`, and goes on in the background
   * until `dispose()`. @defaultValue none: it knows what its own process has seen
   */
  readonly store?: SharedBreakers
}

const ruleNames = [
  'failureThreshold',
  'failureRate',
  'slowCallDuration',
  'slowCallRate',
  'window',
  'minimumRequests',
  'recoveryTimeout',
  'successThreshold',
  'halfOpen',
] as const satisfies readonly (keyof CircuitRules)[]

const optionNames = [...ruleNames, 'name', 'hub', 'clock', 'random', 'mode', 'classify', 'store']

/** For breakers without options, so that they need no copy of them. */
export const noOptions: CircuitBreakerOptions = Object.freeze({})

/** Refuses option names that do not exist and callbacks that are none. */
export function checkOptions(options: CircuitBreakerOptions): void {
  knownOptions('circuitBreaker', options, optionNames)
  optionalFunction('classify', options.classify)
  const { store, name } = options
  if (store === undefined) return
  if (typeof Object(store).join !== 'function')
    throw new InvalidOptionError('store', 'made by shareBreakers() or redisBreakers()', store)
  if (name === undefined) throw new InvalidOptionError('name', 'given together with store', name)
}

/** Refuses what cannot be changed. */
export function checkPatch(patch: CircuitRules): void {
  knownOptions('reconfigure', patch, ruleNames)
}

/** The rules of breakers that have none of their own: one copy for all. */
let defaults: Rules | undefined

/** The rules of the state machine, from options as users write them. */
export function rulesOf(options: CircuitBreakerOptions): Rules {
  const { mode = 'enabled', random = systemRandom } = options
  const own = ruleNames.some((name) => options[name] !== undefined)
  if (own || mode !== 'enabled' || random !== systemRandom) return readRules(options, mode, random)
  defaults ??= readRules({}, mode, random)
  return defaults
}

function readRules(options: CircuitRules, mode: CircuitMode, random: Random): Rules {
  const {
    failureThreshold = 5,
    failureRate = 0.5,
    slowCallDuration = false,
    slowCallRate,
    successThreshold = 3,
    halfOpen = {},
    recoveryTimeout = {},
  } = options
  if (slowCallRate !== undefined && options.slowCallDuration === undefined)
    throw new InvalidOptionError('slowCallRate', 'given together with slowCallDuration', slowCallRate)
  const window = readWindow(options.window)
  const most = 'calls' in window ? window.calls : off
  const { minimumRequests = Math.min(10, most) } = options
  if (minimumRequests > most)
    throw new InvalidOptionError('minimumRequests', `at most window.calls (${most})`, minimumRequests)
  knownOptions('halfOpen', halfOpen, ['concurrency', 'failures', 'lease'])
  const { concurrency = 1, failures = 0, lease = '30s' } = halfOpen
  return {
    mode: oneOf('mode', mode, ['enabled', 'disabled', 'observe']),
    failureThreshold: failureThreshold === false ? off : count('failureThreshold', failureThreshold),
    failureRate: failureRate === false ? off : ratio('failureRate', failureRate),
    slowCallDuration: slowCallDuration === false ? off : duration('slowCallDuration', slowCallDuration, 1),
    slowCallRate: ratio('slowCallRate', slowCallRate ?? 0.8),
    window,
    minimumRequests: count('minimumRequests', minimumRequests),
    successThreshold: count('successThreshold', successThreshold),
    halfOpen: {
      concurrency: count('halfOpen.concurrency', concurrency),
      failures: count('halfOpen.failures', failures, 0),
      lease: duration('halfOpen.lease', lease, 1),
    },
    ...readRecovery(recoveryTimeout, random),
  }
}

function readWindow(window: CircuitRules['window'] = { calls: 100 }): WindowShape {
  knownOptions('window', window, 'calls' in Object(window) ? ['calls'] : ['time', 'buckets'])
  if ('calls' in window) return { calls: size('window.calls', window.calls) }
  const buckets = size('window.buckets', window.buckets ?? 10)
  return { time: duration('window.time', window.time, buckets), buckets }
}

function size(option: string, value: number): number {
  if (count(option, value) <= 10_000_000) return value
  throw new InvalidOptionError(option, 'at most 10000000', value)
}

/** How much a server may ask for where no `max` says it. */
const longestHint = 300_000

/** A server may ask for more time, within reason. */
const lengthened = (wait: number, { retryAfter = 0 }: OpenCause, most: number): number =>
  Math.max(wait, Math.min(retryAfter, most))

function readRecovery(
  recoveryTimeout: NonNullable<CircuitRules['recoveryTimeout']>,
  random: Random,
): Pick<Rules, 'recovery' | 'resetOn'> {
  if (typeof recoveryTimeout === 'function') {
    const recovery = (opening: number, cause: OpenCause): number => {
      let wait = 5000
      try {
        wait = duration('recoveryTimeout', recoveryTimeout(opening, cause))
      } catch {
        // A wait of its own choice is lost, not the call.
      }
      return lengthened(wait, cause, longestHint)
    }
    return { recovery, resetOn: 'close' }
  }
  if (typeof recoveryTimeout !== 'object') {
    const wait = duration('recoveryTimeout', recoveryTimeout)
    return { recovery: (_, cause) => lengthened(wait, cause, longestHint), resetOn: 'close' }
  }
  knownOptions('recoveryTimeout', recoveryTimeout, ['initial', 'factor', 'max', 'jitter', 'resetOn'])
  const initial = duration('recoveryTimeout.initial', recoveryTimeout.initial ?? 5000)
  const max = duration('recoveryTimeout.max', recoveryTimeout.max ?? Math.max(initial, 60_000), initial)
  const factor = number('recoveryTimeout.factor', recoveryTimeout.factor ?? 2, 1)
  const jitter = ratio('recoveryTimeout.jitter', recoveryTimeout.jitter ?? 0.2, true)
  return {
    recovery: (opening, cause, luck = random()) => {
      const growth = Math.min(factor ** (opening - 1), Number.MAX_VALUE)
      const wait = Math.min(initial * growth, max / (1 + jitter))
      return lengthened(wait * (1 + jitter * luck), cause, max)
    },
    resetOn: oneOf('recoveryTimeout.resetOn', recoveryTimeout.resetOn ?? 'close', ['close', 'stable']),
  }
}
