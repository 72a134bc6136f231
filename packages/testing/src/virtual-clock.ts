/**
 * Time that moves only when a test says so.
 *
 * Between two timers all promises have to run, however long their chains are. One turn of the real event loop
 * does that: Node empties its queue of microtasks before it runs the next `setImmediate`. It is as fast as
 * awaiting a fixed number of promises, and it cannot be one too few.
 */
import { setImmediate } from 'node:timers'
import { type Clock, type Duration, duration, formatDuration, sleepOn, type Timer } from '@seaworthy/core'
import { TimerHeap } from './timer-heap.ts'

/** How far {@link VirtualClock.runUntilSettled} may go. */
export interface RunLimit {
  /** The longest virtual time to wait for the promise. @defaultValue `'1h'` */
  readonly limit?: Duration
}

/** More timers than this that are started and due at one instant mean that one of 0 ms starts itself again for ever. */
const mostInstantTimers = 100_000

/**
 * A {@link @seaworthy/core!Clock} for tests. It stands still until it is told to move, so hours pass in
 * milliseconds and every run is the same. It covers what uses a clock of Seaworthy; `setTimeout`, file and
 * network access stay real, and no method here waits for them.
 *
 * @example
 * ```ts
 * import { VirtualClock } from '@seaworthy/testing'
 *
 * const clock = new VirtualClock()
 * const nap = clock.sleep(90_000).then(() => console.log('awake at', clock.now()))
 * await clock.advance('1m')
 * console.log(clock.timers()) // [90000]
 * await clock.advance('30s') // awake at 90000
 * await nap
 * ```
 */
export class VirtualClock implements Clock {
  /** A virtual clock is read for free, so nothing has to be late. */
  readonly grain: number = 0
  readonly #timers = new TimerHeap()
  #now: number
  #started = 0
  /** Moves of the clock run one after the other: each begins when this settles. */
  #moves: Promise<unknown> = Promise.resolve()

  /**
   * @param start - What {@link VirtualClock.now} says at first, in milliseconds. @defaultValue 0
   */
  constructor(start = 0) {
    this.#now = duration('start', start)
  }

  now(): number {
    return this.#now
  }

  /** `keepAlive` has no meaning here: no virtual timer keeps the process running. */
  setTimer(callback: () => void, delay: number, _keepAlive?: boolean): Timer {
    const due = this.#now + Math.max(0, delay)
    if (Number.isNaN(due)) throw new RangeError(`The delay of a timer must be a number; got ${delay}`)
    const entry = { due, order: this.#started++, callback, place: -1 }
    this.#timers.add(entry)
    return { cancel: () => this.#timers.remove(entry) }
  }

  sleep(delay: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delay, signal)
  }

  /** How many timers wait. Cancelled ones do not count. */
  get pendingTimers(): number {
    return this.#timers.size
  }

  /** When the waiting timers are due, in milliseconds on this clock, soonest first. */
  timers(): readonly number[] {
    return this.#timers.dueTimes()
  }

  /**
   * Moves time on. On the way every timer that becomes due runs at its own time, in order of due time and then
   * of creation, and all promises run after each; also those timers that are started on the way.
   *
   * Calls that overlap run one after the other, so two of a second each are two seconds.
   *
   * @throws {@link @seaworthy/core!InvalidOptionError} when the duration is negative or not a number.
   * @throws What a timer's callback throws. The clock stands at that timer's time then, and can go on.
   */
  async advance(by: Duration): Promise<void> {
    const length = duration('advance', by)
    await this.#move(() => this.#runUntil(this.#now + length))
  }

  /** Runs the promises that can run now. Time stands still, and no timer fires. */
  async settle(): Promise<void> {
    await this.#move(drain)
  }

  /**
   * Moves time to the next timer and runs all that are due then.
   *
   * @returns Whether there was one. If not, time stands still.
   */
  advanceToNextTimer(): Promise<boolean> {
    return this.#move(async () => {
      await drain()
      const due = this.#timers.first?.due ?? Number.POSITIVE_INFINITY
      if (due === Number.POSITIVE_INFINITY) return false
      await this.#runUntil(due)
      return true
    })
  }

  /**
   * Moves from timer to timer until the promise settles, and no further.
   *
   * @returns What the promise resolves with; rejects as it does.
   * @throws Error when no timer is left or the limit is reached. It lists the timers that still wait.
   */
  async runUntilSettled<T>(promise: PromiseLike<T>, { limit = '1h' }: RunLimit = {}): Promise<T> {
    const end = this.#now + duration('limit', limit)
    let settled = false
    const note = (): void => {
      settled = true
    }
    promise.then(note, note)
    await this.settle()
    while (!settled) {
      const next = this.#timers.first?.due ?? Number.POSITIVE_INFINITY
      if (next > end || next === Number.POSITIVE_INFINITY) throw new Error(this.#stuck(next, end))
      await this.advanceToNextTimer()
    }
    return promise
  }

  /** Puts a move behind those that were asked for before. */
  #move<T>(move: () => Promise<T>): Promise<T> {
    const moved = this.#moves.then(move)
    this.#moves = moved.catch(() => {})
    return moved
  }

  async #runUntil(end: number): Promise<void> {
    await drain()
    let startedBefore = this.#started
    let instant = 0
    for (;;) {
      const timer = this.#timers.first
      if (timer === undefined || timer.due > end) break
      if (timer.due > this.#now) {
        this.#now = timer.due
        startedBefore = this.#started
        instant = 0
      } else if (timer.order >= startedBefore && ++instant > mostInstantTimers) {
        throw new Error(this.#spinning())
      }
      this.#timers.remove(timer)
      timer.callback()
      await drain()
    }
    this.#now = end
  }

  #stuck(next: number, end: number): string {
    const since = `The promise did not settle by ${formatDuration(this.#now)} of virtual time`
    if (next === Number.POSITIVE_INFINITY)
      return `${since}, and no timer can settle it any more. Does it wait for something real, or for a call nobody makes?`
    const due = this.timers()
    const some = due.slice(0, 10).map((time) => formatDuration(time))
    const rest = due.length > some.length ? ` and ${due.length - some.length} more` : ''
    return `${since}; the limit is ${formatDuration(end)}. Timers are due at ${some.join(', ')}${rest}.`
  }

  #spinning(): string {
    const times = mostInstantTimers.toLocaleString('en')
    return `${times} timers were started and due at ${formatDuration(this.#now)} and time did not move: something starts a timer of 0 ms again and again`
  }
}

/** One turn of the event loop, behind all promises that can run. */
const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
