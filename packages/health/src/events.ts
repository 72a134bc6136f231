/** What a registry of health checks tells those who listen. */
import type { EventMap } from '@seaworthy/core'
import type { HealthCode, HealthStatus } from './report.ts'

/** The events of a registry: names, statuses and durations, never what a check said in words. */
export type HealthEvents = EventMap & {
  /** A check has answered, or was given up on. */
  checked: {
    readonly check: string
    readonly status: HealthStatus
    /** Milliseconds. */
    readonly duration: number
    readonly code: HealthCode | undefined
  }
  /** The published status of a check changed; `from` is undefined for its first. */
  changed: {
    readonly check: string
    readonly from: HealthStatus | undefined
    readonly to: HealthStatus
    readonly code: HealthCode | undefined
  }
  /** The status of the whole changed. */
  overallChanged: { readonly from: HealthStatus; readonly to: HealthStatus }
  /** The process wants no more requests. */
  draining: { readonly reason: string | undefined }
}
