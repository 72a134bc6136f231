/** What can be asked of a connection that reconnects and done with it. */
import type { Listener } from '@seaworthy/core'
import type { ReconnectingEvents } from './events.ts'
import type { CloseReason, State } from './machine.ts'
import type { OutboxCounts } from './outbox.ts'

/** What a connection that reconnects is doing. */
export interface ReconnectingSnapshot {
  readonly state: State['name']
  /** The attempt that is under way, was successful, or comes next; from 1. */
  readonly attempt: number
  /** How often there was a connection. */
  readonly connections: number
  readonly outbox: { readonly size: number } & OutboxCounts
  readonly inbox: { readonly size: number; readonly received: number; readonly dropped: number }
}

/** A connection that reconnects. Made by {@link reconnecting}. */
export interface Reconnecting<In, Out> extends AsyncIterable<In>, AsyncDisposable {
  readonly name: string | undefined
  /** What it is doing now. */
  readonly state: State['name']
  /** Where the next connection will continue from. Keep it to continue in another process. */
  readonly resumeToken: string | undefined
  /** Resolves with the reason when it is closed for good. Never rejects. */
  readonly closed: Promise<CloseReason>
  /**
   * Sends a message over the connection, or over the next one if there is none. Messages are sent in the order of these
   * calls.
   *
   * @returns Whether it was handed to a connection at once.
   * @throws `OutboxFullError` when there is no room, under `reject-newest`; `ConnectionClosedError` after the
   *   end; what the connection threw when the message cannot be sent.
   */
  send(message: Out): boolean
  /** Resolves when the outbox is empty. Rejects with `ConnectionClosedError` if it closes before. */
  flushed(): Promise<void>
  /** Gives the connection up and makes a new one now, or ends the wait for it. */
  reconnect(): void
  /** Gives the connection up until {@link resume}. Messages to send are kept. */
  pause(): void
  /** Ends a pause. */
  resume(): void
  /** Closes it for good. What is in the outbox is discarded; loops take what came before, and end. @returns When the connection is closed. */
  close(): Promise<void>
  /** Subscribes to an event. @returns A function that unsubscribes. */
  on<E extends keyof ReconnectingEvents>(event: E, listener: Listener<ReconnectingEvents[E]>): () => void
  snapshot(): ReconnectingSnapshot
  /** Exact numbers of what it holds; all zero when it is closed and its messages are taken. */
  debugStats(): Record<string, number>
}
