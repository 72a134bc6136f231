import type { Aim } from './aim.ts'
import type { RecoveryOutcome } from './controller-events.ts'
import type { Injection, InjectionStatus } from './controller-types.ts'
import type { LedgerEntry } from './ledger.ts'
import type { Plan } from './plan.ts'
import type { Timers } from './timers.ts'

/** What an injection asks of its controller. */
export interface InjectionOwner {
  entryOf(id: string): LedgerEntry | undefined
  recover(injection: RunningInjection): void
}

/** An injection from its plan to its end. What phase it is in is for the ledger to say. */
export class RunningInjection implements Injection {
  readonly id: string
  readonly plan: Plan
  readonly settled: Promise<InjectionStatus>
  aims: readonly Aim[] = []
  /** Whether its faults end by and by, and so stay in place for now. */
  easing = false
  /** Whether it had faults in place, or was to, and has none any more. */
  gone = false
  startedAt: number | undefined = undefined
  endsAt: number | undefined = undefined
  outcome: RecoveryOutcome | undefined = undefined
  recoveryTook: number | undefined = undefined
  readonly timers: Timers
  readonly #owner: InjectionOwner
  #last: LedgerEntry | undefined = undefined
  #settle: (status: InjectionStatus) => void = () => {}

  constructor(id: string, plan: Plan, timers: Timers, owner: InjectionOwner) {
    this.id = id
    this.plan = plan
    this.timers = timers
    this.#owner = owner
    this.settled = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  get affected(): number {
    return sum(this.aims, 'affected')
  }

  status(): InjectionStatus {
    // The ledger forgets old injections; those who hold one may still ask.
    this.#last = this.#owner.entryOf(this.id) ?? this.#last
    return {
      id: this.id,
      scenario: this.plan.scenario,
      targets: this.plan.targets,
      phase: this.#last?.phase ?? 'planned',
      reason: this.#last?.reason,
      startedAt: this.startedAt,
      endsAt: this.endsAt,
      duration: this.plan.duration ?? 0,
      decided: sum(this.aims, 'decided'),
      affected: this.affected,
      skipped: sum(this.aims, 'skipped'),
      outcome: this.outcome,
      recoveryTook: this.recoveryTook,
    }
  }

  recover(): Promise<InjectionStatus> {
    this.#owner.recover(this)
    return this.settled
  }

  /** Nothing will become of it any more. */
  end(): void {
    this.timers.clear()
    this.#settle(this.status())
  }
}

function sum(aims: readonly Aim[], what: 'decided' | 'affected' | 'skipped'): number {
  return aims.reduce((total, aim) => total + aim[what], 0)
}
