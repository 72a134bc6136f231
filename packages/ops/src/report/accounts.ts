/** The ledger, read for a report. */
import type { AccountName } from '../figures/ledger.ts'

type Sum = AccountName & { readonly value: number }

/** Sums by kind, name and what was counted. */
export class Accounts {
  readonly #sums: readonly Sum[]

  constructor(sums: readonly Sum[]) {
    this.#sums = sums.filter(({ value }) => value > 0)
  }

  /** All of a kind, and of a name if one is given. */
  of(kind: string | readonly string[], what: string, name?: string): number {
    const kinds = typeof kind === 'string' ? [kind] : kind
    let sum = 0
    for (const each of this.#sums)
      if (each.what === what && kinds.includes(each.kind) && (name ?? each.name) === each.name)
        sum += each.value
    return sum
  }

  /** What was counted whose name begins so. */
  startingWith(prefix: string): Sum[] {
    return this.#sums.filter(({ what }) => what.startsWith(prefix))
  }
}

/** A part of a whole, to four digits; `null` where there is no whole. */
export const share = (part: number, whole: number): number | null =>
  whole === 0 ? null : Math.round((part / whole) * 10_000) / 10_000
