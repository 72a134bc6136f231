/** The known traps, as rules over one composition. */
import {
  breakerOutsideRetry,
  fallbackInsideBreaker,
  missesRecovery,
  neverTrips,
  opensWithinOneCall,
  recoveriesOutOfOrder,
} from './explain-circuits.ts'
import type { Composition } from './explain-cost.ts'
import {
  fallbackHidesBugs,
  fallbackInsideRetry,
  placesHeldWhileWaiting,
  retriesBypassRateLimit,
  retriesMultiplied,
  retryInsideRetry,
} from './explain-retries.ts'
import { hangsUnnoticed, limitsOutOfOrder, noRoomForRetries, waitsTooLong } from './explain-time.ts'
import type { CompositionWarning } from './explain-warning.ts'

/** The rules that need nothing but the composition. */
const rules: ReadonlyArray<(composition: Composition) => CompositionWarning[]> = [
  limitsOutOfOrder,
  hangsUnnoticed,
  noRoomForRetries,
  waitsTooLong,
  retryInsideRetry,
  retriesMultiplied,
  neverTrips,
  breakerOutsideRetry,
  opensWithinOneCall,
  recoveriesOutOfOrder,
  fallbackInsideRetry,
  fallbackInsideBreaker,
  fallbackHidesBugs,
  retriesBypassRateLimit,
  placesHeldWhileWaiting,
]

/**
 * The traps of one composition, whatever is around it.
 *
 * @param recovery - The longest that recovery may take; Infinity if nothing was asked for.
 */
export function trapsOf(composition: Composition, recovery: number): CompositionWarning[] {
  return [...rules.flatMap((rule) => rule(composition)), ...missesRecovery(composition, recovery)]
}

/** The worst first: errors, warnings, information. */
export function bySeverity(warnings: readonly CompositionWarning[]): CompositionWarning[] {
  const order = ['error', 'warning', 'info']
  return [...warnings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
}
