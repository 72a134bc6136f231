/** What upkeep does, and how it went. */
import type { FailureClass } from '@seaworthy/core'
import type { BatchStatistics } from './batch-statistics.ts'

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

/** What was removed. */
export interface PurgeStatistics {
  readonly byAge: number
  readonly byCount: number
  /** Settled letters that were forgotten. */
  readonly settled: number
  /** Milliseconds it took. */
  readonly duration: number
}
