/** How long an answer may be served again. */

/** Limits on the age of an answer, in milliseconds. */
export interface AgeLimits {
  /** Up to here it is as good as new. */
  readonly ttl: number
  /** For so long after `ttl` it is better than nothing. */
  readonly staleFor: number
}

/**
 * - `fresh`: served without a call.
 * - `stale`: served where a call fails or is out of the question.
 * - `dead`: never served.
 */
export type Freshness = 'fresh' | 'stale' | 'dead'

/**
 * Judges an answer by its age, which begins with the call that brought it: an answer can be as old as the moment when
 * the question was asked.
 *
 * Source: RFC 9111, "HTTP Caching", section 4.2.3 (`response_delay` counts as age), and RFC 5861, `stale-if-error`.
 */
export function freshness(age: number, { ttl, staleFor }: AgeLimits): Freshness {
  if (age < ttl) return 'fresh'
  return age < ttl + staleFor ? 'stale' : 'dead'
}
