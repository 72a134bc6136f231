/**
 * Tells the stream in batches what is done.
 *
 * One call is under way at a time and what is done meanwhile goes with the next one, as in the group commit of
 * databases. So a worker at rest acknowledges at once, and a busy one in batches as large as its rate times the round
 * trip, with no delay to choose and no timer. What is done in one go of the microtask queue shares a call, too. A
 * full batch does not wait for the call before it.
 *
 * Source: D. DeWitt et al., "Implementation Techniques for Main Memory Database Systems" (SIGMOD 1984), section 5.2.
 */
import type { Held } from './hands.ts'

/** Keeps a script on a server short, and a lost answer cheap. */
const fullBatch = 50

/** Sends a batch until the stream has answered. @returns The receipts that are lost; undefined if it gave up. */
type Send = (receipts: readonly string[]) => Promise<readonly string[] | undefined>

export class Acknowledgements {
  readonly #send: Send
  readonly #finish: (held: Held, lost: boolean) => void
  #collected: Held[] = []
  #underWay = 0
  #planned = false

  /** @param finish - Called for each task when the stream has answered. Not called if the worker gave up. */
  constructor(send: Send, finish: (held: Held, lost: boolean) => void) {
    this.#send = send
    this.#finish = finish
  }

  /** Tasks that wait for a call. */
  get collected(): number {
    return this.#collected.length
  }

  add(held: Held): void {
    held.done = true
    this.#collected.push(held)
    if (this.#collected.length >= fullBatch) void this.#flush()
    else this.#plan()
  }

  #plan(): void {
    if (this.#planned || this.#underWay > 0) return
    this.#planned = true
    queueMicrotask(() => {
      this.#planned = false
      void this.#flush()
    })
  }

  async #flush(): Promise<void> {
    const batch = this.#collected
    if (batch.length === 0) return
    this.#collected = []
    this.#underWay++
    const lost = await this.#send(batch.map(({ delivery }) => delivery.receipt))
    this.#underWay--
    if (lost !== undefined) {
      const missing = lost.length > 0 ? new Set(lost) : undefined
      for (const held of batch) this.#finish(held, missing?.has(held.delivery.receipt) === true)
    }
    if (this.#collected.length > 0) this.#plan()
  }
}
