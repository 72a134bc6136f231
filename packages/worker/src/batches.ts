/**
 * Says many things to a store in few calls.
 *
 * One call is under way at a time and what comes meanwhile goes with the next one, as in the group commit of databases.
 * So a worker at rest calls at once, and a busy one in batches as large as its rate times the round trip, with no delay
 * to choose and no timer. What comes in one go of the microtask queue shares a call, too. A full batch does not wait
 * for the call before it.
 *
 * Source: D. DeWitt et al., "Implementation Techniques for Main Memory Database Systems" (SIGMOD 1984), section 5.2.
 */

/** Keeps a script on a server short, and a lost answer cheap. */
const fullBatch = 50

/** Sends a batch. @returns The answers, in order; undefined if there are none: then nobody is told. Never rejects. */
type Send<Item, Answer> = (items: readonly Item[]) => Promise<readonly Answer[] | undefined>

export class Batches<Item, Answer> {
  readonly #send: Send<Item, Answer>
  readonly #tell: (item: Item, answer: Answer) => void
  readonly #full: number
  #collected: Item[] = []
  #underWay = 0
  #planned = false

  /**
   * @param tell - Called for each item when there is an answer. Must not throw.
   * @param full - How many make a full batch. @defaultValue 50
   */
  constructor(
    send: Send<Item, Answer>,
    tell: (item: Item, answer: Answer) => void,
    full: number = fullBatch,
  ) {
    this.#send = send
    this.#tell = tell
    this.#full = full
  }

  /** Items that wait for a call. */
  get collected(): number {
    return this.#collected.length
  }

  add(item: Item): void {
    this.#collected.push(item)
    if (this.#collected.length >= this.#full) void this.#flush()
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
    const answers = await this.#send(batch)
    this.#underWay--
    if (answers !== undefined) {
      for (const [index, item] of batch.entries()) this.#tell(item, answers[index] as Answer)
    }
    if (this.#collected.length > 0) this.#plan()
  }
}
