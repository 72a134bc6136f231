/** The steps of random histories: what each does to model and breaker, and that both look the same afterwards. */
import type { CircuitOutcome, CircuitState, OpenCause } from '@seaworthy/circuit-breaker'
import type fc from 'fast-check'
import type { BreakerFact, BreakerRules } from './breaker-facts.ts'
import { type BreakerModel, type BreakerView, breakerDifferences } from './breaker-model.ts'

/** The breaker that a history is tried on. Time is given with every input and never goes back. */
export interface BreakerUnderTest {
  /**
   * A call asks to run.
   *
   * @returns How it will end, or undefined when it is turned away.
   */
  call(now: number): EndOfCall | undefined
  /** As much as can be seen of it. */
  view(now: number): Partial<BreakerView>
  trip(now: number, openFor?: number): void
  reset(now: number): void
  isolate(now: number): void
  release(now: number): void
  dispose(now: number): void
  /** Other rules from now on. Histories go on with the old ones where there is no such method. */
  reconfigure?(rules: BreakerRules, now: number): void
}

/**
 * Ends a call.
 *
 * @param retryAfter - Milliseconds that the failure asks to wait.
 * @returns Whether the outcome counted; undefined if that cannot be seen.
 */
export type EndOfCall = (outcome: CircuitOutcome, now: number, retryAfter?: number) => boolean | undefined

/** Where a history stands: the model and the calls under way. */
export interface BreakerHistory {
  model: BreakerModel
  now: number
  readonly calls: PendingCall[]
}

/** A call under way: its number in the model, and how it ends in the breaker. */
export interface PendingCall {
  readonly call: number
  readonly end: EndOfCall
}

/** Something that a history came by. */
export type BreakerMoment =
  | `opened: ${OpenCause['reason']}`
  | `became ${CircuitState}`
  | `rejected: ${CircuitState}`
  | 'slow call'
  | 'lost trial'
  | 'would open'
  | 'stale outcome'
  | 'longer for a hint'
  | `reconfigured: ${CircuitState}`

/** Told of everything of interest. */
export type OnMoment = (moment: BreakerMoment) => void

abstract class Command implements fc.Command<BreakerHistory, BreakerUnderTest> {
  protected readonly mark: OnMoment

  constructor(onMoment: OnMoment) {
    this.mark = onMoment
  }

  check(_history: Readonly<BreakerHistory>): boolean {
    return true
  }

  abstract take(history: BreakerHistory, breaker: BreakerUnderTest): void
  abstract toString(): string

  run(history: BreakerHistory, breaker: BreakerUnderTest): void {
    const known = history.model.facts.length
    this.take(history, breaker)
    const { model, now } = history
    const differences = breakerDifferences(breaker.view(now), model.view(now))
    if (differences.length > 0) throw new Error(differences.join('\n'))
    for (const fact of model.facts.slice(known)) this.#note(fact)
  }

  #note(fact: BreakerFact): void {
    if (fact.kind === 'became slow') this.mark('slow call')
    if (fact.kind === 'lost') this.mark('lost trial')
    if (fact.kind === 'would open') this.mark('would open')
    if (fact.kind !== 'began') return
    this.mark(`became ${fact.state}`)
    if (fact.opening === undefined) return
    const { cause, openFor } = fact.opening
    this.mark(`opened: ${cause.reason}`)
    if (cause.retryAfter === openFor) this.mark('longer for a hint')
  }
}

/** A call arrives. */
export class Call extends Command {
  override take(history: BreakerHistory, breaker: BreakerUnderTest): void {
    const { now } = history
    const { model, call } = history.model.call(now)
    const end = breaker.call(now)
    expectSame('admitted', end !== undefined, call !== undefined)
    history.model = model
    if (end === undefined || call === undefined) this.mark(`rejected: ${model.state}`)
    else history.calls.push({ call, end })
  }

  override toString(): string {
    return 'call'
  }
}

/** One of the calls under way ends. */
export class Settle extends Command {
  readonly #outcome: CircuitOutcome
  readonly #which: number
  readonly #retryAfter: number | undefined

  constructor(outcome: CircuitOutcome, which: number, retryAfter: number | undefined, onMoment: OnMoment) {
    super(onMoment)
    this.#outcome = outcome
    this.#which = which
    this.#retryAfter = retryAfter
  }

  override check(history: Readonly<BreakerHistory>): boolean {
    return history.calls.length > 0
  }

  override take(history: BreakerHistory): void {
    const { now, calls } = history
    const [pending] = calls.splice(this.#which % calls.length, 1) as [PendingCall]
    const { model, counted } = history.model.settle(pending.call, this.#outcome, now, this.#retryAfter)
    const breakerCounted = pending.end(this.#outcome, now, this.#retryAfter)
    if (breakerCounted !== undefined) expectSame('counted', breakerCounted, counted)
    history.model = model
    if (!counted) this.mark('stale outcome')
  }

  override toString(): string {
    const hint = this.#retryAfter === undefined ? '' : ` with retryAfter ${this.#retryAfter}`
    return `${this.#outcome} of call ${this.#which}${hint}`
  }
}

/** Time passes. */
export class Wait extends Command {
  readonly #by: number

  constructor(by: number, onMoment: OnMoment) {
    super(onMoment)
    this.#by = by
  }

  override take(history: BreakerHistory): void {
    history.now += this.#by
  }

  override toString(): string {
    return `wait ${this.#by}`
  }
}

/** An opening is over, has just been, or nearly is. */
export class WaitForTrial extends Command {
  readonly #off: -1 | 0 | 1

  constructor(off: -1 | 0 | 1, onMoment: OnMoment) {
    super(onMoment)
    this.#off = off
  }

  override check({ model, now }: Readonly<BreakerHistory>): boolean {
    return (model.view(now).retryAfter ?? 0) + this.#off > 0
  }

  override take(history: BreakerHistory): void {
    history.now += (history.model.view(history.now).retryAfter ?? 0) + this.#off
  }

  override toString(): string {
    return ['wait nearly for a trial', 'wait for a trial', 'wait longer than for a trial'][
      this.#off + 1
    ] as string
  }
}

type HandName = 'trip' | 'reset' | 'isolate' | 'release' | 'dispose'

/** Somebody interferes. */
export class Hand extends Command {
  readonly #name: HandName
  readonly #openFor: number | undefined

  constructor(name: HandName, openFor: number | undefined, onMoment: OnMoment) {
    super(onMoment)
    this.#name = name
    this.#openFor = openFor
  }

  /** Nothing follows the disposal of a breaker, so it has to come late. */
  override check({ model }: Readonly<BreakerHistory>): boolean {
    return this.#name !== 'dispose' || model.facts.length > 40
  }

  override take(history: BreakerHistory, breaker: BreakerUnderTest): void {
    const { model, now } = history
    history.model = model[this.#name](now, this.#openFor)
    breaker[this.#name](now, this.#openFor)
  }

  override toString(): string {
    return this.#openFor === undefined ? this.#name : `${this.#name} for ${this.#openFor}`
  }
}

/** Somebody changes rules. */
export class Reconfigure extends Command {
  readonly #patch: Partial<BreakerRules>

  constructor(patch: Partial<BreakerRules>, onMoment: OnMoment) {
    super(onMoment)
    this.#patch = patch
  }

  override take(history: BreakerHistory, breaker: BreakerUnderTest): void {
    if (breaker.reconfigure === undefined) return
    const { model, now } = history
    history.model = model.reconfigure(this.#patch, now)
    breaker.reconfigure(history.model.rules, now)
    this.mark(`reconfigured: ${model.state}`)
  }

  override toString(): string {
    return `reconfigure ${JSON.stringify(this.#patch)}`
  }
}

function expectSame(what: string, breaker: unknown, model: unknown): void {
  if (breaker !== model) throw new Error(`${what}: the breaker says ${breaker}, the model ${model}`)
}
