/** What a drill is given. */
import type { BreakerFactory } from '../breakers/port.ts'
import type { TestBreakerOptions } from '../breakers/test-breaker.ts'
import type { CascadeId } from '../cascades/cascade.ts'
import type { RunCascadeOptions } from '../cascades/run-cascade.ts'
import type { TopologyFile } from '../cascades/topology.ts'
import type { DrillEvent, PhaseName } from '../events.ts'
import type { CriteriaLimits } from '../report/limits.ts'
import type { DrillService } from '../service.ts'
import type { DrillProfile, ProfileName } from './profiles.ts'

/** Options of `drill`. */
export interface DrillOptions {
  /** How long, and what for. @defaultValue `'ci'` */
  readonly profile?: ProfileName | DrillProfile
  /** What virtual time and all decisions come from: the same seed, the same run. @defaultValue 1 */
  readonly seed?: number | string
  /** The service in virtual time; it has to take all time and chance from the world. @defaultValue a sample */
  readonly simulated?: DrillService | false
  /** The service in real time. @defaultValue a sample behind a connection that can be broken */
  readonly real?: DrillService | false
  /** The circuit breaker to test. @defaultValue that of `@seaworthy/circuit-breaker` */
  readonly breaker?: { readonly factory: BreakerFactory } & TestBreakerOptions
  /** The services through which failures must not spread, and their defence. @defaultValue the default topology */
  readonly cascades?: CascadePart
  /** Whose memory is watched. @defaultValue nobody's: the phase is skipped, and the verdict is `PARTIAL` */
  readonly memory?: MemoryPart
  /** Phases to leave out. What is judged by them is left out of the verdict as well. @defaultValue none */
  readonly without?: readonly PhaseName[]
  /** What the service has to show. @defaultValue the limits of the requirements */
  readonly limits?: Partial<CriteriaLimits>
  /**
   * Interrupts the drill in order: no more faults, everything is taken back, a report is written. When it has been aborted, the drill still resolves.
   */
  readonly signal?: AbortSignal
  /** Hears every entry of the log as it is written. */
  readonly onEvent?: (event: DrillEvent) => void
}

/** The services through which failures must not spread. */
export interface CascadePart extends Pick<RunCascadeOptions, 'defence' | 'policies'> {
  /** @defaultValue the default topology */
  readonly topology?: TopologyFile
  /** @defaultValue all five */
  readonly only?: readonly CascadeId[]
}

/** Whose memory is watched: a program that calls `soakProgram`, as a process of its own. */
export interface MemoryPart {
  /** The path of the program. */
  readonly program: string
  /** Options of Node for it. @defaultValue none */
  readonly execArgv?: readonly string[]
  /** Its arguments. @defaultValue none */
  readonly args?: readonly string[]
  /** Operations a second. @defaultValue 200 */
  readonly rate?: number
}
