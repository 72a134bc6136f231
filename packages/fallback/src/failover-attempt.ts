import type { CallContext, ExecuteOptions, Timer } from '@seaworthy/core'
import type { CommittedStream } from './committed-stream.ts'
import type { FailoverHop, HopOutcome, HopReason } from './failover-events.ts'
import type { Ticket } from './provider-board.ts'

/** The options of an attempt: those of the caller without the signal, which the call watches, and with its deadline. */
export class AttemptOptions implements ExecuteOptions {
  readonly key: string | undefined
  readonly values: ExecuteOptions['values']
  readonly journey: string | undefined
  readonly deadline: number

  constructor({ key, values, journey }: CallContext, deadline: number) {
    this.key = key
    this.values = values
    this.journey = journey
    this.deadline = deadline
  }
}

/** One attempt at one provider. */
export class Attempt {
  readonly ticket: Ticket
  readonly context: CallContext
  /** From 1. */
  readonly number: number
  readonly reason: HopReason
  /** How long it has for its first byte. */
  readonly limit: number
  /** Undefined while there is none. */
  outcome: HopOutcome | undefined = undefined
  /** Until the outcome. */
  duration = 0
  error: unknown = undefined
  /** It ran out of time, and its provider was blamed for it. */
  slow = false
  /** It has ended, or its call was decided. */
  gone = false
  timer: Timer | undefined = undefined
  /** The stream that it is being opened from. */
  stream: CommittedStream | undefined = undefined

  constructor(ticket: Ticket, context: CallContext, number: number, reason: HopReason, limit: number) {
    this.ticket = ticket
    this.context = context
    this.number = number
    this.reason = reason
    this.limit = limit
  }

  /** It as data. */
  hop(): FailoverHop {
    const { ticket, number, reason, outcome = 'abandoned', duration } = this
    return { provider: ticket.provider.name, attempt: number, reason, outcome, duration }
  }
}
