/** One circuit: the thin shell around the state machine. It reads the clock, counts and tells. */
import { type Call, type Duration, duration, type Layer, type Refusal } from '@seaworthy/core'
import { dispose, isolate, reconfigure, release, reset, restore, trip } from './by-hand.ts'
import { admit, arrive, isCurrent, recordSuccess, settle, trialRoom } from './calls.ts'
import type { CircuitControls, FleetControls, Isolation, Permit } from './controls.ts'
import { CircuitOpenError, type CircuitState, refusalText } from './errors.ts'
import type { ChangeReason, CircuitBreakerEvents, CircuitEvent, EventName } from './events.ts'
import { classOf, isTimeout, judgeError, judgeValue, retryAfterOf, type Verdict } from './judge.ts'
import type { Owner } from './owner.ts'
import { type OpenCause, off, type Rules } from './rules.ts'
import { type FleetCircuitSide, type FleetLink, Turn } from './sharing.ts'
import {
  type CircuitSnapshot,
  type CircuitStatus,
  type CircuitTotals,
  readSnapshot,
  snapshotOf,
  statusOf,
} from './snapshot.ts'
import { type Closed, countsOf, initial, remaining, type State, type Token } from './state.ts'

type Details<E extends EventName> = Omit<CircuitBreakerEvents[E], keyof CircuitEvent>

/**
 * A circuit; also the layer that a pipeline runs. Its state is replaced first, then events are sent, in order, however
 * listeners interfere. Members are private to TypeScript only, since V8 checks `#private` names at every access.
 */
export class Circuit implements CircuitControls, Layer, FleetCircuitSide {
  protected readonly owner: Owner
  readonly key: string | undefined
  /** The link to the same circuit of other instances. */
  sharing: FleetLink | undefined = undefined
  protected current: State
  /** The epoch while calls may enter with nothing but it; else -1, which is no token. */
  private free = -1
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
    this.sharing = owner.membership?.attach(this)
  }

  get kind(): string {
    return 'circuit-breaker'
  }

  /** Without tickets, calls that enter one after the other have the same token. */
  get steady(): boolean {
    return this.owner.rules.slowCallDuration === off
  }

  /** While nobody listens, calls that enter a closed circuit need nothing but its epoch. */
  get pass(): number | undefined {
    const { free } = this
    return free > 0 && this.owner.silent ? free : undefined
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

  /** Whether it has seen calls succeed or fail. */
  get hasCounted(): boolean {
    return this.totals.success + this.totals.failure > 0
  }

  /** How long until a trial is due, 0 while it is; undefined unless it is open or half-open. */
  get untilTrial(): number | undefined {
    return this.current.name === 'halfOpen' ? 0 : remaining(this.current, this.now())
  }

  /** The rules for trials. */
  get trials(): { readonly concurrency: number; readonly lease: number; readonly needed: number } {
    const { halfOpen, successThreshold: needed } = this.owner.rules
    return { concurrency: halfOpen.concurrency, lease: halfOpen.lease, needed }
  }

  get everywhere(): FleetControls | undefined {
    return this.sharing?.everywhere
  }

  /** The present state without what the windows remember. */
  get status(): CircuitStatus {
    return statusOf(this.current, this.now(), this.owner.rules.mode, this.totals)
  }

  enter(call: Call, slot: number): undefined | Refusal | Promise<unknown> {
    const { free } = this
    const { journey } = call.context
    if (free > 0 && !this.owner.wants('call', journey)) {
      call.tokens[slot] = free
      return undefined
    }
    const elsewhere = this.sharing?.enter(call, slot)
    if (elsewhere !== undefined) return elsewhere
    const token = this.admit(journey)
    if (token instanceof CircuitOpenError) return call.refuse(token)
    call.tokens[slot] = token
    return undefined
  }

  success(call: Call, slot: number, value: unknown): void {
    this.succeeded(call, call.tokens[slot] as Token, value)
  }

  /** A call succeeded that had entered with this token. */
  succeeded(call: Call, token: Token, value: unknown): void {
    const { owner } = this
    const verdict = owner.classify === undefined ? 'success' : judgeValue(value, owner.classify)
    if (token !== this.free || verdict !== 'success') {
      this.settle(token, verdict, call.context.journey)
      return
    }
    const closed = this.current as Closed
    recordSuccess(closed, 'time' in owner.rules.window ? this.now() : 0)
    this.totals.success++
    if (owner.silent) return
    const { journey } = call.context
    if (owner.wants('success', journey)) owner.emit('success', this.toldOf(closed), journey)
  }

  /** Written out, since a spread into an object costs more than the rest of the call (bench: `closed.listener`). */
  private toldOf(closed: Closed): CircuitBreakerEvents['success'] {
    const { key, owner } = this
    const { consecutiveFailures, calls, failures, timedCalls, slowCalls } = countsOf(closed, this.latest)
    const { name: state, epoch } = closed
    return {
      name: owner.name,
      key,
      state,
      epoch,
      consecutiveFailures,
      calls,
      failures,
      timedCalls,
      slowCalls,
    }
  }

  failure(call: Call, slot: number, error: unknown): void {
    this.failed(call, slot, call.tokens[slot] as Token, error)
  }

  /** A call failed that had entered with this token. */
  failed(call: Call, slot: number, token: Token, error: unknown): void {
    const verdict = this.isGivenUp(call, slot, error) ? 'aborted' : judgeError(error, this.owner.classify)
    this.settle(token, verdict, call.context.journey, error)
  }

  /** Whether it failed because somebody outside no longer waits, by a signal or by a deadline that a timeout inside obeyed. */
  private isGivenUp(call: Call, slot: number, error: unknown): boolean {
    if (call.givenUpOutside(slot)) return true
    const { deadline } = call.context
    return deadline !== undefined && isTimeout(error) && deadline - this.now() < 1
  }

  /** Lets a call in, or says why not. */
  admit(journey?: string): Token | CircuitOpenError {
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

  /** How many trials could begin now. */
  roomForTrials(): number {
    return trialRoom(this.current, this.now(), this.owner.rules)
  }

  /** Turns a call away that would have been a trial, had others not been first. The next one is due in `wait` milliseconds. */
  turnAway(wait: number, journey: string | undefined): CircuitOpenError {
    const error = this.refuse(this.current, this.now(), journey, wait)
    this.owner.send()
    return error
  }

  private refuse(state: State, now: number, journey: string | undefined, wait = 0): CircuitOpenError {
    const { key } = this
    const { name } = this.owner
    const left = remaining(state, now)
    const retryAfter = left === undefined ? left : Math.max(left, wait)
    this.totals.rejected++
    this.tell('rejected', journey, { retryAfter })
    this.refusal ||= refusalText(state, name, key)
    const message = retryAfter === undefined ? this.refusal : `${this.refusal}${Math.ceil(retryAfter)} ms`
    return new CircuitOpenError(message, state.name, name, key, retryAfter)
  }

  /** Counts how a call ended. */
  private settle(entered: Token | Turn, verdict: Verdict, journey?: string, error?: unknown): void {
    const token = entered instanceof Turn ? entered.token : entered
    if (token === 0) return
    const { owner, sharing, totals } = this
    const before = this.current
    if (isCurrent(before, token)) {
      const outcome = verdict === 'success' || verdict === 'failure' ? verdict : 'neutral'
      const now = this.now()
      const after = settle(before, token, outcome, now, owner.rules, retryAfterOf(error))
      if (after !== before) this.become(after)
      totals[outcome]++
      if (owner.wants(outcome, journey)) this.tellOutcome(before, verdict, journey, error)
      if (typeof token === 'object') this.tell('call', journey, { outcome, duration: now - token.startedAt })
      this.publish(before, after, 'successThreshold', journey)
      if (typeof token === 'object') sharing?.settled(token, outcome)
    } else {
      totals.stale++
      if (typeof token === 'object') sharing?.settled(token, 'neutral')
      this.tell('stale', journey, { entered: typeof token === 'object' ? token.epoch : token })
    }
    owner.send()
  }

  private tellOutcome(counted: State, verdict: Verdict, journey: string | undefined, error: unknown): void {
    const counts = countsOf(counted, this.latest)
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
    const wait = openFor === undefined ? openFor : duration('openFor', openFor)
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
    const end = once((verdict: Verdict, error?: unknown) => this.settle(token, verdict, undefined, error))
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
  act<A>(
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
    this.free = free ? state.epoch : -1
    return state
  }

  /** Tells what has changed. */
  private publish(before: State, after: State, reason: ChangeReason, journey?: string): void {
    const count = before.becameSlow - this.toldSlow
    if (count > 0) {
      this.toldSlow += count
      this.totals.slow += count
      this.tell('slow', journey, { count, ...countsOf(before, this.latest) })
    }
    const cause = before.name === 'closed' ? before.wouldOpen : undefined
    if (cause !== this.toldCause) {
      this.toldCause = cause
      if (cause) this.tell('wouldOpen', journey, { cause })
    }
    // The end of an opening may move, which is no change of state.
    if (after.epoch === before.epoch) return
    this.sharing?.changed(before, after, reason)
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
    if (done) return
    done = true
    act(...args)
  }
}
