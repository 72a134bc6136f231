/** The rules that a circuit follows, as its state machine reads them. */
import type { WindowShape } from './window.ts'

/** Whether a breaker acts: `observe` counts and reports when it would have opened, `disabled` does neither. */
export type CircuitMode = 'enabled' | 'disabled' | 'observe'

/** How a call is judged. `neutral` outcomes count as if the call had never been. */
export type CircuitOutcome = 'success' | 'failure' | 'neutral'

/** What was counted: in a half-open circuit, of its trials. */
export interface CircuitCounts {
  /** Failures in a row. */
  readonly consecutiveFailures: number
  /** Calls in the window. */
  readonly calls: number
  /** Failures among them. */
  readonly failures: number
  /** Calls in the window of durations. */
  readonly timedCalls: number
  /** Slow calls among them. */
  readonly slowCalls: number
}

/** The value of a rule that is off. */
export const off: number = Number.POSITIVE_INFINITY

/** Why a circuit opened: the rule that held, and the counts at that moment. */
export interface OpenCause extends CircuitCounts {
  /**
   * `trial`: too many trial calls failed or were slow. `trip`, `restore`: somebody called that method. `fleet`: enough
   * instances that share it are open, or somebody opened all of them.
   */
  readonly reason:
    | 'failureThreshold'
    | 'failureRate'
    | 'slowCallRate'
    | 'trial'
    | 'trip'
    | 'restore'
    | 'fleet'
  /** Milliseconds the last failure asked to wait, if it did. */
  readonly retryAfter: number | undefined
}

/** A cause for those who only want to know how long it would be. */
export const noCause: OpenCause = {
  reason: 'trip',
  retryAfter: undefined,
  consecutiveFailures: 0,
  calls: 0,
  failures: 0,
  timedCalls: 0,
  slowCalls: 0,
}

/** The options of a breaker as the machine reads them; a rule that is off is `off` (Infinity). */
export interface Rules {
  readonly mode: CircuitMode
  readonly failureThreshold: number
  readonly failureRate: number
  readonly slowCallDuration: number
  readonly slowCallRate: number
  readonly window: WindowShape
  readonly minimumRequests: number
  readonly successThreshold: number
  readonly halfOpen: { readonly concurrency: number; readonly failures: number; readonly lease: number }
  /** Whether the openings are counted anew after closing, or after staying closed as long as it was open last. */
  readonly resetOn: 'close' | 'stable'
  /** How long the opening with this number lasts. `luck` from 0 to 1 takes the place of chance. */
  readonly recovery: (opening: number, cause: OpenCause, luck?: number) => number
}
