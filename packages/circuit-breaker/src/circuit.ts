/** One circuit: the thin shell around the state machine. It reads the clock, counts and tells. */
import { type Call, type Clock, type Duration, duration, type Layer, type Refusal } from '@seaworthy/core'
import { CircuitOpenError, type CircuitState, refusalText } from './errors.ts'
import type { ChangeReason, CircuitBreakerEvents, CircuitEvent, EventName } from './events.ts'
import {
  type ClassifyOutcome,
  classOf,
  judgeError,
  judgeValue,
  retryAfterOf,
  type Verdict,
} from './judge.ts'
import {
  type CircuitSnapshot,
  type CircuitStatus,
  type CircuitTotals,
  readSnapshot,
  snapshotOf,
  statusOf,
} from './snapshot.ts'
import {
  admit,
  arrive,
  type Closed,
  countsOf,
  dispose,
  initial,
  isCurrent,
  isolate,
  type OpenCause,
  off,
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
export interface Owner {
  readonly name: string | undefined
  readonly clock: Clock
  readonly classify: ClassifyOutcome | undefined
  readonly rules: Rules
  /** Whether anybody listens to an event. */
  wants(type: EventName, journey: string | undefined): boolean
  /** Puts an event in line. */
  put<E extends EventName>(type: E, payload: CircuitBreakerEvents[E], journey: string | undefined): void
  /** Sends what stands in line. */
  send(): void
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

type Details<E extends EventName> = Omit<CircuitBreakerEvents[E], keyof CircuitEvent>

/**
 * A circuit; also the layer that a pipeline runs. Its state is replaced first, then events are sent, in order, however
 * listeners interfere. Members are private to TypeScript only, since V8 checks `#private` names at every access.
 */
export class Circuit implements CircuitControls, Layer {
  protected readonly owner: Owner
  private readonly key: string | undefined
  protected current: State
  /** The epoch while calls may enter with nothing but it, else 0. */
  private pass = 0
  /** The latest time seen: on a clock that goes back, time stands still. */
  private latest = Number.NEGATIVE_INFINITY
  /** The message for calls that the present state turns away, once there was one. */
  private refusal = ''
  /** What listeners know of the present state: how many slow calls, and the cause for which it would open. */
  private toldSlow = 0
  private toldCause: OpenCause | undefined = undefined
  private readonly totals: CircuitTotals = {
    success: 0,
    failure: 0,
    neutral: 0,
    stale: 0,
    rejected: 0,
    slow: 0,
  }

  constructor(owner: Owner, key?: string) {
    this.owner = owner
    this.key = key
    this.current = this.become(initial(owner.rules, this.now()))
  }

  get kind(): string {
    return 'circuit-breaker'
  }

  /** Without tickets, calls that enter one after the other have the same token. */
  get steady(): boolean {
    return this.owner.rules.slowCallDuration === off
  }

  get state(): CircuitState {
    return this.current.name
  }

  get epoch(): number {
    return this.current.epoch
  }

  /** How many trials and timed calls are under way. */
  get underway(): number {
    return ('underway' in this.current && this.current.underway?.size) || 0
  }

  /** The present state without what the windows remember. */
  get status(): CircuitStatus {
    return statusOf(this.current, this.now(), this.owner.rules.mode, this.totals)
  }

  enter(call: Call, slot: number): undefined | Refusal {
    const { pass } = this
    const { journey } = call.context
    if (pass !== 0 && !this.owner.wants('call', journey)) {
      call.tokens[slot] = pass
      return undefined
    }
    const token = this.admit(journey)
    if (token instanceof CircuitOpenError) return call.refuse(token)
    call.tokens[slot] = token
    return undefined
  }

  success(call: Call, slot: number, value: unknown): void {
    const token = call.tokens[slot] as Token
    const { journey } = call.context
    const { classify, rules } = this.owner
    if (classify !== undefined) {
      if (this.counts(token, journey)) this.settle(token, judgeValue(value, classify), journey)
    } else if (token === this.pass) {
      const closed = this.current as Closed
      recordSuccess(closed, 'time' in rules.window ? this.now() : 0)
      this.totals.success++
      if (!this.owner.wants('success', journey)) return
      this.tell('success', journey, countsOf(closed))
      this.owner.send()
    } else if (this.counts(token, journey)) this.settle(token, 'success', journey)
  }

  failure(call: Call, slot: number, error: unknown): void {
    const token = call.tokens[slot] as Token
    const { journey } = call.context
    if (!this.counts(token, journey)) return
    const aborted = call.givenUpOutside(slot)
    this.settle(token, aborted ? 'aborted' : judgeError(error, this.owner.classify), journey, error)
  }

  /** Lets a call in, or says why not. */
  private admit(journey?: string): Token | CircuitOpenError {
    const { owner } = this
    const now = this.now()
    const before = this.current
    const after = arrive(before, now, owner.rules)
    if (after !== before) this.become(after)
    const token = admit(after, now, owner.rules)
    this.publish(before, after, after.name === 'closed' ? 'successThreshold' : 'recoveryTimeout', journey)
    const refused = token === undefined ? this.refuse(after, now, journey) : undefined
    owner.send()
    if (refused !== undefined) return refused
    return typeof token === 'number' && token !== 0 && owner.wants('call', journey)
      ? { epoch: token, startedAt: now }
      : (token as Token)
  }

  private refuse(state: State, now: number, journey: string | undefined): CircuitOpenError {
    const { key } = this
    const { name } = this.owner
    const retryAfter = remaining(state, now)
    this.totals.rejected++
    this.tell('rejected', journey, { retryAfter })
    this.refusal ||= refusalText(state, name, key)
    const message = retryAfter === undefined ? this.refusal : `${this.refusal}${Math.ceil(retryAfter)} ms`
    return new CircuitOpenError(message, state.name, name, key, retryAfter)
  }

  /** Whether the outcome of a call still counts. If not, that is all there is to it. */
  private counts(token: Token, journey: string | undefined): boolean {
    if (token === 0) return false
    if (isCurrent(this.current, token)) return true
    this.totals.stale++
    this.tell('stale', journey, { entered: typeof token === 'object' ? token.epoch : token })
    this.owner.send()
    return false
  }

  /** Counts how a call ended, which is current. */
  private settle(token: Token, verdict: Verdict, journey?: string, error?: unknown): void {
    const { owner, totals } = this
    const outcome = verdict === 'success' || verdict === 'failure' ? verdict : 'neutral'
    const now = this.now()
    const before = this.current
    const after = settle(before, token, outcome, now, owner.rules, retryAfterOf(error))
    if (after !== before) this.become(after)
    totals[outcome]++
    if (owner.wants(outcome, journey)) this.tellOutcome(before, verdict, journey, error)
    if (typeof token === 'object') this.tell('call', journey, { outcome, duration: now - token.startedAt })
    this.publish(before, after, 'successThreshold', journey)
    owner.send()
  }

  private tellOutcome(counted: State, verdict: Verdict, journey: string | undefined, error: unknown): void {
    const counts = countsOf(counted)
    if (verdict === 'success') this.tell(verdict, journey, counts)
    else if (verdict === 'failure') this.tell(verdict, journey, { ...counts, failureClass: classOf(error) })
    else this.tell('neutral', journey, { ...counts, reason: verdict })
  }

  snapshot(): CircuitSnapshot {
    return snapshotOf(this.status, this.current, this.now())
  }

  restore(snapshot: unknown): boolean {
    return this.act('restore', restore, readSnapshot(snapshot))
  }

  trip(openFor?: Duration): boolean {
    const wait = openFor === undefined ? openFor : duration('trip duration', openFor)
    return this.act('trip', trip, wait)
  }

  reset(): boolean {
    return this.act('reset', reset, undefined)
  }

  isolate(reason: string): Isolation {
    this.act('isolate', isolate, reason)
    const letGo = once(() => this.act('release', release, undefined))
    return { release: letGo, [Symbol.dispose]: letGo }
  }

  acquire(): Permit {
    const token = this.admit()
    if (token instanceof CircuitOpenError) throw token
    const end = once((verdict: Verdict, error?: unknown) => {
      if (this.counts(token, undefined)) this.settle(token, verdict, undefined, error)
    })
    const neutral = (): void => end('released')
    return {
      success: () => end('success'),
      failure: (error) => end('failure', error),
      neutral,
      [Symbol.dispose]: neutral,
    }
  }

  /** Follows the owner's rules, which were `before`. */
  reconfigure(before: Rules): void {
    this.act('setMode', reconfigure, before)
  }

  dispose(): void {
    this.act('dispose', dispose, undefined)
  }

  /** Does what somebody asks for by hand. @returns Whether it changed the state. */
  private act<A>(
    reason: ChangeReason,
    change: (state: State, now: number, rules: Rules, argument: A) => State,
    argument: A,
  ): boolean {
    const before = this.current
    const after = this.become(change(before, this.now(), this.owner.rules, argument))
    this.publish(before, after, reason)
    this.owner.send()
    return after !== before
  }

  protected now(): number {
    this.latest = Math.max(this.latest, this.owner.clock.now())
    return this.latest
  }

  private become(state: State): State {
    if (state !== this.current) this.refusal = ''
    this.current = state
    const free = state.name === 'closed' && !state.underway && this.owner.rules.mode !== 'disabled'
    this.pass = free ? state.epoch : 0
    return state
  }

  /** Tells what has changed. */
  private publish(before: State, after: State, reason: ChangeReason, journey?: string): void {
    const count = before.becameSlow - this.toldSlow
    if (count > 0) {
      this.toldSlow += count
      this.totals.slow += count
      this.tell('slow', journey, { count, ...countsOf(before) })
    }
    const cause = before.name === 'closed' ? before.wouldOpen : undefined
    if (cause !== this.toldCause) {
      this.toldCause = cause
      if (cause) this.tell('wouldOpen', journey, { cause })
    }
    if (after === before) return
    this.toldSlow = 0
    this.toldCause = undefined
    const { name: from } = before
    const { name: to, openFor, openings } = after
    if (from !== to)
      this.tell('stateChange', journey, { from, to, reason: to === 'open' ? after.cause.reason : reason })
    if (to === 'open') this.tell('open', journey, { cause: after.cause, openFor, openings })
    if (to === 'halfOpen') this.tell('halfOpen', journey, { openFor, openings })
    if (to === 'closed' && from !== to) this.tell('close', journey, { reason })
  }

  /** Puts an event in line if somebody listens; `owner.send()` sends them once all of a change are there. */
  private tell<E extends EventName>(type: E, journey: string | undefined, details: Details<E>): void {
    const { owner, key, state, epoch } = this
    if (!owner.wants(type, journey)) return
    owner.put(type, { name: owner.name, key, state, epoch, ...details } as never, journey)
  }
}

/** A function whose second call does nothing. */
function once<A extends unknown[]>(act: (...args: A) => unknown): (...args: A) => void {
  let done = false
  return (...args) => {
    if (!done) act(...args)
    done = true
  }
}
