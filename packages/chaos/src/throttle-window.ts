import { type Clock, duration } from '@seaworthy/core'
import type { Fault } from './fault.ts'

/** The calls that a `throttle` lets through: so many in each fixed window of time, which begins with its first call. */
export class ThrottleWindow {
  readonly #clock: Clock
  readonly #limit: number
  readonly #length: number
  #ends = Number.NEGATIVE_INFINITY
  #admitted = 0

  constructor(fault: Fault, clock: Clock) {
    this.#clock = clock
    this.#limit = fault.kind === 'throttle' ? (fault.limit ?? 0) : 0
    this.#length = duration('per', (fault.kind === 'throttle' ? fault.per : undefined) ?? '1s', 1)
  }

  /** Whether one more call fits in. */
  admits(): boolean {
    if (this.#limit === 0) return false
    const now = this.#clock.now()
    if (now >= this.#ends) {
      this.#ends = now + this.#length
      this.#admitted = 0
    }
    if (this.#admitted >= this.#limit) return false
    this.#admitted++
    return true
  }
}
