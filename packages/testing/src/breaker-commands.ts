/** Random histories for circuit breakers, compared with the model after every step. */
import type { CircuitOutcome, CircuitState, OpenCause } from '@seaworthy/circuit-breaker'
import fc from 'fast-check'
import type { BreakerRules } from './breaker-facts.ts'
import { type BreakerModel, type BreakerView, breakerDifferences, breakerModel } from './breaker-model.ts'

/** The breaker that a history is tried on. Time is given with every input and never goes back. */
export interface BreakerUnderTest {
  /**
   * A call asks to run.
   *
   * @returns How it will end, or undefined when it is turned away. The ending says whether the outcome counted,
   *   or undefined if that cannot be seen.
   */
  call(now: number): ((outcome: CircuitOutcome, now: number) => boolean | undefined) | undefined
  /** As much as can be seen of it. */
  view(now: number): Partial<BreakerView>
  trip(now: number, openFor?: number): void
  reset(now: number): void
  isolate(now: number): void
  release(now: number): void
  dispose(now: number): void
}

/** Where a history stands: the model and the calls under way. */
export interface BreakerHistory {
  model: BreakerModel
  now: number
  readonly calls: PendingCall[]
}

/** A call under way: its number in the model, and how it ends in the breaker. */
export interface PendingCall {
  readonly call: number
  readonly end: (outcome: CircuitOutcome, now: number) => boolean | undefined
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

/** What {@link breakerCommands} makes. */
export interface BreakerCommandOptions {
  /** For waits that end just before, at and just after what the rules say. */
  readonly rules: BreakerRules
  /** Told of everything of interest, to count: see {@link sometimes}. */
  readonly onMoment?: (moment: BreakerMoment) => void
}

type Commands = Iterable<fc.Command<BreakerHistory, BreakerUnderTest>>

/** The beginning of a history, for fast-check's `modelRun`. */
export function breakerHistory(rules: Partial<BreakerRules>, now = 0): BreakerHistory {
  return { model: breakerModel(rules, now), now, calls: [] }
}

/**
 * Histories of calls, outcomes (also late ones), waits and interference by hand. After each command the breaker must
 * look like the model, or the run fails and fast-check shrinks it.
 *
 * @example
 * ```ts
 * import { circuitMachine } from '@seaworthy/circuit-breaker'
 * import { type BreakerUnderTest, breakerCommands, breakerHistory, breakerModel } from '@seaworthy/testing'
 * import fc from 'fast-check'
 *
 * const { rules } = breakerModel({ failureThreshold: 2 })
 * const underTest = (): BreakerUnderTest => {
 *   let state: circuitMachine.State = circuitMachine.initial(rules, 0)
 *   const step = (input: circuitMachine.Input, now: number) => {
 *     const { state: after, output } = circuitMachine.next(state, input, now, rules)
 *     state = after
 *     return output
 *   }
 *   return {
 *     call(now) {
 *       const output = step({ type: 'call' }, now)
 *       if (output.type !== 'admitted') return undefined
 *       const { token } = output
 *       return (outcome, later) => step({ type: 'settle', token, outcome }, later).type === 'settled'
 *     },
 *     view: () => ({ state: state.name, epoch: state.epoch }),
 *     trip: (now, openFor) => step({ type: 'trip', openFor }, now),
 *     reset: (now) => step({ type: 'reset' }, now),
 *     isolate: (now) => step({ type: 'isolate', reason: 'test' }, now),
 *     release: (now) => step({ type: 'release' }, now),
 *     dispose: (now) => step({ type: 'dispose' }, now),
 *   }
 * }
 * const property = fc.property(breakerCommands({ rules }), (commands) =>
 *   fc.modelRun(() => ({ model: breakerHistory(rules), real: underTest() }), commands),
 * )
 * console.log(fc.check(property, { numRuns: 200 }).failed) // false
 * ```
 */
export function breakerCommands({
  rules,
  onMoment = () => {},
}: BreakerCommandOptions): fc.Arbitrary<Commands> {
  const always = <T>(value: T) => fc.constant(value)
  const call = always(new Call(onMoment))
  const settle = (outcome: CircuitOutcome) => fc.nat(7).map((which) => new Settle(outcome, which, onMoment))
  const wait = fc.constantFrom(...boundaries(rules)).map((by) => new Wait(by))
  const reopening = fc.constantFrom(-1, 0, 1).map((off) => new WaitForTrial(off))
  const hand = (name: HandName) => always(new Hand(name, undefined, onMoment))
  const trip = fc.constantFrom(0, 1, 1000).map((openFor) => new Hand('trip', openFor, onMoment))
  // A command is drawn evenly from the list: what is here twice comes twice as often.
  const calls = [call, call, call, call, settle('success'), settle('success'), settle('neutral')]
  const failures = [settle('failure'), settle('failure'), settle('failure'), settle('failure')]
  const often = [...calls, ...failures, wait, reopening]
  const hands = [hand('trip'), trip, hand('reset'), hand('isolate'), hand('release'), hand('release')]
  return fc.commands([...often, ...often, ...often, ...often, ...often, ...hands, hand('dispose')], {
    size: '+1',
  })
}

/** The times at which a breaker with these rules does something, and those around them. */
function boundaries({ window, slowCallDuration, halfOpen, recovery }: BreakerRules): number[] {
  const cause = {
    consecutiveFailures: 0,
    calls: 0,
    failures: 0,
    timedCalls: 0,
    slowCalls: 0,
    retryAfter: undefined,
  }
  const opening = (number: number): number => recovery(number, { reason: 'trip', ...cause })
  const bucket = 'time' in window ? [window.time / window.buckets, window.time] : []
  const lengths = [...bucket, slowCallDuration, halfOpen.lease, opening(1), opening(2)].filter(
    Number.isFinite,
  )
  const around = lengths.flatMap((length) => [length - 1, length, length + 1])
  return [...new Set([1, ...around])].filter((length) => length > 0)
}

abstract class Command implements fc.Command<BreakerHistory, BreakerUnderTest> {
  readonly #onMoment: (moment: BreakerMoment) => void

  constructor(onMoment: (moment: BreakerMoment) => void) {
    this.#onMoment = onMoment
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
    expectNone(breakerDifferences(breaker.view(now), model.view(now)))
    for (const fact of model.facts.slice(known)) {
      if (fact.kind === 'began') this.mark(`became ${fact.state}`)
      if (fact.kind === 'began' && fact.opening !== undefined)
        this.mark(`opened: ${fact.opening.cause.reason}`)
      if (fact.kind === 'became slow') this.mark('slow call')
      if (fact.kind === 'lost') this.mark('lost trial')
      if (fact.kind === 'would open') this.mark('would open')
    }
  }

  mark(moment: BreakerMoment): void {
    this.#onMoment(moment)
  }
}

class Call extends Command {
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

class Settle extends Command {
  readonly #outcome: CircuitOutcome
  readonly #which: number

  constructor(outcome: CircuitOutcome, which: number, onMoment: (moment: BreakerMoment) => void) {
    super(onMoment)
    this.#outcome = outcome
    this.#which = which
  }

  override check(history: Readonly<BreakerHistory>): boolean {
    return history.calls.length > 0
  }

  override take(history: BreakerHistory): void {
    const { now, calls } = history
    const [pending] = calls.splice(this.#which % calls.length, 1) as [PendingCall]
    const { model, counted } = history.model.settle(pending.call, this.#outcome, now)
    const breakerCounted = pending.end(this.#outcome, now)
    if (breakerCounted !== undefined) expectSame('counted', breakerCounted, counted)
    history.model = model
    if (!counted) this.mark('stale outcome')
  }

  override toString(): string {
    return `${this.#outcome} of call ${this.#which}`
  }
}

class Wait extends Command {
  readonly #by: number

  constructor(by: number) {
    super(() => {})
    this.#by = by
  }

  override take(history: BreakerHistory): void {
    history.now += this.#by
  }

  override toString(): string {
    return `wait ${this.#by}`
  }
}

/** Waits until an opening is nearly over, over, or has just been. */
class WaitForTrial extends Command {
  readonly #off: number

  constructor(off: number) {
    super(() => {})
    this.#off = off
  }

  override check({ model, now }: Readonly<BreakerHistory>): boolean {
    return (model.view(now).retryAfter ?? 0) + this.#off > 0
  }

  override take(history: BreakerHistory): void {
    history.now += (history.model.view(history.now).retryAfter ?? 0) + this.#off
  }

  override toString(): string {
    return `wait for a trial${this.#off === 0 ? '' : ` ${this.#off > 0 ? '+' : '-'} 1`}`
  }
}

type HandName = 'trip' | 'reset' | 'isolate' | 'release' | 'dispose'

class Hand extends Command {
  readonly #name: HandName
  readonly #openFor: number | undefined

  constructor(name: HandName, openFor: number | undefined, onMoment: (moment: BreakerMoment) => void) {
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

function expectSame(what: string, breaker: unknown, model: unknown): void {
  if (breaker !== model) throw new Error(`${what}: the breaker says ${breaker}, the model ${model}`)
}

function expectNone(differences: string[]): void {
  if (differences.length > 0) throw new Error(differences.join('\n'))
}
