/**
 * What a circuit breaker has to do, written down a second time and in another way: as a list of facts, see
 * `breaker-facts.ts`, and what the next input adds to it. Slow, and hard to get wrong in the same way as the breaker.
 * It is immutable, so a search can branch from any moment.
 */
import { inspect, isDeepStrictEqual } from 'node:util'
import type { CircuitOutcome, CircuitState, OpenCause } from '@seaworthy/circuit-breaker'
import {
  type BreakerFact,
  BreakerFacts,
  type BreakerRules,
  bucketAge,
  isFailure,
  isSlow,
  type Opening,
} from './breaker-facts.ts'

/** What became of a call that asked to run: its number, or how long to wait if it is known. */
export interface Asked {
  readonly model: BreakerModel
  readonly call: number | undefined
  readonly retryAfter: number | undefined
}

/** What became of an outcome. `counted` is false when it came too late. */
export interface Told {
  readonly model: BreakerModel
  readonly counted: boolean
}

/** Everything about a breaker that can be compared with another one. Counts of states it is not in are 0. */
export interface BreakerView {
  readonly state: CircuitState
  /** Milliseconds until an open circuit lets a trial through. */
  readonly retryAfter: number | undefined
  readonly epoch: number
  readonly since: number
  readonly opening: Opening | undefined
  readonly consecutiveFailures: number
  readonly calls: number
  readonly failures: number
  readonly timedCalls: number
  readonly slowCalls: number
  readonly trials: number
  readonly trialSuccesses: number
  readonly trialFailures: number
  readonly handles: number
  readonly wouldOpen: boolean
}

/** Those of `circuitBreaker`, without jitter. */
const defaults: BreakerRules = {
  mode: 'enabled',
  failureThreshold: 5,
  failureRate: 0.5,
  slowCallDuration: Number.POSITIVE_INFINITY,
  slowCallRate: 0.8,
  window: { calls: 100 },
  minimumRequests: 10,
  successThreshold: 3,
  halfOpen: { concurrency: 1, failures: 0, lease: 30_000 },
  resetOn: 'close',
  recovery: (opening) => Math.min(5000 * 2 ** (opening - 1), 60_000),
}

/**
 * A model of a new circuit breaker.
 *
 * @param rules - Those that are left out have the defaults of `circuitBreaker`, without jitter.
 * @param now - The time at which it is made, in milliseconds; later times are given with each input.
 *
 * @example
 * ```ts
 * import { breakerModel } from '@seaworthy/testing/models'
 *
 * const { model: running, call = 0 } = breakerModel({ failureThreshold: 1 }).call(0)
 * const { model } = running.settle(call, 'failure', 10)
 * console.log(model.state) // open
 * console.log(model.call(11).retryAfter) // 4999
 * ```
 */
export function breakerModel(rules: Partial<BreakerRules> = {}, now = 0): BreakerModel {
  const { window = defaults.window } = rules
  const minimumRequests = 'calls' in window ? Math.min(defaults.minimumRequests, window.calls) : 10
  return new BreakerModel({ ...defaults, minimumRequests, ...rules }, [
    { kind: 'began', at: now, epoch: 1, state: 'closed', forgetful: true },
  ])
}

/** See {@link breakerModel}. Every method that changes something answers with the model that comes after. */
export class BreakerModel {
  readonly rules: BreakerRules
  readonly #facts: BreakerFacts

  constructor(rules: BreakerRules, facts: readonly BreakerFact[]) {
    this.rules = rules
    this.#facts = new BreakerFacts(facts, rules)
  }

  /** Everything that was ever seen, in order. */
  get facts(): readonly BreakerFact[] {
    return this.#facts.list
  }

  get state(): CircuitState {
    return this.#facts.began.state
  }

  get epoch(): number {
    return this.#facts.began.epoch
  }

  /** A call asks to run. */
  call(now: number): Asked {
    const model = this.#arrive(now)
    if (!model.#admits()) return { model, call: undefined, retryAfter: model.#remaining(now) }
    const call = model.facts.length
    // No epoch is 0: what is let pass unseen counts in none.
    const epoch = this.rules.mode === 'disabled' ? 0 : model.epoch
    return { model: model.#with({ kind: 'admitted', at: now, epoch, call }), call, retryAfter: undefined }
  }

  /** A call that was admitted ends. To be told once for each call; a call that hangs is never told. */
  settle(call: number, outcome: CircuitOutcome, now: number, retryAfter?: number): Told {
    if (!this.counts(call)) return { model: this, counted: false }
    const noticed = this.#noticeSlow(now)
    const settled = noticed.counts(call) ? noticed.#settled(call, outcome, now) : noticed
    if (this.state === 'halfOpen') return { model: settled.#decide(now, retryAfter), counted: true }
    // A success alone opens nothing.
    const worse = outcome === 'failure' || noticed !== this
    return { model: worse ? settled.#judge(now, retryAfter) : settled, counted: true }
  }

  /** Whether the outcome of an admitted call would still count. */
  counts(call: number): boolean {
    const seen = this.#facts.ofCall(call).map(({ kind }) => kind)
    if (!seen.includes('admitted') || seen.includes('settled')) return false
    return this.state !== 'halfOpen' || seen.length === 1
  }

  /** Somebody opens it, for as long as given or as its next opening would last. */
  trip(now: number, openFor?: number): BreakerModel {
    if (!this.#automatic || this.rules.mode !== 'enabled') return this
    return this.#open(now, this.#cause('trip', now), openFor)
  }

  /** Somebody closes it with nothing remembered. */
  reset(now: number): BreakerModel {
    return this.#automatic ? this.#begin('closed', now, true) : this
  }

  /** Somebody takes a handle that keeps everything out. */
  isolate(now: number): BreakerModel {
    if (this.state === 'disposed') return this
    const isolated = this.state === 'isolated' ? this : this.#begin('isolated', now, true)
    return isolated.#with({ kind: 'handle taken', at: now, epoch: isolated.epoch })
  }

  /** Somebody gives a handle back. The last one closes it with nothing remembered. */
  release(now: number): BreakerModel {
    if (this.state !== 'isolated') return this
    const released = this.#with({ kind: 'handle released', at: now, epoch: this.epoch })
    return released.#facts.handles() > 0 ? released : released.#begin('closed', now, true)
  }

  /** It turns everything away for good. */
  dispose(now: number): BreakerModel {
    return this.state === 'disposed' ? this : this.#begin('disposed', now, true)
  }

  /**
   * Other rules from now on. What was counted stays counted, but another `mode` starts anew. `window`, `resetOn` and
   * whether slow calls count have to stay as they are.
   */
  reconfigure(rules: Partial<BreakerRules>, now: number): BreakerModel {
    const changed = new BreakerModel({ ...this.rules, ...rules }, this.facts)
    return changed.rules.mode === this.rules.mode ? changed : changed.reset(now)
  }

  /** What there is to compare at a moment. */
  view(now: number): BreakerView {
    const { state, epoch } = this
    const { at, opening } = this.#facts.began
    const judged = this.#facts.judged(now)
    const timed = this.#facts.timed(now)
    const trying = state === 'halfOpen'
    return {
      state,
      retryAfter: this.#remaining(now),
      epoch,
      since: at,
      opening,
      consecutiveFailures: this.#facts.streak(),
      calls: judged.length,
      failures: judged.filter(isFailure).length,
      timedCalls: timed.length,
      slowCalls: timed.filter(isSlow).length,
      trials: trying ? this.#facts.underway().length : 0,
      trialSuccesses: trying ? this.#facts.trialSuccesses() : 0,
      trialFailures: trying ? this.#facts.trialFailures() : 0,
      handles: this.#facts.handles(),
      wouldOpen: this.#facts.wouldOpen(),
    }
  }

  /**
   * Names the state for {@link @seaworthy/testing!explore}: the same text for models that no future input can tell apart.
   *
   * @param calls - Those that can still be settled.
   * @param lastOpening - The number from which on `recovery` gives all openings the same time; without it, a
   *   circuit that never recovers has a new state after every opening.
   */
  key(now: number, calls: readonly number[], lastOpening: number = Number.POSITIVE_INFINITY): string {
    const { state } = this
    const { window, failureThreshold } = this.rules
    const facts = this.#facts
    const opening = facts.openingInARow(now)
    const marks = (seen: readonly BreakerFact[], bad: (fact: BreakerFact) => boolean): string =>
      seen.map((fact) => `${bad(fact) ? '!' : '.'}${bucketAge(fact.at, now, this.rules)}`).join('')
    const trying = state === 'halfOpen'
    return [
      state,
      facts.handles(),
      facts.wouldOpen(),
      Math.min(opening?.number ?? 0, lastOpening),
      opening?.openFor,
      trying ? 0 : Math.min(now - facts.began.at, opening?.openFor ?? 0),
      'time' in window ? now % (window.time / window.buckets) : 0,
      failureThreshold === Number.POSITIVE_INFINITY ? 0 : Math.min(facts.streak(), failureThreshold),
      marks(facts.judged(now), isFailure),
      marks(facts.timed(now), isSlow),
      trying ? `${facts.trialSuccesses()}/${facts.trialFailures()}` : '',
      trying || this.#measures ? facts.underway().map(({ at }) => this.#ageKey(at, now)) : '',
      calls.map((call) => this.callKey(call, now)).sort(),
    ].join(' ')
  }

  /** Names what is left of a call: whether it counts, and its age where that matters. */
  callKey(call: number, now: number): string {
    if (!this.counts(call)) return 'stale'
    const known = this.#facts.ofCall(call)
    return known.some(isSlow) ? 'slow' : `counts,${this.#ageKey(known[0]?.at ?? now, now)}`
  }

  /** The age of a call, up to where nothing more happens to it by age; 0 if it does not matter at all. */
  #ageKey(at: number, now: number): number {
    const ages = [this.rules.slowCallDuration, this.state === 'halfOpen' ? this.rules.halfOpen.lease : 0]
    return Math.min(now - at, Math.max(...ages.filter(Number.isFinite)))
  }

  #arrive(now: number): BreakerModel {
    if (this.state === 'open') return this.#remaining(now) === 0 ? this.#begin('halfOpen', now, false) : this
    const noticed = this.#noticeSlow(now)
    if (this.state === 'closed') return noticed === this ? this : noticed.#judge(now)
    return this.state === 'halfOpen' ? noticed.#dropLost(now).#decide(now) : this
  }

  #admits(): boolean {
    if (this.state !== 'halfOpen') return this.state === 'closed'
    const { successThreshold, halfOpen } = this.rules
    const held = this.#facts.underway().length
    const decided = this.#facts.trialSuccesses() + this.#facts.trialFailures()
    return held < halfOpen.concurrency && held + decided < successThreshold + halfOpen.failures
  }

  /** Each call counts as slow once: at the first input after it crossed the line, finished or not. */
  #noticeSlow(now: number): BreakerModel {
    return this.#note('became slow', this.rules.slowCallDuration, now)
  }

  #dropLost(now: number): BreakerModel {
    return this.#note('lost', this.rules.halfOpen.lease, now)
  }

  /** Notes the same of every call under way that is so old. */
  #note(kind: 'became slow' | 'lost', age: number, now: number): BreakerModel {
    const old = this.#facts.underway().filter(({ at }) => now - at >= age)
    const facts = old.map(({ call }) => ({ kind, at: now, epoch: this.epoch, call }))
    return facts.length === 0 ? this : this.#with(...facts)
  }

  #settled(call: number, outcome: CircuitOutcome, now: number): BreakerModel {
    const common = { at: now, epoch: this.epoch, call }
    const inTime = outcome !== 'neutral' && this.#measures && !this.#facts.ofCall(call).some(isSlow)
    const settled: BreakerFact = { kind: 'settled', ...common, outcome }
    return inTime ? this.#with({ kind: 'in time', ...common }, settled) : this.#with(settled)
  }

  #judge(now: number, retryAfter?: number): BreakerModel {
    const reason = this.#reasonToOpen(now)
    if (this.rules.mode !== 'enabled')
      return this.#with({ kind: reason ? 'would open' : 'would not open', at: now, epoch: this.epoch })
    return reason === undefined ? this : this.#open(now, this.#cause(reason, now, retryAfter))
  }

  #reasonToOpen(now: number): OpenCause['reason'] | undefined {
    const { failureThreshold, failureRate, slowCallRate } = this.rules
    if (this.#facts.streak() >= failureThreshold) return 'failureThreshold'
    if (this.#reaches(this.#facts.judged(now).map(isFailure), failureRate)) return 'failureRate'
    if (this.#reaches(this.#facts.timed(now).map(isSlow), slowCallRate)) return 'slowCallRate'
    return undefined
  }

  #reaches(window: readonly boolean[], rate: number): boolean {
    const share = window.filter(Boolean).length / window.length
    return window.length >= this.rules.minimumRequests && share >= rate
  }

  #decide(now: number, retryAfter?: number): BreakerModel {
    const { halfOpen, successThreshold } = this.rules
    if (this.#facts.trialFailures() > halfOpen.failures)
      return this.#open(now, this.#cause('trial', now, retryAfter))
    return this.#facts.trialSuccesses() >= successThreshold ? this.#begin('closed', now, false) : this
  }

  #open(now: number, cause: OpenCause, openFor?: number): BreakerModel {
    const number = 1 + (this.#facts.openingInARow(now)?.number ?? 0)
    const opening = { number, openFor: openFor ?? this.rules.recovery(number, cause), cause }
    return this.#begin('open', now, false, opening)
  }

  #begin(state: CircuitState, at: number, forgetful: boolean, opening?: Opening): BreakerModel {
    const began = { kind: 'began', at, epoch: this.epoch + 1, state, forgetful } as const
    return this.#with(opening === undefined ? began : { ...began, opening })
  }

  /** In a half-open circuit the trials are what is counted. */
  #cause(reason: OpenCause['reason'], now: number, retryAfter?: number): OpenCause {
    const seen = this.view(now)
    const { consecutiveFailures, timedCalls, slowCalls, trialSuccesses, trialFailures } = seen
    const trying = seen.state === 'halfOpen'
    const calls = trying ? trialSuccesses + trialFailures : seen.calls
    const failures = trying ? trialFailures : seen.failures
    return { reason, retryAfter, consecutiveFailures, calls, failures, timedCalls, slowCalls }
  }

  #remaining(now: number): number | undefined {
    const { at, opening } = this.#facts.began
    return opening && Math.max(0, at + opening.openFor - now)
  }

  get #measures(): boolean {
    return this.rules.slowCallDuration !== Number.POSITIVE_INFINITY
  }

  /** Whether it, and not somebody's hand, decides what happens next. */
  get #automatic(): boolean {
    return this.state !== 'isolated' && this.state !== 'disposed'
  }

  #with(...facts: BreakerFact[]): BreakerModel {
    return new BreakerModel(this.rules, [...this.facts, ...facts])
  }
}

/** What differs between a breaker, of which some or all can be seen, and the model: a sentence for each field. */
export function breakerDifferences(breaker: Partial<BreakerView>, model: BreakerView): string[] {
  return (Object.keys(breaker) as (keyof BreakerView)[])
    .filter((field) => !isDeepStrictEqual(breaker[field], model[field]))
    .map(
      (field) => `${field}: the breaker says ${inspect(breaker[field])}, the model ${inspect(model[field])}`,
    )
}
