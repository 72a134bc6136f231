/** One circuit among those of other instances: whom it follows, and which trials it may run. */
import { type Call, type Clock, duration, onAbort, type Random, type Refusal } from '@seaworthy/core'
import { follow, recover } from './by-hand.ts'
import type { FleetControls, Isolation } from './controls.ts'
import { CircuitOpenError } from './errors.ts'
import type { ChangeReason, StoreOperation } from './events.ts'
import { fleetOpening } from './quorum.ts'
import type { CircuitOutcome } from './rules.ts'
import { type FleetCircuitSide, type FleetLink, Turn } from './sharing.ts'
import type { State, Ticket } from './state.ts'
import type { BreakerStore, CircuitReport, SharedCircuitView, SharedCommand, TrialAnswer } from './store.ts'

/** The link of its breaker. */
export interface Crew {
  readonly quorum: number
  /** How long an answer of the store may take. */
  readonly timeout: number
  readonly clock: Clock
  readonly random: Random
  /** Whether the store answers. */
  readonly up: boolean
  now(): number
  newId(): string
  /** Exchanges within `delay` milliseconds. */
  soon(delay: number): void
  /** Tells the store what is owed to it. @returns Whether it knows. */
  command(link: FleetCircuit): Promise<boolean>
  /** Asks the store; what it throws at once is a rejection as well. */
  call<T>(ask: (store: BreakerStore, name: string) => Promise<T>): Promise<T>
  /** The answer, or undefined if there is none in time. Never rejects. */
  within<T>(
    operation: StoreOperation,
    ask: (store: BreakerStore, name: string) => Promise<T>,
  ): Promise<T | undefined>
  /** The store has answered in time. */
  answered(): void
  /** It has not. */
  failed(operation: StoreOperation): void
}

/** A trial that the store knows of. */
interface Lease {
  readonly id: string
  readonly epoch: number
  readonly until: number
  /** Whether its success is one of the fleet's. Where the fleet is well, a trial says something about its own instance alone. */
  readonly counts: boolean
}

/** After a refusal, this instance does not ask for a trial again for so long, give or take a half. */
const pause = 250

/** Differences below this are the network's. */
const tolerance = 100

/** How `everywhere.trip()` lasts without a time: a minute. */
const usualTrip = 60_000

export class FleetCircuit implements FleetLink {
  /** What an operator has said here and the store does not know yet. */
  owed: SharedCommand | undefined = undefined
  private readonly circuit: FleetCircuitSide
  private readonly fleet: Crew
  /** The latest epoch of the fleet that was heard of. */
  private epoch = 0
  /** By whose word it is not closed. */
  private origin: 'self' | 'fleet' | 'hand' | undefined = undefined
  /** How the fleet was when it was heard last; see {@link fleetOpening}. */
  private opening: number | undefined = undefined
  /** It has recovered by its own trials, and no longer follows until the fleet was well. */
  private independent = false
  private isolation: Isolation | undefined = undefined
  private pausedUntil = Number.NEGATIVE_INFINITY
  /** Ends the waits of those who ask for a trial. */
  private readonly asking = new Set<() => void>()
  private readonly leases = new Map<Ticket, Lease>()

  constructor(circuit: FleetCircuitSide, fleet: Crew) {
    this.circuit = circuit
    this.fleet = fleet
  }

  get sizes(): { readonly asking: number; readonly leases: number } {
    return { asking: this.asking.size, leases: this.leases.size }
  }

  get everywhere(): FleetControls {
    const { circuit } = this
    const command = (said: SharedCommand, act: () => void): Promise<boolean> => {
      this.owed = said
      act()
      return this.fleet.command(this)
    }
    const reset = (): Promise<boolean> =>
      command({ kind: 'reset' }, () => {
        this.letGo()
        circuit.reset()
      })
    return {
      trip: (openFor) => {
        const wait = openFor === undefined ? usualTrip : duration('openFor', openFor)
        return command({ kind: 'trip', openFor: wait }, () => circuit.trip(wait))
      },
      reset,
      isolate: (reason) =>
        command({ kind: 'isolate', reason }, () => {
          this.isolation ??= circuit.isolate(reason)
        }),
      release: reset,
    }
  }

  get key(): string {
    return this.circuit.key ?? ''
  }

  /** What to tell the others; undefined for nothing. */
  report(): CircuitReport | undefined {
    const openFor = this.ownOpening
    const { key, epoch } = this
    return openFor === undefined && epoch === 0 ? undefined : { key, epoch, openFor }
  }

  /** How long it stays open by its own experience. */
  private get ownOpening(): number | undefined {
    return this.origin === 'self' ? this.circuit.untilTrial : undefined
  }

  /** The store has taken an operator's word. */
  commanded(said: SharedCommand, epoch: number): void {
    this.epoch = Math.max(this.epoch, epoch)
    if (this.owed === said) this.owed = undefined
  }

  /** Hears what the others say. */
  hear(view: SharedCircuitView, others: number): void {
    // A store that has forgotten is told the epoch with the next exchange.
    if (this.owed !== undefined || view.epoch < this.epoch) return
    const { circuit } = this
    const { command } = view
    if (view.epoch > this.epoch) {
      this.epoch = view.epoch
      this.independent = false
      if (this.origin !== 'hand' || command?.kind === 'reset') circuit.act('fleet', recover, undefined)
    }
    if (command?.kind === 'isolate') this.isolation ??= circuit.isolate(command.reason)
    else this.letGo()
    const own = { openFor: this.ownOpening, hasSeenCalls: circuit.hasCounted }
    const voted = fleetOpening(view, others, own, this.fleet.quorum)
    this.heed(command?.kind === 'trip' ? command.openFor : voted)
  }

  /** The store does not answer: what it said is old. */
  lose(): void {
    this.opening = undefined
  }

  /** Ends all waits. */
  stop(): void {
    for (const end of [...this.asking]) end()
    this.leases.clear()
  }

  private heed(opening: number | undefined): void {
    const { circuit } = this
    this.opening = opening
    const left = circuit.untilTrial
    if (opening === undefined) {
      this.independent = false
      // Close to its end it ends by itself, with a trial.
      if (this.origin === 'fleet' && left !== undefined && left > this.fleet.timeout)
        circuit.act('fleet', recover, undefined)
      return
    }
    if (this.origin === 'fleet') {
      if (left !== undefined && Math.abs(left - opening) > tolerance) circuit.act('fleet', follow, opening)
      return
    }
    // One that has seen nothing itself starts from where the others are; others try nothing that they believe is well.
    if (!this.independent && (opening > 0 || !circuit.hasCounted)) circuit.act('fleet', follow, opening)
  }

  private letGo(): void {
    this.isolation?.release()
    this.isolation = undefined
  }

  changed(before: State, after: State, reason: ChangeReason): void {
    const wasOwn = this.origin === 'self'
    if (after.name === 'open') {
      const why = after.cause.reason
      this.origin = why === 'fleet' ? 'fleet' : why === 'trip' ? 'hand' : 'self'
    } else if (after.name !== 'halfOpen') {
      this.origin = undefined
      if (reason !== 'fleet' && before.name !== 'closed') this.independent = this.opening !== undefined
    }
    if (wasOwn || this.origin === 'self') this.fleet.soon(0)
  }

  enter(call: Call, slot: number): undefined | Refusal | Promise<unknown> {
    const { circuit, fleet } = this
    if (!fleet.up || call.context.aborted) return undefined
    const room = circuit.roomForTrials()
    if (room <= 0) return undefined
    const rest = this.pausedUntil - fleet.now()
    const { journey } = call.context
    if (this.asking.size >= room) return call.refuse(circuit.turnAway(fleet.timeout, journey))
    if (rest > 0) return call.refuse(circuit.turnAway(rest, journey))
    const turn = new Turn()
    // Written now: after the wait the record of the call may be another one.
    call.tokens[slot] = turn
    return this.ask(call, turn)
  }

  /** Asks for a trial. What the store does not answer in time, the circuit decides by itself. */
  private ask({ context }: Call, turn: Turn): Promise<void> {
    const { circuit, fleet } = this
    const { journey } = context
    const id = fleet.newId()
    const { concurrency: limit, lease } = circuit.trials
    return new Promise((resolve, reject) => {
      let over = false
      const end = (): boolean => {
        if (over) return false
        over = true
        this.asking.delete(alone)
        timer.cancel()
        forget?.()
        return true
      }
      const enter = (granted: Lease | undefined): void => {
        const token = circuit.admit(journey)
        const admitted = !(token instanceof CircuitOpenError)
        if (granted !== undefined) {
          if (typeof token === 'object' && admitted && circuit.state === 'halfOpen') this.keep(token, granted)
          else this.giveBack(granted)
        }
        if (!admitted) reject(token)
        else {
          turn.token = token
          resolve()
        }
      }
      const alone = (): void => {
        if (end()) enter(undefined)
      }
      const answered = ({ granted, epoch }: TrialAnswer): void => {
        const until = fleet.now() + lease
        if (!end()) {
          if (granted) this.giveBack({ id, epoch, until, counts: false })
          return
        }
        fleet.answered()
        if (epoch > this.epoch) fleet.soon(0)
        if (granted) {
          const counts = this.opening !== undefined || this.origin === 'fleet'
          enter({ id, epoch, until, counts })
          return
        }
        this.pausedUntil = fleet.now() + pause * (0.5 + fleet.random())
        reject(circuit.turnAway(pause, journey))
      }
      const failed = (): void => {
        if (over) return
        fleet.failed('startTrial')
        alone()
      }
      const rest = context.deadline === undefined ? fleet.timeout : context.deadline - fleet.now()
      // The store is not to blame for a call that has no time.
      const late = rest < fleet.timeout ? alone : failed
      const timer = fleet.clock.setTimer(late, Math.max(0, Math.min(fleet.timeout, rest)))
      const signal = context.waitSignal
      const forget = signal && onAbort(signal, (reason) => end() && reject(reason))
      this.asking.add(alone)
      fleet
        .call((store, name) => store.startTrial(name, { key: this.key, id, lease, limit }))
        .then(answered, failed)
    })
  }

  private keep(ticket: Ticket, lease: Lease): void {
    const now = this.fleet.now()
    // Trials that never settle are lost here as they are there.
    for (const [lost, { until }] of this.leases) if (until <= now) this.leases.delete(lost)
    this.leases.set(ticket, lease)
  }

  settled(ticket: Ticket, outcome: CircuitOutcome): void {
    const lease = this.leases.get(ticket)
    if (lease === undefined) return
    this.leases.delete(ticket)
    this.end(lease, outcome, lease.counts ? this.circuit.trials.needed : 0)
  }

  private giveBack(lease: Lease): void {
    this.end(lease, 'neutral', 0)
  }

  private end({ id, epoch }: Lease, outcome: CircuitOutcome, needed: number): void {
    const { fleet, key } = this
    fleet
      .within('endTrial', (store, name) => store.endTrial(name, { key, id, epoch, outcome, needed }))
      .then((known) => {
        if (known !== undefined && known > this.epoch) fleet.soon(0)
      })
  }
}
