/** What a queue does by itself: recovery and retention. */
import { oneOf, SeaworthyError } from '@seaworthy/core'
import type { Desk } from './desk.ts'
import { Job, type UpkeepTask } from './upkeep-job.ts'
import type { UpkeepJob, UpkeepRun, UpkeepStatus } from './upkeep-status.ts'

/** Upkeep of a queue. */
export interface DeadLetterUpkeep {
  /** How the jobs do. `recovery` is there only if something can replay. */
  status(): readonly UpkeepStatus[]
  /**
   * Runs a job, or all of them, now, whether the queue was started or not. A run that is under way here is joined. Never rejects because the
   * store fails: the answer says so.
   *
   * @param job - Which. @defaultValue all
   * @throws {@link @seaworthy/core!InvalidOptionError} when this queue has no such job; {@link @seaworthy/core!SeaworthyError} with code
   *   `ERR_DISPOSED` when it is closed.
   */
  runNow(job?: UpkeepJob): Promise<readonly UpkeepRun[]>
}

export class Upkeep implements DeadLetterUpkeep {
  readonly #name: string | undefined
  readonly #jobs: readonly Job[]
  #closed = false

  constructor(desk: Desk, tasks: readonly UpkeepTask[]) {
    this.#name = desk.name
    this.#jobs = tasks.map((task) => new Job(desk, task))
  }

  get timers(): number {
    return this.#jobs.reduce((sum, { timers }) => sum + timers, 0)
  }

  get running(): number {
    return this.#jobs.filter(({ running }) => running).length
  }

  status(): readonly UpkeepStatus[] {
    return this.#jobs.map((job) => job.status())
  }

  async runNow(job?: UpkeepJob): Promise<readonly UpkeepRun[]> {
    if (this.#closed)
      throw new SeaworthyError('ERR_DISPOSED', 'The queue is closed', {
        policy: this.#name,
        failureClass: 'persistent',
      })
    const names = this.#jobs.map(({ name }) => name)
    const chosen = job === undefined ? names : [oneOf('job', job, names)]
    return Promise.all(this.#jobs.filter(({ name }) => chosen.includes(name)).map((each) => each.run(true)))
  }

  /** Does nothing when it has been started. */
  start(): void {
    for (const job of this.#jobs) job.start()
  }

  /** Starts nothing more, and waits for what runs. */
  async stop(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#jobs.map((job) => job.stop()))
  }
}
