/** What a circuit needs from its policy. */
import type { Clock } from '@seaworthy/core'
import type { CircuitBreakerEvents, EventName } from './events.ts'
import type { ClassifyOutcome } from './judge.ts'
import type { Rules } from './rules.ts'
import type { FleetMembership } from './sharing.ts'

/** What the circuits of one policy share. */
export interface Owner {
  readonly name: string | undefined
  readonly clock: Clock
  readonly classify: ClassifyOutcome | undefined
  readonly rules: Rules
  /** The link to other instances, if it is shared. */
  readonly membership: FleetMembership | undefined
  /** Whether nobody listens to what a call that succeeds has to tell. */
  readonly silent: boolean
  /** Whether anybody listens to an event. */
  wants(type: EventName, journey: string | undefined): boolean
  /** Sends one event that comes alone. */
  emit<E extends EventName>(type: E, payload: CircuitBreakerEvents[E], journey: string | undefined): void
  /** Puts an event in line, so that a listener that changes the state again cannot come between those of one change. */
  put<E extends EventName>(type: E, payload: CircuitBreakerEvents[E], journey: string | undefined): void
  /** Sends what stands in line. */
  send(): void
}
