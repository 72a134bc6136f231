import type { ControllerSetup } from './controller-setup.ts'
import { Watch } from './watch.ts'

/** What the guards report. */
export interface GuardReports {
  overBudget(value: number, limit: number): void
  leaseLost(): void
}

/** Watches the error budget and the lease while faults are in place. What cannot be measured counts as the worst. */
export class Guards {
  readonly #setup: ControllerSetup
  readonly #watches: readonly Watch[]

  constructor(setup: ControllerSetup, reports: GuardReports) {
    const { clock, errorBudget, lease } = setup
    this.#setup = setup
    const watches: Watch[] = []
    if (errorBudget !== undefined) {
      const { limit, every } = errorBudget
      watches.push(
        new Watch(clock, async () => {
          const value = await this.#measured()
          if (this.#on && !(value <= limit)) reports.overBudget(value, limit)
          return every
        }),
      )
    }
    if (lease !== undefined) {
      watches.push(
        new Watch(clock, async () => {
          const left = await this.#leaseLeft()
          if (this.#on && left <= 0) reports.leaseLost()
          return Math.max(1, Math.min(lease.ttl / 3, left))
        }),
      )
    }
    this.#watches = watches
  }

  get timers(): number {
    return this.#watches.filter(({ on }) => on).length
  }

  start(): void {
    for (const watch of this.#watches) watch.start()
  }

  stop(): void {
    for (const watch of this.#watches) watch.stop()
  }

  /** Whether the lease counts; without one there is nothing to lose. */
  async leaseHolds(): Promise<boolean> {
    return this.#setup.lease === undefined || (await this.#leaseLeft()) > 0
  }

  async isOverBudget(): Promise<boolean> {
    const { errorBudget } = this.#setup
    return errorBudget !== undefined && !((await this.#measured()) <= errorBudget.limit)
  }

  get #on(): boolean {
    return this.#watches.some(({ on }) => on)
  }

  async #measured(): Promise<number> {
    const { errorBudget } = this.#setup
    if (errorBudget === undefined) return 0
    try {
      return await errorBudget.measure(errorBudget.window)
    } catch {
      return Number.NaN
    }
  }

  /** The holder gives a sign of life first. One that fails is lost when the last one no longer counts. */
  async #leaseLeft(): Promise<number> {
    const { lease, follows } = this.#setup
    if (lease === undefined) return Number.POSITIVE_INFINITY
    try {
      if (!follows) await lease.renew()
    } catch {
      // How long the last sign of life counts is asked next.
    }
    try {
      return await lease.remaining()
    } catch {
      return 0
    }
  }
}
