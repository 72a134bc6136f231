/** Puts what happens to a connection that reconnects into events. */
import { type Clock, Emitter, failureClass, type Hub } from '@seaworthy/core'
import type { ReconnectingEvents } from './events.ts'
import { attemptOf, type CloseReason, type State } from './machine.ts'

/** The events of one connection that reconnects. */
export class Reports {
  readonly events: Emitter<ReconnectingEvents>
  private readonly name: string | undefined
  private readonly clock: Clock

  constructor(name: string | undefined, hub: Hub, clock: Clock) {
    this.events = new Emitter('reconnecting', name, hub)
    this.name = name
    this.clock = clock
  }

  /** The state is another one. Tells what was kept back, too. @param resumed - Whether the connection goes on somewhere. */
  changed(before: State, after: State, resumed: boolean): void {
    const { events, name } = this
    if (events.wants('stateChange')) events.put('stateChange', { name, from: before.name, to: after.name })
    if (after.name === 'open' && events.wants('open')) {
      const downtime = after.since - after.downSince
      events.put('open', { name, attempt: attemptOf(after), downtime, resumed })
    }
    if (after.name === 'waiting' && events.wants('waiting')) {
      const delay = Math.max(0, after.until - this.clock.now())
      events.put('waiting', { name, attempt: attemptOf(after), delay })
    }
    events.send()
  }

  /** An attempt failed, or a connection was lost. Kept back until the state has changed. */
  lost(from: 'connecting' | 'open', duration: number, error: unknown): void {
    const { events, name } = this
    if (events.wants('lost')) events.put('lost', { name, from, duration, failureClass: failureClass(error) })
  }

  /** A message found no room, or could not be sent. */
  dropped(box: 'inbox' | 'outbox', reason: 'overflow' | 'refused', dropped: number): void {
    const { events, name } = this
    if (events.wants('dropped')) events.emit('dropped', { name, box, reason, dropped })
  }

  /** It is closed for good. */
  closed(reason: CloseReason, unsent: number): void {
    const { events, name } = this
    if (events.wants('close')) events.emit('close', { name, reason, unsent })
  }
}
