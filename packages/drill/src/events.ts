/** What happens in a drill, in order. Everything in a report is computed from these. */
import type { Answer, Priority } from './service.ts'

/** The phases of a drill, in order. */
export const phases: readonly PhaseName[] = Object.freeze<PhaseName[]>([
  'INITIALIZATION',
  'BASELINE_ESTABLISHMENT',
  'CHAOS_INJECTION',
  'CIRCUIT_BREAKER_TESTING',
  'CASCADING_FAILURE_TESTING',
  'MEMORY_SOAK_TESTING',
  'RECOVERY_VALIDATION',
  'FINAL_ANALYSIS',
  'CLEANUP',
])

/** The name of a phase. */
export type PhaseName =
  | 'INITIALIZATION'
  | 'BASELINE_ESTABLISHMENT'
  | 'CHAOS_INJECTION'
  | 'CIRCUIT_BREAKER_TESTING'
  | 'CASCADING_FAILURE_TESTING'
  | 'MEMORY_SOAK_TESTING'
  | 'RECOVERY_VALIDATION'
  | 'FINAL_ANALYSIS'
  | 'CLEANUP'

/** Which clock something was measured with. A simulation says nothing about memory, processors or sockets. */
export type MeasuredOn = 'virtual' | 'real'

/** How a request ended, as its user sees it. */
export type Ending = Answer | 'failed'

/** How many requests ended how. */
export type EndingCounts = Readonly<Record<Ending, number>>

/** One second of load. */
export interface TrafficFact {
  readonly type: 'traffic'
  /** Requests that were sent in this second. */
  readonly sent: number
  /** Requests that ended in this second. */
  readonly ended: Readonly<Record<Priority, EndingCounts>>
  /** How long they took: how many by the number of their bucket; see `latencyOfBucket`. Those that were turned away do not count. */
  readonly took: Readonly<Record<string, number>>
}

/** What a {@link DrillEvent} tells, besides its number and time. */
export type DrillFact =
  | {
      readonly type: 'run.started'
      readonly seed: string
      readonly service: string
      readonly profile: string
      readonly world: 'simulated' | 'real'
    }
  | { readonly type: 'run.interrupted'; readonly cause: string }
  | { readonly type: 'phase.started'; readonly phase: PhaseName }
  | {
      readonly type: 'phase.ended'
      readonly phase: PhaseName
      readonly outcome: 'completed' | 'failed' | 'skipped'
      readonly reason?: string
    }
  | TrafficFact
  /** Requests that had not ended when the load was over and everything had had its time. */
  | { readonly type: 'traffic.ended'; readonly sent: number; readonly unanswered: number }
  /** A state of affairs, sampled about once a second. */
  | {
      readonly type: 'state'
      readonly circuits: Readonly<Record<string, string>>
      readonly level: number
    }
  /** What happened to an injection, in the words of the controller's events. */
  | {
      readonly type: 'injection'
      readonly injection: string
      readonly scenario: string
      readonly happened: 'refused' | 'injected' | 'removed' | 'recovered' | 'recoverFailed'
      readonly targets?: readonly string[]
      readonly reason?: string
      /** Calls that were hit, once the fault is gone. */
      readonly affected?: number
      /** Milliseconds: until the fault was in place, or until the service was well again. */
      readonly took?: number
    }
  /** A scenario that could not be tried, since nothing can be broken that way. */
  | { readonly type: 'scenario.skipped'; readonly scenario: string; readonly reason: string }
  | {
      readonly type: 'breaker.test'
      readonly id: string
      readonly name: string
      readonly passed: boolean
      readonly evidence: unknown
    }
  /** How many of the legal changes of state were seen, and which others. */
  | {
      readonly type: 'breaker.coverage'
      readonly seen: number
      readonly legal: number
      readonly illegal: readonly string[]
    }
  | {
      readonly type: 'cascade.test'
      readonly id: string
      /** A control leaves the defence out, and must fail. */
      readonly control: boolean
      readonly passed: boolean
      readonly evidence: unknown
    }
  /** The services are such that it cannot be shown. */
  | { readonly type: 'cascade.skipped'; readonly id: string; readonly reason: string }
  /** Hours of load in virtual time, every object counted. */
  | {
      readonly type: 'soak.simulated'
      readonly hours: number
      readonly passed: boolean
      readonly evidence: unknown
    }
  | {
      readonly type: 'memory.sample'
      readonly rss: number
      /** Right after a major collection. */
      readonly heap?: number
    }
  | {
      readonly type: 'memory.verdict'
      readonly verdict: string
      readonly outcome: 'pass' | 'warn' | 'fail' | 'inconclusive'
      readonly growthPercent?: number
      readonly pattern?: string
      readonly reason: string
      readonly evidence: unknown
    }
  /** Sizes of what the service holds, without load. */
  | {
      readonly type: 'gauges'
      readonly when: 'before' | 'after'
      readonly values: Readonly<Record<string, number>>
    }
  /** A figure: the value, and from how many observations. */
  | {
      readonly type: 'measurement'
      readonly id: string
      readonly value: number
      readonly samples: number
    }
  /** Something could not be taken back or closed. */
  | { readonly type: 'cleanup.failed'; readonly what: string }

/** One line of the log of a drill. */
export type DrillEvent = {
  /** Counts from 1 without gaps. */
  readonly sequence: number
  /** Milliseconds since the start of the run, on the clock of `on`. */
  readonly at: number
  /** The clock behind `at` and behind all figures in it. */
  readonly on: MeasuredOn
  readonly phase: PhaseName
} & DrillFact
