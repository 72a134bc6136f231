/** Claims that were sent and have no answer yet. For authors of stores. */
import type { ClaimOf } from './store.ts'

/** A client may never settle what was under way when a connection broke. */
const most = 10_000

/**
 * Tells a store whether a grant that came too late is still to be given back. If its owner has asked for the same key again meanwhile, it
 * was given the same grant and makes use of it: then it is not.
 *
 * @example
 * ```ts
 * import { UnansweredClaims } from '@seaworthy/idempotency'
 *
 * const unanswered = new UnansweredClaims()
 * const claim = { key: 'order 7', request: { owner: 'ann', fingerprint: '', lease: 1000, retain: 1000, takeover: true } }
 * const [first, second] = [{}, {}]
 * unanswered.sent([claim], first)
 * unanswered.sent([claim], second)
 * console.log(unanswered.answered([claim], first)) // [ false ]: ann has asked again
 * console.log(unanswered.answered([claim], second)) // [ true ]
 * ```
 */
export class UnansweredClaims {
  /** The latest call for each owner and key. */
  readonly #latest = new Map<string, object>()

  /** How many there are. */
  get size(): number {
    return this.#latest.size
  }

  /** @param call - Stands for the call that these claims are part of. */
  sent(claims: readonly ClaimOf[], call: object): void {
    for (const place of claims.map(placeOf)) {
      this.#latest.delete(place)
      this.#latest.set(place, call)
    }
    for (const oldest of this.#latest.keys()) {
      if (this.#latest.size <= most) return
      this.#latest.delete(oldest)
    }
  }

  /**
   * There is an answer, or none will come.
   *
   * @returns For each claim whether it is the latest of its owner for its key. Only then a grant that nobody waits for is to be given back.
   */
  answered(claims: readonly ClaimOf[], call: object): boolean[] {
    return claims.map((claim) => {
      const place = placeOf(claim)
      return this.#latest.get(place) === call && this.#latest.delete(place)
    })
  }
}

/** Names a claim of an owner for a key. */
const placeOf = ({ key, request: { owner } }: ClaimOf): string => `${owner.length}:${owner}${key}`
