/** What a controller tells. */
import type { FaultKind } from './fault.ts'
import type { RefusalReason } from './gates.ts'
import type { RecoveryCause } from './ledger.ts'
import type { SkipReason } from './target.ts'

interface Numbered {
  /** Counts all events of the controller from 1, without gaps. */
  readonly sequence: number
  /** Milliseconds on the controller's clock. */
  readonly at: number
}

interface OfInjection extends Numbered {
  readonly injection: string
  /** The scenario, or the kind of the single fault. */
  readonly scenario: string
}

interface OfCall extends OfInjection {
  readonly target: string
  readonly fault: FaultKind
  /** The number of the call among the calls of its target. */
  readonly ordinal: number
  /** How many calls the injection has hit so far. Exact, also where only some of these events are sent. */
  readonly affected: number
}

/** How an injection ended. `cleanupFailed`: a fault could not be taken away; the controller goes on trying at every `reconcile()`. */
export type RecoveryOutcome = 'recovered' | 'notRecovered' | 'cleanupFailed'

/** The events of a {@link ChaosController}. */
export type ChaosEvents = {
  /** An injection was asked for. */
  planned: OfInjection & { readonly targets: readonly string[]; readonly duration: number }
  /** It was turned away. */
  refused: OfInjection & { readonly reason: RefusalReason; readonly gate: number }
  /** In a dry run: it would have gone on to the other gates. */
  wouldInject: OfInjection & { readonly targets: readonly string[]; readonly duration: number }
  /** It waited too long, in a queue or at a gate. */
  expired: OfInjection
  /** It is about to begin. This event is recorded before anything is done. */
  injecting: OfInjection & { readonly targets: readonly string[]; readonly duration: number }
  /** Its faults are in place. */
  injected: OfInjection & {
    readonly targets: readonly string[]
    readonly faults: readonly FaultKind[]
    /** Milliseconds from the request until the faults were in place. */
    readonly took: number
  }
  /** A call was hit. Sampled: `sampling` says how many of them are told. */
  affectedCall: OfCall
  /** What was done to a call is over. Sampled like `affectedCall`. */
  effectEnded: OfCall
  /** A call that was drawn could not be hit. Sampled like `affectedCall`. */
  skipped: OfCall & { readonly reason: SkipReason }
  /** The side effect of a `behavior` failed. */
  effectFailed: OfCall
  /** The faults end. */
  recovering: OfInjection & { readonly cause: RecoveryCause }
  /** The last fault was taken away. From here on the time to recover counts. */
  removed: OfInjection & { readonly affected: number }
  /** Steady again. */
  recovered: OfInjection & {
    readonly affected: number
    /** Milliseconds from the removal of the faults to the first good probe of the steady state. 0 without a check. */
    readonly took: number
  }
  /** Not steady within its time, or a fault could not be taken away. */
  recoverFailed: OfInjection & {
    readonly outcome: Exclude<RecoveryOutcome, 'recovered'>
    readonly took: number
  }
  /** The duration is over and `autoRecovery` is off: the faults stay, up to `maxDuration`. */
  overdue: OfInjection
  /** Everything was stopped. */
  killSwitch: Numbered & { readonly active: number }
  /** A limit of the blast radius was reached; all injections end. */
  budgetExceeded: Numbered & {
    readonly budget: 'maxAffectedCalls' | 'errorBudget'
    readonly value: number
    readonly limit: number
  }
}
