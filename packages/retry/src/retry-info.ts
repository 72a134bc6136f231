import type { GaveUpReason } from './decision.ts'

/** What a retry noted on an error. */
export interface RetryInfo {
  /** How many attempts ran. */
  readonly attempts: number
  /** Why there was no other. */
  readonly reason: GaveUpReason
}

interface Noted {
  attempts?: unknown
  retryReason?: unknown
}

/**
 * What the retry that gave up noted on an error: the non-enumerable properties `attempts` and `retryReason`.
 *
 * Undefined for anything a retry has not given up on, or could not write to: primitives, frozen objects, errors
 * with an `attempts` of their own.
 *
 * @example
 * ```ts
 * import { retry, retryInfo } from '@seaworthy/retry'
 *
 * try {
 *   await retry({ attempts: 2, delay: 10 }).execute(() => Promise.reject(new Error('down')))
 * } catch (error) {
 *   console.log(retryInfo(error)) // { attempts: 2, reason: 'attempts' }
 * }
 * ```
 */
export function retryInfo(error: unknown): RetryInfo | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { attempts, retryReason } = error as Noted
  if (typeof attempts !== 'number' || typeof retryReason !== 'string') return undefined
  return { attempts, reason: retryReason as GaveUpReason }
}

/**
 * Notes on an error how its retries ended, and what the server asked for if the error does not say so itself.
 */
export function noteOn(
  error: unknown,
  attempts: number,
  retryReason: GaveUpReason,
  retryAfter: number | undefined,
): void {
  if (typeof error !== 'object' || error === null) return
  try {
    if ('attempts' in error && !('retryReason' in error)) return
    note(error, 'attempts', attempts)
    note(error, 'retryReason', retryReason)
    if (retryAfter !== undefined && !('retryAfter' in error)) note(error, 'retryAfter', retryAfter)
  } catch {
    // Frozen, a proxy, or a locked property: the error matters more than the note.
  }
}

function note(error: object, name: string, value: unknown): void {
  Object.defineProperty(error, name, { value, configurable: true, writable: true, enumerable: false })
}
