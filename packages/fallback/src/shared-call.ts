import { type CallContext, type ExecuteOptions, onAbort, type Settled } from '@seaworthy/core'

/** The options of a shared call: those of the caller who began it, without its signal. */
class SharedOptions implements ExecuteOptions {
  readonly key: string | undefined
  readonly values: ExecuteOptions['values']
  readonly journey: string | undefined
  /** The latest of all callers, since the work is of use until then. */
  deadline: number | undefined

  constructor({ key, values, journey }: CallContext, deadline: number | undefined) {
    this.key = key
    this.values = values
    this.journey = journey
    this.deadline = deadline
  }
}

interface Waiter {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** Takes our listener off the caller's signal. */
  forget: (() => void) | undefined
}

/**
 * One run of a function whose outcome several callers wait for.
 *
 * It runs in a context of its own, so a caller who gives up leaves the others alone. Each caller waits on a promise of
 * its own: what it does next runs in its own async context, not in that of the caller who began.
 */
export class SharedCall {
  readonly key: string
  /** When it began, in milliseconds on the policy's clock. */
  readonly startedAt: number
  /** Whether it goes on though nobody waits. */
  readonly background: boolean
  /** What its function runs in. */
  readonly context: CallContext
  readonly #options: SharedOptions
  readonly #waiters = new Set<Waiter>()

  constructor(key: string, startedAt: number, caller: CallContext, background: boolean) {
    this.key = key
    this.startedAt = startedAt
    this.background = background
    this.#options = new SharedOptions(caller, background ? undefined : caller.deadline)
    this.context = caller.detached(this.#options)
  }

  /** How many callers wait. */
  get waiting(): number {
    return this.#waiters.size
  }

  /**
   * Waits for the outcome. A caller who gives up is rejected at once, with its own reason.
   *
   * @param abandoned - Called when the last caller has given up, with its reason; not for a call in the background.
   */
  wait(caller: CallContext, abandoned: (reason: unknown) => void): Promise<unknown> {
    this.#extend(caller.deadline)
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { resolve, reject, forget: undefined }
      this.#waiters.add(waiter)
      const signal = caller.waitSignal
      if (signal === undefined) return
      waiter.forget = onAbort(signal, (reason) => {
        this.#waiters.delete(waiter)
        reject(reason)
        if (this.#waiters.size === 0 && !this.background) abandoned(reason)
      })
    })
  }

  /** Gives the outcome to all who still wait. */
  settle(outcome: Settled<unknown>): void {
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const { resolve, reject, forget } of waiters) {
      forget?.()
      if (outcome.status === 'fulfilled') resolve(outcome.value)
      else reject(outcome.reason)
    }
  }

  /** Without a deadline there is time without end. */
  #extend(deadline: number | undefined): void {
    const options = this.#options
    if (options.deadline === undefined) return
    options.deadline = deadline === undefined ? undefined : Math.max(options.deadline, deadline)
  }
}
