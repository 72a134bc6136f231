import type { FailureClass } from '@seaworthy/core'

/**
 * Why a failover has no answer:
 *
 * - `exhausted`: every provider that may be asked was, as often as the options allow.
 * - `deadline`: the time was over before one of them answered.
 * - `unavailable`: none may be asked before the time is over: rate limits, or they are excluded.
 */
export type FailoverFailure = 'exhausted' | 'deadline' | 'unavailable'

/**
 * Why a provider was asked:
 *
 * - `first`: the call began.
 * - `failure`, `slow`: the attempt before failed, or sent no first byte in its time.
 * - `hedge`: the attempt before was slower than usual.
 * - `pass`: all were asked already; this is another round.
 * - `waited`: none could be asked for a while.
 * - `lastResort`: it counts as down, but so do all, and the time is nearly over.
 */
export type HopReason = 'first' | 'failure' | 'slow' | 'hedge' | 'pass' | 'waited' | 'lastResort'

/**
 * How an attempt ended:
 *
 * - `answered`: it is the answer of the call.
 * - a failure class: it failed.
 * - `slow`: it sent no first byte in its time. It goes on; if it answers before the others, it is the answer after all.
 * - `overtaken`: another one answered first.
 * - `abandoned`: the caller gave up, or the deadline came.
 */
export type HopOutcome = 'answered' | 'slow' | 'overtaken' | 'abandoned' | FailureClass

/** One attempt of a call at one provider. */
export interface FailoverHop {
  readonly provider: string
  /** From 1. */
  readonly attempt: number
  readonly reason: HopReason
  readonly outcome: HopOutcome
  /** Milliseconds from the start of the attempt to its outcome. */
  readonly duration: number
}

/** An attempt has its outcome. One that was `slow` gets a second one if it answers or fails before its call is decided. */
export interface HopEnded extends FailoverHop {
  readonly name: string | undefined
}

/** A call has its answer, or the first piece of it. */
export interface FailoverAnswered {
  readonly name: string | undefined
  readonly provider: string
  /** How many attempts there were. */
  readonly hops: number
  /** Milliseconds since the call began. */
  readonly duration: number
  readonly streamed: boolean
}

/** A call has no answer. */
export interface FailoverFailed {
  readonly name: string | undefined
  readonly hops: number
  readonly duration: number
  /** `refused`: a provider said that the request itself is wrong, or it must not be sent twice. */
  readonly reason: FailoverFailure | 'refused'
  /** The class of the error that the caller got. */
  readonly failureClass: FailureClass
}

/** `healthy`: calls go to it. `cooling`: none do. `probing`: one at a time does, to see whether it works again. */
export type ProviderState = 'healthy' | 'cooling' | 'probing'

/** The health of a provider has changed. */
export interface ProviderStateChanged {
  readonly name: string | undefined
  readonly provider: string
  readonly from: ProviderState
  readonly to: ProviderState
  /** Milliseconds until the next trial, when it cools down. */
  readonly cooldown: number | undefined
}

/** A provider, or one that shares its quota, was asked too often. */
export interface ProviderLimited {
  readonly name: string | undefined
  readonly provider: string
  readonly quotaGroup: string | undefined
  /** Milliseconds until it is asked again. */
  readonly cooldown: number
  /** Whether the server named the time. */
  readonly hinted: boolean
}

/** A provider refuses in a way that only its operator can mend: a wrong key, no credit, an unknown host. */
export interface ProviderMisconfigured {
  readonly name: string | undefined
  readonly provider: string
}

/** A call waits, since no provider can be asked now. */
export interface FailoverWaiting {
  readonly name: string | undefined
  /** Milliseconds, at the longest. */
  readonly wait: number
  /** How many calls wait now. */
  readonly waiting: number
}

/** A provider was taken out by hand, or put back. */
export interface ProviderExcluded {
  readonly name: string | undefined
  readonly provider: string
  /** What the operator said. */
  readonly reason: string
}

/** A probe has ended. */
export interface ProviderProbed {
  readonly name: string | undefined
  readonly provider: string
  readonly outcome: 'success' | 'failure' | 'slow'
  readonly duration: number
}

/** A stream broke off after its first piece. */
export interface FailoverInterrupted {
  readonly name: string | undefined
  readonly provider: string
  readonly chunks: number
  readonly bytes: number
  readonly failureClass: FailureClass
}

/** An attempt ended after its call was decided. */
export interface FailoverLate {
  readonly name: string | undefined
  readonly provider: string
  readonly outcome: 'success' | 'failure'
}

/** The events of a {@link Failover}. */
export type FailoverEvents = {
  hop: HopEnded
  answered: FailoverAnswered
  failed: FailoverFailed
  stateChange: ProviderStateChanged
  limited: ProviderLimited
  misconfigured: ProviderMisconfigured
  waiting: FailoverWaiting
  excluded: ProviderExcluded
  included: ProviderExcluded
  probed: ProviderProbed
  interrupted: FailoverInterrupted
  late: FailoverLate
}
