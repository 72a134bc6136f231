/** The known traps, as rules over one composition. */
import type { PolicyDescription } from './describe.ts'
import {
  breakerOutsideRetry,
  fallbackInsideBreaker,
  missesRecovery,
  neverTrips,
  opensWithinOneCall,
  recoveriesOutOfOrder,
} from './explain-circuits.ts'
import { type Composition, isCollapsed } from './explain-cost.ts'
import {
  fallbackHidesBugs,
  fallbackInsideRetry,
  placesHeldWhileWaiting,
  retriesBypassRateLimit,
  retriesMultiplied,
  retryInsideRetry,
} from './explain-retries.ts'
import {
  hangsUnnoticed,
  limitsOutOfOrder,
  missesDuration,
  neverEnds,
  noRoomForRetries,
  waitsTooLong,
} from './explain-time.ts'
import type { CompositionWarning } from './explain-warning.ts'
