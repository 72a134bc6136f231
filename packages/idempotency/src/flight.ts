/**
 * The calls of one process that are about the same work at the same time: one of them claims and runs it, the others
 * share or wait.
 */
import {
  type CallContext,
  type Clock,
  onAbort,
  type SeaworthyError,
  type Settled,
  type Timer,
} from '@seaworthy/core'
import type { InFlightReason, StoreFailure } from './errors.ts'
import type { Granted } from './release.ts'

/** The right to do the work: a claim that was granted, or a store that cannot say. */
export type Turn =
  | { readonly claimed: { readonly owner: string; readonly grant: Granted; readonly sentAt: number } }
  | { readonly claimed?: undefined; readonly unprotected: StoreFailure }

/** What a waiting call is told. */
export type News =
  | { readonly kind: 'turn'; readonly turn: Turn }
  | {
      readonly kind: 'outcome'
      readonly outcome: Settled<unknown>
      /** What the work came to, even if the result was not kept. */
      readonly state: 'completed' | 'failed'
      readonly source: 'record' | 'flight'
    }
  | { readonly kind: 'again' }
  | { readonly kind: 'busy'; readonly reason: InFlightReason }
  | {
      readonly kind: 'refused'
      readonly why: 'mismatch' | 'abandoned' | 'store'
      readonly error: SeaworthyError
    }

/** When a call stops waiting for others, in milliseconds on the policy's clock, and why. */
export interface Patience {
  readonly until: number
  readonly reason: InFlightReason
}

/** One call, as a flight sees it. */
export interface Passenger {
  readonly context: CallContext
  readonly patience: Patience
}

/** A call that waits. */
interface Waiter {
  readonly resolve: (news: News) => void
  readonly passenger: Passenger
  /** Takes our listener off its signal. */
  forget: (() => void) | undefined
  /** Set while it waits for work that somebody else has. */
  wait: { readonly timer: Timer; readonly since: number } | undefined
}

/** What came of a wait for others. */
export type WaitResult = 'outcome' | 'turn' | 'again' | 'rejected' | 'aborted'

const resultOf = {
  outcome: 'outcome',
  turn: 'turn',
  again: 'again',
  busy: 'rejected',
  refused: 'rejected',
} as const

/**
 * - `claiming`: the store has been asked; nobody knows yet.
 * - `polling`: the work is in flight elsewhere.
 * - `granted`: it runs here.
 * - `over`: it has ended, and the store has yet to take its outcome.
 */
type Phase = 'claiming' | 'polling' | 'granted' | 'over'

export class Flight {
  /** The key of its record. */
  readonly key: string
  readonly fingerprint: string
  phase: Phase = 'claiming'
  /** When whoever has the work loses it, in milliseconds on the policy's clock. */
  busyUntil: () => number = () => 0
  /** The latest deadline of those who want the outcome; Infinity if one of them has none. */
  deadline: number = Number.NEGATIVE_INFINITY
  /** Called when the last waiting call is given up, with its reason. */
  deserted: (reason: unknown) => void = () => {}
  readonly #clock: Clock
  readonly #waits: boolean
  readonly #waited: (passenger: Passenger, duration: number, result: WaitResult) => void
  readonly #waiters = new Set<Waiter>()
  /** The call whose function runs. */
  #runner: Waiter | undefined = undefined
  #outcome: Settled<unknown> | undefined = undefined

  /**
   * @param waits - Whether calls wait for work in flight.
   * @param waited - Called after a call has waited for others.
   */
  constructor(
    key: string,
    fingerprint: string,
    clock: Clock,
    waits: boolean,
    waited: (passenger: Passenger, duration: number, result: WaitResult) => void,
  ) {
    this.key = key
    this.fingerprint = fingerprint
    this.#clock = clock
    this.#waits = waits
    this.#waited = waited
  }

  /** How many calls wait, the one whose function runs included. */
  get waiting(): number {
    return this.#waiters.size
  }

  /** How many of them have a timer. */
  get timers(): number {
    let timers = 0
    for (const { wait } of this.#waiters) if (wait !== undefined) timers++
    return timers
  }

  /** Waits for news. A call that is given up is rejected at once, with its own reason. */
  join(passenger: Passenger): Promise<News> {
    if (this.#outcome !== undefined) return Promise.resolve(newsOf(this.#outcome))
    if (this.phase === 'granted' && !this.#waits) return Promise.resolve({ kind: 'busy', reason: 'reject' })
    return this.#wait(passenger, false)
  }

  /** The same for the call whose turn it was, and whose function runs now: the outcome is all it is told. */
  async follow(passenger: Passenger): Promise<Settled<unknown>> {
    const news = await this.#wait(passenger, true)
    return (news as Extract<News, { readonly kind: 'outcome' }>).outcome
  }

  /** Gives the turn to the call that has waited longest. @returns False if nobody waits. */
  offer(turn: Turn): boolean {
    const [first] = this.#waiters
    if (first === undefined) return false
    this.phase = 'granted'
    this.#tell(first, { kind: 'turn', turn })
    if (this.#waits) this.#startTimers()
    else this.tellAll({ kind: 'busy', reason: 'reject' })
    return true
  }

  /** Somebody elsewhere has the work: from now on patience counts. */
  poll(): void {
    this.phase = 'polling'
    this.#startTimers()
  }

  tellAll(news: News): void {
    for (const waiter of [...this.#waiters]) this.#tell(waiter, news)
  }

  /** Tells how it ended: the call whose function ran gets the outcome, the others either that or `again`. */
  tellOutcome(outcome: Settled<unknown>, shared: boolean): void {
    const own = newsOf(outcome)
    if (this.#runner !== undefined) this.#tell(this.#runner, own)
    this.tellAll(shared ? own : { kind: 'again' })
  }

  /** Lets calls that come later share an outcome that the store does not have yet. */
  keep(outcome: Settled<unknown>): void {
    this.phase = 'over'
    this.#outcome = outcome
  }

  #wait(passenger: Passenger, running: boolean): Promise<News> {
    const { context } = passenger
    this.deadline = Math.max(this.deadline, context.deadline ?? Number.POSITIVE_INFINITY)
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { resolve, passenger, forget: undefined, wait: undefined }
      if (running) this.#runner = waiter
      this.#waiters.add(waiter)
      if (this.phase !== 'claiming' && !running) this.#startTimer(waiter)
      const signal = context.waitSignal
      if (signal === undefined) return
      waiter.forget = onAbort(signal, (reason) => {
        reject(reason)
        this.#leave(waiter, 'aborted')
        if (this.#waiters.size === 0) this.deserted(reason)
      })
    })
  }

  #startTimers(): void {
    for (const waiter of this.#waiters) if (waiter.wait === undefined) this.#startTimer(waiter)
  }

  #startTimer(waiter: Waiter): void {
    const { until, reason } = waiter.passenger.patience
    const since = this.#clock.now()
    const expire = (): void => {
      this.#tell(waiter, { kind: 'busy', reason })
      if (this.#waiters.size === 0) this.deserted(unneeded())
    }
    waiter.wait = { since, timer: this.#clock.setTimer(expire, Math.max(0, until - since)) }
  }

  #tell(waiter: Waiter, news: News): void {
    waiter.resolve(news)
    this.#leave(waiter, resultOf[news.kind])
  }

  #leave(waiter: Waiter, result: WaitResult): void {
    if (!this.#waiters.delete(waiter)) return
    const { passenger, wait } = waiter
    waiter.forget?.()
    if (this.#runner === waiter) this.#runner = undefined
    if (wait === undefined) return
    wait.timer.cancel()
    this.#waited(passenger, this.#clock.now() - wait.since, result)
  }
}

const newsOf = (outcome: Settled<unknown>): News => ({
  kind: 'outcome',
  outcome,
  state: outcome.status === 'fulfilled' ? 'completed' : 'failed',
  source: 'flight',
})

/** Why work is told to stop when all who waited for it have run out of patience. */
const unneeded = (): DOMException => new DOMException('Nobody needs the outcome any more', 'AbortError')
