import type { FailureClass } from '@seaworthy/core'
import type { Evidence } from './evidence.ts'

/** A send failed. */
export interface HttpAttemptFailed {
  readonly origin: string
  readonly method: string
  /** 1 for the first send of the call. */
  readonly attempt: number
  /** The status of the answer; undefined when there was none. */
  readonly status: number | undefined
  /** The code of the error, such as `ECONNRESET`; undefined when there was an answer, or no code. */
  readonly code: string | undefined
  readonly failureClass: FailureClass
  /** What is proven about the fate of the request. */
  readonly evidence: Evidence
  /** Whether the request may be sent again, if the policies want to. */
  readonly repeatable: boolean
  /** Milliseconds from the send to the failure. */
  readonly duration: number
}

/** A call ended. */
export interface HttpSettled {
  readonly origin: string
  readonly method: string
  /** The status of the answer that the caller got; undefined when the call rejected. */
  readonly status: number | undefined
  /** How a failure is judged; undefined when there was none. */
  readonly failureClass: FailureClass | undefined
  /** How often the request was sent; 0 when a policy turned the call away. */
  readonly attempts: number
  /** Milliseconds from the call to the headers of the answer, or to the error. */
  readonly duration: number
}

/** A failure that another try might have mended is not retried. */
export interface HttpNotRepeatable {
  readonly origin: string
  readonly method: string
  /**
   * - `method`: the request may have been carried out, is not idempotent by its method, and carries no idempotency key.
   * - `body`: its body cannot be sent a second time.
   */
  readonly reason: 'method' | 'body'
}

/** A server asked to be left alone. */
export interface HttpCooldown {
  readonly origin: string
  /** The status of the answer that said so. */
  readonly status: number
  /** Milliseconds that calls to it wait or are turned away. */
  readonly duration: number
}

/**
 * The events of outbound requests. They carry origins, methods, statuses, codes and durations: never paths, queries, headers,
 * bodies or error texts.
 */
export type HttpEvents = {
  attemptFailed: HttpAttemptFailed
  notRepeatable: HttpNotRepeatable
  cooldown: HttpCooldown
  settled: HttpSettled
}
