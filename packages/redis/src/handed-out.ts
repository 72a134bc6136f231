/**
 * What a stream remembers of what it handed out, so that an acknowledgement can bring along what the audit tells: looking it up would cost
 * the server more than the acknowledgement itself. Only a saving: whatever is not known here is looked up there.
 */
import type { Delivery } from '@seaworthy/worker'

/** So many; the oldest are forgotten. They are few unless owners vanish without a word. */
const most = 10_000

interface Known {
  readonly delivery: Delivery
  /** Whether its start is counted. */
  started: boolean
}

export class HandedOut {
  readonly #known = new Map<string, Known>()

  get size(): number {
    return this.#known.size
  }

  remember(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) this.#known.set(delivery.receipt, { delivery, started: false })
    for (const receipt of this.#known.keys()) {
      if (this.#known.size <= most) return
      this.#known.delete(receipt)
    }
  }

  /** Their starts are counted. */
  start(receipts: readonly string[]): void {
    for (const receipt of receipts) {
      const known = this.#known.get(receipt)
      if (known !== undefined) known.started = true
    }
  }

  forget(receipts: readonly string[]): void {
    for (const receipt of receipts) this.#known.delete(receipt)
  }

  clear(): void {
    this.#known.clear()
  }

  /** As the scripts tell a step, in JSON; empty if it is not known. */
  stepOf(receipt: string): string {
    const known = this.#known.get(receipt)
    if (known === undefined) return ''
    const { task, entry, deliveries, starts, failures } = known.delivery
    return JSON.stringify([
      task,
      entry,
      deliveries,
      known.started ? starts + 1 : starts,
      failures,
      false,
      false,
      false,
    ])
  }
}
