/** The flights of a policy, and what calls do with the news they get. */
import type { Inner, Settled } from '@seaworthy/core'
import { Claiming } from './claiming.ts'
import { InFlightError } from './errors.ts'
import { Flight, type News, type Passenger, type Turn } from './flight.ts'
import { release } from './release.ts'
import type { Shared } from './shared.ts'
import { Work } from './work.ts'

/** A call on its way. */
export interface Caller extends Passenger {
  readonly inner: Inner
  /** The key of its record. */
  readonly key: string
  readonly fingerprint: string
}

/** News that end a call. */
type LastNews = Exclude<News, { readonly kind: 'turn' | 'again' }>

export class Flights {
  readonly #shared: Shared
  readonly #owner: string
  /** By key and fingerprint: what calls with different payloads are to each other, the store decides. */
  readonly #flights = new Map<string, Flight>()
  #claims = 0

  /** @param owner - What the names of all its owners begin with. */
  constructor(shared: Shared, owner: string) {
    this.#shared = shared
    this.#owner = owner
  }

  stats(): { flights: number; waiting: number; timers: number } {
    const sums = { flights: this.#flights.size, waiting: 0, timers: 0 }
    for (const flight of this.#flights.values()) {
      sums.waiting += flight.waiting
      sums.timers += flight.timers
    }
    return sums
  }

  /**
   * Waits for the outcome of a call's work, runs it if it is its turn, and tries again where an outcome is not
   * shared.
   */
  async serve(caller: Caller): Promise<unknown> {
    for (;;) {
      const flight = this.#flights.get(placeOf(caller)) ?? this.#depart(caller)
      const news = await flight.join(caller)
      if (news.kind === 'turn') return this.#takeTurn(flight, caller, news.turn)
      if (news.kind !== 'again') return this.#conclude(flight, caller, news)
    }
  }

  /** Claims for a call, and for those that come meanwhile. */
  #depart(caller: Caller): Flight {
    const { rules, report } = this.#shared
    const flight = new Flight(
      caller.key,
      caller.fingerprint,
      rules.clock,
      rules.waits,
      (who, duration, result) =>
        report.tell('waited', { duration, result }, who.context.journey ?? caller.key),
    )
    this.#flights.set(placeOf(caller), flight)
    const nextOwner = (): string => `${this.#owner}-${++this.#claims}`
    const claiming = new Claiming(this.#shared, flight, nextOwner, () => this.#retire(flight))
    // A microtask later, when the call has joined.
    Promise.resolve().then(() => claiming.run())
    return flight
  }

  async #takeTurn(flight: Flight, caller: Caller, turn: Turn): Promise<unknown> {
    const { context } = caller
    if (context.aborted) {
      this.#passOn(flight, turn)
      throw context.reason
    }
    const outcome = flight.follow(caller)
    new Work(this.#shared, flight, turn, caller, () => this.#retire(flight)).run()
    return answerOf(await outcome)
  }

  /** The call was given up in the moment in which it was its turn. */
  #passOn(flight: Flight, turn: Turn): void {
    if (flight.offer(turn)) return
    this.#retire(flight)
    if (turn.claimed !== undefined) release(this.#shared, flight.key, turn.claimed.owner, turn.claimed.grant)
  }

  #conclude(flight: Flight, { context, key }: Caller, news: LastNews): unknown {
    const { report, rules } = this.#shared
    const journey = context.journey ?? key
    switch (news.kind) {
      case 'outcome':
        report.tell('duplicate', { outcome: news.state, source: news.source }, journey)
        return answerOf(news.outcome)
      case 'busy': {
        report.tell('rejected', { reason: news.reason }, journey)
        const left = flight.busyUntil() - rules.clock.now()
        throw new InFlightError(rules.name, news.reason, left > 0 ? left : undefined)
      }
      case 'refused':
        if (news.why === 'mismatch') report.tell('mismatch', {}, journey)
        else report.tell('rejected', { reason: news.why }, journey)
        throw news.error
    }
  }

  #retire(flight: Flight): void {
    const place = placeOf(flight)
    if (this.#flights.get(place) === flight) this.#flights.delete(place)
  }
}

/** A fingerprint has no line break. */
const placeOf = ({ key, fingerprint }: { readonly key: string; readonly fingerprint: string }): string =>
  `${fingerprint}\n${key}`

function answerOf(outcome: Settled<unknown>): unknown {
  if (outcome.status === 'rejected') throw outcome.reason
  return outcome.value
}
