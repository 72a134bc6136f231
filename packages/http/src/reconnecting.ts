/**
 * Long-lived connections that come back: WebSockets, server-sent events, subscriptions.
 *
 * @module @seaworthy/http/reconnecting
 */
export type { Attempt, Connect, Connection, ConnectionListener } from './reconnecting/connection.ts'
export { type EventStreamOptions, eventStream } from './reconnecting/event-stream.ts'
export type { ServerSentEvent } from './reconnecting/event-stream-parser.ts'
export type { ReconnectingEvent, ReconnectingEvents } from './reconnecting/events.ts'
export type { Reconnecting, ReconnectingSnapshot } from './reconnecting/feed.ts'
export type { Closed, CloseReason, Connecting, Open, Paused, State, Waiting } from './reconnecting/machine.ts'
export type {
  HeartbeatOptions,
  InboxOptions,
  OutboxOptions,
  ReconnectBackoff,
  ReconnectingOptions,
} from './reconnecting/options.ts'
export type { Delivery, OutboxCounts, OutboxOverflow } from './reconnecting/outbox.ts'
export { reconnecting } from './reconnecting/reconnecting.ts'
export { fromIterable } from './reconnecting/stream.ts'
export {
  type WebSocketEventLike,
  type WebSocketLike,
  type WebSocketOptions,
  webSocket,
} from './reconnecting/web-socket.ts'
export {
  ConnectionClosedError,
  ConnectionLostError,
  EventStreamError,
  type EventStreamErrorOptions,
  type GiveUpReason,
  type LossReason,
  OutboxFullError,
  ReconnectFailedError,
  WebSocketClosedError,
} from './reconnecting-errors.ts'
