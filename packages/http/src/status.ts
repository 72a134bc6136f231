/** What the status of an answer means for what happens next. */
import type { FailureClass } from '@seaworthy/core'
import { failureClass } from '@seaworthy/core'
import type { Evidence } from './evidence.ts'
import { type HeaderLookup, type HintRules, serverHint } from './hints.ts'

/** Statuses that are retried unless `retryStatuses` says otherwise. */
export const retriedStatuses: readonly number[] = [408, 425, 429, 500, 502, 503, 504]

/**
 * Statuses that some content delivery networks answer in place of a server they cannot reach, and 529 for an overloaded
 * one. Add them to `retryStatuses` where you call such servers.
 */
export const edgeStatuses: readonly number[] = [520, 521, 522, 523, 524, 529]

/** How answers are judged. */
export interface StatusRules extends HintRules {
  readonly retryStatuses: ReadonlySet<number>
}

/** An answer that is a failure. */
export interface StatusFailure {
  readonly failureClass: FailureClass
  readonly evidence: Evidence
  /** Whether another try may mend it, if the request can be repeated. */
  readonly temporary: boolean
  /** Milliseconds that the server asks to wait, or that it asks not to come back. */
  readonly retryAfter: number | 'stop' | undefined
}

/**
 * Judges an answer; undefined when it is not a failure.
 *
 * @param ownKeyInFlight - Whether an earlier send of the same idempotency key may still be under way.
 */
export function judgeStatus(
  status: number,
  header: HeaderLookup,
  ownKeyInFlight: boolean,
  now: () => number,
  rules: StatusRules,
): StatusFailure | undefined {
  if (status < 400) return undefined
  const told = rules.vendorHints ? header('x-should-retry') : undefined
  const pausing = header('retry-after') != null
  let temporary = rules.retryStatuses.has(status)
  // Too large for the moment, says the server; without the header it is too large for ever.
  if (status === 413) temporary = pausing
  // The server still works on the attempt before this one.
  if (status === 409) temporary = ownKeyInFlight
  if (told === 'true') temporary = true
  else if (told === 'false') temporary = false
  const judged = failureClass({ status })
  if (!temporary && judged !== 'transient' && judged !== 'degraded') return undefined
  const hint = serverHint(header, status, now(), rules)
  return {
    failureClass: classOf(status, temporary, judged),
    evidence: isUnprocessed(status, hint !== undefined && pausing) ? 'unprocessed' : 'unknown',
    temporary,
    retryAfter: hint,
  }
}

function classOf(status: number, temporary: boolean, judged: FailureClass): FailureClass {
  if (status === 413) return 'degraded'
  return temporary && judged !== 'degraded' ? 'transient' : judged
}

function isUnprocessed(status: number, pausing: boolean): boolean {
  return status === 429 || status === 425 || (pausing && (status === 503 || status === 413))
}
