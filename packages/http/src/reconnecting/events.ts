/** What a connection that reconnects tells those who listen. Never a message, a token or the text of an error. */
import type { FailureClass } from '@seaworthy/core'
import type { CloseReason, State } from './machine.ts'

/** Part of every event. */
export interface ReconnectingEvent {
  /** Its name. */
  readonly name: string | undefined
}

/** The events of a connection that reconnects. */
export type ReconnectingEvents = {
  /** The state has another name now, or a new attempt has begun. Sent before the event of the state itself. */
  stateChange: ReconnectingEvent & { readonly from: State['name']; readonly to: State['name'] }
  /** There is a connection. `downtime` milliseconds without one went before it, which took `attempt` attempts. */
  open: ReconnectingEvent & {
    readonly attempt: number
    readonly downtime: number
    readonly resumed: boolean
  }
  /** An attempt failed, or a connection was lost after `duration` milliseconds. */
  lost: ReconnectingEvent & {
    readonly from: 'connecting' | 'open'
    readonly duration: number
    readonly failureClass: FailureClass
  }
  /** The next attempt begins in `delay` milliseconds. */
  waiting: ReconnectingEvent & { readonly attempt: number; readonly delay: number }
  /** A message found no room, or could not be sent. `dropped` counts those of that box and reason so far. */
  dropped: ReconnectingEvent & {
    readonly box: 'inbox' | 'outbox'
    readonly reason: 'overflow' | 'refused'
    readonly dropped: number
  }
  /** It is closed for good. `unsent` messages were still in the outbox. */
  close: ReconnectingEvent & { readonly reason: CloseReason; readonly unsent: number }
}
