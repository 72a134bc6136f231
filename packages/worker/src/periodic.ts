import type { Clock, Random, Timer } from '@seaworthy/core'

/** What {@link Periodic} needs. */
export interface PeriodicOptions {
  readonly clock: Clock
  readonly random: Random
  /** Milliseconds from the end of one run to the start of the next, on average. */
  readonly interval: number
  /** The share of the interval by which it varies, so that many processes do not act in step. @defaultValue 0 */
  readonly jitter?: number
  /**
   * The job. Must not reject. What it resolves with, if a number, is the delay before the next run in place of the
   * interval.
   */
  run(): Promise<unknown>
}

/** Does a job again and again, never beside itself. It does nothing before {@link start} and after {@link stop}. */
export class Periodic {
  readonly #options: PeriodicOptions
  #timer: Timer | undefined = undefined
  #stopped = true
  #running: Promise<void> | undefined = undefined

  constructor(options: PeriodicOptions) {
    this.#options = options
  }

  /** 1 while a timer waits. */
  get timers(): number {
    return this.#timer === undefined ? 0 : 1
  }

  /** First run after one interval. */
  start(): void {
    this.#stopped = false
    this.#schedule(undefined)
  }

  /** Runs it now, unless it runs already. Resolves when that run is over. */
  trigger(): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    this.#timer?.cancel()
    this.#timer = undefined
    this.#running ??= this.#run()
    return this.#running
  }

  /** No run begins after this. Resolves when the one that is under way, if any, is over. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    this.#timer = undefined
    await this.#running
  }

  async #run(): Promise<void> {
    const delay = await this.#options.run()
    this.#running = undefined
    this.#schedule(typeof delay === 'number' ? delay : undefined)
  }

  #schedule(delay: number | undefined): void {
    if (this.#stopped) return
    const { clock, random, interval, jitter = 0 } = this.#options
    const wait = delay ?? interval * (1 + jitter * (2 * random() - 1))
    this.#timer = clock.setTimer(() => {
      this.#timer = undefined
      this.#running ??= this.#run()
    }, wait)
  }
}
