/**
 * Faults as plain data, so that experiment files can name them. Fields that are functions are for code only, and
 * `parseFault` refuses them in a file.
 */
import type { Duration, Random } from '@seaworthy/core'

/** One thing that goes wrong. Tell them apart by `kind`. */
export type Fault =
  | ErrorFault
  | LatencyFault
  | OutcomeFault
  | BehaviorFault
  | AbortFault
  | HangFault
  | ThrottleFault
  | CorruptFault
  | DropResponseFault
  | DuplicateFault
  | SlowDripFault
  | CrashFault
  | ExhaustFault
  | StallFault
  | BallastFault
  | SkewFault
  | BandwidthFault
  | PartitionFault
  | BlackholeFault
  | ResetFault
  | CutFault
  | RefuseFault
  | DropReplyFault
  | KillFault
  | PauseFault

/** What can be done to a target. */
export type FaultKind = Fault['kind']

/**
 * Which share of the calls is hit, from 0 (none) to 1 (all); or a share that changes by itself.
 */
export type Rate = number | Flapping

/**
 * A dependency that is well for a while and ill for a while: a Markov chain of two states, each of which lasts an
 * exponentially distributed time.
 *
 * Source: E. N. Gilbert, "Capacity of a Burst-Noise Channel", 1960, in continuous time.
 */
export interface Flapping {
  /** The share of calls that is hit in good times. @defaultValue 0.005 */
  readonly good?: number
  /** The share of calls that is hit in bad times. @defaultValue 0.6 */
  readonly bad?: number
  /** How long good times last, on average. @defaultValue `'5s'` */
  readonly goodFor?: Duration
  /** How long bad times last, on average. @defaultValue `'2s'` */
  readonly badFor?: Duration
}

interface PerCall {
  /** Which calls are hit. @defaultValue 1, all of them */
  readonly rate?: Rate
}

/** The call fails, and the function does not run. */
export interface ErrorFault extends PerCall {
  readonly kind: 'error'
  /** What it fails with: one error, or several of which one is drawn by weight. @defaultValue `{ code: 'ECONNREFUSED' }` */
  readonly error?: ErrorTemplate | readonly WeightedError[]
  /** Makes the error, from a source of random numbers for this call; undefined lets the call pass. Code only. */
  readonly generate?: (random: Random) => unknown
}

/** How an injected error looks. Everything that a program can tell errors apart by can be given. */
export interface ErrorTemplate {
  /** The `name`; `TypeError` and its kind are made by the constructor of that name. @defaultValue `'Error'` */
  readonly name?: string
  /** @defaultValue what Node says for the code; else `'injected'` */
  readonly message?: string
  /** For example `ECONNREFUSED`; network codes bring the fields that Node's errors have. */
  readonly code?: string
  /** An HTTP status. */
  readonly status?: number
  /** How Seaworthy's policies judge it. @defaultValue by the code and the status */
  readonly failureClass?: 'transient' | 'degraded' | 'persistent' | 'fatal'
  /** The error behind it. */
  readonly cause?: ErrorTemplate
  /** Further fields. */
  readonly properties?: Readonly<Record<string, unknown>>
}

/** One of several errors. */
export interface WeightedError {
  /** How likely it is, beside the others. */
  readonly weight: number
  readonly error: ErrorTemplate
}

/** The call is slow: the function runs after a delay. As a fault of a connection: everything that is sent arrives late. */
export interface LatencyFault extends PerCall {
  readonly kind: 'latency'
  readonly delay: Delay
  /** Of a connection only. @defaultValue both */
  readonly direction?: 'up' | 'down'
}

/**
 * How long: one duration, or a distribution. Connections know durations and `uniform` only.
 *
 * A log-normal delay is `median * e^(sigma * z)` with z normally distributed; a Pareto delay is
 * `scale / u^(1 / shape)` with u uniform: most are short, a few very long. `cap` cuts both.
 */
export type Delay =
  | Duration
  | { readonly distribution: 'uniform'; readonly min: Duration; readonly max: Duration }
  | {
      readonly distribution: 'lognormal'
      readonly median: Duration
      readonly sigma: number
      readonly cap: Duration
    }
  | {
      readonly distribution: 'pareto'
      readonly scale: Duration
      readonly shape: number
      readonly cap: Duration
    }

/** The call succeeds with a value of ours, and the function does not run. */
export interface OutcomeFault extends PerCall {
  readonly kind: 'outcome'
  readonly value?: unknown
  /** Makes the value; undefined lets the call pass. Code only. */
  readonly generate?: (random: Random) => unknown
}

/** Something of yours happens before the function runs. Code only. */
export interface BehaviorFault extends PerCall {
  readonly kind: 'behavior'
  /** If it fails, that is an event, and the call goes on. */
  readonly run: (signal: AbortSignal) => unknown
  /** When the call goes on without it. @defaultValue `'30s'` */
  readonly timeout?: Duration
}

/** The function is told to stop: its signal aborts after a while. */
export interface AbortFault extends PerCall {
  readonly kind: 'abort'
  /** @defaultValue 0 */
  readonly after?: Duration
  /** The reason. @defaultValue an `AbortError`, as `AbortController.abort()` makes it */
  readonly reason?: ErrorTemplate
}

/** The call never ends by itself, and the function does not run before the fault is recovered. */
export interface HangFault extends PerCall {
  readonly kind: 'hang'
  /** What becomes of the calls that hang when the fault is recovered. @defaultValue `'continue'` */
  readonly onRecover?: 'continue' | 'reject'
}

/** The call is turned away as by a rate limit: status 429, with the time after which to come back. */
export interface ThrottleFault extends PerCall {
  readonly kind: 'throttle'
  /** How long to stay away; several take turns. `'missing'` says nothing, `'garbage'` something unreadable. @defaultValue `'1s'` */
  readonly retryAfter?: RetryAfter | readonly RetryAfter[]
  /** Calls that are let through in each `per`. @defaultValue 0 */
  readonly limit?: number
  /** @defaultValue `'1s'` */
  readonly per?: Duration
}

/** What a throttled call is told. */
export type RetryAfter = Duration | 'missing' | 'garbage'

/** The function runs, and its result comes back damaged. The original value stays as it is. */
export interface CorruptFault extends PerCall {
  readonly kind: 'corrupt'
  /** Damages a value. Code only. @defaultValue changes one bit, character or field */
  readonly mutate?: (value: unknown, random: Random) => unknown
}

/** The function runs to its end, and the result is lost: the caller gets an error and cannot know. */
export interface DropResponseFault extends PerCall {
  readonly kind: 'dropResponse'
  /** @defaultValue `{ code: 'ECONNRESET' }` */
  readonly error?: ErrorTemplate
}

/** The function runs twice; the caller gets the result of the first run. */
export interface DuplicateFault extends PerCall {
  readonly kind: 'duplicate'
  /** @defaultValue `'parallel'` */
  readonly mode?: 'serial' | 'parallel'
}

/** A result that is a stream comes in drops. Web streams, the bodies of `Response`s and async iterables. */
export interface SlowDripFault extends PerCall {
  readonly kind: 'slowDrip'
  /** The pause before each chunk. @defaultValue `'100ms'` */
  readonly every?: Duration
}

/** The process dies: before the function runs, or after its effect and before the answer. */
export interface CrashFault extends PerCall {
  readonly kind: 'crash'
  /** @defaultValue `'before'` */
  readonly phase?: 'before' | 'after'
}

/** Slots of a pool or bulkhead are held. */
export interface ExhaustFault {
  readonly kind: 'exhaust'
  readonly slots: number
}

/** The event loop stands still again and again. */
export interface StallFault {
  readonly kind: 'stall'
  /** How long it stands still. @defaultValue `'200ms'` */
  readonly block?: Duration
  /** From one beginning to the next. @defaultValue `'2s'` */
  readonly every?: Duration
}

/** Memory is allocated, written to and held. */
export interface BallastFault {
  readonly kind: 'ballast'
  readonly megabytes: number
}

/** A clock jumps. */
export interface SkewFault {
  readonly kind: 'skew'
  /** By how much, in milliseconds or as a duration with a sign, such as `'-5m'`. */
  readonly by: number | Duration | `-${Duration}`
  /**
   * The calendar (`wall`) goes back when the fault is recovered. The clock that policies measure with (`monotonic`) can only jump
   * forward, as after a machine has slept, and never goes back. @defaultValue `'wall'`
   */
  readonly of?: 'wall' | 'monotonic'
}

/** A connection carries so many bytes a second at most. */
export interface BandwidthFault {
  readonly kind: 'bandwidth'
  readonly bytesPerSecond: number
  /** @defaultValue both */
  readonly direction?: 'up' | 'down'
}

/** Nothing gets through a connection, as while a cable is unplugged; what was sent is delivered afterwards. */
export interface PartitionFault {
  readonly kind: 'partition'
  /** @defaultValue both */
  readonly direction?: 'up' | 'down'
}

/** What is sent over a connection is lost, and nobody is told. */
export interface BlackholeFault {
  readonly kind: 'blackhole'
  /** @defaultValue `'down'` */
  readonly direction?: 'up' | 'down'
}

/** Connections are reset (RST), once or again and again: both sides see ECONNRESET. */
export interface ResetFault {
  readonly kind: 'reset'
  /** @defaultValue once */
  readonly every?: Duration
}

/** Connections are closed in an orderly way (FIN), once or again and again. */
export interface CutFault {
  readonly kind: 'cut'
  /** @defaultValue once */
  readonly every?: Duration
}

/** Connections are closed, and new ones as soon as they are made. */
export interface RefuseFault {
  readonly kind: 'refuse'
}

/** Requests reach the server, and replies are lost on the way back. */
export interface DropReplyFault {
  readonly kind: 'dropReply'
  /** How many replies. @defaultValue 1 */
  readonly count?: number
}

/** A process is killed, and started again when the fault is recovered. */
export interface KillFault {
  readonly kind: 'kill'
}

/** A process is stopped where it is (SIGSTOP), and goes on when the fault is recovered. */
export interface PauseFault {
  readonly kind: 'pause'
}
