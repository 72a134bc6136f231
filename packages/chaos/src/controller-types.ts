/** What a controller and its injections can do. */
import type { Listener } from '@seaworthy/core'
import type { ChaosEvents, RecoveryOutcome } from './controller-events.ts'
import type { InjectRequest } from './controller-options.ts'
import type { RefusalReason } from './gates.ts'
import type { InjectionPhase } from './ledger.ts'
import type { Overlap, Schedule } from './schedule.ts'

/** The state of an injection, as plain data. */
export interface InjectionStatus {
  readonly id: string
  /** The scenario, or the kind of the first fault. */
  readonly scenario: string
  readonly targets: readonly string[]
  readonly phase: InjectionPhase
  /** Why it was refused. */
  readonly reason: RefusalReason | undefined
  /** When its faults were put in place, on the controller's clock. */
  readonly startedAt: number | undefined
  /** When they end, or ended. */
  readonly endsAt: number | undefined
  /** For how long it was asked, in milliseconds. */
  readonly duration: number
  /** Calls that were looked at, and hit. Exact. */
  readonly decided: number
  readonly affected: number
  /** Of those that were hit: could not be hit after all. */
  readonly skipped: number
  /** How it ended. */
  readonly outcome: RecoveryOutcome | undefined
  /** Milliseconds from the end of the faults until the service was well. */
  readonly recoveryTook: number | undefined
}

/** An injection that has begun. */
export interface Injection {
  readonly id: string
  /** Its present state. */
  status(): InjectionStatus
  /** Ends it now. @returns {@link Injection.settled} */
  recover(): Promise<InjectionStatus>
  /** Resolves when its faults are gone and the service is well again, or was not within its time. Never rejects. */
  readonly settled: Promise<InjectionStatus>
}

/** A schedule that runs. */
export interface RunningSchedule {
  /** How often it fired, and how many of these injections were turned away. */
  readonly fired: number
  readonly refused: number
  /** Fires no more. Injections that are in place go on to their end. */
  stop(): void
}

/** The exact counts of a controller. */
export interface ChaosCounters {
  readonly planned: number
  readonly refused: number
  readonly injected: number
  readonly recovered: number
  readonly recoverFailed: number
  /** Calls, over all injections. */
  readonly decided: number
  readonly affected: number
  readonly skipped: number
}

/** What operators see on the hub. */
export interface ChaosSnapshot {
  readonly armed: boolean
  readonly dryRun: boolean
  readonly killed: boolean
  readonly maxConcurrentChaos: number
  readonly seed: string
  readonly counters: ChaosCounters
  /** Those that have not settled yet, and the last hundred that have. */
  readonly injections: readonly InjectionStatus[]
}

/** Breaks targets on purpose, within limits, and mends them again. */
export interface ChaosController {
  readonly name: string
  /** Whether an injection would pass the second gate now. */
  readonly armed: boolean
  /** Whether everything was stopped by {@link kill}. */
  readonly killed: boolean

  /**
   * Breaks something.
   *
   * @returns The injection, once its faults are in place: the next call is hit.
   * @throws {@link ChaosRefusedError} when a gate is closed.
   * @throws {@link @seaworthy/core!InvalidOptionError} when the request makes no sense.
   */
  inject(request: InjectRequest): Promise<Injection>

  /** Breaks something again and again. Injections that are refused are counted and told, and change nothing. */
  schedule(request: InjectRequest, when: Schedule, overlap?: Overlap): RunningSchedule

  /** Ends all injections and schedules, in reverse order. New ones may follow. @returns Settles when every injection has. */
  stop(): Promise<void>

  /**
   * The kill switch: takes all faults away before it returns, lets go of the calls that hang, and refuses everything from then
   * on. Only what must be waited for, such as the restart of a process, ends later. Called any number of times.
   */
  kill(): void

  /** Undoes {@link kill}, when everything has been taken away. @throws Error while something has not. */
  reset(): void

  /** Puts in place what should be and is not, and takes away what should not be and is. It is called after every change; call it after a failure. */
  reconcile(): void

  /** An injection that has not settled, or one of the last hundred that have. */
  injection(id: string): Injection | undefined

  snapshot(): ChaosSnapshot
  on<E extends keyof ChaosEvents>(event: E, listener: Listener<ChaosEvents[E]>): () => void
  /** Exact sizes: `active` injections, `faults` in place, `timers`, `schedules`, `listeners`. */
  debugStats(): Record<string, number>
  /** {@link kill}, and takes it off the hub. */
  dispose(): void
}
