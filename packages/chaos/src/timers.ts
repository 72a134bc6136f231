import type { Clock, Timer } from '@seaworthy/core'

/** Timers that are counted, and cancelled together. */
export class Timers {
  readonly #clock: Clock
  readonly #pending = new Set<Timer>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#pending.size
  }

  set(delay: number, callback: () => void): void {
    const timer = this.#clock.setTimer(() => {
      this.#pending.delete(timer)
      callback()
    }, delay)
    this.#pending.add(timer)
  }

  clear(): void {
    for (const timer of this.#pending) timer.cancel()
    this.#pending.clear()
  }
}
