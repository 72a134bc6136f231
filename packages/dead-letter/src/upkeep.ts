/** What a queue does by itself: recovery and retention. */
import { type FailureClass, oneOf, SeaworthyError } from '@seaworthy/core'
import type { BatchStatistics } from './batch-statistics.ts'
import type { Desk } from './desk.ts'
import type { PurgeStatistics } from './events.ts'
import { Job, type UpkeepTask } from './upkeep-job.ts'

/** What upkeep does: `recovery` works through letters that are due, `retention` removes what is too old or too much. */
export type UpkeepJob = 'recovery' | 'retention'

/** One run of a job. */
export interface UpkeepRun {
  readonly job: UpkeepJob
  /** `failed`: the store did. `elsewhere`: another process is at it, so nothing was done here. */
  readonly outcome: 'done' | 'failed' | 'elsewhere'
  /** Milliseconds it took. */
  readonly duration: number
  /** What it did: {@link BatchStatistics} of all batches of the run together, or {@link PurgeStatistics}. Undefined if it failed. */
  readonly result: BatchStatistics | PurgeStatistics | undefined
  /** How it failed. */
  readonly failureClass: FailureClass | undefined
}

/** How a job does, in this process. */
export interface UpkeepStatus {
  readonly job: UpkeepJob
  /** Milliseconds from the end of one run to the start of the next, give or take a tenth. */
  readonly every: number
  /** `stopped`: it was not started, or is closed. */
  readonly state: 'stopped' | 'waiting' | 'running'
  /** Runs that have ended here, failed ones included. */
  readonly runs: number
  /** How many of them failed. */
  readonly failed: number
  /** How many in a row failed last. */
  readonly failures: number
  /** The last run that was done here, and how many milliseconds ago it ended. */
  readonly last: (UpkeepRun & { readonly ago: number }) | undefined
  /** Milliseconds until it looks again: while another process has the turn, nothing is done then. Undefined unless it waits. */
  readonly nextIn: number | undefined
}

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
