import { type Clock, type FailureClass, failureClass, type Random } from '@seaworthy/core'

/** The longest pause between two tries, in milliseconds. Short, since a store that is back should be noticed. */
const longestPause = 5000

/** How long to wait before the next try of a call to a store that failed `failures` times, in milliseconds. */
export function pause(failures: number, random: Random): number {
  return Math.min(longestPause, 100 * 2 ** Math.min(failures - 1, 10)) * (0.5 + random() / 2)
}

/** A call to a store has failed, and what is done about it. */
export interface StoreTrouble {
  /** The method of the store. */
  readonly operation: string
  /** Failures of this call in a row. */
  readonly failures: number
  /** Milliseconds until the next try. */
  readonly delay: number
  readonly failureClass: FailureClass
}

/** What {@link insist} needs. */
export interface InsistOptions {
  readonly clock: Clock
  readonly random: Random
  /** How often the call failed before. @defaultValue 0 */
  readonly failures?: number | undefined
  /** Ends all tries. */
  readonly signal: AbortSignal
  /** Hears of each failure. Must not throw. */
  trouble(trouble: StoreTrouble): void
  /** Hears of a success after failures. Must not throw. */
  recovered(operation: string, failures: number): void
}

/**
 * Calls a store until it answers: what a worker has to say about a task must not be dropped because a store is down.
 *
 * @returns The answer; undefined once the signal has aborted.
 */
export async function insist<T>(
  operation: string,
  call: () => Promise<T>,
  options: InsistOptions,
): Promise<T | undefined> {
  const { clock, random, signal } = options
  for (let { failures = 0 } = options; !signal.aborted; ) {
    try {
      const answer = await call()
      if (failures > 0) options.recovered(operation, failures)
      return answer
    } catch (error) {
      failures++
      const delay = pause(failures, random)
      options.trouble({ operation, failures, delay, failureClass: classOf(error) })
      await clock.sleep(delay, signal).catch(() => {})
    }
  }
  return undefined
}

/** The class of any error, even one whose properties throw. */
export function classOf(error: unknown): FailureClass {
  try {
    return failureClass(error)
  } catch {
    return 'transient'
  }
}
