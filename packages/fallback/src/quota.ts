/**
 * When a provider may be asked again after it said that it was asked too often. A pure reducer, one for each quota: providers
 * that share an account share it. It knows nothing of health: who sheds load is alive.
 */

/** What is known about a quota. */
export interface Quota {
  /** No attempt begins before. */
  readonly until: number
  /** Refusals in a row that named no time. */
  readonly unhinted: number
}

/** What can happen to it. */
export type QuotaInput =
  /** `hint`: the milliseconds that the server asked for. `roll`: a random number in [0, 1), for jitter. */
  | {
      readonly type: 'limited'
      readonly hint: number | undefined
      readonly startedAt: number
      readonly roll: number
    }
  /** An attempt got an answer. */
  | { readonly type: 'answered'; readonly startedAt: number }

/** Without a hint: this long, twice it the next time, and so on up to the longest. */
const first = 1000
const longest = 15_000

/** Jitter only ever adds: nobody comes back before the time that the server named. */
const jitter = 0.1
const mostJitter = 1000

/** A quota that has room, as far as is known. */
export const freshQuota: Quota = { until: Number.NEGATIVE_INFINITY, unhinted: 0 }

/** The next state. A time that a server named is never shortened by anything that happens later. */
export function nextQuota(quota: Quota, input: QuotaInput, now: number): Quota {
  const { until, unhinted } = quota
  // Attempts that began before the last refusal say nothing about the time after it.
  const current = input.startedAt >= until
  if (input.type === 'answered') return current && unhinted > 0 ? { until, unhinted: 0 } : quota
  const { hint, roll } = input
  if (hint !== undefined) {
    const named = Math.max(0, Math.ceil(hint))
    return { until: Math.max(until, now + named + roll * Math.min(mostJitter, jitter * named)), unhinted }
  }
  if (!current) return quota
  const cooldown = Math.min(first * 2 ** unhinted, longest)
  return { until: Math.max(until, now + cooldown * (1 + jitter * roll)), unhinted: unhinted + 1 }
}
