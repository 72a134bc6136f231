/** Time limits for what may hang. */
import type { Clock } from '@seaworthy/core'
import { Fault } from './fault.ts'

/**
 * What `work` resolves with, or what `late` gives if it takes longer than `limit` milliseconds. What comes too late is ignored, also an error.
 */
export function within<T>(
  clock: Clock,
  limit: number,
  work: () => T | PromiseLike<T>,
  late: () => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(
      () => {
        try {
          resolve(late())
        } catch (error) {
          reject(error)
        }
      },
      limit,
      false,
    )
    const settle = (end: () => void): void => {
      timer.cancel()
      end()
    }
    // `work` may throw before it returns a promise.
    Promise.resolve()
      .then(work)
      .then(
        (value) => settle(() => resolve(value)),
        (error: unknown) => settle(() => reject(error)),
      )
  })
}

/** For `late`: the caller is told that it took too long. */
export function tooLate(): never {
  throw new Fault(504, 'timeout', 'It took too long. It may still come about.')
}
