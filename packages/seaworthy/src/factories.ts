/** Ready-made pipelines, one for each preset. */
import { type CircuitBreaker, type CircuitBreakerOptions, circuitBreaker } from '@seaworthy/circuit-breaker'
import {
  type AnyPolicy,
  type Clock,
  duration,
  type EventsBy,
  type Hub,
  knownOptions,
  type Policy,
  pipeline,
  type Random,
} from '@seaworthy/core'
import { type Timeout, type TimeoutMode, timeout } from '@seaworthy/flow'
import {
  byClass,
  type DelayStrategy,
  exponential,
  type RetryOptions,
  type RetryPolicy,
  retry,
} from '@seaworthy/retry'
import { type Preset, type PresetName, presets } from './presets.ts'
import { type Profile, type ProfileName, profile } from './profiles.ts'
import { type Overrides, resolveOptions } from './resolve-options.ts'

/** Options of {@link messaging}, {@link aiProvider} and {@link database}: numbers to replace, and these. */
export interface PresetOptions extends Overrides {
  /** The name of the policies inside, for errors, events and the hub. */
  readonly name?: string | undefined
  /** The environment. @defaultValue `profile()`, which goes by `NODE_ENV` */
  readonly profile?: ProfileName | Profile | undefined
  /** Where policies with a name show themselves. @defaultValue the hub of the process */
  readonly hub?: Hub | undefined
  /** @defaultValue the system clock */
  readonly clock?: Clock | undefined
  /** For the spread of delays. @defaultValue `Math.random` */
  readonly random?: Random | undefined
  /** More about the circuit breaker. */
  readonly circuitBreaker?: MoreBreakerOptions | undefined
  /** More about retries. @defaultValue full jitter; none where the profile has none */
  readonly retry?: MoreRetryOptions | undefined
  /** Whether a call waits for its function when the time is up. @defaultValue `'aggressive'` */
  readonly timeoutMode?: TimeoutMode | undefined
  /** Policies between retry and circuit breaker, which limit attempts: `rateLimit`, `bulkhead`. @defaultValue none */
  readonly limits?: readonly AnyPolicy[] | undefined
}

/** What the numbers of a preset do not say about a circuit breaker. */
export type MoreBreakerOptions = Pick<CircuitBreakerOptions, (typeof moreBreakerNames)[number]>

/** What the numbers of a preset do not say about retries. */
export type MoreRetryOptions = Pick<RetryOptions, (typeof moreRetryNames)[number]>

const moreBreakerNames = [
  'mode',
  'slowCallDuration',
  'slowCallRate',
  'halfOpen',
  'classify',
  'store',
] as const
const moreRetryNames = [
  'jitter',
  'minDelay',
  'delayFrom',
  'hintMode',
  'maxServerDelay',
  'maxElapsed',
  'classify',
  'retryIf',
  'budget',
  'retryOpenCircuit',
  'nested',
] as const
const ownNames = [
  'name',
  'profile',
  'hub',
  'clock',
  'random',
  'circuitBreaker',
  'retry',
  'timeoutMode',
  'limits',
]

/** The events of a pipeline that was made from a preset. */
export type PresetEvents = EventsBy<RetryPolicy | CircuitBreaker | Timeout>

/** A pipeline of retry, circuit breaker and timeout, with the numbers it was made of. */
export interface PresetPipeline extends Policy<never, PresetEvents> {
  /** Its circuit breaker, to look at, trip, isolate or reset. */
  readonly breaker: CircuitBreaker
  /** The numbers in effect: preset, profile and overrides together. */
  readonly options: Preset
}

/**
 * A pipeline for a messaging service: `retry > circuit breaker > timeout`, with the numbers of `presets.messaging`.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { messaging } from 'seaworthy'
 *
 * const chat = messaging({ name: 'chat', attempts: 3 })
 * console.log(await chat.execute(() => 'sent'))
 * ```
 */
export function messaging(options: PresetOptions = {}): PresetPipeline {
  return build('messaging', options)
}

/**
 * A pipeline for a model provider: `retry > circuit breaker > timeout`, with the numbers of `presets.aiProvider`.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { aiProvider } from 'seaworthy'
 *
 * const model = aiProvider({ name: 'model', timeout: '60s' })
 * console.log(await model.execute(() => 'an answer'))
 * ```
 */
export function aiProvider(options: PresetOptions = {}): PresetPipeline {
  return build('aiProvider', options)
}

/**
 * A pipeline for a database: `retry > circuit breaker > timeout`, with the numbers of `presets.database`.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { database } from 'seaworthy'
 *
 * const orders = database({ name: 'orders', timeout: '5s' })
 * console.log(await orders.execute(() => ['order 1']))
 * ```
 */
export function database(options: PresetOptions = {}): PresetPipeline {
  return build('database', options)
}

/** A dependency that sheds load gets so many times the room of one that merely failed. */
const roomWhenDegraded = 5

function build(preset: PresetName, given: PresetOptions): PresetPipeline {
  const numbers = presets[preset]
  knownOptions(preset, given, [...ownNames, ...Object.keys(numbers)])
  const { name, profile: environment, hub, clock, random, circuitBreaker: more = {}, ...others } = given
  const { retry: repeat = {}, timeoutMode: mode, limits = [], ...overrides } = others
  knownOptions('circuitBreaker', more, moreBreakerNames)
  knownOptions('retry', repeat, moreRetryNames)
  const inEffect = typeof environment === 'object' ? environment : profile(environment)
  const { options } = resolveOptions(numbers, inEffect, overrides)
  const common = defined({ name, hub, clock })
  const policies: AnyPolicy[] = []
  const keep = <P extends AnyPolicy>(policy: P): P => {
    policies.push(policy)
    return policy
  }
  try {
    const breaker = keep(
      circuitBreaker({ ...common, ...defined({ random }), ...more, ...breakerOptions(options) }),
    )
    const jitter = inEffect.jitter === false ? 'none' : undefined
    const { attempts } = options
    const repeating = keep(retry({ ...common, jitter, ...repeat, random, attempts, delay: delayOf(options) }))
    const limit = timeout(options.timeout, { ...common, ...defined({ mode }) })
    // What `limits` are is only known at run time: they limit and answer nothing, and their events are there, though not in the type.
    const whole = pipeline(repeating, ...limits, breaker, limit) as Policy<never, PresetEvents>
    return Object.assign(whole, { breaker, options })
  } catch (error) {
    // A pipeline that was never made must not keep its name on the hub.
    for (const policy of policies) policy.dispose()
    throw error
  }
}

function breakerOptions(options: Preset): CircuitBreakerOptions {
  const { failureThreshold, failureRate, windowSize, minimumRequests, recoveryTimeout, successThreshold } =
    options
  const window = { calls: windowSize }
  return { failureThreshold, failureRate, window, minimumRequests, recoveryTimeout, successThreshold }
}

function delayOf({ retryDelay, maxRetryDelay: max }: Preset): DelayStrategy {
  const longer = duration('retryDelay', retryDelay) * roomWhenDegraded
  return byClass({ degraded: exponential(longer, { max }) }, exponential(retryDelay, { max }))
}

/** Without what is undefined, which not every policy takes for not given. */
function defined<T extends object>(options: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [Name in keyof T]?: Exclude<T[Name], undefined> }
}
