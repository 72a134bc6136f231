/**
 * What a circuit breaker has to do, written down a second time: a list of everything that was ever seen, and
 * questions about the list. No counters, no ring, no buckets that rotate, nothing that can be out of step: what the
 * breaker keeps up to date, this counts again on every step. Slow, and hard to get wrong in the same way.
 *
 * It is immutable, so a search can branch from any moment.
 */
import { inspect, isDeepStrictEqual } from 'node:util'
import type { CircuitMode, CircuitOutcome, CircuitState, OpenCause } from '@seaworthy/circuit-breaker'

/**
 * The rules of a breaker: its options, as numbers. Durations are milliseconds, and a rule that is off is `Infinity`.
 */
export interface BreakerRules {
  readonly mode: CircuitMode
  readonly failureThreshold: number
  readonly failureRate: number
  readonly slowCallDuration: number
  readonly slowCallRate: number
  readonly window: { readonly calls: number } | { readonly time: number; readonly buckets: number }
  readonly minimumRequests: number
  readonly successThreshold: number
  readonly halfOpen: { readonly concurrency: number; readonly failures: number; readonly lease: number }
  readonly resetOn: 'close' | 'stable'
  /** How long the first, second, ... opening in a row lasts. Must always say the same. */
  recovery(opening: number, cause: OpenCause): number
}

/** Something that was seen. */
export type BreakerFact = { readonly at: number; readonly epoch: number } & (
  | {
      readonly kind: 'began'
      readonly state: CircuitState
      readonly forgetful: boolean
      readonly opening?: Opening
    }
  | { readonly kind: 'admitted' | 'became slow' | 'in time' | 'lost'; readonly call: number }
  | { readonly kind: 'settled'; readonly call: number; readonly outcome: CircuitOutcome }
  | { readonly kind: 'would open' | 'would not open' | 'handle taken' | 'handle released' }
)

type Began = BreakerFact & { readonly kind: 'began' }

/** One opening: the first, second, ... in a row, how long it lasts and why. */
export interface Opening {
  readonly number: number
  readonly openFor: number
  readonly cause: OpenCause
}

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
 * import { breakerModel } from '@seaworthy/testing'
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
  /** Everything that was ever seen, in order. */
  readonly facts: readonly BreakerFact[]
  readonly #began: Began
  /** What was seen in the present epoch. */
  readonly #present: readonly BreakerFact[]

  constructor(rules: BreakerRules, facts: readonly BreakerFact[]) {
    this.rules = rules
    this.facts = facts
    const last = facts.findLastIndex(({ kind }) => kind === 'began')
    const began = facts[last] as Began
    this.#began = began
    this.#present = facts.slice(last).filter(({ epoch }) => epoch === began.epoch)
  }

  get state(): CircuitState {
    return this.#began.state
  }

  get epoch(): number {
    return this.#began.epoch
  }

  /** A call asks to run. */
  call(now: number): Asked {
    const model = this.#arrive(now)
    if (!model.#admits()) return { model, call: undefined, retryAfter: model.#remaining(now) }
    const call = model.facts.length
    const epoch = this.rules.mode === 'disabled' ? 0 : model.epoch
    return { model: model.#with({ kind: 'admitted', at: now, epoch, call }), call, retryAfter: undefined }
  }

  /** A call that was admitted ends. To be told once for each call; a call that hangs is never told. */
  settle(call: number, outcome: CircuitOutcome, now: number, retryAfter?: number): Told {
    if (!this.counts(call)) return { model: this, counted: false }
    const noticed = this.#noticeSlow(now)
    const settled = noticed.counts(call) ? noticed.#settled(call, outcome, now) : noticed
    if (this.state === 'halfOpen') return { model: settled.#decide(now, retryAfter), counted: true }
    const worse = outcome === 'failure' || noticed !== this
    return { model: worse ? settled.#judge(now, retryAfter) : settled, counted: true }
  }

  /** Whether the outcome of an admitted call would still count. */
  counts(call: number): boolean {
    const seen = this.#ofCall(call).map(({ kind }) => kind)
    if (!seen.includes('admitted') || seen.includes('settled')) return false
    return this.state !== 'halfOpen' || seen.length === 1
  }

  trip(now: number, openFor?: number): BreakerModel {
    if (!this.#automatic || this.rules.mode !== 'enabled') return this
    return this.#open(now, this.#cause('trip', now), openFor)
  }

  reset(now: number): BreakerModel {
    return this.#automatic ? this.#begin('closed', now, true) : this
  }

  isolate(now: number): BreakerModel {
    if (this.state === 'disposed') return this
    const isolated = this.state === 'isolated' ? this : this.#begin('isolated', now, true)
    return isolated.#with({ kind: 'handle taken', at: now, epoch: isolated.epoch })
  }

  release(now: number): BreakerModel {
    if (this.state !== 'isolated') return this
    const released = this.#with({ kind: 'handle released', at: now, epoch: this.epoch })
    return released.#handles > 0 ? released : released.#begin('closed', now, true)
  }

  dispose(now: number): BreakerModel {
    return this.state === 'disposed' ? this : this.#begin('disposed', now, true)
  }

  /** Other rules from now on, but the same `window` and `resetOn`, and slow calls counted as before or not. */
  reconfigure(rules: Partial<BreakerRules>, now: number): BreakerModel {
    const changed = new BreakerModel({ ...this.rules, ...rules }, this.facts)
    return changed.rules.mode === this.rules.mode ? changed : changed.reset(now)
  }

  view(now: number): BreakerView {
    const { state, epoch } = this
    const closed = state === 'closed'
    const judged = this.#judged(now)
    const timed = this.#timed(now)
    return {
      state,
      retryAfter: this.#remaining(now),
      epoch,
      since: this.#began.at,
      opening: this.#began.opening,
      consecutiveFailures: this.#streak,
      calls: judged.length,
      failures: judged.filter(isFailure).length,
      timedCalls: timed.length,
      slowCalls: timed.filter(isSlow).length,
      trials: state === 'halfOpen' ? this.#underway.length : 0,
      trialSuccesses: closed ? 0 : this.#ended('success'),
      trialFailures: closed ? 0 : this.#trialFailures,
      handles: this.#handles,
      wouldOpen: this.#wouldOpen,
    }
  }

  /**
   * Names the state for {@link explore}: the same text for models that no future input can tell apart.
   *
   * @param calls - Those that can still be settled.
   * @param lastOpening - The number from which on `recovery` gives all openings the same time; without it, a
   *   circuit that never recovers has a new state after every opening.
   */
  key(now: number, calls: readonly number[], lastOpening: number = Number.POSITIVE_INFINITY): string {
    const { rules, state } = this
    const openings = this.#openingsInARow(now) - 1
    const openFor = openings > 0 ? (this.#last('open')?.opening?.openFor ?? 0) : 0
    const window = (facts: readonly BreakerFact[], bad: (fact: BreakerFact) => boolean): string =>
      facts.map((fact) => `${bad(fact) ? '!' : '.'}${bucketAge(fact.at, now, rules)}`).join('')
    return [
      state,
      this.#handles,
      this.#wouldOpen,
      Math.min(openings, lastOpening),
      openFor,
      state === 'halfOpen' ? 0 : Math.min(now - this.#began.at, openFor),
      'time' in rules.window ? now % (rules.window.time / rules.window.buckets) : 0,
      rules.failureThreshold === Number.POSITIVE_INFINITY
        ? 0
        : Math.min(this.#streak, rules.failureThreshold),
      window(this.#judged(now), isFailure),
      window(this.#timed(now), isSlow),
      state === 'halfOpen' ? `${this.#ended('success')}/${this.#trialFailures}` : '',
      state === 'halfOpen' || this.#measures
        ? this.#underway.map(({ at }) => Math.min(now - at, this.#longestWatch))
        : '',
      calls.map((call) => this.callKey(call, now)).sort(),
    ].join(' ')
  }

  /** Names what is left of a call: whether it counts, and its age where that matters. */
  callKey(call: number, now: number): string {
    if (!this.counts(call)) return 'stale'
    const known = this.#ofCall(call)
    if (known.some(isSlow)) return 'slow'
    return `counts,${Math.min(now - (known[0]?.at ?? now), this.#longestWatch)}`
  }

  /** The age from which on a call under way stays as it is; 0 if its age does not matter at all. */
  get #longestWatch(): number {
    const ages = [this.rules.slowCallDuration, this.state === 'halfOpen' ? this.rules.halfOpen.lease : 0]
    return Math.max(...ages.filter(Number.isFinite))
  }

  // --- What happens by itself when somebody calls

  #arrive(now: number): BreakerModel {
    if (this.state === 'open') {
      const { at, opening } = this.#began
      return now >= at + (opening?.openFor ?? 0) ? this.#begin('halfOpen', now, false) : this
    }
    const noticed = this.#noticeSlow(now)
    if (this.state === 'closed') return noticed === this ? this : noticed.#judge(now)
    return this.state === 'halfOpen' ? noticed.#dropLost(now).#decide(now) : this
  }

  #admits(): boolean {
    if (this.state !== 'halfOpen') return this.state === 'closed'
    const { successThreshold, halfOpen } = this.rules
    const held = this.#underway.length
    const decided = this.#ended('success') + this.#trialFailures
    return held < halfOpen.concurrency && held + decided < successThreshold + halfOpen.failures
  }

  /** Each call counts as slow once: at the first input after it crossed the line, finished or not. */
  #noticeSlow(now: number): BreakerModel {
    const slow = this.#underway.filter(({ at }) => now - at >= this.rules.slowCallDuration)
    return slow.reduce<BreakerModel>(
      (model, { call }) => model.#with({ kind: 'became slow', at: now, epoch: model.epoch, call }),
      this,
    )
  }

  #dropLost(now: number): BreakerModel {
    const lost = this.#underway.filter(({ at }) => now - at >= this.rules.halfOpen.lease)
    return lost.reduce<BreakerModel>(
      (model, { call }) => model.#with({ kind: 'lost', at: now, epoch: model.epoch, call }),
      this,
    )
  }

  // --- What an outcome does

  #settled(call: number, outcome: CircuitOutcome, now: number): BreakerModel {
    const inTime = outcome !== 'neutral' && this.#measures && !this.#ofCall(call).some(isSlow)
    const timed = inTime ? this.#with({ kind: 'in time', at: now, epoch: this.epoch, call }) : this
    return timed.#with({ kind: 'settled', at: now, epoch: this.epoch, call, outcome })
  }

  #judge(now: number, retryAfter?: number): BreakerModel {
    const { mode, failureThreshold, failureRate, slowCallRate } = this.rules
    const reason =
      this.#streak >= failureThreshold
        ? 'failureThreshold'
        : this.#exceeds(this.#judged(now).map(isFailure), failureRate)
          ? 'failureRate'
          : this.#exceeds(this.#timed(now).map(isSlow), slowCallRate)
            ? 'slowCallRate'
            : undefined
    if (mode === 'enabled') return reason ? this.#open(now, this.#cause(reason, now, retryAfter)) : this
    return this.#with({ kind: reason ? 'would open' : 'would not open', at: now, epoch: this.epoch })
  }

  #exceeds(window: readonly boolean[], rate: number): boolean {
    return (
      window.length >= this.rules.minimumRequests && window.filter(Boolean).length / window.length >= rate
    )
  }

  #decide(now: number, retryAfter?: number): BreakerModel {
    if (this.#trialFailures > this.rules.halfOpen.failures)
      return this.#open(now, this.#cause('trial', now, retryAfter))
    return this.#ended('success') >= this.rules.successThreshold ? this.#begin('closed', now, false) : this
  }

  // --- How a state begins

  #open(now: number, cause: OpenCause, openFor?: number): BreakerModel {
    const number = this.#openingsInARow(now)
    const opening = { number, openFor: openFor ?? this.rules.recovery(number, cause), cause }
    return this.#begin('open', now, false, opening)
  }

  #begin(state: CircuitState, at: number, forgetful: boolean, opening?: Opening): BreakerModel {
    const began = { kind: 'began', at, epoch: this.epoch + 1, state, forgetful } as const
    return this.#with(opening === undefined ? began : { ...began, opening })
  }

  /** The number of an opening now: one more than those before it, back to the last recovery. */
  #openingsInARow(now: number): number {
    let number = 1
    let end = now
    for (const { index, fact } of this.#beginnings.map((fact, index) => ({ fact, index })).reverse()) {
      if (fact.forgetful) break
      if (fact.state === 'closed') {
        const before = this.#beginnings.slice(0, index).findLast(({ state }) => state === 'open')
        const stable = end - fact.at >= (before?.opening?.openFor ?? 0)
        if (this.rules.resetOn === 'close' || stable) break
      }
      if (fact.state === 'open') number++
      end = fact.at
    }
    return number
  }

  /** In a half-open circuit the trials are what is counted. */
  #cause(reason: OpenCause['reason'], now: number, retryAfter?: number): OpenCause {
    const { consecutiveFailures, calls, failures, timedCalls, slowCalls, ...trials } = this.view(now)
    const trying = this.state === 'halfOpen'
    return {
      reason,
      retryAfter,
      consecutiveFailures,
      calls: trying ? trials.trialSuccesses + trials.trialFailures : calls,
      failures: trying ? trials.trialFailures : failures,
      timedCalls,
      slowCalls,
    }
  }

  // --- Questions about the list

  get #beginnings(): Began[] {
    return this.facts.filter((fact) => fact.kind === 'began')
  }

  #last(state: CircuitState): Began | undefined {
    return this.#beginnings.findLast((fact) => fact.state === state)
  }

  /** What was seen of a call in the present epoch. */
  #ofCall(call: number): BreakerFact[] {
    return this.#present.filter((fact) => 'call' in fact && fact.call === call)
  }

  /** Calls of the present epoch that neither ended nor became slow nor were given up, oldest first. */
  get #underway(): (BreakerFact & { call: number })[] {
    const seen = this.#present.filter((fact) => 'call' in fact)
    const over = new Set(seen.filter(({ kind }) => kind !== 'admitted').map(({ call }) => call))
    return seen.filter(({ call }) => !over.has(call))
  }

  /** Outcomes in the window, oldest first. */
  #judged(now: number): BreakerFact[] {
    if (this.state !== 'closed') return []
    return this.#window(
      this.#present.filter((fact) => fact.kind === 'settled' && fact.outcome !== 'neutral'),
      now,
    )
  }

  /** Measured calls in the window, oldest first. */
  #timed(now: number): BreakerFact[] {
    if (this.state !== 'closed') return []
    return this.#window(
      this.#present.filter(({ kind }) => kind === 'became slow' || kind === 'in time'),
      now,
    )
  }

  #window(facts: BreakerFact[], now: number): BreakerFact[] {
    const { window } = this.rules
    if ('calls' in window) return facts.slice(-window.calls)
    return facts.filter(({ at }) => bucketAge(at, now, this.rules) < window.buckets)
  }

  /** Failures since the last success. */
  get #streak(): number {
    if (this.state !== 'closed') return 0
    const outcomes = this.#present.filter((fact) => fact.kind === 'settled' && fact.outcome !== 'neutral')
    return outcomes.length - 1 - outcomes.findLastIndex((fact) => !isFailure(fact))
  }

  #ended(outcome: CircuitOutcome): number {
    return this.#present.filter((fact) => fact.kind === 'settled' && fact.outcome === outcome).length
  }

  get #trialFailures(): number {
    return this.#ended('failure') + this.#present.filter(isSlow).length
  }

  get #wouldOpen(): boolean {
    return this.#present.findLast(({ kind }) => kind.startsWith('would'))?.kind === 'would open'
  }

  get #handles(): number {
    const count = (kind: BreakerFact['kind']): number =>
      this.#present.filter((fact) => fact.kind === kind).length
    return count('handle taken') - count('handle released')
  }

  #remaining(now: number): number | undefined {
    const { state, at, opening } = this.#began
    return state === 'open' && opening ? Math.max(0, at + opening.openFor - now) : undefined
  }

  get #measures(): boolean {
    return this.rules.slowCallDuration !== Number.POSITIVE_INFINITY
  }

  get #automatic(): boolean {
    return this.state !== 'isolated' && this.state !== 'disposed'
  }

  #with(fact: BreakerFact): BreakerModel {
    return new BreakerModel(this.rules, [...this.facts, fact])
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

const isFailure = (fact: BreakerFact): boolean => fact.kind === 'settled' && fact.outcome === 'failure'
const isSlow = (fact: BreakerFact): boolean => fact.kind === 'became slow'

/** How many buckets ago it was; 0 where the window is not in time. Buckets begin at multiples of their width. */
function bucketAge(at: number, now: number, { window }: BreakerRules): number {
  if ('calls' in window) return 0
  const width = window.time / window.buckets
  return Math.floor(now / width) - Math.floor(at / width)
}
