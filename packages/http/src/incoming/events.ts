/** What protected routes tell those who listen. Never a URL, a header or an address. */
import type { CircuitOutcome } from '@seaworthy/circuit-breaker'
import type { AnswerCode } from './answer.ts'

/** Part of every event. */
export interface IncomingEvent {
  /** The name of the protection. */
  readonly name: string | undefined
  /** The name of the rule. */
  readonly rule: string
  /** The method; `OTHER` if it is none of the usual ones, since clients can make up any number of them. */
  readonly method: string
}

/** The events of a protection. */
export type IncomingEvents = {
  /** A request was turned away. `retryAfter` in seconds, as the client was told. */
  rejected: IncomingEvent & {
    readonly status: number
    readonly code: AnswerCode
    readonly retryAfter: number | undefined
  }
  /** A response is complete, or its handler threw. `duration` in milliseconds. */
  completed: IncomingEvent & {
    readonly status: number | undefined
    readonly outcome: CircuitOutcome
    readonly duration: number
  }
  /** The client went away before it had the whole response, `duration` milliseconds after it came. */
  aborted: IncomingEvent & { readonly duration: number }
  /** The request's time was over before its response began. It was given `given` milliseconds. */
  expired: IncomingEvent & { readonly given: number }
}

const usualMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE', 'QUERY']

/** A method as events name it. */
export function methodLabel(method: string): string {
  return usualMethods.includes(method) ? method : 'OTHER'
}
