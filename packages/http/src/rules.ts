/** The options of the engine, checked, with defaults. */
import {
  type Classify,
  type Clock,
  count,
  DeadlineList,
  type Duration,
  defaultHub,
  duration,
  type FailureClass,
  failureClass,
  type Hub,
  InvalidOptionError,
  knownOptions,
  oneOf,
  optionalFunction,
  type Random,
  systemClock,
  systemRandom,
  systemWallClock,
  type WallClock,
} from '@seaworthy/core'
import type { CooldownRules } from './cooldowns.ts'
import type { HttpOptions, RequestTarget } from './options.ts'
import { retriedStatuses, type StatusRules } from './status.ts'

/** What the engine goes by. */
export interface Rules extends StatusRules {
  readonly name: string | undefined
  readonly hub: Hub
  readonly clock: Clock
  readonly random: Random
  readonly wallClock: WallClock
  /** Milliseconds. */
  readonly attemptLimit: number | undefined
  readonly attemptList: DeadlineList | undefined
  readonly totalLimit: number | undefined
  readonly coversBody: boolean
  /** Never throws. */
  readonly deadline: (() => number | undefined) | undefined
  readonly idempotencyKey: 'auto' | 'respect' | false
  readonly idempotencyHeader: string
  readonly attemptHeader: string | undefined
  readonly throwOnFailure: boolean
  readonly maxReplayBytes: number
  readonly bufferStreams: boolean
  readonly maxOrigins: number
  readonly idle: number
  readonly cooldown: CooldownRules | undefined
  readonly whenExhausted: boolean
  /** Never throws. */
  classify(error: unknown): FailureClass
  /** Never throws. Undefined where the origin is the key. */
  readonly keyOf: ((target: RequestTarget) => string) | undefined
}

const ownPolicies = ['retry', 'breaker', 'budget', 'rateLimit', 'cooldown'] as const

const names: readonly (keyof HttpOptions)[] = [
  'name',
  'hub',
  'clock',
  'random',
  'wallClock',
  'policy',
  ...ownPolicies,
  'retryStatuses',
  'timeout',
  'deadline',
  'idempotencyKey',
  'idempotencyHeader',
  'attemptHeader',
  'vendorHints',
  'classify',
  'throwOnFailure',
  'maxReplayBytes',
  'bufferStreams',
  'origins',
  'key',
]

/** Checks options. */
export function rulesOf(options: HttpOptions): Rules {
  knownOptions('http', options, names)
  const { policy, name, hub = defaultHub, clock = systemClock, random = systemRandom } = options
  const { retryStatuses = retriedStatuses, idempotencyKey = 'respect', origins = {} } = options
  if (policy !== undefined) checkPolicy(options)
  knownOptions('origins', origins, ['max', 'idle'])
  const maxOrigins = count('origins.max', origins.max ?? 1000)
  const idle = duration('origins.idle', origins.idle ?? '10m', 1)
  const timeout = options.timeout ?? (policy === undefined ? {} : false)
  const limits = timeout === false ? { attempt: false as const, total: false as const } : timeout
  knownOptions('timeout', limits, ['attempt', 'total', 'covers'])
  const { covers = 'headers' } = limits as { covers?: 'headers' | 'body' }
  const attemptLimit = limitOf('timeout.attempt', limits.attempt ?? '10s')
  const totalLimit = limitOf('timeout.total', limits.total ?? '30s')
  const report = (option: string, error: unknown): void =>
    hub.reportListenerError(error, 'http', name, option)
  return {
    name,
    hub,
    clock,
    random,
    wallClock: options.wallClock ?? systemWallClock,
    retryStatuses: new Set(retryStatuses.map((status) => statusIn(status))),
    vendorHints: options.vendorHints ?? true,
    attemptLimit,
    attemptList: attemptLimit === undefined ? undefined : new DeadlineList(clock, attemptLimit),
    totalLimit,
    coversBody: oneOf('timeout.covers', covers, ['headers', 'body']) === 'body',
    deadline: deadlineBy(optionalFunction('deadline', options.deadline), report),
    idempotencyKey:
      idempotencyKey !== false &&
      oneOf<'auto' | 'respect'>('idempotencyKey', idempotencyKey, ['auto', 'respect']),
    idempotencyHeader: headerName('idempotencyHeader', options.idempotencyHeader ?? 'Idempotency-Key'),
    attemptHeader:
      options.attemptHeader === undefined ? undefined : headerName('attemptHeader', options.attemptHeader),
    throwOnFailure: options.throwOnFailure ?? false,
    maxReplayBytes: count('maxReplayBytes', options.maxReplayBytes ?? 2 ** 20, 0),
    bufferStreams: options.bufferStreams ?? false,
    maxOrigins,
    idle,
    ...cooldownRules(options, { name, clock, random, max: maxOrigins }),
    classify: classifyBy(optionalFunction('classify', options.classify), report),
    keyOf: keyBy(optionalFunction('key', options.key), report),
  }
}

function checkPolicy(options: HttpOptions): void {
  if (typeof options.policy?.execute !== 'function')
    throw new InvalidOptionError('policy', 'a policy, such as pipeline(retry(), timeout())', options.policy)
  for (const option of ownPolicies) {
    if (options[option] !== undefined)
      throw new InvalidOptionError(option, 'left out when there is a policy of your own', options[option])
  }
}

function limitOf(option: string, limit: Duration | false): number | undefined {
  return limit === false ? undefined : duration(option, limit, 1)
}

function statusIn(status: number): number {
  if (Number.isInteger(status) && status >= 400 && status <= 599) return status
  throw new InvalidOptionError('retryStatuses', 'a list of statuses from 400 to 599', status)
}

function headerName(option: string, name: string): string {
  if (typeof name === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(name)) return name
  throw new InvalidOptionError(option, 'the name of a header', name)
}

function cooldownRules(
  { cooldown = {}, policy }: HttpOptions,
  common: Pick<CooldownRules, 'name' | 'clock' | 'random'> & { readonly max: number },
): Pick<Rules, 'cooldown' | 'whenExhausted'> {
  if (cooldown === false || policy !== undefined) return { cooldown: undefined, whenExhausted: false }
  knownOptions('cooldown', cooldown, ['maxWait', 'max', 'whenExhausted'])
  const maxWait = duration('cooldown.maxWait', cooldown.maxWait ?? '60s')
  const longest = duration('cooldown.max', cooldown.max ?? '10m', 1)
  return { cooldown: { ...common, maxWait, longest }, whenExhausted: cooldown.whenExhausted ?? false }
}

type Report = (option: string, error: unknown) => void

function classifyBy(classify: Classify | undefined, report: Report): (error: unknown) => FailureClass {
  if (classify === undefined) return failureClass
  return (error) => {
    try {
      return classify(error) ?? failureClass(error)
    } catch (thrown) {
      report('classify', thrown)
      return failureClass(error)
    }
  }
}

function deadlineBy(deadline: HttpOptions['deadline'], report: Report): Rules['deadline'] {
  if (deadline === undefined) return undefined
  return () => {
    try {
      const end = deadline()
      return Number.isFinite(end) ? end : undefined
    } catch (thrown) {
      report('deadline', thrown)
      return undefined
    }
  }
}

function keyBy(key: HttpOptions['key'], report: Report): Rules['keyOf'] {
  if (key === undefined) return undefined
  return (target) => {
    try {
      return String(key(target))
    } catch (thrown) {
      report('key', thrown)
      return target.origin
    }
  }
}
