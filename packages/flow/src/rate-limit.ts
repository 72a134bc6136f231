import {
  type Call,
  type CallContext,
  type Clock,
  count,
  duration,
  formatDuration,
  knownOptions,
  type Layer,
  onAbort,
  optionalFunction,
  type Policy,
  PolicyBase,
  type PolicyDescription,
  type Refusal,
  systemClock,
} from '@seaworthy/core'
import { policyLabel, RateLimitedError, type RateRefusal } from './errors.ts'
import { allowedAt, available, pass, type Rate } from './gcra.ts'
import { KeyedLines } from './keyed-lines.ts'
import { Line, LineWaiter } from './line.ts'
import type { RateLimitEvents, RateLimitRejected } from './rate-limit-events.ts'
import { type RateLimitOptions, rateLimitOptionNames } from './rate-limit-options.ts'

/** A limit on how many calls pass in a time. Made by {@link rateLimit}. */
export interface RateLimit extends Policy<never, RateLimitEvents> {
  /** How many calls could pass at once now; for a key if one is given. */
  available(key?: string): number
}

/**
 * Lets at most `burst + limit * t / per` calls pass in any span of time `t`. Others are turned away, or wait
 * for their turn in the order they came.
 *
 * A call that waits and is aborted gives up its place, and all behind it move up; one that is aborted after
 * its turn has come has used it. When the event loop is late, calls pass late rather than too close together:
 * with a `burst` of 1 the rate then stays a little below the limit, with more it catches up.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. Calls that may not pass
 *   reject with a {@link RateLimitedError}, whose `retryAfter` is the time until one would.
 *
 * @example
 * ```ts
 * import { rateLimit } from '@seaworthy/flow'
 *
 * const twice = rateLimit({ limit: 2, per: '1m' })
 * const outcomes = await Promise.all(['a', 'b', 'c'].map((name) => twice.settle(() => name)))
 * console.log(outcomes.map(({ status }) => status)) // [ 'fulfilled', 'fulfilled', 'rejected' ]
 * ```
 */
export function rateLimit(options: RateLimitOptions): RateLimit {
  knownOptions('rateLimit', options, rateLimitOptionNames)
  return new RateLimitPolicy(options)
}

class RateLimitPolicy extends PolicyBase<never, RateLimitEvents> implements RateLimit, Layer {
  private readonly rate: Rate
  private readonly maxWait: number
  private readonly key: RateLimitOptions['key']
  private readonly clock: Clock
  /** Of the calls without a key. */
  private readonly unkeyed = new Line()
  private readonly keyed: KeyedLines
  private latest = Number.NEGATIVE_INFINITY
  private waiting = 0
  private timers = 0
  /** Only `enter` does anything. */
  readonly steady = true

  constructor(options: RateLimitOptions) {
    const { limit, per, burst = limit, wait = false, key, maxKeys = 10_000, name, hub } = options
    super('rate-limit', name, hub)
    this.rate = {
      limit: count('limit', limit),
      per: duration('per', per, 1),
      burst: count('burst', burst),
    }
    this.maxWait = wait === false ? 0 : duration('wait', wait)
    this.key = optionalFunction('key', key)
    this.keyed = new KeyedLines(count('maxKeys', maxKeys), this.rate)
    this.clock = options.clock ?? systemClock
    this.register(() => this.snapshot())
  }

  /** One read of the clock: what is left to pass cannot be known without it. */
  enter(call: Call): undefined | Refusal | Promise<void> {
    const now = this.now()
    const line = this.key === undefined ? this.unkeyed : this.lineOf(this.key, call.context, now)
    if (line.length > 0 || allowedAt(line, this.rate) > now) return this.hold(call, line, now)
    pass(line, now, this.rate)
    return undefined
  }

  available(key?: string): number {
    const line = key === undefined ? this.unkeyed : this.keyed.peek(key)
    if (line === undefined) return this.rate.burst
    return line.length > 0 ? 0 : available(line, this.now(), this.rate)
  }

  override layers(): readonly Layer[] {
    return [this]
  }

  override describe(): PolicyDescription[] {
    const { limit, burst } = this.rate
    const wait = this.maxWait
    const options = { limit, per: formatDuration(this.rate.per), burst, wait: formatDuration(wait) }
    return [{ kind: this.kind, name: this.name, options, wait }]
  }

  override debugStats(): Record<string, number> {
    const waiting = { queued: this.waiting, timers: this.timers, keys: this.keyed.size }
    return { ...super.debugStats(), ...waiting }
  }

  /**
   * Never goes back, even if the clock does: a key that was forgotten in the meantime must not pass again.
   */
  private now(): number {
    const now = this.clock.now()
    if (now > this.latest) this.latest = now
    return this.latest
  }

  private lineOf(keyOf: NonNullable<RateLimitOptions['key']>, context: CallContext, now: number): Line {
    let key: string | undefined
    try {
      key = keyOf(context)
    } catch {
      // A call without a key.
    }
    return key === undefined ? this.unkeyed : this.keyed.of(key, now)
  }

  private hold(call: Call, line: Line, now: number): Refusal | Promise<void> {
    const { context } = call
    const turn = allowedAt(line, this.rate, line.length)
    const wait = Math.max(0, turn - now)
    const refused = this.whyNot(context, turn, wait)
    if (refused !== undefined) {
      const refusal = call.refuse(refused === 'aborted' ? context.reason : this.refusal(refused, wait))
      this.reportRejected(context, refused, wait)
      return refusal
    }

    const waiter = new LineWaiter(context, now)
    line.join(waiter)
    this.waiting++
    this.arm(line, now)
    const signal = context.waitSignal
    if (signal !== undefined) waiter.forget = onAbort(signal, (reason) => this.dismiss(line, waiter, reason))
    const { events, name } = this
    if (events.wants('queued', context.journey))
      events.emit('queued', { name, wait, queued: line.length }, context.journey)
    return waiter.promise
  }

  private whyNot(context: CallContext, turn: number, wait: number): RateLimitRejected['reason'] | undefined {
    if (context.aborted) return 'aborted'
    if (this.maxWait === 0) return 'limit'
    if (wait > this.maxWait) return 'maxWait'
    return context.deadline !== undefined && context.deadline - turn < 1 ? 'deadline' : undefined
  }

  /** Starts the timer for the first in line. The time of its turn does not depend on who it is. */
  private arm(line: Line, now: number): void {
    if (line.timer !== undefined || line.length === 0) return
    this.timers++
    line.timer = this.clock.setTimer(() => this.serve(line), allowedAt(line, this.rate) - now)
  }

  private disarm(line: Line): void {
    line.timer?.cancel()
    line.timer = undefined
    this.timers--
  }

  /** Lets those pass whose turn has come. */
  private serve(line: Line): void {
    this.disarm(line)
    const now = this.now()
    const served: LineWaiter[] = []
    for (
      let first = line.first;
      first !== undefined && allowedAt(line, this.rate) <= now;
      first = line.first
    ) {
      pass(line, now, this.rate)
      this.remove(line, first)
      first.resolve()
      served.push(first)
    }
    this.arm(line, now)
    for (const waiter of served) this.reportDequeued(waiter, line, now)
  }

  private dismiss(line: Line, waiter: LineWaiter, reason: unknown): void {
    this.remove(line, waiter)
    if (line.length === 0) this.disarm(line)
    waiter.reject(reason)
    const turn = allowedAt(line, this.rate, line.length)
    this.reportRejected(waiter.context, 'aborted', Math.max(0, turn - this.now()))
  }

  private remove(line: Line, waiter: LineWaiter): void {
    line.leave(waiter)
    waiter.forget?.()
    this.waiting--
  }

  private refusal(reason: RateRefusal, wait: number): RateLimitedError {
    const { limit, per } = this.rate
    const rate = `${limit} calls in ${formatDuration(per)} are used up`
    const limited = reason === 'limit' ? '' : `, longer than ${whatLimits(reason, this.maxWait)}`
    const message = `${policyLabel(this)}: ${rate}; the next turn is in ${formatDuration(wait)}${limited}`
    return new RateLimitedError(message, this.name, reason, wait)
  }

  private reportRejected(
    { journey }: CallContext,
    reason: RateLimitRejected['reason'],
    retryAfter: number,
  ): void {
    const { events, name } = this
    if (events.wants('rejected', journey)) events.emit('rejected', { name, reason, retryAfter }, journey)
  }

  private reportDequeued({ context: { journey }, since }: LineWaiter, line: Line, now: number): void {
    const { events, name } = this
    if (!events.wants('dequeued', journey)) return
    events.emit('dequeued', { name, waited: now - since, queued: line.length }, journey)
  }

  private snapshot(): object {
    const { limit, per, burst } = this.rate
    const keys = this.keyed.size
    return {
      limit,
      per,
      burst,
      available: this.available(),
      queued: this.waiting,
      keys,
      evicted: this.keyed.evicted,
    }
  }
}

function whatLimits(reason: 'maxWait' | 'deadline', maxWait: number): string {
  return reason === 'maxWait' ? `a call may wait (${formatDuration(maxWait)})` : "the call's deadline allows"
}
