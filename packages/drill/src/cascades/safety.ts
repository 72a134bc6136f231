/** What must hold at every moment of a soak. */
import type { CircuitBreaker } from '@seaworthy/circuit-breaker'
import { type Level, levels } from '@seaworthy/degradation'
import type { SimulatedWorld } from '../simulation/simulate.ts'
import type { OnAdmitted } from './hop.ts'
import type { ServiceSystem } from './system.ts'

const kept = 10

type Answer = 'full' | 'degraded' | 'shed' | 'failed'

/** Checks rules at every event, and counts what happens. */
export class Safety {
  readonly violations: string[] = []
  readonly requests: Record<Answer, number> = { full: 0, degraded: 0, shed: 0, failed: 0 }
  readonly sometimes: Record<string, number> = {
    'circuit opened': 0,
    'trial under way': 0,
    'circuit closed again': 0,
    'level rose': 0,
    'level sank': 0,
    'call let through': 0,
  }
  readonly #ended = new Set<number>()

  /** Called by the layer next to each circuit: whatever comes this far was let through. */
  readonly onAdmitted: OnAdmitted = (hop: string, breaker: CircuitBreaker): void => {
    this.#happened('call let through')
    const { state } = breaker
    if (state === 'halfOpen') this.#happened('trial under way')
    if (state !== 'closed' && state !== 'halfOpen') this.#violated(`${hop} let a call through while ${state}`)
  }

  /** Checks the limits of a system from now on. */
  watch(world: SimulatedWorld, system: ServiceSystem): void {
    world.watch((event) => {
      this.#note(event as Noted)
      this.#checkLimits(system)
    })
  }

  /** What must hold once nothing is under way. */
  finish({ underway, tally }: ServiceSystem): void {
    if (underway !== 0) this.#violated(`${underway} requests have not ended`)
    if (this.#ended.size !== tally.requests.length)
      this.#violated(`${tally.requests.length} requests began and ${this.#ended.size} ended`)
  }

  #note({ type, number, answer, kind, from, to }: Noted): void {
    if (type === 'request' && number !== undefined && answer !== undefined) {
      if (this.#ended.has(number)) this.#violated(`request ${number} ended twice`)
      this.#ended.add(number)
      this.requests[answer]++
    }
    if (type === 'stateChange' && kind === 'circuit-breaker') {
      if (to === 'open') this.#happened('circuit opened')
      if (to === 'closed') this.#happened('circuit closed again')
    }
    if (type === 'changed' && kind === 'degradation')
      this.#happened(isRise(from, to) ? 'level rose' : 'level sank')
  }

  #checkLimits(system: ServiceSystem): void {
    for (const { name, bulkhead, settings, breaker } of system.hops) {
      if (bulkhead !== undefined && settings.bulkhead !== false) {
        const { concurrency, queue } = settings.bulkhead
        if (bulkhead.active > concurrency) this.#violated(`${name} runs ${bulkhead.active} calls at once`)
        if (bulkhead.queued > queue) this.#violated(`${name} lets ${bulkhead.queued} calls wait`)
      }
      if (breaker?.state === 'halfOpen' && settings.breaker !== false) {
        const { underway = 0 } = breaker.debugStats()
        if (underway > settings.breaker.trials) this.#violated(`${name} has ${underway} trials at once`)
      }
    }
    for (const { name } of system.topology.nodes)
      for (const place of system.places(name))
        if (place.active > place.concurrency)
          this.#violated(`${place.name} does ${place.active} pieces of work`)
  }

  #happened(what: string): void {
    this.sometimes[what] = (this.sometimes[what] ?? 0) + 1
  }

  #violated(rule: string): void {
    if (this.violations.length < kept) this.violations.push(rule)
  }
}

const isRise = (from: string | undefined, to: string | undefined): boolean =>
  levels.indexOf(to as Level) > levels.indexOf(from as Level)

/** The events that are looked at, with what is looked at in them. */
interface Noted {
  readonly type?: string
  readonly kind?: string
  readonly number?: number
  readonly answer?: Answer
  readonly from?: string
  readonly to?: string
}
