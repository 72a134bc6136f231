/** What a rate limit tells those who listen. */
import type { RateRefusal } from './errors.ts'

/** A call was turned away, or stopped waiting. */
export interface RateLimitRejected {
  readonly name: string | undefined
  /** `aborted`: its caller, or a policy outside of this one, gave it up while it waited. */
  readonly reason: RateRefusal | 'aborted'
  /** The time until a call with this key would pass, in milliseconds. */
  readonly retryAfter: number
}

/** A call has to wait for its turn. */
export interface RateLimitQueued {
  readonly name: string | undefined
  /** How long until its turn, in milliseconds; less if somebody before it gives up. */
  readonly wait: number
  /** How many with its key wait now, with this one. */
  readonly queued: number
}

/** A call that waited may pass. */
export interface RateLimitDequeued {
  readonly name: string | undefined
  /** How long it waited, in milliseconds. */
  readonly waited: number
  /** How many with its key still wait. */
  readonly queued: number
}

/** The events of a rate limit. */
export type RateLimitEvents = {
  rejected: RateLimitRejected
  queued: RateLimitQueued
  dequeued: RateLimitDequeued
}
