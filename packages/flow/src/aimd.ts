import type { WindowSummary } from './sample-window.ts'

/** The rules of {@link aimd}. */
export interface AimdRules {
  readonly min: number
  readonly max: number
  /** What the limit is multiplied with when calls were dropped, above 0 and below 1. */
  readonly backoff: number
}

/**
 * Additive increase, multiplicative decrease: any drop in the window shrinks the limit; a window without one
 * adds 1, if at least half of the limit was in use. Growth that nobody asked for would be no evidence that it
 * holds.
 *
 * Source: D. Chiu, R. Jain, "Analysis of the increase and decrease algorithms for congestion avoidance"; the
 * rule of half use as in Netflix concurrency-limits, `AIMDLimit`.
 */
export function aimd(
  limit: number,
  { drops, peak }: WindowSummary,
  { min, max, backoff }: AimdRules,
): number {
  if (drops > 0) return Math.max(min, Math.floor(limit * backoff))
  return 2 * peak >= limit ? Math.min(max, limit + 1) : limit
}
