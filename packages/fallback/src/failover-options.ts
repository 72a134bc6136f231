import {
  type AnyPolicy,
  type Classify,
  type Clock,
  type Context,
  classifyWith,
  count,
  type Duration,
  duration,
  type FailureClass,
  failureClass,
  type Hub,
  InvalidOptionError,
  knownOptions,
  number,
  oneOf,
  optionalFunction,
  type Random,
  ratio,
  systemClock,
  systemRandom,
} from '@seaworthy/core'
import { isResponse } from './answer-stream.ts'
import { ProviderAnswerError } from './failover-errors.ts'
import { holds } from './handled.ts'
import { contribution } from './hedge-budget.ts'
import type { HealthRules } from './provider-health.ts'
import type { FailoverStrategy } from './selection.ts'
import { serverHint } from './server-hint.ts'

/** Somebody who can answer: a provider of a model, a region, a replica. */
export interface FailoverProvider<Request, Answer> {
  /** Its name in events, errors and snapshots. */
  readonly name: string
  /**
   * Asks it. Make here what differs between providers (address, key, model, format), so that nothing of one is ever sent to
   * another. Pass `context.signal` on. Let no client library in here retry on its own.
   */
  readonly call: (request: Request, context: Context) => Answer | PromiseLike<Answer>
  /** Providers of a lower tier are asked first. @defaultValue its place in the list with `'ordered'`, else 0 */
  readonly tier?: number
  /** Its part of the calls of its tier, relative to the others. @defaultValue 1 */
  readonly weight?: number
  /** Providers with the same text share an account: a rate limit of one is one of all. @defaultValue its own */
  readonly quotaGroup?: string
  /** Goes around every attempt at this provider: a bulkhead, a rate limit, a breaker that others share. */
  readonly policy?: AnyPolicy
  /** Whether it can answer this request at all. A predicate that throws says no. @defaultValue every request */
  readonly accepts?: (request: Request) => boolean
}

/** Options of {@link failover}. The defaults hold what the package promises: see the README. */
export interface FailoverOptions<Request, Answer> {
  /**
   * `ordered`: the first in the list that is well. `weighted`: by chance and `weight`. `latency`: the better of two that
   * chance picks, by time to the first byte, load and `weight`.
   *
   * @defaultValue `'ordered'`
   */
  readonly strategy?: FailoverStrategy
  /**
   * How long a provider has for its first byte (its answer, or the first piece of a stream) before another one is asked as
   * well. Three times the 95th percentile of its answers, within the bounds; `most` while too little is known. Or one duration.
   * It must be longer than a healthy provider takes.
   *
   * @defaultValue `{ least: '500ms', most: '2s' }`
   */
  readonly firstByteTimeout?: Duration | { readonly least: Duration; readonly most: Duration }
  /** By when the last provider has been asked; the first byte timeouts of many providers shrink for it. @defaultValue `'5s'` */
  readonly target?: Duration
  /** How long a call may wait for its answer, or for the first piece of it. @defaultValue `'30s'` */
  readonly deadline?: Duration
  /** How many times a call asks all providers that are well, with pauses between. @defaultValue 3 */
  readonly passes?: number
  /** The most calls that wait while no provider is well; further ones try at once. @defaultValue 1000 */
  readonly maxWaiting?: number
  /**
   * Asks the next provider early when one is slower than usual. `delay`: how much slower; by default its 95th percentile,
   * 50 ms at least. `budget`: these attempts as a share of calls, 0.05 by default.
   *
   * @defaultValue none
   */
  readonly hedge?: { readonly delay?: Duration; readonly budget?: number }
  /**
   * Whether the request may be answered twice. One that may not is passed on only by a provider that has refused it (`degraded`,
   * `persistent`); other failures are its caller's. A predicate that throws says no.
   *
   * @defaultValue every request may
   */
  readonly idempotent?: (request: Request) => boolean
  /** Failures in a row after which a provider cools down; also the fewest for `failureRate`. @defaultValue 5 */
  readonly failureThreshold?: number
  /** The share of failures in 10 s above which it cools down. @defaultValue 0.2 */
  readonly failureRate?: number
  /** How long, at first and at most; each time in a row is twice as long. @defaultValue `{ initial: '5s', max: '15s' }` */
  readonly cooldown?: { readonly initial?: Duration; readonly max?: Duration }
  /** Trials that must succeed, one at a time, before it is well again. @defaultValue 2 */
  readonly successThreshold?: number
  /** How long it then takes from a tenth of its calls to all of them. @defaultValue `'5s'` */
  readonly slowStart?: Duration
  /**
   * Asks a provider whether it is well, without a request of a user. Called only while it is not, when its cooldown is over; then no
   * call is used as a trial. Rejects if it is not well.
   *
   * @defaultValue none: the next calls are the trials
   */
  readonly probe?: (provider: string, signal: AbortSignal) => unknown
  /** Your judgement of errors; undefined leaves it to the general rules. @defaultValue the general rules */
  readonly classify?: Classify
  /**
   * Failures that another provider might not have, though the request is to blame: too long for this model, against this provider's rules.
   * They count for nobody. When it throws, it says no.
   *
   * @defaultValue none
   */
  readonly tryElsewhere?: (error: unknown, provider: string) => boolean
  /**
   * The error that an answer amounts to, if it is as bad as one. An answer with a `fatal` one is delivered all the same.
   *
   * @defaultValue a {@link ProviderAnswerError} for a `Response` with a status of 400 or more
   */
  readonly failureOf?: (answer: Answer) => unknown
  /** Milliseconds that a failure asks to wait. @defaultValue `retryAfter` of the error, or the header `Retry-After` */
  readonly delayFrom?: (error: unknown) => number | undefined
  /**
   * Whether answers that are streams are opened, to ask another provider if they break before their first piece. Such an answer
   * arrives as a new stream: a `ReadableStream`, a `Response`, or else an async iterable.
   *
   * @defaultValue `true`
   */
  readonly streams?: boolean
  /** Whether this piece of a stream is content, after which no other provider can answer. @defaultValue the first piece */
  readonly commits?: (chunk: unknown) => boolean
  /**
   * Gets every answer that came too late, to close what it holds; streams are cancelled anyway. What it throws goes to the hub's
   * `listenerError`.
   *
   * @defaultValue late answers are dropped
   */
  readonly disposeResult?: (answer: Answer) => unknown
  /** A name, for events and the hub. */
  readonly name?: string
  /** Where a failover with a name shows itself. @defaultValue the hub of the process */
  readonly hub?: Hub
  /** The source of time. @defaultValue the system clock */
  readonly clock?: Clock
  /** The source of randomness. @defaultValue that of the machine */
  readonly random?: Random
}

/** {@link FailoverOptions}, checked and complete. Durations are milliseconds. */
export interface FailoverRules {
  readonly strategy: FailoverStrategy
  readonly firstByte: { readonly least: number; readonly most: number }
  readonly target: number
  readonly deadline: number
  readonly passes: number
  readonly maxWaiting: number
  readonly hedge: { readonly delay: number | undefined; readonly contribution: number } | undefined
  readonly health: HealthRules
  readonly streams: boolean
  readonly clock: Clock
  readonly random: Random
  readonly probe: ((provider: string, signal: AbortSignal) => unknown) | undefined
  readonly disposeResult: ((answer: unknown) => unknown) | undefined
  idempotent(request: unknown): boolean
  classify(error: unknown): FailureClass
  tryElsewhere(error: unknown, provider: string): boolean
  failureOf(answer: unknown): unknown
  delayFrom(error: unknown): number | undefined
  commits(chunk: unknown): boolean
}

/** How far back the failure rate looks. */
const rateWindow = 10_000

/** @throws InvalidOptionError when one makes no sense. */
export function failoverRules<Request, Answer>(options: FailoverOptions<Request, Answer>): FailoverRules {
  knownOptions('failover', options, optionNames)
  const { idempotent, classify, tryElsewhere, failureOf, delayFrom, commits } = options
  const judge = classify === undefined ? failureClass : classifyWith(optionalFunction('classify', classify))
  optionalFunction('idempotent', idempotent)
  optionalFunction('tryElsewhere', tryElsewhere)
  optionalFunction('failureOf', failureOf)
  optionalFunction('delayFrom', delayFrom)
  return {
    strategy: oneOf('strategy', options.strategy ?? 'ordered', ['ordered', 'weighted', 'latency']),
    firstByte: firstByteOf(options.firstByteTimeout),
    target: duration('target', options.target ?? '5s', 1),
    deadline: duration('deadline', options.deadline ?? '30s', 1),
    passes: count('passes', options.passes ?? 3),
    maxWaiting: count('maxWaiting', options.maxWaiting ?? 1000, 0),
    hedge: hedgeOf(options.hedge),
    health: healthOf(options),
    streams: options.streams ?? true,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    probe: optionalFunction('probe', options.probe),
    // The rules know nothing of the types of requests and answers, which the factory has seen to.
    disposeResult: optionalFunction('disposeResult', options.disposeResult) as FailoverRules['disposeResult'],
    idempotent: (request) => idempotent === undefined || holds(idempotent, request as Request),
    classify: (error) => attempt(() => judge(error)) ?? failureClass(error),
    tryElsewhere: (error, provider) =>
      tryElsewhere !== undefined && holds((failure) => tryElsewhere(failure, provider), error),
    failureOf: (answer) =>
      failureOf === undefined ? failureOfResponse(answer) : attempt(() => failureOf(answer as Answer)),
    delayFrom: (error) =>
      usableDelay(delayFrom === undefined ? serverHint(error) : attempt(() => delayFrom(error))),
    commits: optionalFunction('commits', commits) ?? (() => true),
  }
}

/** @throws InvalidOptionError when a provider makes no sense, or two have one name. */
export function checkProviders(providers: readonly FailoverProvider<never, unknown>[]): void {
  if (!Array.isArray(providers) || providers.length === 0)
    throw new InvalidOptionError('providers', 'a list of at least one provider', providers)
  const names = new Set<string>()
  for (const [index, provider] of providers.entries()) {
    const option = `providers[${index}]`
    knownOptions(option, provider, ['name', 'call', 'tier', 'weight', 'quotaGroup', 'policy', 'accepts'])
    const { name, call, tier, weight, accepts, policy } = provider
    if (typeof name !== 'string' || name === '')
      throw new InvalidOptionError(`${option}.name`, 'a text', name)
    if (names.has(name)) throw new InvalidOptionError(`${option}.name`, 'a name of its own', name)
    names.add(name)
    if (typeof call !== 'function') throw new InvalidOptionError(`${option}.call`, 'a function', call)
    if (tier !== undefined) number(`${option}.tier`, tier)
    if (weight !== undefined) number(`${option}.weight`, weight, Number.MIN_VALUE)
    optionalFunction(`${option}.accepts`, accepts)
    if (policy !== undefined && typeof policy.execute !== 'function')
      throw new InvalidOptionError(`${option}.policy`, 'a policy, such as bulkhead() or a pipeline', policy)
  }
}

const optionNames = [
  'strategy',
  'firstByteTimeout',
  'target',
  'deadline',
  'passes',
  'maxWaiting',
  'hedge',
  'idempotent',
  'failureThreshold',
  'failureRate',
  'cooldown',
  'successThreshold',
  'slowStart',
  'probe',
  'classify',
  'tryElsewhere',
  'failureOf',
  'delayFrom',
  'streams',
  'commits',
  'disposeResult',
  'name',
  'hub',
  'clock',
  'random',
] satisfies (keyof FailoverOptions<unknown, unknown>)[]

function firstByteOf(
  option: FailoverOptions<never, unknown>['firstByteTimeout'] = { least: '500ms', most: '2s' },
): FailoverRules['firstByte'] {
  if (typeof option !== 'object') {
    const fixed = duration('firstByteTimeout', option, 1)
    return { least: fixed, most: fixed }
  }
  const least = duration('firstByteTimeout.least', option.least, 1)
  return { least, most: duration('firstByteTimeout.most', option.most, least) }
}

function hedgeOf(option: FailoverOptions<never, unknown>['hedge']): FailoverRules['hedge'] {
  if (option === undefined) return undefined
  knownOptions('hedge', option, ['delay', 'budget'])
  return {
    delay: option.delay === undefined ? undefined : duration('hedge.delay', option.delay),
    contribution: contribution(ratio('hedge.budget', option.budget ?? 0.05)),
  }
}

function healthOf(
  options: Pick<
    FailoverOptions<never, unknown>,
    'cooldown' | 'failureThreshold' | 'failureRate' | 'successThreshold' | 'slowStart'
  >,
): HealthRules {
  const { cooldown = {} } = options
  knownOptions('cooldown', cooldown, ['initial', 'max'])
  const initial = duration('cooldown.initial', cooldown.initial ?? '5s', 1)
  const max = duration('cooldown.max', cooldown.max ?? Math.max(15_000, initial), initial)
  return {
    failures: count('failureThreshold', options.failureThreshold ?? 5),
    failureRate: ratio('failureRate', options.failureRate ?? 0.2),
    window: rateWindow,
    cooldown: { initial, max },
    successes: count('successThreshold', options.successThreshold ?? 2),
    slowStart: duration('slowStart', options.slowStart ?? '5s'),
  }
}

function failureOfResponse(answer: unknown): unknown {
  return isResponse(answer) && answer.status >= 400
    ? new ProviderAnswerError(answer.status, serverHint(answer))
    : undefined
}

function usableDelay(delay: number | undefined): number | undefined {
  return typeof delay === 'number' && delay >= 0 ? delay : undefined
}

/** What a function of the user says, or undefined when it throws. */
function attempt<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch {
    return undefined
  }
}
