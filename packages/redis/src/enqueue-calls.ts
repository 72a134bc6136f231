/**
 * Puts enqueues that are made at one time into one call of the server: a call costs it, and us, several times what a task
 * does.
 *
 * One call is under way at a time and what comes meanwhile goes with the next one, so nothing waits for a timer. A full batch
 * does not wait for the call before it.
 */

/** The most tasks of a call. */
const mostTasks = 50
/** So much text, in characters, and no more tasks join a call: it must not hold up the server, or outlast the time of a call. */
const mostText = 64 * 1024

interface Waiting<Task> {
  readonly task: Task
  resolve(added: boolean): void
  reject(error: unknown): void
}

/** Adds as many of the tasks as there is room for, from the first on. @returns How many. */
type AddTasks<Task> = (tasks: readonly Task[]) => Promise<number>

export class EnqueueCalls<Task> {
  readonly #add: AddTasks<Task>
  #waiting: Waiting<Task>[] = []
  #text = 0
  #underWay = 0
  #planned = false

  constructor(add: AddTasks<Task>) {
    this.#add = add
  }

  /**
   * @param text - How much it is to send, in characters.
   * @returns Whether it was added; false if there was no room. Rejects as the call that it was in.
   */
  enqueue(task: Task, text: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, resolve, reject })
      this.#text += text
      if (this.#waiting.length >= mostTasks || this.#text >= mostText) void this.#flush()
      else this.#plan()
    })
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
    const batch = this.#waiting
    if (batch.length === 0) return
    this.#waiting = []
    this.#text = 0
    this.#underWay++
    try {
      const added = await this.#add(batch.map(({ task }) => task))
      for (const [index, { resolve }] of batch.entries()) resolve(index < added)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
    this.#underWay--
    if (this.#waiting.length > 0) this.#plan()
  }
}
