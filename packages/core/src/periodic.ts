/** Work that is repeated on a timer, never beside itself. */
import type { Clock, Timer } from './clock.ts'
import type { Random } from './random.ts'

/** What {@link Periodic} needs. */
export interface PeriodicOptions {
  readonly clock: Clock
  readonly random: Random
  /** Milliseconds from the end of one run to the start of the next, on average. */
  readonly interval: number
  /** The share of the interval by which it varies, so that many processes do not act in step. @defaultValue 0 */
  readonly jitter?: number
  /** Whether waiting for the next run may keep the process running. @defaultValue `true` */
  readonly keepAlive?: boolean
  /**
   * The work. Must not reject. What it resolves with, if a number, is the delay before the next run in place of the
   * interval.
   */
  run(): Promise<unknown>
}

/** Does a piece of work again and again. It does nothing before {@link start} and after {@link stop}. For authors of policies. */
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

  /** Whether a run is under way. */
  get running(): boolean {
    return this.#running !== undefined
  }

  /** Begins. Does nothing when it has begun. @param delay - Before the first run. @defaultValue one interval */
  start(delay?: number): void {
    if (!this.#stopped) return
    this.#stopped = false
    if (this.#running === undefined) this.#schedule(delay)
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
    const { clock, random, interval, jitter = 0, keepAlive = true } = this.#options
    const wait = delay ?? interval * (1 + jitter * (2 * random() - 1))
    const fire = (): void => {
      this.#timer = undefined
      this.#running ??= this.#run()
    }
    this.#timer = clock.setTimer(fire, wait, keepAlive)
  }
}
