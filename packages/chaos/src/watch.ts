import type { Clock, Timer } from '@seaworthy/core'

/** Asks something again and again, never twice at once, between {@link start} and {@link stop}. */
export class Watch {
  readonly #clock: Clock
  readonly #ask: () => number | Promise<number>
  #timer: Timer | undefined = undefined
  /** Grows with every start and stop, so that an answer that comes late starts nothing. */
  #turn = 0
  #on = false

  /** @param ask - Must not reject. Returns after how many milliseconds to ask again. */
  constructor(clock: Clock, ask: () => number | Promise<number>) {
    this.#clock = clock
    this.#ask = ask
  }

  get on(): boolean {
    return this.#on
  }

  /** Asks now, and from now on. Does nothing if it does so already. */
  start(): void {
    if (this.#on) return
    this.#on = true
    void this.#go(++this.#turn)
  }

  stop(): void {
    this.#on = false
    this.#turn++
    this.#timer?.cancel()
    this.#timer = undefined
  }

  async #go(turn: number): Promise<void> {
    const wait = await this.#ask()
    if (turn !== this.#turn) return
    // A watch alone keeps no process running: what it guards ends with the process, or its lease does.
    this.#timer = this.#clock.setTimer(() => void this.#go(turn), wait, false)
  }
}
