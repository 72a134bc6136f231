/** What is known about a day, while it goes on and afterwards. Plain data: views, claims and reports are made of it. */
import type { Sample } from './measure.ts'
import type { BreakerChange, Explained } from './protected-client.ts'
import type { BadDay } from './script.ts'
import type { UpstreamMoment, UpstreamStats } from './upstream-process.ts'

/** One side while the day goes on. */
export interface LiveSide {
  readonly name: string
  readonly samples: readonly Sample[]
  /** Requests that wait for an answer. */
  readonly pending: number
  readonly upstream: UpstreamStats | undefined
  /** The states of its circuit breaker so far, if it has one. */
  readonly breaker: readonly BreakerChange[] | undefined
}

/** The day so far. */
export interface Live {
  readonly day: BadDay
  /** Milliseconds since the start of the day. */
  readonly now: number
  readonly bare: LiveSide
  readonly seaworthy: LiveSide
}

/** What is known about one side afterwards. */
export interface SideResult {
  readonly name: string
  readonly samples: readonly Sample[]
  readonly upstream: UpstreamStats
  readonly upstreamHistory: readonly UpstreamMoment[]
}

/** What is left when all requests have ended and the upstreams are gone. All should be 0. */
interface Leftovers {
  readonly unsettledRequests: number
  readonly unhandledRejections: number
  readonly sockets: number
  readonly timers: number
  readonly childProcesses: number
  /** What the policies still hold: permits, waiters, timers. */
  readonly heldByPolicies: number
}

/** The whole day. */
export interface Result {
  readonly seed: number
  readonly day: BadDay
  readonly startedAt: string
  readonly node: string
  readonly bare: SideResult
  readonly seaworthy: SideResult & {
    readonly breaker: readonly BreakerChange[]
    /** How long an answer counts as fresh, and how long it may be served at all. */
    readonly fresh: number
    readonly keep: number
    /** Its pipelines in words. */
    readonly explanation: readonly Explained[]
  }
  readonly leftovers: Leftovers
  /** How late this process' timers were, for 99 of 100: both sides suffer from it alike. */
  readonly eventLoopDelay: number
}
