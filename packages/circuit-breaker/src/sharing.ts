/** What a circuit and those who share it with other instances ask of each other. */
import type { Call, Clock, Random, Refusal } from '@seaworthy/core'
import type { FleetControls, Isolation } from './controls.ts'
import type { CircuitOpenError, CircuitState } from './errors.ts'
import type { ChangeReason, CircuitBreakerEvents } from './events.ts'
import type { CircuitOutcome, Rules } from './rules.ts'
import type { State, Ticket, Token } from './state.ts'

/** A circuit, as those who share it see it. */
export interface FleetCircuitSide {
  /** Which circuit of a `breakerPerKey`. */
  readonly key: string | undefined
  readonly state: CircuitState
  /** Its link, once it has one. */
  sharing: FleetLink | undefined
  /** How long until a trial is due, 0 while it is; undefined unless it is open or half-open. */
  readonly untilTrial: number | undefined
  /** Whether it has seen calls succeed or fail. */
  readonly hasCounted: boolean
  /** The rules for trials. */
  readonly trials: { readonly concurrency: number; readonly lease: number; readonly needed: number }
  /** How many trials could begin now. */
  roomForTrials(): number
  /** Lets a call in, or says why not. */
  admit(journey?: string): Token | CircuitOpenError
  /** Turns a call away that would have been a trial, had others not been first. The next one is due in `wait` milliseconds. */
  turnAway(wait: number, journey: string | undefined): CircuitOpenError
  /** Changes its state. @returns Whether it did. */
  act<A>(
    reason: ChangeReason,
    change: (state: State, now: number, rules: Rules, argument: A) => State,
    argument: A,
  ): boolean
  trip(openFor?: number): boolean
  reset(): boolean
  isolate(reason: string): Isolation
}

/** The link of one circuit to the other instances. */
export interface FleetLink {
  readonly everywhere: FleetControls
  /** Exact sizes, for leak tests. */
  readonly sizes: { readonly asking: number; readonly leases: number }
  /** A call has come to a circuit that may not be closed: undefined if the circuit is to decide by itself. */
  enter(call: Call, slot: number): undefined | Refusal | Promise<unknown>
  /** A call with a ticket has settled. */
  settled(ticket: Ticket, outcome: CircuitOutcome): void
  /** The circuit has another state. */
  changed(before: State, after: State, reason: ChangeReason): void
}

/** The link of one breaker. */
export interface FleetMembership {
  /** Links a new circuit. */
  attach(circuit: FleetCircuitSide): FleetLink
  debugStats(): Record<string, number>
  /** Ends it. */
  leave(): void
}

/** What a breaker is to those who share it. */
export interface FleetParty {
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  circuits(): Iterable<FleetCircuitSide>
  tell<E extends 'storeDown' | 'storeUp'>(type: E, payload: CircuitBreakerEvents[E]): void
}

/** Lets breakers share their circuits with those of other instances: what the option `store` takes. Made by {@link shareBreakers}. */
export interface SharedBreakers {
  /** Links a breaker. For breakers only. */
  join(party: FleetParty): FleetMembership
}

/** Stands in the place of a token while a call waits for its trial. */
export class Turn {
  token: Token = 0
}

/** What operators can do on the hub with a breaker that is shared; `find` gets what comes before the arguments: nothing, or a key. */
export function everywhereActions<W extends readonly string[]>(
  options: { readonly store?: SharedBreakers },
  find: (...which: W) => FleetControls | undefined,
): Record<string, (...args: never[]) => unknown> {
  if (options.store === undefined) return {}
  const which = find.length
  const act =
    (method: keyof FleetControls) =>
    (...args: unknown[]): Promise<boolean> | undefined => {
      // The first `which` arguments say which circuit; a slice of a tuple loses its type.
      const controls = find(...(args.slice(0, which) as unknown as W))
      return (controls?.[method] as ((argument: unknown) => Promise<boolean>) | undefined)?.(args[which])
    }
  return {
    tripEverywhere: act('trip'),
    resetEverywhere: act('reset'),
    isolateEverywhere: act('isolate'),
    releaseEverywhere: act('release'),
  }
}
