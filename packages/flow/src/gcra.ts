/**
 * The generic cell rate algorithm: a token bucket whose whole state is the *theoretical arrival time* at
 * which the next call would arrive if all calls kept exactly to the rate.
 *
 * A call may pass if it is at most `burst - 1` intervals ahead of that time; then the time moves on by one
 * interval. So at most `burst + t / interval` calls pass in any span of `t` milliseconds, wherever it begins:
 * no window starts anew at fixed times. A clock that goes back grants nothing.
 *
 * Source: ITU-T I.371, annex A, "virtual scheduling algorithm".
 */

/** `limit` calls in `per` milliseconds, of which `burst` may come at once. */
export interface Rate {
  readonly limit: number
  readonly per: number
  readonly burst: number
}

/**
 * What one key has used. The theoretical arrival time is `since` plus `passed` intervals: two numbers instead
 * of their sum, since sums of inexact intervals drift, and exactly `burst` calls must pass at once for any
 * rate. Changed in place, because it changes with every call.
 */
export interface Allowance {
  /** When calls began to come faster than the rate; minus infinity if none ever came. */
  since: number
  /** How many have passed from then on. */
  passed: number
}

/** When the next call may pass, or the one that has `ahead` others before it. */
export function allowedAt({ since, passed }: Allowance, rate: Rate, ahead = 0): number {
  return since + ((passed + ahead - rate.burst + 1) * rate.per) / rate.limit
}

/** Whether nothing of the allowance is used. */
export function isFull({ since, passed }: Allowance, now: number, rate: Rate): boolean {
  return since + (passed * rate.per) / rate.limit <= now
}

/** Lets a call pass at `now`. */
export function pass(allowance: Allowance, now: number, rate: Rate): void {
  if (isFull(allowance, now, rate)) {
    allowance.since = now
    allowance.passed = 1
  } else allowance.passed++
}

/** How many calls could pass at once. */
export function available({ since, passed }: Allowance, now: number, rate: Rate): number {
  const refilled = Math.floor(((now - since) * rate.limit) / rate.per)
  return Math.max(0, Math.min(rate.burst, rate.burst - passed + refilled))
}
