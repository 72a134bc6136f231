/** The options of workers and reapers, and what is left of them when they have been checked. */
import {
  type AnyPolicy,
  type Clock,
  count,
  type Duration,
  duration,
  type FailureClass,
  type Hub,
  InvalidOptionError,
  knownOptions,
  oneOf,
  optionalFunction,
  pipeline,
  type Random,
  systemClock,
  systemRandom,
} from '@seaworthy/core'
import type { IdempotencyStore } from '@seaworthy/idempotency'
import type { DeadLetterSink } from './dead-letter-sink.ts'
import type { PoisonLimits } from './entry.ts'
import { type RetryDelay, type RetryRules, standardDelay } from './judgement.ts'
import type { TaskStream } from './stream.ts'
import type { TaskContext } from './task-context.ts'
import { uniqueText } from './unique-text.ts'

/** When a task failed, how often and when it is tried again. */
export interface RetryOptions {
  /** How often a task may fail before it is a dead letter, the first run included. @defaultValue 5 */
  readonly attempts?: number
  /**
   * How long to wait before a retry: a duration, or a function such as the strategies of `@seaworthy/retry`, in
   * milliseconds. A `retryAfter` of the error is the least. @defaultValue 1 s, doubling up to 30 s, with full jitter
   */
  readonly delay?: Duration | RetryDelay
}

/** Runs each task id once, as far as that can be promised. */
export interface TaskIdempotencyOptions {
  /** Where the records are. Share it between all workers of the stream. */
  readonly store: IdempotencyStore
  /** Part of every key, so that the ids of two kinds of work do not meet. @defaultValue the name of the stream */
  readonly scope?: string
  /** How long a finished task is remembered. @defaultValue `'24h'` */
  readonly ttl?: Duration
  /**
   * What to do with a task whose worker died over it, and of which nobody knows whether it took effect: run it again,
   * or leave it to a person.
   * @defaultValue `'rerun'`
   */
  readonly onAbandoned?: 'rerun' | 'deadLetter'
}

/** Options that a worker and a reaper share. */
export interface TakeOverOptions {
  /** Where tasks come from. */
  readonly stream: TaskStream
  /**
   * Where tasks go that cannot be done: `deadLetters()` of `@seaworthy/dead-letter`, or `'discard'` to throw them
   * away for good. There is no default, since it would lose work.
   */
  readonly deadLetters: DeadLetterSink | 'discard'
  /**
   * Another worker's task is taken over when nothing was heard of it for so long. At least three heartbeats, and the
   * same for all workers of a stream. @defaultValue `'25s'`
   */
  readonly minIdle?: Duration
  /** How often a worker says what it holds. @defaultValue `'8s'` */
  readonly heartbeat?: Duration
  /** How often to look for tasks to take over, varied by a fifth. @defaultValue `'1s'` */
  readonly interval?: Duration
  /** A task whose handler was started so often by workers that fell silent is poison. @defaultValue 5 */
  readonly maxStarts?: number
  /** As `maxStarts`, for hand-outs of which no start is known. @defaultValue 20 */
  readonly maxDeliveries?: number
  /**
   * After so many hand-outs to workers that fell silent a task is a suspect: a worker runs one of them at a time.
   * @defaultValue 2
   */
  readonly suspectAfter?: number
  /** A name, for events and the hub. */
  readonly name?: string
  /** Where it shows itself if it has a name. @defaultValue the hub of the process */
  readonly hub?: Hub
  /** @defaultValue the system clock */
  readonly clock?: Clock
  /** Spreads retries and upkeep, and makes the name of the owner. @defaultValue `Math.random` */
  readonly random?: Random
  /**
   * The name under which the stream knows this start of it. Has to be new for each. @defaultValue the name and 20
   * random characters
   */
  readonly owner?: string
}

/** Options of {@link worker}. */
export interface WorkerOptions<T = unknown> extends TakeOverOptions {
  /** Does a task. What it returns is dropped; when it throws or rejects, the task has failed. */
  readonly handler: (payload: T, context: TaskContext) => unknown
  /** Reads a payload. A task whose payload makes it throw is a dead letter at once. @defaultValue `JSON.parse` */
  readonly decode?: (payload: string) => T
  /**
   * A policy or pipeline around the handler. A task that it turns away without a run spends no attempt. @defaultValue
   * none
   */
  readonly policy?: AnyPolicy
  readonly idempotency?: TaskIdempotencyOptions
  /** How many handlers run at once. @defaultValue 10 */
  readonly concurrency?: number
  /**
   * How many tasks may be fetched ahead of the free slots while tasks are so short that each is expected to get its turn within 5 ms. One
   * that waits for 100 ms is given back. Only whole rounds of `concurrency` are, so less than that is none. 0 keeps the order of arrival with
   * `concurrency: 1`.
   * @defaultValue 20; 0 with `concurrency: 1`
   */
  readonly prefetch?: number
  readonly retries?: RetryOptions
  /**
   * Judges errors; undefined leaves it to the standard. `fatal` is a dead letter at once. @defaultValue the standard
   */
  readonly classify?: (error: unknown) => FailureClass | undefined
  /**
   * A run may take so long, then its signal aborts and nobody keeps others from taking it over. @defaultValue `'1h'`
   */
  readonly maxProcessing?: Duration
  /** How long `close()` waits for running handlers. @defaultValue `'10s'` */
  readonly drain?: Duration
}

/** Options that have been checked. Durations are milliseconds. */
export interface TakeOverSettings {
  readonly stream: TaskStream
  readonly deadLetters: DeadLetterSink | undefined
  readonly limits: PoisonLimits
  readonly minIdle: number
  readonly heartbeat: number
  readonly interval: number
  readonly name: string | undefined
  readonly clock: Clock
  readonly random: Random
  readonly owner: string
}

/** The options of a worker, checked. */
export interface WorkerSettings extends TakeOverSettings {
  readonly handler: (payload: unknown, context: TaskContext) => unknown
  readonly decode: (payload: string) => unknown
  readonly policy: AnyPolicy
  readonly idempotency: IdempotencySettings | undefined
  readonly concurrency: number
  readonly prefetch: number
  readonly retries: RetryRules
  readonly maxProcessing: number
  readonly drain: number
  /** How long before others may take over a worker gives up by itself. */
  readonly margin: number
}

/** The options of idempotency, checked. */
export interface IdempotencySettings {
  readonly store: IdempotencyStore
  readonly scope: string
  readonly ttl: number
  readonly takeover: boolean
}

const takeOverNames = [
  'stream',
  'deadLetters',
  'minIdle',
  'heartbeat',
  'interval',
  'maxStarts',
  'maxDeliveries',
  'suspectAfter',
  'name',
  'hub',
  'clock',
  'random',
  'owner',
]

const workerNames = [
  ...takeOverNames,
  'handler',
  'decode',
  'policy',
  'idempotency',
  'concurrency',
  'prefetch',
  'retries',
  'classify',
  'maxProcessing',
  'drain',
]

/** Checks the options of a reaper. */
export function reaperSettings(options: TakeOverOptions): TakeOverSettings {
  knownOptions('reaper', options, takeOverNames)
  return takeOverSettings('reaper', options)
}

/** Checks the options of a worker. */
export function workerSettings<T>(options: WorkerOptions<T>): WorkerSettings {
  knownOptions('worker', options, workerNames)
  const { handler, decode = JSON.parse, policy = pipeline(), concurrency = 10, classify } = options
  const { maxProcessing = '1h', drain = '10s', prefetch = concurrency === 1 ? 0 : 20 } = options
  const shared = takeOverSettings('worker', options)
  if (typeof handler !== 'function') throw new InvalidOptionError('handler', 'a function', handler)
  if (typeof policy?.execute !== 'function')
    throw new InvalidOptionError('policy', 'a policy, such as pipeline() or timeout()', policy)
  return {
    ...shared,
    handler: handler as WorkerSettings['handler'],
    decode: optionalFunction('decode', decode),
    policy,
    idempotency: idempotencySettings(options.idempotency, shared.stream.name),
    concurrency: count('concurrency', concurrency),
    prefetch: count('prefetch', prefetch, 0),
    retries: retryRules(options.retries, optionalFunction('classify', classify), shared.random),
    maxProcessing: duration('maxProcessing', maxProcessing, 1),
    drain: duration('drain', drain),
    margin: Math.min(3000, shared.minIdle / 8),
  }
}

function takeOverSettings(kind: string, options: TakeOverOptions): TakeOverSettings {
  const { stream, name, clock = systemClock, random = systemRandom } = options
  const { minIdle = '25s', heartbeat = '8s', interval = '1s' } = options
  const { maxStarts = 5, maxDeliveries = 20, suspectAfter = 2 } = options
  if (typeof stream?.fetch !== 'function')
    throw new InvalidOptionError('stream', 'a stream such as memoryStream()', stream)
  const beat = duration('heartbeat', heartbeat, 1)
  const idle = duration('minIdle', minIdle)
  if (idle < 3 * beat)
    throw new InvalidOptionError('minIdle', `at least three heartbeats (${3 * beat} ms)`, minIdle)
  return {
    stream,
    deadLetters: sinkOf(options.deadLetters),
    limits: {
      maxStarts: count('maxStarts', maxStarts),
      maxDeliveries: count('maxDeliveries', maxDeliveries, maxStarts),
      suspectAfter: count('suspectAfter', suspectAfter, 1, true),
    },
    minIdle: idle,
    heartbeat: beat,
    interval: duration('interval', interval, 1),
    name,
    clock,
    random,
    owner: options.owner ?? `${name ?? kind}-${uniqueText(random)}`,
  }
}

function sinkOf(deadLetters: DeadLetterSink | 'discard'): DeadLetterSink | undefined {
  if (deadLetters === 'discard') return undefined
  if (typeof deadLetters?.add === 'function') return deadLetters
  throw new InvalidOptionError('deadLetters', "a queue such as deadLetters(), or 'discard'", deadLetters)
}

function retryRules(
  options: RetryOptions = {},
  classify: RetryRules['classify'],
  random: Random,
): RetryRules {
  knownOptions('retries', options, ['attempts', 'delay'])
  const { attempts = 5, delay = standardDelay } = options
  const fixed = typeof delay === 'function' ? undefined : duration('retries.delay', delay)
  return {
    attempts: count('retries.attempts', attempts),
    delay: typeof delay === 'function' ? delay : () => fixed as number,
    classify,
    random,
  }
}

function idempotencySettings(
  options: TaskIdempotencyOptions | undefined,
  stream: string,
): IdempotencySettings | undefined {
  if (options === undefined) return undefined
  knownOptions('idempotency', options, ['store', 'scope', 'ttl', 'onAbandoned'])
  const { store, scope = stream, ttl = '24h', onAbandoned = 'rerun' } = options
  if (typeof store?.claim !== 'function')
    throw new InvalidOptionError('idempotency.store', 'a store such as memoryIdempotency()', store)
  return {
    store,
    scope,
    ttl: duration('idempotency.ttl', ttl, 1),
    takeover: oneOf('idempotency.onAbandoned', onAbandoned, ['rerun', 'deadLetter']) === 'rerun',
  }
}
