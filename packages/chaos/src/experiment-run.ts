/** What running an experiment needs, and what comes of it. */
import type { Clock, Hub } from '@seaworthy/core'
import type { ChaosEvents } from './controller-events.ts'
import type { InjectionStatus } from './controller-types.ts'
import type { ProbeTime } from './experiment.ts'
import type { ChaosTarget } from './target.ts'

/** A figure, and how many observations are behind it. */
export interface Measurement {
  readonly value: number | string | boolean
  readonly samples: number
}

/** Where an experiment takes place. */
export interface Surroundings {
  readonly targets: readonly ChaosTarget[]
  /** The measurements that probes, budgets and expectations name. A plain number is one sample; undefined is none. */
  readonly metrics?: Readonly<
    Record<string, (window?: number) => MeasurementResult | Promise<MeasurementResult>>
  >
  /** The functions that probes name. What they return is judged. */
  readonly calls?: Readonly<Record<string, (signal: AbortSignal) => unknown>>
  /** Sends load until the signal aborts. */
  readonly load?: (
    load: { readonly rps: number; readonly arrivals: 'open' | 'closed' },
    signal: AbortSignal,
  ) => unknown
  /** Keeps announcements of injections; see `ChaosControllerOptions.record`. */
  readonly record?: (announcement: ChaosEvents['injecting']) => void | Promise<void>
  readonly clock?: Clock
  readonly hub?: Hub
  /** Stops the method; faults are taken back, and the journal says `interrupted`. */
  readonly signal?: AbortSignal
  /** The seed in place of that of the file. */
  readonly seed?: number | string
  /** Hears every entry of the journal as it is written. */
  readonly onEntry?: (entry: JournalEntry) => void
}

/** What a measurement may return. */
export type MeasurementResult = Measurement | number | string | boolean | undefined

/**
 * - `passed`: steady before and after, and every expectation met.
 * - `failed`: a critical probe, the deviation limit or an expectation was not met.
 * - `inconclusive`: nothing failed, but something was not measured often enough, or could not be injected.
 * - `notSteady`: the service was not well before; nothing was injected.
 * - `rollbackFailed`: a fault could not be taken back.
 */
export type ExperimentStatus = 'passed' | 'failed' | 'inconclusive' | 'notSteady' | 'rollbackFailed'

/** The exit code of a command that ran an experiment, by its status. */
export const experimentExitCodes: Readonly<Record<ExperimentStatus, number>> = Object.freeze({
  passed: 0,
  failed: 1,
  inconclusive: 2,
  notSteady: 3,
  rollbackFailed: 4,
})

/** What a judgement says. */
export type Verdict = 'passed' | 'failed' | 'inconclusive'

/** One answer of a probe. */
export interface ProbeResult {
  readonly probe: string
  readonly when: ProbeTime | 'method' | 'afterRollback'
  /** Milliseconds since the start of the experiment. */
  readonly at: number
  readonly verdict: Verdict
  readonly value: number | string | boolean | undefined
  readonly samples: number
  readonly critical: boolean
  /** Why it is inconclusive or failed, where the value does not say so. */
  readonly problem?: string
}

/** What an expectation came to. */
export interface ExpectationResult {
  readonly id: string
  readonly verdict: Verdict
  readonly value: number | undefined
  readonly samples: number
  readonly op: string
  readonly limit: number
}

/** One line of a journal. */
export interface JournalEntry {
  /** Counts from 1 without gaps. */
  readonly sequence: number
  /** Milliseconds since the start of the experiment. */
  readonly at: number
  readonly type: string
  readonly detail: Readonly<Record<string, unknown>>
}

/** All that happened. */
export interface ExperimentJournal {
  readonly title: string
  readonly status: ExperimentStatus
  readonly exitCode: number
  readonly seed: string
  readonly interrupted: boolean
  /** Whether the service was unwell while the method ran, also if it was well again afterwards. */
  readonly deviated: boolean
  readonly deviatedMs: number
  /** The weighted share of probes that passed, from 0 to 1; for information. Undefined without probes. */
  readonly score: number | undefined
  /** Milliseconds. */
  readonly took: number
  readonly probes: readonly ProbeResult[]
  readonly injections: readonly InjectionStatus[]
  readonly expectations: readonly ExpectationResult[]
  /** Why it has its status, as sentences. */
  readonly reasons: readonly string[]
  readonly entries: readonly JournalEntry[]
}
