/** How jobs of upkeep do, and how to run one. */

/** How a run of a job ended. `elsewhere`: another instance has the turn, so nothing was done here. */
export type UpkeepOutcome = 'done' | 'failed' | 'elsewhere'

/** One run of a job. */
export interface UpkeepRunResult {
  readonly name: string
  readonly outcome: UpkeepOutcome
  /** Milliseconds it took. */
  readonly duration: number
}

/** How a job does, in this process. */
export interface UpkeepJobStatus {
  readonly name: string
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
  readonly last: (UpkeepRunResult & { readonly ago: number }) | undefined
  /** Milliseconds until it looks again. Undefined unless it waits. */
  readonly nextIn: number | undefined
}

/** Upkeep, as the handler shows it. */
export interface UpkeepLike {
  status(): readonly UpkeepJobStatus[]
  /** Runs a job now. Never rejects because the job fails; @throws {@link @seaworthy/core!InvalidOptionError} when there is none of that name. */
  runNow(job: string): Promise<UpkeepRunResult>
}
