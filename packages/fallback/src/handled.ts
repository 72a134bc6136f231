/** Which failures the policies of this package answer in place of. */
import { isProgrammerError } from '@seaworthy/core'

/** The default of every `when`: any failure but a bug. Nobody finds a `TypeError` that is answered with a default. */
export const handledByDefault = (error: unknown): boolean => !isProgrammerError(error)

/** Asks a predicate of the user. One that throws hides nothing: it counts as no. */
export function holds<T>(predicate: (value: T) => boolean, value: T): boolean {
  try {
    return predicate(value)
  } catch {
    return false
  }
}

/** Whether a predicate also handles bugs, for `explain`. */
export function handlesBugs(when: (error: unknown) => boolean): boolean {
  return holds(when, new TypeError('a programming error, made up to see whether it would be handled'))
}
