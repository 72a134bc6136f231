/** How often what happened, in slots of five minutes for a day, in fixed memory. */

const slotLength = 300_000
const slots = 288
/** What a process counts has few names; should it have many, those that come later are left out. */
const mostAccounts = 3000

/** What is counted, of which component. */
export interface AccountName {
  readonly kind: string
  readonly name: string
  readonly what: string
}

interface Account extends AccountName {
  readonly values: Float64Array
}

export class Ledger {
  readonly #accounts = new Map<string, Account>()
  readonly #began: number
  #slot = 0

  /** @param now - On a clock that never goes back, as everywhere here. */
  constructor(now: number) {
    this.#began = now
  }

  add(now: number, kind: string, name: string, what: string, value = 1): void {
    if (value === 0) return
    this.#turn(now)
    const key = `${kind}\u0000${name}\u0000${what}`
    let account = this.#accounts.get(key)
    if (account === undefined) {
      if (this.#accounts.size >= mostAccounts) return
      account = { kind, name, what, values: new Float64Array(slots) }
      this.#accounts.set(key, account)
    }
    const index = this.#slot % slots
    account.values[index] = (account.values[index] as number) + value
  }

  /** The sums of a time until now. Slots count whole: it may reach back up to five minutes further. */
  sums(now: number, window: number): (AccountName & { readonly value: number })[] {
    this.#turn(now)
    const first = Math.max(this.#slotOf(now - window), this.#slot - slots + 1, 0)
    return [...this.#accounts.values()].map(({ kind, name, what, values }) => {
      let value = 0
      for (let slot = first; slot <= this.#slot; slot++) value += values[slot % slots] as number
      return { kind, name, what, value }
    })
  }

  /** How far back the sums of a window really reach, in milliseconds. */
  reach(now: number, window: number): number {
    const first = Math.max(this.#slotOf(now - window), this.#slotOf(now) - slots + 1, 0)
    return now - this.#began - first * slotLength
  }

  #slotOf(now: number): number {
    return Math.floor((now - this.#began) / slotLength)
  }

  /** Empties the slots that time has come round to. */
  #turn(now: number): void {
    const slot = this.#slotOf(now)
    if (slot <= this.#slot) return
    const empty = Math.min(slot - this.#slot, slots)
    for (const { values } of this.#accounts.values())
      for (let i = 0; i < empty; i++) values[(slot - i) % slots] = 0
    this.#slot = slot
  }
}
