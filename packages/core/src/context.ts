/** What one call knows about itself, and what it hands to your function. */
import { onAbort } from './abort.ts'
import { type Clock, systemClock } from './clock.ts'
import { type Duration, duration } from './duration.ts'

/** What a caller can say about one call. A {@link Context} is accepted too, so pipelines nest: `inner.execute(fn, context)`. */
export interface ExecuteOptions {
  /**
   * Gives the call up. Its reason is what the call rejects with, the same object, at once from any wait of a
   * policy. A function that is running is told through `context.signal`.
   */
  readonly signal?: AbortSignal | undefined
  /** Who or what the call is about (a host, a tenant), for policies that keep state by key. */
  readonly key?: string | undefined
  /**
   * When the caller stops waiting: milliseconds on the policies' clock. {@link deadlineAfter} makes one. No policy
   * starts a wait that would end after it.
   */
  readonly deadline?: number | undefined
  /** Anything your own functions and policies want to find again. */
  readonly values?: Readonly<Record<PropertyKey, unknown>> | undefined
  /** The id of the piece of work, under which the hub's journey recorder files every event of this call. */
  readonly journey?: string | undefined
}

/** What your function gets: the options of the call, a signal, and which attempt this is. */
export interface Context extends ExecuteOptions {
  /** Aborts when the caller gives up or a timeout expires. Made when first read: a call that ignores it pays nothing. */
  readonly signal: AbortSignal
  /** 1 for the first try, 2 for the first retry. */
  readonly attempt: number
}

/** A layer of ours may abort the context. If none can, the caller's own signal is handed on as it is. */
const abortable = 1
/** The pipeline of the context retries. */
const retries = 2
/** The call runs inside a call of another pipeline, which retries. */
const retriedOutside = 4

/** What is known about giving a context up; made when somebody asks. */
class Abortion {
  aborted = false
  reason: unknown = undefined
  controller: AbortController | undefined = undefined
  /** Takes our listener off the signal outside. Undefined while there is none. */
  unlink: (() => void) | undefined = undefined
}

/**
 * The context as policies see it: one for each attempt, chained to the call it belongs to.
 *
 * `signal` is a lazy getter because on Node 20 reading `new AbortController().signal` costs 30 times what the rest of
 * a call does (bench: `signal`). Until somebody reads it, aborting is a field. The fields are declared and set in the
 * constructor, since class fields would be stored twice.
 */
export class CallContext implements Context {
  declare readonly options: ExecuteOptions | undefined
  declare readonly parent: CallContext | undefined
  declare readonly attempt: number
  declare private readonly flags: number
  declare private abortion: Abortion | undefined

  private constructor(
    options: ExecuteOptions | undefined,
    parent: CallContext | undefined,
    attempt: number,
    flags: number,
  ) {
    this.options = options
    this.parent = parent
    this.attempt = attempt
    this.flags = flags
    this.abortion = undefined
  }

  /**
   * The context of a new call. Options that are a context already become its parent, so nothing is read early.
   *
   * @param canAbort - Whether a layer may abort it.
   * @param canRetry - Whether a layer retries.
   */
  static of(options: ExecuteOptions | undefined, canAbort: boolean, canRetry: boolean): CallContext {
    const flags = (canAbort ? abortable : 0) | (canRetry ? retries : 0)
    if (!(options instanceof CallContext)) return new CallContext(options, undefined, 1, flags)
    const outside = (options.flags & (retries | retriedOutside)) === 0 ? 0 : retriedOutside
    return new CallContext(options.options, options, options.attempt, flags | outside)
  }

  /** The context of a new call of which nothing is known, and which no layer can abort. */
  static plain(canRetry: boolean): CallContext {
    return new CallContext(undefined, undefined, 1, canRetry ? retries : 0)
  }

  /** A context for running the inner part once more; it aborts when this one does, or on its own. */
  child(attempt: number = this.attempt): CallContext {
    return new CallContext(this.options, this, attempt, this.flags | abortable)
  }

  /**
   * A context for work that several calls share: the same attempt, but it goes on when this call is given up, and
   * only {@link abort} ends it.
   *
   * @param options - What it shows in place of this call's options.
   */
  detached(options: ExecuteOptions): CallContext {
    return new CallContext(options, undefined, this.attempt, this.flags | abortable)
  }

  /** This context without the abort of an attempt that has ended. The function of that attempt keeps the old one. */
  renewed(): CallContext {
    this.release()
    return new CallContext(this.options, this.parent, this.attempt, this.flags)
  }

  get key(): string | undefined {
    return this.options?.key
  }

  get deadline(): number | undefined {
    return this.options?.deadline
  }

  get values(): Readonly<Record<PropertyKey, unknown>> | undefined {
    return this.options?.values
  }

  get journey(): string | undefined {
    return this.options?.journey
  }

  /** Whether nothing is known about the call, and nothing can give it up. */
  get plain(): boolean {
    return this.options === undefined && this.parent === undefined && (this.flags & abortable) === 0
  }

  /** Whether a policy may abort this context. */
  get abortable(): boolean {
    return (this.flags & abortable) !== 0
  }

  /** Whether the call runs inside a call of another pipeline, which retries. */
  get retriedOutside(): boolean {
    return (this.flags & retriedOutside) !== 0
  }

  /** Whether the caller or a policy gave this context up. Reads no signal into being. */
  get aborted(): boolean {
    if (this.abortion?.aborted) return true
    return this.parent === undefined ? this.options?.signal?.aborted === true : this.parent.aborted
  }

  /** Why it was given up. */
  get reason(): unknown {
    if (this.abortion?.aborted) return this.abortion.reason
    return this.parent === undefined ? this.options?.signal?.reason : this.parent.reason
  }

  /** Whether the caller's own signal has aborted, as opposed to a timeout or a hedge of ours. */
  get callerAborted(): boolean {
    return this.options?.signal?.aborted === true
  }

  get signal(): AbortSignal {
    const known = this.abortion?.controller
    if (known !== undefined) return known.signal
    const upstream = this.upstream()
    if (upstream !== undefined && !this.abortable) return upstream
    const abortion = this.abortionOf()
    const controller = new AbortController()
    abortion.controller = controller
    if (abortion.aborted) controller.abort(abortion.reason)
    else if (upstream !== undefined) abortion.unlink = onAbort(upstream, (reason) => controller.abort(reason))
    return controller.signal
  }

  /** A signal for our own waits: undefined when nothing can abort them. */
  get waitSignal(): AbortSignal | undefined {
    return this.abortable || this.upstream() !== undefined ? this.signal : undefined
  }

  /**
   * Calls back when somebody outside this context gives it up: the caller, or a policy of the parent.
   *
   * @returns A function that forgets the callback; undefined when there is nobody outside.
   */
  onOutsideAbort(callback: (reason: unknown) => void): (() => void) | undefined {
    const upstream = this.upstream()
    return upstream && onAbort(upstream, callback)
  }

  /** Gives this context and its children up. */
  abort(reason: unknown): void {
    const abortion = this.abortionOf()
    if (abortion.aborted) return
    abortion.aborted = true
    abortion.reason = reason
    this.release()
    abortion.controller?.abort(reason)
  }

  /** Takes our listener off the signal outside; the call is over. */
  release(): void {
    const { abortion } = this
    if (abortion?.unlink === undefined) return
    abortion.unlink()
    abortion.unlink = undefined
  }

  private abortionOf(): Abortion {
    this.abortion ??= new Abortion()
    return this.abortion
  }

  private upstream(): AbortSignal | undefined {
    return this.parent === undefined ? this.options?.signal : this.parent.waitSignal
  }
}

/**
 * A deadline for {@link ExecuteOptions.deadline}: `limit` from now.
 *
 * @param clock - The clock of the policies that will see it. @defaultValue the system clock
 */
export function deadlineAfter(limit: Duration, clock: Clock = systemClock): number {
  return clock.now() + duration('limit', limit)
}
