/** Repeats a task on a timer, spread so that many processes do not come at once. */
import type { Clock, Random, Timer } from '@seaworthy/core'

/** What to repeat. */
export interface UpkeepTask {
  /** Milliseconds from the end of one run to the start of the next, give or take a tenth. */
  readonly every: number
  /** Must not reject. */
  run(): Promise<unknown>
}

export class Upkeep {
  readonly #clock: Clock
  readonly #random: Random
  readonly #tasks: readonly UpkeepTask[]
  readonly #timers = new Map<UpkeepTask, Timer>()
  readonly #running = new Set<Promise<unknown>>()
  #started = false

  constructor(clock: Clock, random: Random, tasks: readonly UpkeepTask[]) {
    this.#clock = clock
    this.#random = random
    this.#tasks = tasks
  }

  get timers(): number {
    return this.#timers.size
  }

  get running(): number {
    return this.#running.size
  }

  /** Does nothing when it has been started. */
  start(): void {
    if (this.#started) return
    this.#started = true
    for (const task of this.#tasks) this.#arm(task)
  }

  /** Starts nothing more, and waits for what runs. */
  async stop(): Promise<void> {
    this.#started = false
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
    await Promise.all(this.#running)
  }

  #arm(task: UpkeepTask): void {
    const delay = task.every * (0.9 + 0.2 * this.#random())
    const timer = this.#clock.setTimer(() => this.#fire(task), delay, false)
    this.#timers.set(task, timer)
  }

  #fire(task: UpkeepTask): void {
    this.#timers.delete(task)
    const run = task.run().then(() => {
      this.#running.delete(run)
      if (this.#started) this.#arm(task)
    })
    this.#running.add(run)
  }
}
