/** Keeps the leases of a batch while it is worked on, and knows which are lost. */
import type { Timer } from '@seaworthy/core'
import type { Desk } from './desk.ts'

/**
 * Renews at each third of the lease. A letter is lost when the store says so, or when the lease would have lapsed because
 * no renewal got through: its `signal` aborts then, before another may take over.
 */
export class LeaseKeeper {
  readonly #desk: Desk
  readonly #fence: number
  readonly #held: Map<string, AbortController>
  #heldUntil: number
  #timer: Timer | undefined = undefined

  /** @param askedAt - When the lease was asked for, on the clock of the queue: it began no sooner than that. */
  constructor(desk: Desk, ids: readonly string[], fence: number, askedAt: number) {
    this.#desk = desk
    this.#fence = fence
    this.#held = new Map(ids.map((id) => [id, new AbortController()]))
    this.#heldUntil = askedAt + desk.settings.lease
    if (this.#held.size > 0) this.#arm()
  }

  /** Whether the letter is still ours, as far as this process can know. */
  holds(id: string): boolean {
    return this.#held.has(id) && this.#desk.settings.clock.now() < this.#heldUntil
  }

  /** Aborts when the letter is lost. */
  signal(id: string): AbortSignal {
    return this.#held.get(id)?.signal ?? AbortSignal.abort()
  }

  /** Renews this letter no more. The timer ends with the last one. */
  release(id: string): void {
    this.#held.delete(id)
    if (this.#held.size === 0) this.stop()
  }

  /** Renews nothing any more. */
  stop(): void {
    this.#held.clear()
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #arm(): void {
    const { clock, lease } = this.#desk.settings
    const delay = Math.min(lease / 3, this.#heldUntil - clock.now())
    // Work keeps the process alive, not the wish to be told about it.
    this.#timer = clock.setTimer(() => this.#tick(), delay, false)
  }

  #tick(): void {
    const ids = [...this.#held.keys()]
    if (this.#desk.settings.clock.now() < this.#heldUntil) {
      // Not awaited: a renewal that hangs must not hide that time is up.
      void this.#renew(ids)
      this.#arm()
    } else {
      for (const id of ids) this.#lose(id)
    }
  }

  async #renew(ids: readonly string[]): Promise<void> {
    const { clock, lease } = this.#desk.settings
    const askedAt = clock.now()
    try {
      const kept = new Set(await this.#desk.ask('renew', (store) => store.renew(ids, this.#fence, lease)))
      this.#heldUntil = Math.max(this.#heldUntil, askedAt + lease)
      for (const id of ids) if (!kept.has(id)) this.#lose(id)
    } catch {
      // The failure has been reported, and the lease may hold until the next try.
    }
  }

  #lose(id: string): void {
    const controller = this.#held.get(id)
    // Released meanwhile: settled, and so no longer ours to lose.
    if (controller === undefined) return
    this.release(id)
    controller.abort(new Error('The lease of the letter was lost'))
  }
}
