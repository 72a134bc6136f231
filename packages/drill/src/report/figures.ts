/** Everything a report says in numbers, computed from the log alone. */
import type { DrillEvent, Ending, MeasuredOn } from '../events.ts'
import { addLatencies, type Latencies, latencyQuantile } from '../run/latency.ts'
import type { Priority } from '../service.ts'

/** How many requests ended how, and how long they took. */
export interface TrafficFigures {
  readonly sent: number
  readonly ended: Readonly<Record<Ending, number>>
  /** Milliseconds; undefined without requests. */
  readonly p50: number | undefined
  readonly p90: number | undefined
  readonly p99: number | undefined
}

/** What became of one injection. */
export interface InjectionFigures {
  readonly injection: string
  readonly scenario: string
  readonly targets: readonly string[]
  readonly on: MeasuredOn
  /** When its faults were in place, and when they were gone: milliseconds since the start, on the clock of `on`. */
  readonly from: number
  readonly until: number | undefined
  /** Milliseconds until its faults were in place. */
  readonly effectAfter: number
  /** Calls that were hit. */
  readonly affected: number
  readonly outcome: 'recovered' | 'notRecovered' | 'cleanupFailed' | 'interrupted'
  /** Milliseconds from the end of the faults until the service was well. */
  readonly recoveredAfter: number | undefined
}

/** The figures of a drill. */
export interface Figures {
  readonly traffic: Readonly<Record<'all' | 'baseline' | 'faults' | 'calm' | 'recovery', TrafficFigures>>
  /** What users of critical requests got. */
  readonly critical: TrafficFigures
  /** Requests that never ended. Undefined when the load was not ended in order. */
  readonly unanswered: number | undefined
  /** The longest time in which not one request was answered, while a provider was out. Milliseconds, by seconds. */
  readonly longestSilence: number | undefined
  readonly injections: readonly InjectionFigures[]
  readonly refused: number
  readonly skippedScenarios: readonly string[]
  /** The last known state of every circuit and the level, by clock. */
  readonly last: Readonly<
    Partial<
      Record<MeasuredOn, { readonly circuits: Readonly<Record<string, string>>; readonly level: number }>
    >
  >
  readonly levels: readonly number[]
  /** What is held that was not held before, or the reverse; undefined when it was not looked at. */
  readonly leftovers: readonly string[] | undefined
}

/** @param events - A whole log, in order. */
export function figuresOf(events: readonly DrillEvent[]): Figures {
  const injections = injectionsOf(events)
  const traffic = {
    all: new Tally(),
    baseline: new Tally(),
    faults: new Tally(),
    calm: new Tally(),
    recovery: new Tally(),
  }
  const critical = new Tally()
  for (const event of events) {
    if (event.type !== 'traffic') continue
    const tallies = [traffic.all, inFaultWindow(event, injections) ? traffic.faults : traffic.calm]
    if (event.phase === 'BASELINE_ESTABLISHMENT') tallies.push(traffic.baseline)
    if (event.phase === 'RECOVERY_VALIDATION') tallies.push(traffic.recovery)
    for (const tally of tallies) tally.add(event)
    critical.add(event, ['critical'])
  }
  return {
    traffic: {
      all: traffic.all.figures(),
      baseline: traffic.baseline.figures(),
      faults: traffic.faults.figures(),
      calm: traffic.calm.figures(),
      recovery: traffic.recovery.figures(),
    },
    critical: critical.figures(),
    unanswered: sum(events.flatMap((event) => (event.type === 'traffic.ended' ? event.unanswered : []))),
    longestSilence: longestSilence(events, injections),
    injections,
    refused: events.filter((event) => event.type === 'injection' && event.happened === 'refused').length,
    skippedScenarios: skipped(events, injections),
    last: lastStates(events),
    levels: [...new Set(events.flatMap((event) => (event.type === 'state' ? event.level : [])))].sort(),
    leftovers: leftovers(events),
  }
}

/** A second belongs to a fault while the fault is in place and until the service has recovered from it. */
function inFaultWindow({ at, on }: DrillEvent, injections: readonly InjectionFigures[]): boolean {
  return injections.some((each) => each.on === on && at > each.from && at - 1000 < endOf(each))
}

/** Without a recovery it never ends. */
function endOf({ until, recoveredAfter }: InjectionFigures): number {
  return until === undefined || recoveredAfter === undefined
    ? Number.POSITIVE_INFINITY
    : until + recoveredAfter
}

type Injected = { -readonly [Key in keyof InjectionFigures]: InjectionFigures[Key] }

function injectionsOf(events: readonly DrillEvent[]): InjectionFigures[] {
  const found = new Map<string, Injected>()
  for (const event of events) {
    if (event.type !== 'injection') continue
    const id = `${event.on} ${event.injection}`
    if (event.happened === 'injected') {
      found.set(id, {
        injection: event.injection,
        scenario: event.scenario,
        targets: event.targets ?? [],
        on: event.on,
        from: event.at,
        until: undefined,
        effectAfter: event.took ?? 0,
        affected: 0,
        outcome: 'interrupted',
        recoveredAfter: undefined,
      })
      continue
    }
    const known = found.get(id)
    if (known === undefined) continue
    if (event.happened === 'removed') {
      known.until = event.at
      known.affected = event.affected ?? 0
    } else if (event.happened === 'recovered') {
      known.outcome = 'recovered'
      known.recoveredAfter = event.took
    } else if (event.happened === 'recoverFailed') {
      known.outcome = event.reason === 'cleanupFailed' ? 'cleanupFailed' : 'notRecovered'
    }
  }
  return [...found.values()]
}

/** In a real drill and a simulated one of the same service, what one cannot try the other may. */
function skipped(events: readonly DrillEvent[], injections: readonly InjectionFigures[]): string[] {
  const tried = new Set(injections.map(({ scenario }) => scenario))
  const named = events.flatMap((event) => (event.type === 'scenario.skipped' ? event.scenario : []))
  return [...new Set(named)].filter((scenario) => !tried.has(scenario))
}

function longestSilence(
  events: readonly DrillEvent[],
  injections: readonly InjectionFigures[],
): number | undefined {
  const outages = injections.filter(({ scenario }) => scenario === 'provider_outage')
  if (outages.length === 0) return undefined
  let longest = 0
  for (const outage of outages) {
    let silent = 0
    for (const event of events) {
      if (event.type !== 'traffic' || event.on !== outage.on || !inFaultWindow(event, [outage])) continue
      const answered = sumOf(event.ended, ['full', 'degraded'])
      silent = answered > 0 || event.sent === 0 ? 0 : silent + 1000
      longest = Math.max(longest, silent)
    }
  }
  return longest
}

function lastStates(events: readonly DrillEvent[]): Figures['last'] {
  const last: { [Key in MeasuredOn]?: { circuits: Readonly<Record<string, string>>; level: number } } = {}
  for (const event of events)
    if (event.type === 'state') last[event.on] = { circuits: event.circuits, level: event.level }
  return last
}

function leftovers(events: readonly DrillEvent[]): string[] | undefined {
  const gauges = events.filter((event) => event.type === 'gauges')
  const after = gauges.filter(({ when }) => when === 'after')
  if (after.length === 0) return undefined
  return after.flatMap(({ on, values }) => {
    const before = gauges.find((each) => each.when === 'before' && each.on === on)?.values ?? {}
    return [...new Set([...Object.keys(before), ...Object.keys(values)])]
      .filter((name) => (before[name] ?? 0) !== (values[name] ?? 0))
      .map((name) => `${name}: ${values[name] ?? 0} instead of ${before[name] ?? 0} (${on})`)
  })
}

type Ended = Readonly<Record<Priority, Readonly<Record<Ending, number>>>>

/** Adds up seconds of traffic. */
class Tally {
  #sent = 0
  readonly #ended: Record<Ending, number> = { full: 0, degraded: 0, shed: 0, failed: 0 }
  readonly #latencies: Latencies = new Map()

  add(
    {
      sent,
      ended,
      took,
    }: { readonly sent: number; readonly ended: Ended; readonly took: Readonly<Record<string, number>> },
    priorities: readonly Priority[] = ['critical', 'normal', 'low'],
  ): void {
    this.#sent += sent
    for (const priority of priorities)
      for (const ending of Object.keys(this.#ended) as Ending[])
        this.#ended[ending] += ended[priority][ending]
    addLatencies(this.#latencies, took)
  }

  figures(): TrafficFigures {
    return {
      sent: this.#sent,
      ended: { ...this.#ended },
      p50: latencyQuantile(this.#latencies, 0.5),
      p90: latencyQuantile(this.#latencies, 0.9),
      p99: latencyQuantile(this.#latencies, 0.99),
    }
  }
}

function sumOf(ended: Ended, endings: readonly Ending[]): number {
  return sum(Object.values(ended).flatMap((counts) => endings.map((ending) => counts[ending]))) ?? 0
}

/** Undefined for nothing at all, which is not 0. */
function sum(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0)
}
