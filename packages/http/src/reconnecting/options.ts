/** The options of `reconnecting`, checked once. */
import {
  type Clock,
  count,
  type Duration,
  duration,
  type Hub,
  InvalidOptionError,
  knownFailureClass,
  knownOptions,
  number,
  oneOf,
  optionalFunction,
  type Random,
  systemClock,
  systemRandom,
} from '@seaworthy/core'
import type { Rules } from './machine.ts'
import type { Delivery, OutboxOverflow } from './outbox.ts'

/** How waits grow. Each is a random time up to a cap (full jitter). */
export interface ReconnectBackoff {
  /** The cap of the first wait. @defaultValue `'1s'` */
  readonly initial?: Duration
  /** Each cap is so many times the one before. @defaultValue 2 */
  readonly factor?: number
  /** The largest cap. @defaultValue `'30s'` */
  readonly max?: Duration
}

/** How a connection that died without a word is noticed. */
export interface HeartbeatOptions {
  /** Time between two pings. @defaultValue `'15s'` */
  readonly every?: Duration
  /** The connection is lost when nothing was heard of it for so long: no message, no pong. @defaultValue `'45s'` */
  readonly silence?: Duration
}

/** How messages to send are kept. */
export interface OutboxOptions {
  /** How many are kept: while there is no connection, or until they are confirmed. @defaultValue 1000 */
  readonly limit?: number
  /** When it is full: `send` throws, or the oldest message goes. @defaultValue `'reject-newest'` */
  readonly overflow?: OutboxOverflow
  /**
   * `at-most-once`: a message is handed to one connection only; if that breaks, it may be lost.
   * `at-least-once`: it is handed to the next connection as well until one confirms it, so it may arrive twice. What
   * a connection confirms is its own affair: without an acknowledgement of the other side, all it can say is that the message has left.
   *
   * @defaultValue `'at-most-once'`
   */
  readonly delivery?: Delivery
}

/** How messages that came are kept until somebody takes them. */
export interface InboxOptions {
  /** How many are kept before the source is asked to pause. @defaultValue 1000 */
  readonly limit?: number
  /**
   * When it is full and the source cannot pause: `disconnect` gives the connection up, to continue from the resume token later, which
   * loses nothing if the other side knows how to; `drop-oldest` forgets messages. @defaultValue `'disconnect'`
   */
  readonly overflow?: 'disconnect' | 'drop-oldest'
}

/** Options of `reconnecting`. */
export interface ReconnectingOptions<In> {
  /** A name, for errors, events and the hub. */
  readonly name?: string
  /** Where it shows itself if it has a name. @defaultValue the hub of the process */
  readonly hub?: Hub
  /** Times waits, heartbeats and limits. @defaultValue the system clock */
  readonly clock?: Clock
  /** Spreads the waits. @defaultValue the randomness of the machine */
  readonly random?: Random
  /** Closes it. Loops over its messages throw the signal's reason. */
  readonly signal?: AbortSignal
  /** How long it waits between attempts. @defaultValue `{ initial: '1s', factor: 2, max: '30s' }` */
  readonly backoff?: ReconnectBackoff
  /** A connection that has lived so long makes earlier failures forgotten; before, waits go on growing. @defaultValue `'10s'` */
  readonly stableAfter?: Duration
  /** How long one attempt may take. @defaultValue `'10s'` */
  readonly connectTimeout?: Duration
  /** It gives up after so many attempts in a row. @defaultValue never */
  readonly attempts?: number
  /** It gives up when it would be without a stable connection for so long. @defaultValue never */
  readonly maxElapsed?: Duration
  /**
   * Whether an error is final, of an attempt or a connection. If it throws, it is not. @defaultValue errors that say that they
   * are `fatal`, such as a 400
   */
  readonly isFatal?: (error: unknown) => boolean
  /** Notices dead connections. @defaultValue `{ every: '15s', silence: '45s' }` if the connection can be pinged, else off */
  readonly heartbeat?: HeartbeatOptions | false
  readonly outbox?: OutboxOptions
  readonly inbox?: InboxOptions
  /** Where the first connection continues from: what `resumeToken` said when the process ended. */
  readonly resumeToken?: string
  /** What continues after a message, for sources that do not say. If it throws, the token stays as it is. */
  readonly resumeTokenOf?: (message: In) => string | undefined
  /**
   * Gets the messages, in place of `for await`. While a promise that it returns is pending, the source is asked to pause. What
   * it throws or rejects with goes to the hub's listener errors.
   */
  readonly onMessage?: (message: In) => unknown
}

/** {@link ReconnectingOptions}, checked. */
export interface Settings<In> {
  readonly name: string | undefined
  readonly hub: Hub | undefined
  readonly clock: Clock
  readonly random: Random
  readonly rules: Rules
  readonly connectTimeout: number
  readonly isFatal: (error: unknown) => boolean
  /** `ifPinged`: only for connections that can be pinged. */
  readonly heartbeat:
    | { readonly every: number; readonly silence: number; readonly ifPinged: boolean }
    | undefined
  readonly outbox: Required<OutboxOptions>
  readonly inbox: Required<InboxOptions>
  readonly resumeTokenOf: (message: In) => string | undefined
  readonly onMessage: ((message: In) => unknown) | undefined
}

const optionNames = [
  'name',
  'hub',
  'clock',
  'random',
  'signal',
  'backoff',
  'stableAfter',
  'connectTimeout',
  'attempts',
  'maxElapsed',
  'isFatal',
  'heartbeat',
  'outbox',
  'inbox',
  'resumeToken',
  'resumeTokenOf',
  'onMessage',
] as const satisfies readonly (keyof ReconnectingOptions<unknown>)[]

/** Checks options and fills in the defaults. */
export function settingsOf<In>(options: ReconnectingOptions<In>): Settings<In> {
  knownOptions('reconnecting', options, optionNames)
  const { name, hub, clock = systemClock, random = systemRandom, connectTimeout = '10s' } = options
  return {
    name,
    hub,
    clock,
    random,
    rules: rulesOf(options),
    connectTimeout: duration('connectTimeout', connectTimeout, 1),
    isFatal: optionalFunction('isFatal', options.isFatal) ?? saysFatal,
    heartbeat: heartbeatOf(options.heartbeat),
    outbox: outboxOf(options.outbox),
    inbox: inboxOf(options.inbox),
    resumeTokenOf: optionalFunction('resumeTokenOf', options.resumeTokenOf) ?? (() => undefined),
    onMessage: optionalFunction('onMessage', options.onMessage),
  }
}

function rulesOf<In>({
  backoff = {},
  stableAfter = '10s',
  attempts,
  maxElapsed,
}: ReconnectingOptions<In>): Rules {
  knownOptions('backoff', backoff, ['initial', 'factor', 'max'])
  const initial = duration('backoff.initial', backoff.initial ?? '1s')
  const max = duration('backoff.max', backoff.max ?? Math.max(30_000, initial))
  if (max < initial) throw new InvalidOptionError('backoff.max', 'at least backoff.initial', backoff.max)
  return {
    initial,
    factor: number('backoff.factor', backoff.factor ?? 2, 1),
    max,
    stableAfter: duration('stableAfter', stableAfter),
    attempts: count('attempts', attempts ?? Number.POSITIVE_INFINITY, 1, true),
    maxElapsed: maxElapsed === undefined ? Number.POSITIVE_INFINITY : duration('maxElapsed', maxElapsed, 1),
  }
}

function heartbeatOf(given: HeartbeatOptions | false | undefined): Settings<unknown>['heartbeat'] {
  if (given === false) return undefined
  const options = given ?? {}
  knownOptions('heartbeat', options, ['every', 'silence'])
  const every = duration('heartbeat.every', options.every ?? '15s', 1)
  const silence = duration('heartbeat.silence', options.silence ?? Math.max(45_000, 3 * every), 1)
  if (silence <= every)
    throw new InvalidOptionError('heartbeat.silence', 'longer than heartbeat.every', silence)
  return { every, silence, ifPinged: given === undefined }
}

function outboxOf(options: OutboxOptions = {}): Required<OutboxOptions> {
  knownOptions('outbox', options, ['limit', 'overflow', 'delivery'])
  const { limit = 1000, overflow = 'reject-newest', delivery = 'at-most-once' } = options
  return {
    limit: count('outbox.limit', limit),
    overflow: oneOf('outbox.overflow', overflow, ['reject-newest', 'drop-oldest']),
    delivery: oneOf('outbox.delivery', delivery, ['at-most-once', 'at-least-once']),
  }
}

function inboxOf(options: InboxOptions = {}): Required<InboxOptions> {
  knownOptions('inbox', options, ['limit', 'overflow'])
  const { limit = 1000, overflow = 'disconnect' } = options
  return {
    limit: count('inbox.limit', limit),
    overflow: oneOf('inbox.overflow', overflow, ['disconnect', 'drop-oldest']),
  }
}

/** Only what an error says about itself: browsers report every network failure as a bare `TypeError`. */
function saysFatal(error: unknown): boolean {
  return knownFailureClass(error) === 'fatal'
}
