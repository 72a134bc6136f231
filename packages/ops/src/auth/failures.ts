/** Slows down those who guess tokens. */
import type { Clock } from '@seaworthy/core'

const most = 10
const within = 60_000
const mostAddresses = 10_000

/** Counts failures by address: ten within a minute, and the address has to wait for the rest of it. */
export class AuthFailures {
  readonly #clock: Clock
  readonly #byAddress = new Map<string, { count: number; readonly since: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many milliseconds an address has to wait; 0 if it may try. */
  wait(address: string | undefined): number {
    const known = address === undefined ? undefined : this.#byAddress.get(address)
    if (known === undefined || known.count < most) return 0
    return Math.max(0, known.since + within - this.#clock.now())
  }

  add(address: string | undefined): void {
    if (address === undefined) return
    const now = this.#clock.now()
    const known = this.#byAddress.get(address)
    if (known !== undefined && now - known.since < within) {
      known.count++
      return
    }
    this.#byAddress.delete(address)
    if (this.#byAddress.size >= mostAddresses) this.#makeRoom()
    this.#byAddress.set(address, { count: 1, since: now })
  }

  /** The oldest goes: they are in the order of their first failure. */
  #makeRoom(): void {
    const [oldest] = this.#byAddress.keys()
    if (oldest !== undefined) this.#byAddress.delete(oldest)
  }
}
