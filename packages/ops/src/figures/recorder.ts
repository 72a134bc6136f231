/**
 * Remembers what the policies of the hub do: second by second for charts, in slots of minutes for reports.
 *
 * What happens at every call is read once a second from the totals that policies keep anyway; what is rare is heard as it happens.
 */
import { type Clock, type Component, type Hub, Periodic, systemRandom, type WallClock } from '@seaworthy/core'
import type { SeriesPoint } from '../wire.ts'
import { CallSample } from './call-sample.ts'
import { type CircuitFacts, circuitKinds, circuitsOf, number, worstOf } from './circuits.ts'
import { Ledger } from './ledger.ts'
import { LogHistogram } from './log-histogram.ts'
import { hearRareEvents } from './rare-events.ts'
import { Timeline, timelineSeconds } from './timeline.ts'
import { Totals, totalsOf, totalsOfCircuits } from './totals.ts'

const second = 1000
/** Breakers beyond this many have no charts. */
const mostTracks = 200
/** How many calls are timed in a second, of all breakers together. */
const callsTimed = 500
/** Response times of the last minute are kept in parts of ten seconds. */
const recentParts = 6
const hour = 3_600_000
const hoursKept = 25

/** What is remembered of one breaker. */
interface Track {
  readonly timeline: Timeline
  /** Of the second that runs. */
  readonly times: LogHistogram
  /** Of the last hours, the present one first. */
  readonly hours: LogHistogram[]
}

/** What the recorder needs. */
export interface RecorderOptions {
  readonly hub: Hub
  readonly clock: Clock
  readonly wallClock: WallClock
  /** Called after each second, with what happened in it. Must not throw. */
  readonly onSecond: (points: readonly SeriesPoint[]) => void
}

export class Recorder {
  readonly ledger: Ledger
  readonly #options: RecorderOptions
  readonly #totals = new Totals()
  readonly #tracks = new Map<string, Track>()
  readonly #sample: CallSample
  readonly #seconds: Periodic
  readonly #leave: (() => void)[]
  readonly #recent: LogHistogram[] = [new LogHistogram()]
  #tickedAt: number
  #ticks = 0
  #hourAt: number
  #end: number

  constructor(options: RecorderOptions) {
    const { hub, clock, wallClock } = options
    this.#options = options
    this.ledger = new Ledger(clock.now())
    this.#tickedAt = clock.now()
    this.#hourAt = clock.now()
    this.#end = Math.round(wallClock())
    this.#sample = new CallSample(hub, callsTimed, (kind, name, duration) => {
      this.#tracks.get(`${kind}:${name}`)?.times.add(duration)
    })
    this.#leave = [
      hearRareEvents(hub, clock, this.ledger),
      hub.watch((component, present) => {
        if (present) this.#track(component)
        else this.#forget(component)
      }),
    ]
    for (const component of hub.components()) {
      this.#track(component)
      // What was counted before the recorder came belongs to no second.
      this.#totals.grown(`${component.kind}:${component.name}`, totalsOf(component))
    }
    const run = async (): Promise<void> => this.tick()
    this.#seconds = new Periodic({ clock, random: systemRandom, interval: second, keepAlive: false, run })
    this.#seconds.start()
  }

  /** When the last second ended, in milliseconds since 1970. */
  get end(): number {
    return this.#end
  }

  /** The charts of breakers. */
  timelines(): Timeline[] {
    return [...this.#tracks.values()].map(({ timeline }) => timeline)
  }

  /** Response times of all breakers, of the last minute. */
  recentTimes(): LogHistogram {
    return merged(this.#recent)
  }

  /** Response times of one breaker: of the present hour, and of as many before it as `window` reaches back to. */
  timesOf(kind: string, name: string, window: number): LogHistogram {
    const hours = this.#tracks.get(`${kind}:${name}`)?.hours ?? []
    return merged(hours.slice(0, Math.ceil(window / hour) + 1))
  }

  /** Closes the second that runs. */
  tick(): void {
    const { hub, clock, wallClock, onSecond } = this.#options
    const now = clock.now()
    // Should the process have been blocked, the seconds that nobody looked at stay empty.
    const missed = Math.max(0, Math.min(timelineSeconds, Math.round((now - this.#tickedAt) / second) - 1))
    this.#tickedAt = now
    this.#end = Math.round(wallClock())
    if (++this.#ticks % 10 === 0) this.#turnRecent()
    if (now - this.#hourAt >= hour) this.#turnHours(now)
    const points = hub.components().flatMap((component) => this.#read(component, now, missed) ?? [])
    this.#sample.renew()
    onSecond(points)
  }

  async close(): Promise<void> {
    for (const leave of this.#leave) leave()
    this.#sample.close()
    await this.#seconds.stop()
  }

  /** 1 while its timer waits. */
  get timers(): number {
    return this.#seconds.timers
  }

  /** @returns What a breaker did in the second, if it did anything. */
  #read(component: Component, now: number, missed: number): SeriesPoint | undefined {
    const { kind, name } = component
    const id = `${kind}:${name}`
    const circuits = circuitsOf(component)
    const totals = circuitKinds.includes(kind) ? totalsOfCircuits(circuits) : totalsOf(component)
    const grown = this.#totals.grown(id, totals)
    for (const [what, value] of grown) this.ledger.add(now, kind, name, what, value)
    const track = this.#tracks.get(id)
    return track && this.#closeSecond(track, grown, circuits, missed)
  }

  #closeSecond(
    { timeline, times, hours }: Track,
    grown: ReadonlyMap<string, number>,
    circuits: readonly CircuitFacts[],
    missed: number,
  ): SeriesPoint | undefined {
    const of = (total: string): number => number(grown.get(total))
    const quantile = (q: number): number | null => times.quantile(q) ?? null
    const point: SeriesPoint = {
      kind: timeline.kind,
      name: timeline.name,
      calls: of('success') + of('failure') + of('neutral'),
      failures: of('failure'),
      rejections: of('rejected'),
      p50: quantile(0.5),
      p95: quantile(0.95),
      p99: quantile(0.99),
    }
    const state = worstOf(circuits)
    for (let i = 0; i < missed; i++) timeline.push({ ...quietSecond, state })
    timeline.push({ ...point, state })
    hours[0]?.addAll(times)
    this.#recent[0]?.addAll(times)
    times.clear()
    return point.calls + point.rejections > 0 ? point : undefined
  }

  #track({ kind, name }: Component): void {
    if (!circuitKinds.includes(kind) || this.#tracks.size >= mostTracks) return
    this.#tracks.set(`${kind}:${name}`, {
      timeline: new Timeline(kind, name),
      times: new LogHistogram(),
      hours: [new LogHistogram()],
    })
  }

  #forget({ kind, name }: Component): void {
    this.#totals.forget(`${kind}:${name}`)
    this.#tracks.delete(`${kind}:${name}`)
  }

  #turnRecent(): void {
    this.#recent.unshift(new LogHistogram())
    if (this.#recent.length > recentParts) this.#recent.pop()
  }

  #turnHours(now: number): void {
    this.#hourAt = now
    for (const { hours } of this.#tracks.values()) {
      hours.unshift(new LogHistogram())
      if (hours.length > hoursKept) hours.pop()
    }
  }
}

const quietSecond = { calls: 0, failures: 0, rejections: 0, p50: null, p95: null, p99: null } as const

function merged(parts: readonly LogHistogram[]): LogHistogram {
  const all = new LogHistogram()
  for (const part of parts) all.addAll(part)
  return all
}
