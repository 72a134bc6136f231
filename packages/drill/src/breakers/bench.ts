/** A breaker on the bench: calls to it in one line, everything it tells written down, and checks that say what they saw. */

import type { CircuitRules } from '@seaworthy/circuit-breaker'
import { Hub } from '@seaworthy/core'
import type { SimulatedWorld } from '../simulation/simulate.ts'
import { Oracle } from './oracle.ts'
import type { BreakerChange, BreakerFactory, BreakerPermit, BreakerUnderTest } from './port.ts'
import { type Bounds, failuresToOpen, mostTrials, type TestRules, testRules } from './rules.ts'

/** A change of state, and when. */
export interface Transition extends BreakerChange {
  /** Milliseconds of virtual time. */
  readonly at: number
}

/** Something was not as it must be. */
export class CheckFailure extends Error {
  override name = 'CheckFailure'
}

/** What became of a call that was turned away. */
export interface Rejection {
  readonly retryAfter: number | undefined
  readonly code: unknown
}

/** Sums of fractions differ in the last digits. Milliseconds. */
const rounding = 1e-3

/** One breaker and the hands that test it. */
export class Bench {
  readonly world: SimulatedWorld
  readonly rules: TestRules
  readonly breaker: BreakerUnderTest
  /** Of this breaker and of those that {@link fresh} made. */
  readonly transitions: Transition[]
  readonly #factory: BreakerFactory
  readonly #options: CircuitRules

  constructor(
    world: SimulatedWorld,
    factory: BreakerFactory,
    options: CircuitRules,
    transitions: Transition[] = [],
  ) {
    const { clock, random } = world
    this.world = world
    this.rules = testRules(options)
    this.transitions = transitions
    this.#factory = factory
    this.#options = options
    this.breaker = factory({ options, clock, random: random('breaker'), hub: new Hub() })
    this.breaker.on('stateChange', ({ from, to, reason }) => {
      const transition = { at: clock.now(), from, to, reason }
      transitions.push(transition)
      world.record({ type: 'transition', ...transition })
    })
  }

  /** Another breaker like this one. */
  fresh(): Bench {
    return new Bench(this.world, this.#factory, this.#options, this.transitions)
  }

  get now(): number {
    return this.world.clock.now()
  }

  sleep(time: number): Promise<void> {
    return this.world.clock.sleep(Math.max(0, time))
  }

  /** Asks for leave. @returns The permit, or how it was turned away. */
  ask(): { permit: BreakerPermit } | { permit?: never; rejection: Rejection } {
    try {
      return { permit: this.breaker.acquire() }
    } catch (error) {
      const { retryAfter, code } = Object(error) as { retryAfter?: unknown; code?: unknown }
      return { rejection: { retryAfter: typeof retryAfter === 'number' ? retryAfter : undefined, code } }
    }
  }

  /** Asks for leave that must be given. */
  admit(when: string): BreakerPermit {
    const { permit } = this.ask()
    if (permit === undefined)
      throw new CheckFailure(`${when}: a call was turned away in state '${this.state}'`)
    return permit
  }

  /** Asks for leave that must not be given. */
  refuse(when: string): Rejection {
    const asked = this.ask()
    if (asked.permit === undefined) return asked.rejection
    asked.permit.neutral()
    throw new CheckFailure(`${when}: a call was let in`)
  }

  /** As many of `times` callers as get leave now. */
  crowd(times: number): BreakerPermit[] {
    return Array.from({ length: times }, () => this.ask().permit).filter((permit) => permit !== undefined)
  }

  get state(): string {
    return this.breaker.state
  }

  expectState(state: string, when: string): void {
    this.expect(`${when}: state`, this.state, state)
  }

  expect(what: string, seen: unknown, wanted: unknown): void {
    if (!Object.is(seen, wanted))
      throw new CheckFailure(`${what} is ${show(seen)}, and must be ${show(wanted)}`)
  }

  expectWithin(what: string, seen: number | undefined, { least, most }: Bounds): number {
    if (seen !== undefined && seen >= least - rounding && seen <= most + rounding) return seen
    const wanted = least === most ? show(least) : `from ${least} to ${most}`
    throw new CheckFailure(`${what} is ${show(seen)}, and must be ${wanted}`)
  }

  /** Lets calls fail until it opens; a new or newly closed breaker has to at exactly the right one. */
  open(when = 'opening'): void {
    const needed = failuresToOpen(this.rules)
    for (let failure = 1; failure <= needed; failure++) {
      this.admit(`${when}: failure ${failure} of ${needed}`).failure(new Error('down'))
      this.expectState(failure < needed ? 'closed' : 'open', `${when}: after failure ${failure} of ${needed}`)
    }
  }

  /** Milliseconds until the next trial, as an open breaker says. */
  remaining(when: string): number {
    const { retryAfter } = this.refuse(when)
    if (retryAfter === undefined) throw new CheckFailure(`${when}: the rejection has no retryAfter`)
    return Number(retryAfter.toFixed(3))
  }

  /** Waits until an open breaker must let a trial through, and a call just before that is turned away. */
  async waitForTrial(when: string): Promise<void> {
    const wait = this.remaining(when)
    if (wait > 1) {
      await this.sleep(wait - 1)
      this.refuse(`${when}: 1 ms before the wait is over`)
    }
    await this.sleep(Math.min(1, wait) + rounding)
  }

  /** Lets as many trials fail as open it again. */
  failTrials(when: string): void {
    for (let trial = 0; trial <= this.rules.trials.failures; trial++)
      this.admit(`${when}: failing trial`).failure(new Error('down'))
    this.expectState('open', `${when}: after failed trials`)
  }

  /** Lets as many trials succeed as close it, and no more. */
  succeedTrials(when: string): void {
    const { successThreshold } = this.rules
    for (let trial = 1; trial <= successThreshold; trial++) {
      this.admit(`${when}: trial ${trial}`).success()
      const state = trial < successThreshold ? 'halfOpen' : 'closed'
      this.expectState(state, `${when}: after ${trial} of ${successThreshold} trials`)
    }
  }

  /** Plays outcomes to a new breaker, and compares after each with what must be. @returns How many it took until it opened. */
  play(outcomes: Iterable<boolean>, oracle: Oracle = new Oracle(this.rules)): number | undefined {
    let call = 0
    for (const failed of outcomes) {
      call++
      const permit = this.admit(`call ${call}`)
      if (failed) permit.failure(new Error('down'))
      else permit.success()
      const open = oracle.record(failed, this.now)
      this.expectState(open ? 'open' : 'closed', `after call ${call}, ${failed ? 'a failure' : 'a success'}`)
      if (open) return call
    }
    return undefined
  }

  /** How many trials may run at once. */
  get mostTrials(): number {
    return mostTrials(this.rules)
  }

  /** How often it has gone from closed to open. */
  get timesOpened(): number {
    return this.transitions.filter(({ from, to }) => from === 'closed' && to === 'open').length
  }
}

const show = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value))
