/** The load of a drill: requests that come whether or not earlier ones have been answered. */
import type { Timer } from '@seaworthy/core'
import type { Ending, EndingCounts } from '../events.ts'
import type { Priority, RunningService } from '../service.ts'
import type { EventLog } from './event-log.ts'
import { latencyBucket } from './latency.ts'
import type { DrillWorld } from './worlds.ts'

/** What the users of the last seconds got. */
export interface RecentTraffic {
  readonly ended: number
  readonly failed: number
}

/** Every tenth request is critical, three of ten can be left out. */
const priorities: readonly Priority[] = [
  ...Array<Priority>(1).fill('critical'),
  ...Array<Priority>(6).fill('normal'),
  ...Array<Priority>(3).fill('low'),
]
/** So many different things are asked for, the first of them most often: Zipf's law with exponent 1. */
const keys = 1000
/** How many seconds are kept for {@link Traffic.recent}. */
const memory = 60

/** Sends requests and writes down, second by second, what became of them. */
export class Traffic {
  readonly #world: DrillWorld
  readonly #service: RunningService
  readonly #log: EventLog
  readonly #rate: number
  readonly #abort = new AbortController()
  readonly #underway = new Set<Promise<void>>()
  readonly #seconds: RecentTraffic[] = []
  readonly #popularity: readonly number[] = popularity()
  #second: Second = newSecond()
  #arrivals: Timer | undefined = undefined
  #clockwork: Timer | undefined = undefined
  #sent = 0

  /** @param rate - Requests a second, on average. */
  constructor(world: DrillWorld, service: RunningService, log: EventLog, rate: number) {
    this.#world = world
    this.#service = service
    this.#log = log
    this.#rate = rate
  }

  start(): void {
    if (this.#arrivals !== undefined) return
    this.#arrive()
    this.#tick()
  }

  /** Sends no more, and waits for what is under way. @param patience - Milliseconds; what takes longer is given up by the load, and counted. */
  async stop(patience: number): Promise<void> {
    if (this.#arrivals === undefined) return
    this.#arrivals.cancel()
    this.#arrivals = undefined
    const { clock } = this.#world
    const deadline = new AbortController()
    const tooLong = clock.sleep(patience, deadline.signal).catch(() => {})
    await Promise.race([Promise.all(this.#underway), tooLong])
    deadline.abort()
    this.#clockwork?.cancel()
    this.#clockwork = undefined
    await this.#endSecond()
  }

  /** Gives up all that is under way, and says how many requests never ended. */
  end(): void {
    this.#arrivals?.cancel()
    this.#clockwork?.cancel()
    this.#arrivals = undefined
    this.#log.add(this.#world.on, {
      type: 'traffic.ended',
      sent: this.#sent,
      unanswered: this.#underway.size,
    })
    this.#abort.abort(new Error('The drill is over'))
  }

  /** @param seconds - How many whole seconds to look back. */
  recent(seconds: number): RecentTraffic {
    return this.#seconds
      .slice(-seconds)
      .reduce((sum, { ended, failed }) => ({ ended: sum.ended + ended, failed: sum.failed + failed }), {
        ended: 0,
        failed: 0,
      })
  }

  /** Times between arrivals are exponentially distributed, as those of many users who know nothing of each other. */
  readonly #arrive = (): void => {
    const wait = (-1000 / this.#rate) * Math.log(1 - this.#world.random('arrivals')())
    this.#arrivals = this.#world.clock.setTimer(() => {
      this.#arrive()
      const request = this.#send().finally(() => this.#underway.delete(request))
      this.#underway.add(request)
    }, wait)
  }

  async #send(): Promise<void> {
    const random = this.#world.random('requests')
    const number = ++this.#sent
    const priority = priorities[Math.floor(random() * priorities.length)] as Priority
    const rank = firstAtLeast(this.#popularity, random())
    this.#second.sent++
    const { clock } = this.#world
    const began = clock.now()
    let ending: Ending
    try {
      ending = await this.#service.request({ number, key: `item-${rank}`, priority }, this.#abort.signal)
    } catch {
      ending = 'failed' // Why is for the service's own events; a user only sees that nothing came.
    }
    if (this.#abort.signal.aborted) return
    this.#second.ended[priority][ending]++
    if (ending === 'shed') return
    const bucket = latencyBucket(clock.now() - began)
    this.#second.took[bucket] = (this.#second.took[bucket] ?? 0) + 1
  }

  readonly #tick = (): void => {
    this.#clockwork = this.#world.clock.setTimer(() => {
      this.#tick()
      void this.#endSecond()
    }, 1000)
  }

  async #endSecond(): Promise<void> {
    const second = this.#second
    this.#second = newSecond()
    const all = Object.values(second.ended)
    const of = (ending: Ending): number => all.reduce((sum, counts) => sum + counts[ending], 0)
    const failed = of('failed')
    this.#seconds.push({ ended: of('full') + of('degraded') + of('shed') + failed, failed })
    if (this.#seconds.length > memory) this.#seconds.shift()
    this.#log.add(this.#world.on, { type: 'traffic', ...second })
    const { on } = this.#world
    const state = await stateOf(this.#service)
    if (!this.#abort.signal.aborted) this.#log.add(on, { type: 'state', ...state })
  }
}

/** The circuits and the level of a service; a service that does not answer has none, and level 4. */
export async function stateOf(
  service: RunningService,
): Promise<{ readonly circuits: Readonly<Record<string, string>>; readonly level: number }> {
  try {
    return { circuits: await service.circuits(), level: (await service.level?.()) ?? 0 }
  } catch {
    return { circuits: {}, level: 4 }
  }
}

interface Second {
  sent: number
  readonly ended: Record<Priority, Mutable<EndingCounts>>
  readonly took: Record<string, number>
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

function newSecond(): Second {
  const none = (): Mutable<EndingCounts> => ({ full: 0, degraded: 0, shed: 0, failed: 0 })
  return { sent: 0, ended: { critical: none(), normal: none(), low: none() }, took: {} }
}

/** The share of requests for the first of all keys, the first two, and so on. */
function popularity(): readonly number[] {
  const weights = Array.from({ length: keys }, (_, rank) => 1 / (rank + 1))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let below = 0
  return weights.map((weight) => {
    below += weight / total
    return below
  })
}

function firstAtLeast(rising: readonly number[], value: number): number {
  let low = 0
  let high = rising.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rising[middle] as number) >= value) high = middle
    else low = middle + 1
  }
  return low
}
