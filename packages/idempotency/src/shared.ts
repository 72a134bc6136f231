import type { Report } from './report.ts'
import type { Rules } from './rules.ts'
import type { StoreCalls } from './store-calls.ts'

/** What the parts of one policy share. */
export interface Shared {
  readonly rules: Rules
  readonly calls: StoreCalls
  readonly report: Report
  /** Exact numbers of what is going on. */
  readonly stats: {
    /** Functions that run, those of calls that were given up included. */
    running: number
    /** Outcomes that are being recorded, or sent again. */
    recording: number
    /** Leases that are kept. */
    leases: number
  }
}
