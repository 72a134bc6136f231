/** One circuit: the thin shell around the state machine. It reads the clock, judges outcomes, counts and tells. */
import {
  type Call,
  type CallContext,
  type Clock,
  type Duration,
  duration,
  type Emitter,
  failureClass,
  isSeaworthyError,
  type Layer,
  type Refusal,
  type Settled,
} from '@seaworthy/core'
import { CircuitOpenError, type CircuitState } from './errors.ts'
import type { ChangeReason, CircuitBreakerEvents, NeutralReason } from './events.ts'
import { type CircuitSnapshot, type CircuitStatus, readSnapshot, statusOf } from './snapshot.ts'
import {
  admit,
  arrive,
  type CircuitOutcome,
  type Closed,
  dispose,
  initial,
  isCurrent,
  isolate,
  type OpenCause,
  type Rules,
  reconfigure,
  recordSuccess,
  release,
  remaining,
  reset,
  restore,
  type State,
  settle,
  type Token,
  trip,
} from './state.ts'

/** What the circuits of one policy share. */
export interface CircuitSettings {
  readonly name: string | undefined
  readonly clock: Clock
  readonly events: Emitter<CircuitBreakerEvents>
  readonly classify: ((settled: Settled<unknown>) => CircuitOutcome | undefined) | undefined
  rules: Rules
}

/** Leave to do one thing, from `acquire()`. The first of its methods counts, the others do nothing. */
export interface Permit {
  /** It went well. */
  success(): void
  /** It failed. The error's `retryAfter`, if it has one, makes an opening longer. */
  failure(error?: unknown): void
  /** It says nothing about the dependency. Disposing a permit means this. */
  neutral(): void
  [Symbol.dispose](): void
}

/** Keeps a circuit isolated until it is released. */
export interface Isolation {
  /** Lets go; the circuit closes with the last one. Does nothing the second time. */
  release(): void
  [Symbol.dispose](): void
}

/** What can be asked of a circuit and done with it by hand. */
export interface CircuitControls {
  /** Reading it changes nothing: a circuit whose wait is over is `open` until a call arrives. */
  readonly state: CircuitState
  /** Grows with every change of state. */
  readonly epoch: number
  /** The present state, and all that {@link restore} needs. Takes time in proportion to the window. */
  snapshot(): CircuitSnapshot
  /**
   * Continues where a snapshot was taken. Waits go on for the rest of their time; a half-open circuit, whose trials are
   * lost, is open with no wait left; an isolated one is closed. Also takes snapshots of other windows.
   *
   * @returns Whether it did: not while it is isolated.
   * @throws SeaworthyError `ERR_INVALID_SNAPSHOT` when it is none; nothing has changed then.
   */
  restore(snapshot: unknown): boolean
  /**
   * Opens it now.
   *
   * @param openFor - @defaultValue as long as its next opening would last
   * @returns Whether it did: not while it is isolated, nor unless the mode is `enabled`.
   */
  trip(openFor?: Duration): boolean
  /** Closes it and forgets everything. @returns Whether it did: not while it is isolated. */
  reset(): boolean
  /**
   * Turns every call away until the handle is released. With several handles, until all are.
   *
   * @param reason - For the error of the calls, such as `'deploy'`.
   */
  isolate(reason: string): Isolation
  /**
   * Leave for something that is no function call, such as a stream or a message in a queue.
   *
   * @throws {@link CircuitOpenError} when the circuit turns it away.
   */
  acquire(): Permit
}

const rejectionCode = /^ERR_(CIRCUIT|BULKHEAD|RATE_|CONCURRENCY|DISPOSED|DEADLINE)/

/** A circuit; also the layer that a pipeline runs. Members that every call touches are private to TypeScript only. */
export class Circuit implements CircuitControls, Layer {
  private readonly settings: CircuitSettings
  private readonly key: string | undefined
  private current: State
  /** The epoch, while calls may enter with nothing but it; else 0. */
  private pass = 0
  /** The latest time seen: a clock that goes back stands still here. */
  private latest = Number.NEGATIVE_INFINITY
  /** Message of the error that turns calls away in the current state. */
  private refusal = ''
  private successes = 0
  private failures = 0
  private neutral = 0
  private stale = 0
  private rejected = 0
  private slow = 0

  constructor(settings: CircuitSettings, key?: string) {
    this.settings = settings
    this.key = key
    this.current = initial(settings.rules, this.now())
    this.begin()
  }

  get kind(): string {
    return 'circuit-breaker'
  }

  get steady(): boolean {
    return this.settings.rules.slowCallDuration === Number.POSITIVE_INFINITY
  }

  get state(): CircuitState {
    return this.current.name
  }

  get epoch(): number {
    return this.current.epoch
  }

  /** Trials and timed calls under way. */
  get underway(): number {
    const { current } = this
    return (current.name === 'closed' || current.name === 'halfOpen') && current.underway
      ? current.underway.size
      : 0
  }

  enter(call: Call, slot: number): undefined | Refusal {
    const { pass } = this
    const { journey } = call.context
    if (pass !== 0 && !this.settings.events.wants('call', journey)) {
      call.tokens[slot] = pass
      return undefined
    }
    const token = this.admit(journey)
    if (token instanceof CircuitOpenError) return call.refuse(token)
    call.tokens[slot] = token
    return undefined
  }

  success(call: Call, slot: number, value: unknown): void {
    this.succeed(call.tokens[slot] as Token, call.context, value)
  }

  failure(call: Call, slot: number, error: unknown): void {
    this.fail(call.tokens[slot] as Token, call.context, error)
  }

  /** Lets a call in or says why not. */
  admit(journey?: string): Token | CircuitOpenError {
    const { rules, events } = this.settings
    const now = this.now()
    const before = this.current
    const slow = before.becameSlow
    const arrived = arrive(before, now, rules)
    this.current = arrived
    const token = admit(arrived, now, rules)
    const refusal = token === undefined ? this.refuse(arrived, now) : undefined
    this.publish(before, slow, arrived.name === 'halfOpen' ? 'recoveryTimeout' : 'successThreshold', journey)
    if (token !== undefined) {
      const timed = typeof token === 'number' && token !== 0 && events.wants('call', journey)
      return timed ? { epoch: token, startedAt: now } : token
    }
    this.rejected++
    if (events.wants('rejected', journey))
      events.emit('rejected', { ...this.about(), retryAfter: refusal?.retryAfter }, journey)
    return refusal as CircuitOpenError
  }

  /** A call with this token succeeded. */
  succeed(token: Token, context: CallContext, value: unknown): void {
    const { events, classify, rules } = this.settings
    if (token !== this.pass || classify !== undefined) {
      this.settle(token, context, { status: 'fulfilled', value })
      return
    }
    recordSuccess(this.current as Closed, 'time' in rules.window ? this.now() : 0)
    this.successes++
    if (events.wants('success', context.journey))
      events.emit('success', { ...this.about(), successes: undefined }, context.journey)
  }

  /** A call with this token failed. */
  fail(token: Token, context: CallContext, error: unknown): void {
    this.settle(token, context, { status: 'rejected', reason: error })
  }

  private settle(token: Token, context: CallContext, settled: Settled<unknown>): void {
    if (token === 0) return
    const { journey } = context
    if (!isCurrent(this.current, token)) this.ignore(token, journey)
    else if (settled.status === 'rejected' && context.aborted)
      this.conclude(token, 'neutral', journey, 'aborted')
    else {
      const verdict = judge(settled, this.settings.classify)
      const error = settled.status === 'rejected' ? settled.reason : undefined
      if (verdict === 'success' || verdict === 'failure')
        this.conclude(token, verdict, journey, undefined, error)
      else this.conclude(token, 'neutral', journey, verdict)
    }
  }

  /** It settled too late to count. */
  private ignore(token: Token, journey: string | undefined): void {
    const { events } = this.settings
    this.stale++
    if (events.wants('stale', journey)) {
      const entered = typeof token === 'number' ? token : token.epoch
      events.emit('stale', { ...this.about(), entered }, journey)
    }
  }

  /** Counts the outcome of a call, which is current. */
  conclude(
    token: Token,
    outcome: CircuitOutcome,
    journey?: string,
    reason: NeutralReason = 'ignored',
    error?: unknown,
  ): void {
    if (token === 0) return
    if (!isCurrent(this.current, token)) {
      this.ignore(token, journey)
      return
    }
    const { events, rules } = this.settings
    const now = this.now()
    const before = this.current
    const slow = before.becameSlow
    const wouldOpen = before.name === 'closed' && before.wouldOpen
    this.current = settle(before, token, outcome, now, rules, retryAfterOf(error))
    ...
  }
}
