import type { Emitter, FailureClass } from '@seaworthy/core'
import type { AttemptLimit } from './attempt.ts'
import type { HttpEvents } from './events.ts'
import type { HeaderLookup } from './hints.ts'
import type { Rules } from './rules.ts'
import type { StatusFailure } from './status.ts'

/** How long a call may take. */
export interface CallTime {
  /** On the clock; undefined without a limit. */
  readonly deadline: number | undefined
  /** Milliseconds from its beginning to that. */
  readonly limit: number
  /** What set it. */
  readonly scope: 'total' | 'deadline'
}

/** The engine as its calls see it. */
export interface Host {
  readonly rules: Rules
  readonly events: Emitter<HttpEvents>
  /** Whether the policies are ours, and not the user's. */
  readonly ownsPolicies: boolean
  /** Whether a policy retries. */
  readonly retries: boolean
  /** Whether a request may be sent more than once. */
  readonly repeats: boolean
  /** Whether somebody wants to know how requests end. */
  readonly watched: boolean
  /** Whether calls need to know when they began. */
  readonly timed: boolean
  /** How long a send may take that begins at `now`; `over` when the call has no time left. */
  limitFor(call: CallTime, now: number): AttemptLimit | 'over' | undefined
  /** A new idempotency key. */
  makeKey(): string
  /** A server answered that it cannot now, and perhaps when it can. */
  noteFailure(origin: string, status: number, failure: StatusFailure): void
  /** A server answered well, and perhaps that this was the last time for a while. */
  noteExhaustion(origin: string, status: number, header: HeaderLookup): void
  /** Charges the origin that answered after a redirection; the one that redirected did well. */
  credit(origin: string, failure: StatusFailure | undefined): void
  /** A call is over. */
  settled(
    origin: string,
    method: string,
    status: number | undefined,
    failureClass: FailureClass | undefined,
    attempts: number,
    began: number,
  ): void
}
