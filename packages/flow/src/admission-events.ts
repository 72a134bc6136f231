/** What policies that queue calls tell those who listen. */
import type { QueueRefusal } from './errors.ts'

/** A call was turned away, or left the queue without a slot. */
export interface AdmissionRejected {
  readonly name: string | undefined
  /** `aborted`: its caller, or a policy outside of this one, gave it up while it waited. */
  readonly reason: QueueRefusal | 'aborted'
  /** How long it waited, in milliseconds. */
  readonly waited: number
  readonly active: number
  readonly queued: number
}

/** A call has to wait. */
export interface AdmissionQueued {
  readonly name: string | undefined
  /** How many wait now, with this one. */
  readonly queued: number
}

/** A call that waited has a slot. */
export interface AdmissionDequeued {
  readonly name: string | undefined
  /** How long it waited, in milliseconds. */
  readonly waited: number
  /** How many still wait. */
  readonly queued: number
}

/** The events of everything that queues calls. */
export type AdmissionEvents = {
  rejected: AdmissionRejected
  queued: AdmissionQueued
  dequeued: AdmissionDequeued
}
