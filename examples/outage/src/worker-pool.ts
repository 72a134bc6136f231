/** A few workers and a queue: the limited capacity that makes an upstream suffer from its clients. */
export class WorkerPool {
  readonly #workers: number
  readonly #queueLimit: number
  readonly #queue: (() => void)[] = []
  #busy = 0

  constructor(workers: number, queueLimit: number) {
    this.#workers = workers
    this.#queueLimit = queueLimit
  }

  /** Jobs that are being worked on. */
  get busy(): number {
    return this.#busy
  }

  /** Jobs that wait for a worker. */
  get queued(): number {
    return this.#queue.length
  }

  /**
   * Does a job, now or when a worker is free.
   *
   * @param time - Asked when a worker starts with the job: how many milliseconds it takes.
   * @returns Whether there was room.
   */
  submit(time: () => number, done: () => void): boolean {
    const start = (): void => {
      this.#busy++
      setTimeout(() => {
        this.#busy--
        done()
        this.#queue.shift()?.()
      }, time())
    }
    if (this.#busy < this.#workers) start()
    else if (this.#queue.length < this.#queueLimit) this.#queue.push(start)
    else return false
    return true
  }
}
