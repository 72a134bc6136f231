/** Keeps the lease of running work, and says when it is lost. */
import type { Clock, Timer } from '@seaworthy/core'
import type { LeaseLoss } from './errors.ts'
import type { IdempotencyStore, Token } from './store.ts'
import { attempt } from './store-calls.ts'

/** The part of a policy's rules that is about leases. Durations are milliseconds. */
export interface LeaseRules {
  readonly store: Pick<IdempotencyStore, 'renew'>
  readonly clock: Clock
  readonly lease: number
  readonly retain: number
  readonly storeTimeout: number
}

/** An owner stops so long before its lease is over, for the time it takes to stop; shorter for a short lease. */
const margin = (lease: number): number => Math.min(2000, lease / 5)

/**
 * The lease of one grant. It is renewed at a third of its length; after a failure ten times as often. A lease begins,
 * for its owner, when the request was sent, so on no clock can it be over for the store before it is for the owner.
 *
 * It keeps one timer, which does not keep the process alive, until {@link Lease.stop}.
 */
export class Lease {
  readonly #rules: LeaseRules
  readonly #key: string
  readonly #token: Token
  readonly #lost: (reason: LeaseLoss) => void
  #until: number
  #timer: Timer | undefined = undefined
  #stopped = false

  /**
   * @param sentAt - When the claim was sent.
   * @param lost - Called once, if the lease is lost. It is stopped then.
   */
  constructor(
    rules: LeaseRules,
    key: string,
    token: Token,
    sentAt: number,
    lost: (reason: LeaseLoss) => void,
  ) {
    this.#rules = rules
    this.#key = key
    this.#token = token
    this.#lost = lost
    this.#until = sentAt + rules.lease
    this.#arm(sentAt + rules.lease / 3)
  }

  /** When it is over, at the earliest. */
  get until(): number {
    return this.#until
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  get #safeUntil(): number {
    return this.#until - margin(this.#rules.lease)
  }

  #arm(at: number): void {
    const { clock } = this.#rules
    this.#timer?.cancel()
    this.#timer = clock.setTimer(this.#renew, Math.max(0, Math.min(at, this.#safeUntil) - clock.now()), false)
  }

  readonly #renew = (): void => {
    const { store, clock, lease, retain, storeTimeout } = this.#rules
    const sentAt = clock.now()
    if (sentAt >= this.#safeUntil) {
      this.#lose('expired')
      return
    }
    this.#arm(sentAt + storeTimeout) // the next try, if there is no answer until then
    attempt(() => store.renew(this.#key, { ...this.#token, lease, retain })).then(
      (answer) => {
        if (this.#stopped) return
        if (answer !== 'renewed') {
          this.#lose(answer)
          return
        }
        this.#until = Math.max(this.#until, sentAt + lease)
        this.#arm(sentAt + lease / 3)
      },
      () => {
        if (!this.#stopped) this.#arm(clock.now() + lease / 30)
      },
    )
  }

  #lose(reason: LeaseLoss): void {
    this.stop()
    this.#lost(reason)
  }
}
