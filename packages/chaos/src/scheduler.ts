/** Injections that happen by themselves. */
import { oneOf } from '@seaworthy/core'
import type { InjectRequest } from './controller-options.ts'
import type { ControllerSetup } from './controller-setup.ts'
import type { Injection, RunningSchedule } from './controller-types.ts'
import { decisionStream } from './decisions.ts'
import { type Overlap, type Schedule, timesOf } from './schedule.ts'
import { Timers } from './timers.ts'

/** The schedules of a controller. */
export class Scheduler {
  readonly #setup: ControllerSetup
  readonly #inject: (request: InjectRequest) => Promise<Injection>
  readonly #running = new Set<Firing>()
  #started = 0

  constructor(setup: ControllerSetup, inject: (request: InjectRequest) => Promise<Injection>) {
    this.#setup = setup
    this.#inject = inject
  }

  get size(): number {
    return this.#running.size
  }

  get timers(): number {
    return [...this.#running].reduce((sum, { timers }) => sum + timers.size, 0)
  }

  start(request: InjectRequest, when: Schedule, overlap: Overlap): RunningSchedule {
    oneOf('overlap', overlap, ['forbid', 'queue', 'replace'])
    const { clock, seed, frequency } = this.#setup
    const stream = decisionStream(seed, 'schedule', String(this.#started++))
    let draws = 0
    const times = timesOf(when, () => stream.at(0, draws++), frequency)
    const inject = (): Promise<Injection> => this.#inject(request)
    const firing = new Firing(new Timers(clock), times, overlap, inject, () => this.#running.delete(firing))
    this.#running.add(firing)
    firing.start(clock.now(), () => clock.now())
    return firing
  }

  stop(): void {
    for (const firing of [...this.#running]) firing.stop()
  }
}

class Firing implements RunningSchedule {
  readonly timers: Timers
  readonly #times: Iterator<number>
  readonly #overlap: Overlap
  readonly #inject: () => Promise<Injection>
  readonly #over: () => void
  #fired = 0
  #refused = 0
  #last: Injection | undefined = undefined
  #waiting = false
  #stopped = false

  constructor(
    timers: Timers,
    times: Iterator<number>,
    overlap: Overlap,
    inject: () => Promise<Injection>,
    over: () => void,
  ) {
    this.timers = timers
    this.#times = times
    this.#overlap = overlap
    this.#inject = inject
    this.#over = over
  }

  get fired(): number {
    return this.#fired
  }

  get refused(): number {
    return this.#refused
  }

  /** Sets the timer for the next time, one at a time. */
  start(begin: number, now: () => number): void {
    const { done, value } = this.#times.next()
    if (done === true) {
      this.#over()
      return
    }
    this.timers.set(Math.max(0, begin + value - now()), () => {
      this.#fired++
      void this.#fire()
      this.start(begin, now)
    })
  }

  stop(): void {
    this.#stopped = true
    this.timers.clear()
    this.#over()
  }

  /** The gates turn away what overlaps, unless the schedule makes room for it. */
  async #fire(): Promise<void> {
    if (this.#waiting) {
      this.#refused++
      return
    }
    if (this.#last !== undefined && this.#overlap !== 'forbid') {
      this.#waiting = true
      await (this.#overlap === 'queue' ? this.#last.settled : this.#last.recover())
      this.#waiting = false
      if (this.#stopped && this.#overlap === 'queue') return
    }
    try {
      this.#last = await this.#inject()
    } catch {
      this.#refused++
    }
  }
}
