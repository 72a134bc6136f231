/**
 * What the hub tells, as metrics.
 *
 * What happens at every call is read from the totals that policies keep anyway, when somebody asks: metrics cost a call nothing. What happens
 * rarely is heard as it happens. How long calls take is heard of a sample, see `response-times.ts`.
 */
import { type Clock, type Component, count, defaultHub, type Hub, systemClock } from '@seaworthy/core'
import { Account } from './account.ts'
import type { MetricName } from './catalogue.ts'
import { Depths } from './depths.ts'
import { listeners } from './listeners.ts'
import { type Facts, readers, zeros } from './readers.ts'
import { ResponseTimes } from './response-times.ts'
import { type HistogramKeeper, type Series, Tallies } from './tallies.ts'

/** Options of {@link HubReader}. */
export interface HubReaderOptions {
  /** @defaultValue the hub of the process */
  readonly hub?: Hub | undefined
  /** How many calls a second are timed at most, for `circuit_breaker_response_time`; 0 for none. @defaultValue 1000 */
  readonly callsTimedPerSecond?: number | undefined
  /** @defaultValue the system clock */
  readonly clock?: Clock | undefined
  /** Gets the values of histograms as they come. */
  readonly histograms: HistogramKeeper
}

/** Keeps the values of all metrics of the {@link catalogue}. For authors of exporters. */
export class HubReader {
  readonly #hub: Hub
  readonly #tallies: Tallies
  readonly #process: Account
  readonly #accounts = new Map<string, Account>()
  readonly #depths: Depths
  readonly #leave: (() => void)[] = []

  /** @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. */
  constructor({
    hub = defaultHub,
    callsTimedPerSecond = 1000,
    clock = systemClock,
    histograms,
  }: HubReaderOptions) {
    const callsTimed = count('callsTimedPerSecond', callsTimedPerSecond, 0)
    this.#hub = hub
    this.#tallies = new Tallies(histograms)
    this.#process = new Account(this.#tallies)
    this.#depths = new Depths(hub, clock)
    for (const [type, byKind] of Object.entries(listeners)) {
      const hear = hub.on(type, ({ kind, name, payload }) => {
        const listener = byKind[kind]
        // Calls that a policy still had when it was disposed of tell of nothing that exists.
        const account = listener && this.#accounts.get(idOf(kind, name))
        if (account !== undefined) listener?.(account, { kind, name, type, payload: payload as Facts })
      })
      this.#leave.push(hear)
    }
    if (callsTimed > 0) {
      const times = new ResponseTimes({ hub, clock, most: callsTimed }, (kind, name, result, seconds) =>
        this.#accounts
          .get(idOf(kind, name))
          ?.observe('circuit_breaker_response_time', [name, result], seconds),
      )
      this.#leave.push(() => times.close())
    }
    for (const component of hub.components()) this.#came(component)
    this.#leave.push(
      hub.watch((component, present) => (present ? this.#came(component) : this.#went(component))),
    )
    this.#readProcess()
  }

  /** Reads all components. */
  read(): void {
    this.#tallies.begin()
    this.#readProcess()
    for (const component of this.#hub.components()) this.#read(component)
  }

  /** Asks for what only stores know, half a second at most; {@link read} tells it afterwards. Never rejects. */
  refresh(): Promise<void> {
    return this.#depths.ask()
  }

  /** The series of a counter or a gauge, as of the last {@link read}. */
  series(metric: MetricName): Iterable<Series> {
    return this.#tallies.read(metric)
  }

  /** Listens no more. */
  close(): void {
    for (const leave of this.#leave) leave()
  }

  #readProcess(): void {
    this.#process.total('resilience_listener_errors_total', [], this.#hub.listenerErrors)
    // Where nobody says otherwise, all is well: that the series is there says that somebody looks.
    this.#process.set('system_degradation_level', [], 0)
  }

  #read(component: Component): void {
    const { kind, name } = component
    const account = this.#accounts.get(idOf(kind, name))
    const reader = readers[kind]
    if (account === undefined || reader === undefined) return
    try {
      reader(account, name, component.snapshot() as Facts)
    } catch {
      // It tells nothing now; what it told before stays.
    }
  }

  #came(component: Component): void {
    const { kind, name } = component
    const account = new Account(this.#tallies)
    this.#accounts.set(idOf(kind, name), account)
    zeros[kind]?.(account, name, kind)
    this.#read(component)
  }

  #went({ kind, name }: Component): void {
    const id = idOf(kind, name)
    this.#accounts.get(id)?.close()
    this.#accounts.delete(id)
  }
}

const idOf = (kind: string, name: string): string => `${kind}:${name}`
