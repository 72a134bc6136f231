/** Outcomes as text for the store, and back. */
import type { Settled } from '@seaworthy/core'
import type { Codec } from './codec.ts'
import { ResultOmittedError } from './errors.ts'
import { type PlainError, plainError, rebuildError } from './plain-error.ts'

/** The text of an outcome, or why there is none. */
export type OutcomeText =
  | { readonly text: string }
  | { readonly text: undefined; readonly reason: 'size' | 'encoding'; readonly size: number | undefined }

/** A failure as data that any codec can keep. What was thrown need not be an error. */
type StoredFailure = { readonly error: PlainError } | { readonly thrown: unknown }

/** Never throws. */
export function outcomeText(outcome: Settled<unknown>, codec: Codec, maxSize: number): OutcomeText {
  try {
    const text = codec.encode(outcome.status === 'fulfilled' ? outcome.value : storedFailure(outcome.reason))
    const size = Buffer.byteLength(text)
    return size > maxSize ? { text: undefined, reason: 'size', size } : { text }
  } catch {
    return { text: undefined, reason: 'encoding', size: undefined }
  }
}

/** What a duplicate of work that is done gets. */
export function recordedResult(
  text: string | undefined,
  codec: Codec,
  policy: string | undefined,
): Settled<unknown> {
  if (text === undefined) return { status: 'rejected', reason: new ResultOmittedError(policy) }
  try {
    return { status: 'fulfilled', value: codec.decode(text) }
  } catch (cause) {
    return { status: 'rejected', reason: new ResultOmittedError(policy, { cause }) }
  }
}

/** What a duplicate of work that has failed for good gets. No retry repeats it: the answer would be the same. */
export function recordedFailure(text: string | undefined, codec: Codec): unknown {
  try {
    if (text !== undefined) {
      const failure = codec.decode(text) as StoredFailure
      if (!('error' in failure)) return failure.thrown
      const { error } = failure
      const judged = error.failureClass === 'persistent' ? error.failureClass : 'fatal'
      return rebuildError({ ...error, failureClass: judged })
    }
  } catch {
    // Unreadable is as good as not kept.
  }
  return rebuildError({
    name: 'Error',
    message: 'The work has failed before, and its error was not kept',
    failureClass: 'fatal',
  })
}

function storedFailure(reason: unknown): StoredFailure {
  return reason instanceof Error ? { error: plainError(reason) } : { thrown: reason }
}
