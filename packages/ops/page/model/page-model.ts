/**
 * Everything the page knows: what the stream has told, put together. It takes no more room after a day than after an hour, and forgets
 * everything at each snapshot, so that a connection that was lost leaves nothing wrong behind.
 */
import type {
  CircuitView,
  ComponentView,
  DeadLetterQueueView,
  DegradationView,
  DeltaEvent,
  HealthView,
  KeyFigures,
  SeriesAnswer,
  SessionAnswer,
  SnapshotEvent,
  StateSpan,
  TransitionEvent,
} from '../../src/wire.ts'
import { Ring } from './ring.ts'
import { Series } from './series.ts'
import { extend } from './timeline.ts'

/** How many events are kept for the log. */
export const eventsKept = 500
/** How many results of each check are shown. */
const resultsKept = 30
/** Of how many breakers the seconds are kept. The others have figures, but no charts. */
export const seriesKept = 200

type CheckStatus = HealthView['checks'][number]['status']

interface CheckHistory {
  checkedAt: number | undefined
  readonly results: Ring<CheckStatus>
}

export class PageModel {
  session: SessionAnswer | undefined = undefined
  figures: KeyFigures | undefined = undefined
  health: HealthView | undefined = undefined
  degradation: DegradationView | undefined = undefined
  deadLetters: readonly DeadLetterQueueView[] = []
  readonly circuits = new Map<string, CircuitView>()
  readonly components = new Map<string, ComponentView>()
  readonly events = new Ring<TransitionEvent>(eventsKept)
  /** Since when the service counts calls. */
  began = 0
  /** How many events have come since the page was opened. */
  eventCount = 0
  /** The seconds of all breakers together. */
  readonly total = new Series()
  /** When the stream told something last, on the server's clock. */
  #heard = 0
  /** What the server's clock is ahead of the reader's. */
  #ahead = 0
  readonly #series = new Map<string, Series>()
  readonly #spans = new Map<string, readonly StateSpan[]>()
  readonly #checks = new Map<string, CheckHistory>()

  /** The time on the server's clock. */
  now(local: number): number {
    return local + this.#ahead
  }

  /** The seconds of a breaker, if they are known. */
  series(name: string): Series | undefined {
    const series = this.#series.get(name)
    // Only those that somebody looks at keep up with time.
    series?.advance(this.#heard)
    return series
  }

  /** The states of a circuit in the last quarter of an hour, oldest first. */
  spans(id: string): readonly StateSpan[] {
    return this.#spans.get(id) ?? []
  }

  /** The last results of a check, oldest first. */
  results(check: string): readonly CheckStatus[] {
    return this.#checks.get(check)?.results.toArray() ?? []
  }

  /** @param local - The reader's time. */
  snapshot(event: SnapshotEvent, local: number): void {
    this.#ahead = event.time - local
    this.#heard = event.time
    const { session, figures, health, degradation, deadLetters } = event
    this.began = session.time - session.service.uptime * 1000
    Object.assign(this, { session, figures, degradation, deadLetters })
    this.circuits.clear()
    this.#keepOnly(this.#spans, new Set(event.circuitBreakers.map(circuitId)))
    for (const circuit of event.circuitBreakers) this.#circuit(circuit, event.time)
    this.components.clear()
    for (const component of event.components) this.components.set(componentId(component), component)
    this.health = undefined
    this.#takeHealth(health)
    this.events.clear()
    for (const transition of event.transitions) this.events.push(transition)
    this.eventCount = event.transitions.length
    this.#keepOnly(this.#series, new Set(event.circuitBreakers.map(({ name }) => name)))
  }

  delta(event: DeltaEvent, local: number): void {
    this.#ahead = event.time - local
    this.#heard = event.time
    this.figures = event.figures
    this.degradation = event.degradation ?? this.degradation
    this.deadLetters = event.deadLetters ?? this.deadLetters
    for (const gone of event.removed ?? []) this.#remove(gone)
    for (const circuit of event.circuitBreakers ?? []) this.#circuit(circuit, event.time)
    for (const component of event.components ?? []) this.components.set(componentId(component), component)
    this.#takeHealth(event.health)
    this.#takePoints(event)
  }

  transition(event: TransitionEvent): void {
    this.events.push(event)
    this.eventCount++
  }

  /** Takes the past of the charts, which comes on its own. */
  past(answer: SeriesAnswer): void {
    const sum = { calls: zeros(answer), failures: zeros(answer), rejections: zeros(answer) }
    for (const view of answer.series) {
      this.#seriesFor(view.name)?.load(answer.end, view)
      for (const name of ['calls', 'failures', 'rejections'] as const)
        for (let index = 0; index < view[name].length; index++)
          sum[name][index] = (sum[name][index] ?? 0) + (view[name][index] ?? 0)
      // Of a breaker per key the server knows the states of all circuits together only; each strip then begins at the last change.
      const id = circuitId(view)
      const circuit = this.circuits.get(id)
      if (circuit !== undefined) {
        this.#spans.set(id, [])
        for (const span of view.states) this.#spans.set(id, extend(this.spans(id), span, answer.end))
        this.#circuit(circuit, answer.end)
      }
    }
    this.total.load(answer.end, { kind: '', name: '', ...sum, p50: [], p95: [], p99: [], states: [] })
  }

  /** How many things are kept, for tests of the fixed memory. */
  size(): Record<string, number> {
    let spans = 0
    for (const each of this.#spans.values()) spans += each.length
    let results = 0
    for (const each of this.#checks.values()) results += each.results.size
    const { circuits, components, events } = this
    return {
      circuits: circuits.size,
      components: components.size,
      events: events.size,
      series: this.#series.size,
      spans,
      results,
    }
  }

  #circuit(circuit: CircuitView, now: number): void {
    const id = circuitId(circuit)
    this.circuits.set(id, circuit)
    this.#spans.set(id, extend(this.spans(id), { since: circuit.since, state: circuit.state }, now))
  }

  #remove(gone: { readonly kind: string; readonly name: string; readonly key?: string }): void {
    this.components.delete(componentId(gone))
    if (gone.kind !== 'circuit-breaker') return
    this.circuits.delete(circuitId(gone))
    this.#spans.delete(circuitId(gone))
    if (gone.key === undefined) this.#series.delete(gone.name)
  }

  #takeHealth(health: HealthView | undefined): void {
    if (health === undefined) return
    this.health = health
    this.#keepOnly(this.#checks, new Set(health.checks.map(({ name }) => name)))
    for (const { name, lastStatus, checkedAt } of health.checks) {
      const known = this.#checks.get(name)
      const history = known ?? { checkedAt: undefined, results: new Ring<CheckStatus>(resultsKept) }
      if (known === undefined) this.#checks.set(name, history)
      if (checkedAt === undefined || checkedAt === history.checkedAt) continue
      history.checkedAt = checkedAt
      history.results.push(lastStatus)
    }
  }

  #takePoints({ time, points }: DeltaEvent): void {
    const sum = { calls: 0, failures: 0, rejections: 0 }
    for (const point of points) {
      this.#seriesFor(point.name)?.add(time, point)
      sum.calls += point.calls
      sum.failures += point.failures
      sum.rejections += point.rejections
    }
    this.total.add(time, { kind: '', name: '', ...sum, p50: null, p95: null, p99: null })
  }

  #seriesFor(name: string): Series | undefined {
    const known = this.#series.get(name)
    if (known !== undefined || this.#series.size >= seriesKept) return known
    const series = new Series()
    this.#series.set(name, series)
    return series
  }

  #keepOnly(map: Map<string, unknown>, keys: ReadonlySet<string>): void {
    for (const key of map.keys()) if (!keys.has(key)) map.delete(key)
  }
}

/** One string for the name of a breaker and the key of its circuit, which may both be anything. */
export function circuitId({ name, key }: { readonly name: string; readonly key?: string }): string {
  return JSON.stringify(key === undefined ? [name] : [name, key])
}

function componentId({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return JSON.stringify([kind, name])
}

function zeros({ series }: SeriesAnswer): number[] {
  return new Array<number>(series[0]?.calls.length ?? 0).fill(0)
}
