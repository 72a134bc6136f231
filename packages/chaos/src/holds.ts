/** Calls that a fault holds, so that all of them can be let go at once. */
import { type Clock, onAbort } from '@seaworthy/core'

/** How a wait ended: its time was up, everybody was let go, or what it was for had ended before. */
export type HoldEnd = 'elapsed' | 'released' | 'over'

/** The calls that one fault holds. */
export class Holds {
  readonly #clock: Clock
  readonly #held = new Set<(end: HoldEnd) => void>()
  #released = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many calls are held. */
  get size(): number {
    return this.#held.size
  }

  /**
   * Holds a call.
   *
   * @param delay - For how long, in milliseconds. Until {@link release} if it is `Infinity`.
   * @param signal - Rejects with the reason of this signal when it aborts.
   * @param until - Ends earlier when this has ended. Must not reject.
   */
  hold(delay: number, signal: AbortSignal | undefined, until?: Promise<unknown>): Promise<HoldEnd> {
    if (this.#released) return Promise.resolve('released')
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const end = (how: HoldEnd): void => {
        leave()
        resolve(how)
      }
      const timer =
        delay === Number.POSITIVE_INFINITY ? undefined : this.#clock.setTimer(() => end('elapsed'), delay)
      const forget =
        signal &&
        onAbort(signal, (reason) => {
          leave()
          reject(reason)
        })
      const leave = (): void => {
        this.#held.delete(end)
        timer?.cancel()
        forget?.()
      }
      this.#held.add(end)
      void until?.then(() => end('over'))
    })
  }

  /** Lets all calls go, and holds none any more. */
  release(): void {
    this.#released = true
    for (const end of [...this.#held]) end('released')
  }
}
