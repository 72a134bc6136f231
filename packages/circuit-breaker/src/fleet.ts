/** One breaker among those of other instances: tells the store how its circuits are and hears how the others' are, in the background. */
import { type Clock, Periodic, type Random, type Timer } from '@seaworthy/core'
import type { StoreOperation } from './events.ts'
import { type Crew, FleetCircuit } from './fleet-circuit.ts'
import type { FleetCircuitSide, FleetLink, FleetMembership, FleetParty } from './sharing.ts'
import type { BreakerStore, CircuitReport, FleetExchange, SharedCircuitView } from './store.ts'

/** The options of `shareBreakers`, checked. Times are milliseconds. */
export interface FleetSettings {
  readonly store: BreakerStore
  readonly quorum: number
  readonly interval: number
  readonly timeout: number
}

/** Many instances hear a hint at once; they ask spread over so many milliseconds. */
const spread = 100

/** So many intervals without a word, and an instance counts as dead. */
const silentIntervals = 3

export class Fleet implements FleetMembership, Crew {
  readonly quorum: number
  readonly timeout: number
  readonly clock: Clock
  readonly random: Random
  up = true
  private readonly party: FleetParty
  private readonly store: BreakerStore
  private readonly ttl: number
  private readonly instance: string
  private readonly periodic: Periodic
  private readonly unwatch: (() => void) | undefined
  private links = new WeakMap<FleetCircuitSide, FleetCircuit>()
  private sequence = 0
  private ids = 0
  private downSince = 0
  private next: { readonly timer: Timer; readonly due: number } | undefined = undefined
  private again = false
  private left = false
  /** What was heard last, for circuits that come later, and when. */
  private heard: FleetExchange = { others: 0, circuits: [] }
  private heardAt = 0
  /** Gives up what waits for the store. */
  private readonly waits = new Set<() => void>()

  constructor(party: FleetParty, { store, quorum, interval, timeout }: FleetSettings) {
    const { clock, random } = party
    this.party = party
    this.store = store
    this.clock = clock
    this.random = random
    this.quorum = quorum
    this.timeout = timeout
    this.ttl = interval * silentIntervals + timeout
    this.instance = Array.from({ length: 4 }, () => Math.floor(random() * 36 ** 5).toString(36)).join('-')
    this.periodic = new Periodic({
      clock,
      random,
      interval,
      jitter: 0.1,
      keepAlive: false,
      run: () => this.exchange(),
    })
    this.unwatch = this.listen()
    this.periodic.start(0)
  }

  attach(circuit: FleetCircuitSide): FleetLink {
    const link = new FleetCircuit(circuit, this)
    this.links.set(circuit, link)
    const { others, circuits } = this.heard
    const passed = this.clock.now() - this.heardAt
    const view = circuits.find(({ key }) => key === link.key)
    if (view !== undefined && this.up) {
      // The circuit has to know its link before it changes.
      circuit.sharing = link
      link.hear(aged(view, passed), others)
    }
    return link
  }

  leave(): void {
    if (this.left) return
    this.left = true
    this.unwatch?.()
    this.next?.timer.cancel()
    this.next = undefined
    void this.periodic.stop()
    for (const give of [...this.waits]) give()
    for (const link of this.all()) link.stop()
    this.call((store, name) => store.leave(name, this.instance)).catch(() => {})
  }

  debugStats(): Record<string, number> {
    let asking = 0
    let leases = 0
    for (const link of this.all()) {
      asking += link.sizes.asking
      leases += link.sizes.leases
    }
    const timers = this.periodic.timers + (this.next === undefined ? 0 : 1) + this.waits.size + asking
    return { asking, leases, timers, storeCalls: this.waits.size + asking }
  }

  now(): number {
    return this.clock.now()
  }

  newId(): string {
    return `${this.instance}:${++this.ids}`
  }

  soon(delay: number): void {
    if (this.left) return
    const due = this.clock.now() + delay
    if (this.next !== undefined && this.next.due <= due) return
    this.next?.timer.cancel()
    const fire = (): void => {
      this.next = undefined
      if (this.periodic.running) this.again = true
      else void this.periodic.trigger()
    }
    this.next = { timer: this.clock.setTimer(fire, delay, false), due }
  }

  async command(link: FleetCircuit): Promise<boolean> {
    const said = link.owed
    if (said === undefined) return true
    const epoch = await this.within('command', (store, name) => store.command(name, link.key, said))
    if (epoch === undefined) return false
    link.commanded(said, epoch)
    this.soon(0)
    return true
  }

  async call<T>(ask: (store: BreakerStore, name: string) => Promise<T>): Promise<T> {
    return ask(this.store, this.party.name)
  }

  within<T>(
    operation: StoreOperation,
    ask: (store: BreakerStore, name: string) => Promise<T>,
  ): Promise<T | undefined> {
    if (this.left && operation === 'exchange') return Promise.resolve(undefined)
    return new Promise((resolve) => {
      let over = false
      const end = (answer: T | undefined): boolean => {
        if (over) return false
        over = true
        this.waits.delete(give)
        timer.cancel()
        resolve(answer)
        return true
      }
      const give = (): void => void end(undefined)
      const fail = (): void => {
        if (end(undefined)) this.failed(operation)
      }
      const timer = this.clock.setTimer(fail, this.timeout, false)
      this.waits.add(give)
      this.call(ask).then((answer) => {
        // Before whoever asked goes on.
        if (!over) this.answered()
        end(answer)
      }, fail)
    })
  }

  answered(): void {
    if (this.up || this.left) return
    this.up = true
    this.party.tell('storeUp', { name: this.party.name, downFor: this.now() - this.downSince })
  }

  failed(operation: StoreOperation): void {
    if (!this.up || this.left) return
    this.up = false
    this.downSince = this.now()
    for (const link of this.all()) link.lose()
    this.party.tell('storeDown', { name: this.party.name, operation })
  }

  private listen(): (() => void) | undefined {
    try {
      return this.store.watch?.(this.party.name, () => this.soon(this.random() * spread))
    } catch {
      return undefined
    }
  }

  private async exchange(): Promise<number | undefined> {
    this.again = false
    for (const link of [...this.all()])
      if (link.owed !== undefined && !(await this.command(link))) return undefined
    const reports: CircuitReport[] = []
    for (const link of this.all()) {
      const report = link.report()
      if (report !== undefined) reports.push(report)
    }
    const sequence = ++this.sequence
    const { instance, ttl } = this
    const heard = await this.within('exchange', (store, name) =>
      store.exchange(name, { instance, sequence, ttl, reports }),
    )
    if (heard === undefined || this.left) return undefined
    this.heard = heard
    this.heardAt = this.now()
    const views = new Map(heard.circuits.map((view) => [view.key, view]))
    for (const link of [...this.all()]) link.hear(views.get(link.key) ?? nothing(link.key), heard.others)
    return this.again ? 0 : undefined
  }

  private *all(): Iterable<FleetCircuit> {
    for (const circuit of this.party.circuits()) {
      const link = this.links.get(circuit)
      if (link !== undefined) yield link
    }
  }
}

const nothing = (key: string): SharedCircuitView => ({
  key,
  epoch: 0,
  reports: [],
  departed: 0,
  command: undefined,
})

/** What was heard some time ago. */
function aged(view: SharedCircuitView, passed: number): SharedCircuitView {
  const { command } = view
  return {
    ...view,
    reports: view.reports.map((openFor) => Math.max(0, openFor - passed)),
    command:
      command?.kind === 'trip' ? { kind: 'trip', openFor: Math.max(0, command.openFor - passed) } : command,
  }
}
