import {
  type Call,
  type CallContext,
  type Clock,
  DeadlineList,
  type Duration,
  duration,
  formatDuration,
  type Hub,
  knownOptions,
  type Layer,
  oneOf,
  type Policy,
  PolicyBase,
  type PolicyDescription,
  type Refusal,
  systemClock,
  type Timer,
} from '@seaworthy/core'
import { policyLabel, TimeoutError } from './errors.ts'
import type { LateResult, TimeoutEvents, TimeoutExpired } from './timeout-events.ts'

/**
 * What happens when the time is up:
 *
 * - `aggressive`: the call rejects at once and the function's signal aborts. A function that ignores its
 *   signal goes on, and what becomes of it is dropped and counted.
 * - `cooperative`: the function's signal aborts, and the call waits until the function has ended.
 */
export type TimeoutMode = 'aggressive' | 'cooperative'

/** Options of {@link timeout}. */
export interface TimeoutOptions {
  /** Whether the call waits for its function when the time is up. @defaultValue `'aggressive'` */
  readonly mode?: TimeoutMode
  /** A name, for errors, events and the hub. */
  readonly name?: string
  /** Where a timeout with a name shows itself. @defaultValue the hub of the process */
  readonly hub?: Hub
  /** Measures the time. A call's `deadline` is read on the same clock. @defaultValue the system clock */
  readonly clock?: Clock
}

/** A limit on how long a call may take. Made by {@link timeout}. */
export interface Timeout extends Policy<never, TimeoutEvents> {
  /** The limit, in milliseconds. */
  readonly limit: number
  readonly mode: TimeoutMode
}

/**
 * Gives up on calls that take longer than `limit`, or than is left before the deadline of the call.
 *
 * The calls of one policy share one coarse timer: they end between `limit` and a sixteenth later (50 ms at
 * most), never earlier. A call with a `deadline` gets an exact timer of its own. With less than 1 ms left it
 * is not started.
 *
 * When the caller's signal or a policy outside gives the call up, an aggressive timeout rejects at once with
 * that reason, the same object. That is no timeout: it raises no `timeout` event.
 *
 * @param limit - At least 1 ms.
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. Calls that take too long
 *   reject with a {@link TimeoutError}; in cooperative mode only if their function fails, whose error is its
 *   `cause`.
 *
 * @example
 * ```ts
 * import { timeout } from '@seaworthy/flow'
 *
 * const quick = timeout('50ms')
 * const hang = () => new Promise<never>(() => {})
 * const result = await quick.settle(hang)
 * console.log(result.status === 'rejected' && (result.reason as { code: string }).code) // ERR_TIMEOUT
 * ```
 */
export function timeout(limit: Duration, options: TimeoutOptions = {}): Timeout {
  knownOptions('timeout', options, ['mode', 'name', 'hub', 'clock'])
  return new TimeoutPolicy(limit, options)
}

/**
 * Its members are private to TypeScript only, since V8 checks `#private` names at every access of every call.
 */
class TimeoutPolicy extends PolicyBase<never, TimeoutEvents> implements Timeout, Layer {
  readonly limit: number
  readonly mode: TimeoutMode
  readonly deadline: 'settles' | 'signals'
  /** In cooperative mode only. */
  readonly recover?: NonNullable<Layer['recover']>
  private readonly clock: Clock
  private readonly list: DeadlineList
  private active = 0
  private abandoned = 0
  private timers = 0
  private timeouts = 0

  constructor(limit: Duration, { mode = 'aggressive', name, hub, clock = systemClock }: TimeoutOptions) {
    super('timeout', name, hub)
    this.limit = duration('timeout', limit, 1)
    this.mode = oneOf('mode', mode, ['aggressive', 'cooperative'])
    this.deadline = mode === 'aggressive' ? 'settles' : 'signals'
    if (mode === 'cooperative') this.recover = (call, slot, error) => this.answer(call, slot, error)
    this.clock = clock
    this.list = new DeadlineList(clock, this.limit)
    this.register(() => this.snapshot())
  }

  enter(call: Call, slot: number): Refusal | undefined {
    const { context } = call
    call.tokens[slot] = undefined
    if (context.options !== undefined || context.parent !== undefined)
      return this.enterFromOutside(call, slot)
    this.active++
    this.list.add(call)
    return undefined
  }

  success(call: Call, slot: number): void {
    this.leave(call, slot, 'success')
  }

  failure(call: Call, slot: number, error: unknown): void {
    this.leave(call, slot, 'failure', error)
  }

  /** The time of a call is up. */
  expire(call: Call, slot: number): void {
    const { context } = call
    // In cooperative mode its caller may have given it up before; a function that winds up is not timed.
    if (context.aborted) return
    const watch = this.watchOf(call, slot)
    const { limit, by } = watch
    this.timeouts++
    this.giveUp(call, watch, this.error(watch), 'timeout')
    this.reportTimeout(context, { name: this.name, limit, by, started: true })
  }

  override layers(): readonly Layer[] {
    return [this]
  }

  override describe(): PolicyDescription[] {
    const { limit, mode } = this
    const options = { limit: formatDuration(limit), mode }
    return [{ kind: this.kind, name: this.name, options, timeLimit: { limit, mode } }]
  }

  override debugStats(): Record<string, number> {
    const timers = this.timers + (this.list.ticking ? 1 : 0)
    return { ...super.debugStats(), active: this.active, abandoned: this.abandoned, timers }
  }

  /**
   * A call with options, or of an attempt or pipeline inside another one: somebody or a deadline may end it.
   */
  private enterFromOutside(call: Call, slot: number): Refusal | undefined {
    const { context } = call
    if (context.aborted) return call.refuse(context.reason)
    const { deadline } = context
    if (deadline === undefined) this.list.add(call)
    else {
      const rest = deadline - this.clock.now()
      if (rest < 1) return this.refuse(call)
      const watch = new Watch(Math.min(rest, this.limit), rest < this.limit ? 'deadline' : 'limit')
      call.tokens[slot] = watch
      watch.timer = this.clock.setTimer(() => call.expire(), watch.limit)
      this.timers++
    }
    this.active++
    if (this.mode === 'cooperative') return undefined
    const forget = context.onOutsideAbort((reason) =>
      this.giveUp(call, this.watchOf(call, slot), reason, 'abort'),
    )
    if (forget !== undefined) this.watchOf(call, slot).forget = forget
    return undefined
  }

  private refuse(call: Call): Refusal {
    this.timeouts++
    const message = `${policyLabel(this)}: not started, since less than 1ms was left before the call's deadline`
    const refusal = call.refuse(new TimeoutError(message, { policy: this.name, limit: 0 }))
    this.reportTimeout(call.context, { name: this.name, limit: 0, by: 'deadline', started: false })
    return refusal
  }

  /** From here on the function's outcome is late. */
  private giveUp(call: Call, watch: Watch, reason: unknown, after: LateResult['after']): void {
    this.release(call, watch)
    watch.after = after
    watch.reason = reason
    watch.gaveUpAt = this.clock.now()
    if (this.mode === 'cooperative') call.context.abort(reason)
    else {
      this.active--
      this.abandoned++
      call.giveUp(reason)
    }
  }

  /** The function has ended. */
  private leave(call: Call, slot: number, outcome: 'success' | 'failure', error?: unknown): void {
    const watch = call.tokens[slot] as Watch | undefined
    if (watch === undefined) {
      this.list.remove(call)
      this.active--
      return
    }
    this.release(call, watch)
    if (watch.after === undefined || this.mode === 'cooperative') this.active--
    else this.abandoned--
    if (watch.after !== undefined) this.reportLate(call.context, watch, watch.after, outcome, error)
  }

  /** Cooperative mode: what a call rejects with when its function failed after the time was up. */
  private answer(call: Call, slot: number, error: unknown): Promise<never> | undefined {
    const watch = call.tokens[slot] as Watch | undefined
    if (watch?.after === undefined || error === watch.reason) return undefined
    return Promise.reject(this.error(watch, { cause: error }))
  }

  private watchOf(call: Call, slot: number): Watch {
    call.tokens[slot] ??= new Watch(this.limit, 'limit')
    return call.tokens[slot] as Watch
  }

  private release(call: Call, watch: Watch): void {
    this.list.remove(call)
    watch.forget?.()
    watch.forget = undefined
    if (watch.timer === undefined) return
    watch.timer.cancel()
    watch.timer = undefined
    this.timers--
  }

  private error({ limit, by }: Watch, cause: { readonly cause?: unknown } = {}): TimeoutError {
    const given = by === 'limit' ? '' : ", all that was left before the call's deadline"
    const message = `${policyLabel(this)}: no result within ${formatDuration(limit)}${given}; the function goes on unless it obeys its signal`
    return new TimeoutError(message, { policy: this.name, limit, ...cause })
  }

  private reportTimeout({ journey }: CallContext, expired: TimeoutExpired): void {
    if (this.events.wants('timeout', journey)) this.events.emit('timeout', expired, journey)
  }

  private reportLate(
    { journey }: CallContext,
    { reason, gaveUpAt }: Watch,
    after: LateResult['after'],
    outcome: 'success' | 'failure',
    error: unknown,
  ): void {
    if (!this.events.wants('lateResult', journey)) return
    const cancelled = outcome === 'failure' && error === reason
    const late = this.clock.now() - gaveUpAt
    const payload: LateResult = { name: this.name, outcome: cancelled ? 'cancelled' : outcome, late, after }
    this.events.emit('lateResult', payload, journey)
  }

  private snapshot(): object {
    const { limit, mode } = this
    return { limit, mode, active: this.active, abandoned: this.abandoned, timeouts: this.timeouts }
  }
}

/**
 * What is known about a call that ends in another way than by its function in time. Others need no record.
 */
class Watch {
  readonly limit: number
  readonly by: 'limit' | 'deadline'
  timer: Timer | undefined = undefined
  /** Stops listening to those outside. */
  forget: (() => void) | undefined = undefined
  /** Set when the call was given up. */
  after: LateResult['after'] | undefined = undefined
  reason: unknown = undefined
  gaveUpAt = 0

  constructor(limit: number, by: 'limit' | 'deadline') {
    this.limit = limit
    this.by = by
  }
}
