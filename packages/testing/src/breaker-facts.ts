/**
 * Everything that was ever seen of a circuit breaker, in one list, and questions about the list. What a breaker keeps
 * up to date, this counts again each time it is asked: no counters, no ring, no buckets that rotate.
 */
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

/**
 * Something that was seen, when, and in which epoch. A state `began`, and is `forgetful` when the openings before it
 * play no part any more. A call was `admitted`; it `became slow` or ended `in time`; it was `settled`, or its lease
 * ran out and it is `lost`. Calls are numbered by their place in the list.
 */
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

/** The beginning of a state. */
export type Began = BreakerFact & { readonly kind: 'began' }

/** One opening: the first, second, ... in a row, how long it lasts and why. */
export interface Opening {
  readonly number: number
  readonly openFor: number
  readonly cause: OpenCause
}

/** The list, read by the rules of the moment. */
export class BreakerFacts {
  readonly list: readonly BreakerFact[]
  /** How the present state began. */
  readonly began: Began
  readonly #rules: BreakerRules
  /** What was seen in the present epoch. */
  readonly #present: readonly BreakerFact[]

  constructor(list: readonly BreakerFact[], rules: BreakerRules) {
    this.list = list
    this.#rules = rules
    const last = list.findLastIndex(({ kind }) => kind === 'began')
    const began = list[last] as Began
    this.began = began
    this.#present = list.slice(last).filter(({ epoch }) => epoch === began.epoch)
  }

  /** What was seen of a call in the present epoch. */
  ofCall(call: number): BreakerFact[] {
    return this.#present.filter((fact) => 'call' in fact && fact.call === call)
  }

  /** Calls of the present epoch that neither ended nor became slow nor were given up, oldest first. */
  underway(): { readonly call: number; readonly at: number }[] {
    const seen = this.#present.filter((fact) => 'call' in fact)
    const over = new Set(seen.filter(({ kind }) => kind !== 'admitted').map(({ call }) => call))
    return seen.filter(({ call }) => !over.has(call))
  }

  /** Outcomes in the window of a closed circuit, oldest first. */
  judged(now: number): BreakerFact[] {
    return this.#inWindow(this.#outcomes(), now)
  }

  /** Measured calls in the window of a closed circuit, oldest first. */
  timed(now: number): BreakerFact[] {
    return this.#inWindow(
      this.#present.filter(({ kind }) => kind === 'became slow' || kind === 'in time'),
      now,
    )
  }

  /** Failures since the last success, in a closed circuit. */
  streak(): number {
    const outcomes = this.#closed(this.#outcomes())
    return outcomes.length - 1 - outcomes.findLastIndex((fact) => !isFailure(fact))
  }

  trialSuccesses(): number {
    return this.#count((fact) => fact.kind === 'settled' && fact.outcome === 'success')
  }

  /** A trial that is slow has failed, whatever else becomes of it. */
  trialFailures(): number {
    return this.#count((fact) => isFailure(fact) || isSlow(fact))
  }

  /** How many handles keep the circuit isolated. */
  handles(): number {
    return (
      this.#count(({ kind }) => kind === 'handle taken') -
      this.#count(({ kind }) => kind === 'handle released')
    )
  }

  /** Whether a rule held when it was judged last, and only the mode kept the circuit closed. */
  wouldOpen(): boolean {
    return this.#present.findLast(({ kind }) => kind.startsWith('would'))?.kind === 'would open'
  }

  /** The last opening, unless a recovery lies between it and now. */
  openingInARow(now: number): Opening | undefined {
    let end = now
    for (let place = this.list.length - 1; place >= 0; place--) {
      const fact = this.list[place] as BreakerFact
      if (fact.kind !== 'began') continue
      if (fact.state === 'open') return fact.opening
      if (fact.forgetful || (fact.state === 'closed' && this.#isRecovery(fact, place, end))) return undefined
      end = fact.at
    }
    return undefined
  }

  /** Whether a circuit that closed by itself, and was closed until `end`, was well. */
  #isRecovery(closed: Began, place: number, end: number): boolean {
    if (this.#rules.resetOn === 'close') return true
    const before = this.list
      .slice(0, place)
      .findLast((fact) => fact.kind === 'began' && fact.state === 'open')
    return end - closed.at >= ((before as Began | undefined)?.opening?.openFor ?? 0)
  }

  #outcomes(): BreakerFact[] {
    return this.#present.filter((fact) => fact.kind === 'settled' && fact.outcome !== 'neutral')
  }

  #closed(facts: BreakerFact[]): BreakerFact[] {
    return this.began.state === 'closed' ? facts : []
  }

  #inWindow(facts: BreakerFact[], now: number): BreakerFact[] {
    const { window } = this.#rules
    const seen = this.#closed(facts)
    if ('calls' in window) return seen.slice(-window.calls)
    return seen.filter(({ at }) => bucketAge(at, now, this.#rules) < window.buckets)
  }

  #count(counts: (fact: BreakerFact) => boolean): number {
    return this.#present.filter(counts).length
  }
}

export const isFailure = (fact: BreakerFact): boolean => fact.kind === 'settled' && fact.outcome === 'failure'

export const isSlow = (fact: BreakerFact): boolean => fact.kind === 'became slow'

/** How many buckets ago it was; 0 where the window is not in time. Buckets begin at multiples of their width. */
export function bucketAge(at: number, now: number, { window }: BreakerRules): number {
  if ('calls' in window) return 0
  const width = window.time / window.buckets
  return Math.floor(now / width) - Math.floor(at / width)
}
