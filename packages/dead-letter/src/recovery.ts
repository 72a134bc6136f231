/** What recovery does with a letter, by kind of failure: data and functions, without clocks or stores. */
import {
  count,
  type Duration,
  duration,
  type FailureClass,
  InvalidOptionError,
  type Random,
} from '@seaworthy/core'
import type { Letter, OpenLetter } from './letter.ts'

/**
 * What becomes of a letter.
 *
 * - `replay`: it is done anew. - `resolve`: nothing is left to do. - `discard`: nobody wants it. - `leave`: a person decides.
 * - `{ wait }`: ask again later.
 */
export type RecoveryDecision = 'replay' | 'resolve' | 'discard' | 'leave' | { readonly wait: Duration }

/** How far a letter has come. */
export interface RecoveryProgress {
  /** How often the work was replayed before it died this time. */
  readonly replays: number
  /** How often replaying this letter has failed. */
  readonly attempts: number
  readonly failureClass: FailureClass
}

/** What a strategy can ask for. */
export interface RecoveryTools {
  /** Reads message and config. Rejects when they cannot be decoded. */
  open(): Promise<OpenLetter>
  /** Aborts when the queue is closed. */
  readonly signal: AbortSignal
}

/** How letters of one kind are recovered. */
export interface RecoveryStrategy {
  /** For people. */
  readonly kind: string
  /**
   * How long to leave the letter alone, in milliseconds, after it died and after each replay that failed; undefined to leave it to a
   * person. One that throws leaves it to a person.
   */
  delay(progress: RecoveryProgress, random: Random): number | undefined
  /** Decides when that time is over. When it throws, it is asked again in the next round but one `recovery.every` later. */
  decide(letter: Letter, tools: RecoveryTools): RecoveryDecision | Promise<RecoveryDecision>
}

/** A strategy of your own as one function: it is asked as soon as the letter is dead. */
export type RecoveryFunction = RecoveryStrategy['decide']

/** Whether replaying makes sense now. One that throws or rejects says no. */
export type ReplayCondition = () => boolean | Promise<boolean>

/** What a {@link ReplayBackoff} function is told; that of a delay strategy of `@seaworthy/retry`. */
export interface BackoffInput {
  /** Which replay the delay comes before: 1 for the first. */
  readonly retry: number
  /** The delay before the replay at `retry - 1`; 0, as the queue does not remember it. */
  readonly previous: number
  readonly failureClass: FailureClass
  readonly random: Random
}

/** How long to wait before each replay: always the same, or a function such as `exponential('1m', { max: '1h' })`. */
export type ReplayBackoff = Duration | ((input: BackoffInput) => number)

/** Options of {@link replayAfter} and {@link replayWhen}. */
export interface ReplayLimit {
  /** After so many replays, counted over all deaths of the work, a person decides. @defaultValue 3 */
  readonly max?: number
}

/** Options of {@link replayWhen}. */
export interface ReplayWhenOptions extends ReplayLimit {
  /** How long after death, and how often, the condition is asked. @defaultValue `'30s'` */
  readonly every?: Duration
}

/**
 * Replays after a time, up to `max` times. Deaths after a replay count only if they are added with `replays`.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 */
export function replayAfter(backoff: ReplayBackoff, { max = 3 }: ReplayLimit = {}): RecoveryStrategy {
  const most = count('max', max)
  const wait = typeof backoff === 'function' ? backoff : constant(duration('backoff', backoff))
  return {
    kind: 'replayAfter',
    delay({ replays, attempts, failureClass }, random) {
      const retry = replays + attempts + 1
      return retry > most ? undefined : wait({ retry, previous: 0, failureClass, random })
    },
    // Asked about letters that are not due, it keeps to its limit as well.
    decide: ({ replays, attempts }) => (replays + attempts < most ? 'replay' : 'leave'),
  }
}

/**
 * Replays as soon as a condition holds, up to `max` times.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { replayWhen, whenClosed } from '@seaworthy/dead-letter'
 *
 * const breaker = { state: 'open' } // a circuitBreaker({ … })
 * const strategy = replayWhen(whenClosed(breaker), { every: '10s' })
 * console.log(strategy.kind) // replayWhen
 * ```
 */
export function replayWhen(condition: ReplayCondition, options: ReplayWhenOptions = {}): RecoveryStrategy {
  const { max, every = '30s' } = options
  if (typeof condition !== 'function') throw new InvalidOptionError('condition', 'a function', condition)
  const wait = duration('every', every, 1)
  const { delay, decide } = replayAfter(wait, max === undefined ? {} : { max })
  return {
    kind: 'replayWhen',
    delay,
    decide: async (letter, tools) => ((await holds(condition)) ? decide(letter, tools) : { wait }),
  }
}

/** Leaves letters to a person. The default for kinds that nobody named. */
export function manual(): RecoveryStrategy {
  return { kind: 'manual', delay: () => undefined, decide: () => 'leave' }
}

/**
 * Finds out what is the case, for letters of which nobody knows whether the work was done: your function looks, and answers
 * `resolve` if it was.
 *
 * @param after - How long after death it is asked. @defaultValue 0
 * @throws {@link @seaworthy/core!InvalidOptionError} when an argument makes no sense.
 */
export function reconcile<Message = unknown>(
  look: (letter: OpenLetter<Message>, tools: RecoveryTools) => RecoveryDecision | Promise<RecoveryDecision>,
  after: Duration = 0,
): RecoveryStrategy {
  if (typeof look !== 'function') throw new InvalidOptionError('reconcile', 'a function', look)
  const wait = duration('after', after)
  return {
    kind: 'reconcile',
    delay: () => wait,
    decide: async (_letter, tools) => look((await tools.open()) as OpenLetter<Message>, tools),
  }
}

/**
 * Throws letters away that nobody will miss.
 *
 * @param after - How long after death. @defaultValue 0
 * @throws {@link @seaworthy/core!InvalidOptionError} when the duration makes no sense.
 */
export function discard(after: Duration = 0): RecoveryStrategy {
  const wait = duration('after', after)
  return { kind: 'discard', delay: () => wait, decide: () => 'discard' }
}

/** Holds while a circuit breaker, or anything with a `state`, is `closed`. */
export function whenClosed(breaker: { readonly state: string }): ReplayCondition {
  if (typeof breaker?.state !== 'string')
    throw new InvalidOptionError('whenClosed', 'a circuit breaker, or anything with a state', breaker)
  return () => breaker.state === 'closed'
}

/** Options of {@link standardRecovery}. */
export interface StandardRecoveryOptions {
  /** When the dependency is up again; without it, letters of `dependency_down` are replayed after 5 minutes. */
  readonly dependencyUp?: ReplayCondition
}

/**
 * The default of the queue, by kind of failure: `rate_limit` and `timeout` are replayed after 1, 2 and 4 minutes;
 * `dependency_down` when it is up; `telemetry` is discarded; `worker_crash`, `unknown_outcome`, `validation`, `decode` and all
 * that nobody named wait for a person.
 */
export function standardRecovery({
  dependencyUp,
}: StandardRecoveryOptions = {}): Record<string, RecoveryStrategy> {
  const minutes: ReplayBackoff = ({ retry }) => 60_000 * 2 ** (retry - 1)
  return {
    rate_limit: replayAfter(minutes),
    timeout: replayAfter(minutes),
    dependency_down: dependencyUp === undefined ? replayAfter('5m') : replayWhen(dependencyUp),
    worker_crash: manual(),
    unknown_outcome: manual(),
    validation: manual(),
    decode: manual(),
    telemetry: discard(),
  }
}

/** A strategy, whichever way it was given. */
export function strategyOf(option: string, given: RecoveryStrategy | RecoveryFunction): RecoveryStrategy {
  if (typeof given === 'function') return { kind: 'custom', delay: () => 0, decide: given }
  if (typeof given?.delay === 'function' && typeof given.decide === 'function') return given
  throw new InvalidOptionError(option, 'a recovery strategy such as manual(), or a function', given)
}

/** Whether a condition of a user holds. */
export async function holds(condition: ReplayCondition): Promise<boolean> {
  try {
    return (await condition()) === true
  } catch {
    return false
  }
}

const constant = (delay: number) => (): number => delay
