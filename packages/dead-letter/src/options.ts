/** The options of a queue, and what is left of them when they have been checked. */
import {
  type Clock,
  count,
  type Duration,
  duration,
  type Hub,
  InvalidOptionError,
  knownOptions,
  number,
  optionalFunction,
  type Random,
  systemClock,
  systemRandom,
} from '@seaworthy/core'
import { type FailureRule, standardFailures } from './failure-type.ts'
import type { OpenLetter, StoredError } from './letter.ts'
import { jsonPayload, type PayloadCodec } from './payload.ts'
import {
  type RecoveryFunction,
  type RecoveryStrategy,
  type ReplayCondition,
  standardRecovery,
  strategyOf,
} from './recovery.ts'
import type { DeadLetterStore } from './store.ts'

/** What a replay function is told. */
export interface ReplayInfo {
  /**
   * The id of this replay, the same however often it is tried. Make it the idempotency key of the consumer: after a crash or a
   * lost answer a letter is published again under the same id.
   */
  readonly replayId: string
  /** 1 for the first replay of the work. Carry it along, and give it to `add` as `replays` if the work dies again. */
  readonly replayNumber: number
  /** Who wanted it: an operator's name, or `recovery`. */
  readonly actor: string
  /** Aborts when another process has taken the letter over, because this one could not renew its lease. */
  readonly signal: AbortSignal
}

/** Does the work anew: sends the message to its queue again, or runs it. When it throws, the letter is dead again. */
export type Replay<Message> = (letter: OpenLetter<Message>, info: ReplayInfo) => unknown

/** What of a letter may be secret. */
export interface Redactable {
  readonly message: unknown
  readonly error: StoredError
  readonly config: unknown
}

/** How letters recover by themselves. */
export interface RecoveryOptions {
  /**
   * Strategies by the letter's type, its kind of failure, or its failure class, looked up in this order; then `'*'`. What is named
   * nowhere waits for a person.
   *
   * @defaultValue {@link standardRecovery}
   */
  readonly strategies?: Readonly<Record<string, RecoveryStrategy | RecoveryFunction>>
  /** Nothing is replayed by itself while this does not hold, for example `whenClosed(breaker)`. @defaultValue always */
  readonly when?: ReplayCondition
  /**
   * How many letters this process replays by itself in a second. With a store that gives turns, scheduled recovery is at work in one process
   * at a time, so this is the pace of all together; calls of `processBatch` in several processes add up. @defaultValue 10
   */
  readonly perSecond?: number
  /**
   * How often a started queue looks for letters that are due, all its processes taken together if the store can tell.
   * @defaultValue `'5m'`
   */
  readonly every?: Duration
  /** How many it takes at once. @defaultValue 20 */
  readonly batch?: number
}

/** How long letters are kept. */
export interface RetentionOptions {
  /** Letters that are dead for so long expire, counted from their death. `false` for never. @defaultValue `'7d'` */
  readonly age?: Duration | false
  /** How many may be dead; the oldest expire first. @defaultValue no limit but that of the store */
  readonly keep?: number
  /** Settled letters are remembered for so long, without content. @defaultValue `'1d'` */
  readonly settled?: Duration
  /**
   * How often a started queue looks, all its processes taken together if the store can tell. Letters expire at the next look after their time.
   * @defaultValue `'1d'`
   */
  readonly every?: Duration
  /** The most letters in one step of the store. @defaultValue 500 */
  readonly batch?: number
}

/** Options of {@link deadLetters}. */
export interface DeadLettersOptions<Message = unknown> {
  /** Where letters are kept, for example {@link memoryDeadLetters}. */
  readonly store: DeadLetterStore
  /** Does the work of a letter anew. Not needed if the store replays by itself, or nothing is ever replayed. */
  readonly replay?: Replay<Message>
  /** Names kinds of failure, before {@link standardFailures}, in order. */
  readonly failures?: readonly FailureRule[]
  readonly recovery?: RecoveryOptions
  readonly retention?: RetentionOptions
  /**
   * Takes out what must not be written. Gets message, error and config before anything else does. If it throws, the letter is not
   * stored.
   */
  readonly redact?: (parts: Redactable) => Redactable
  /** Encodes message and config. @defaultValue {@link jsonPayload} */
  readonly codec?: PayloadCodec
  /** The most characters of message and config, encoded. @defaultValue 1,000,000 */
  readonly maxPayload?: number
  /** How long two letters with one dedupe key are one. @defaultValue `'1d'` */
  readonly dedupeFor?: Duration
  /** How long a letter belongs to whoever works on it, unless renewed; it is renewed at each third. @defaultValue `'30s'` */
  readonly lease?: Duration
  /** Who holds leases, for the audit. @defaultValue `'dead-letters-'` and 8 random characters */
  readonly owner?: string
  /** A name, for events and the hub. */
  readonly name?: string
  /** Where a queue with a name shows itself. @defaultValue the hub of the process */
  readonly hub?: Hub
  /** Times upkeep, pace and leases. Ages are measured by the store. @defaultValue the system clock */
  readonly clock?: Clock
  /** Spreads upkeep, and makes tokens and the owner's name. @defaultValue `Math.random` */
  readonly random?: Random
}

/** Options that have been checked. Durations are milliseconds. */
export interface Settings {
  readonly store: DeadLetterStore
  readonly replay: Replay<unknown> | undefined
  readonly failures: readonly FailureRule[]
  readonly strategies: ReadonlyMap<string, RecoveryStrategy>
  readonly when: ReplayCondition | undefined
  readonly gap: number
  readonly recoverEvery: number
  readonly recoverBatch: number
  readonly age: number | undefined
  readonly keep: number | undefined
  readonly settled: number
  readonly trimEvery: number
  readonly trimBatch: number
  readonly redact: ((parts: Redactable) => Redactable) | undefined
  readonly codec: PayloadCodec
  readonly maxPayload: number
  readonly dedupeFor: number
  readonly lease: number
  readonly owner: string
  readonly clock: Clock
  readonly random: Random
}

const optionNames = [
  'store',
  'replay',
  'failures',
  'recovery',
  'retention',
  'redact',
  'codec',
  'maxPayload',
  'dedupeFor',
  'lease',
  'owner',
  'name',
  'hub',
  'clock',
  'random',
]

/** Checks options. @throws {@link @seaworthy/core!InvalidOptionError} when one makes no sense. */
export function settingsOf<Message>(options: DeadLettersOptions<Message>): Settings {
  knownOptions('deadLetters', options, optionNames)
  const { store, failures = [], codec = jsonPayload, maxPayload = 1_000_000, dedupeFor = '1d' } = options
  const { recovery = {}, retention = {}, lease = '30s', clock = systemClock, random = systemRandom } = options
  const { owner = `dead-letters-${randomToken(random, 8)}` } = options
  knownOptions('recovery', recovery, ['strategies', 'when', 'perSecond', 'every', 'batch'])
  knownOptions('retention', retention, ['age', 'keep', 'settled', 'every', 'batch'])
  const { strategies = standardRecovery(), perSecond = 10, batch = 20 } = recovery
  const { age = '7d', keep, settled = '1d' } = retention
  if (typeof store?.add !== 'function')
    throw new InvalidOptionError('store', 'a store such as memoryDeadLetters()', store)
  if (typeof codec.encode !== 'function' || typeof codec.decode !== 'function')
    throw new InvalidOptionError('codec', 'an object with encode and decode', codec)
  for (const [index, rule] of failures.entries()) {
    if (typeof rule !== 'function') throw new InvalidOptionError(`failures[${index}]`, 'a function', rule)
  }
  if (perSecond <= 0) throw new InvalidOptionError('recovery.perSecond', 'above 0', perSecond)
  return {
    store,
    replay: optionalFunction('replay', options.replay) as Replay<unknown> | undefined,
    failures: [...failures, ...standardFailures],
    strategies: new Map(
      Object.entries(strategies).map(([kind, given]) => [
        kind,
        strategyOf(`recovery.strategies.${kind}`, given),
      ]),
    ),
    when: optionalFunction('recovery.when', recovery.when),
    gap: 1000 / number('recovery.perSecond', perSecond),
    recoverEvery: duration('recovery.every', recovery.every ?? '5m', 1),
    recoverBatch: count('recovery.batch', batch),
    age: age === false ? undefined : duration('retention.age', age),
    keep: keep === undefined ? undefined : count('retention.keep', keep, 0),
    settled: duration('retention.settled', settled),
    trimEvery: duration('retention.every', retention.every ?? '1d', 1),
    trimBatch: count('retention.batch', retention.batch ?? 500),
    redact: optionalFunction('redact', options.redact),
    codec,
    maxPayload: count('maxPayload', maxPayload),
    dedupeFor: duration('dedupeFor', dedupeFor),
    lease: duration('lease', lease, 3),
    owner,
    clock,
    random,
  }
}

/** Letters and digits: 5 bits from each draw. */
export function randomToken(random: Random, length: number): string {
  return Array.from({ length }, () => Math.floor(random() * 32).toString(32)).join('')
}
