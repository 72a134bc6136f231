/**
 * What a hedge may spend: every call pays in a share of one extra copy, and every extra copy takes one whole out. So
 * extra copies never exceed that share of the calls, at no point in time and without a clock.
 *
 * Source: Twitter Finagle, `BackupRequestFilter` (`maxExtraLoad`), whose own budget starts empty and has no floor.
 */

/** Amounts are whole millionths of a copy, so that shares add up exactly. */
const copy = 1_000_000

/** What quiet times can save up, in copies: the most that may start at once when all calls turn slow together. */
const most = 10 * copy

/** What one call pays in, for a share from 0 to 1. Rounds down, but not for the sake of a floating point error. */
export function contribution(share: number): number {
  return Math.floor(share * copy + 1e-6)
}

/** The balance after a call has paid in. */
export function earn(balance: number, contribution: number): number {
  return Math.min(balance + contribution, most)
}

/** The balance after an extra copy; undefined when there is not enough for one. */
export function spend(balance: number): number | undefined {
  return balance < copy ? undefined : balance - copy
}
