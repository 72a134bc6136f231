import { type CallContext, type ExecuteOptions, onAbort } from '@seaworthy/core'

/** The options of a shared call: those of the caller who began it, without its signal. */
class SharedOptions implements ExecuteOptions {
  readonly key: string | undefined
  readonly values: ExecuteOptions['values']
  readonly journey: string | undefined
  /** The latest of all callers that wait. */
  deadline: number | undefined

  constructor({ key, values, journey }: CallContext, deadline: number | undefined) {
    this.key = key
    this.values = values
    this.journey = journey
    this.deadline = deadline
  }
}

/**
 * One run of a function whose outcome several callers wait for.
 *
 * It runs in a context of its own: a caller who gives up leaves the others alone, and the last one to leave aborts
 * it. Callers are settled through promises that each of them made, so whatever they do next runs in their own
 * async context.
 */
export class SharedCall {
  readonly key: string
  /** When it began, in milliseconds on the policy's clock. */
  readonly startedAt: number
  /** Whether it goes on without anybody who waits. */
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
   * @param abandoned - Called when the last caller has left, before the function is aborted.
   */
  wait(caller: CallContext, abandoned: (call: SharedCall) => void): Promise<unknown> {
    this.#extend(caller.deadline)
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { resolve, reject, forget: undefined }
      this.#waiters.add(waiter)
      const signal = caller.waitSignal
      if (signal === undefined) return
      waiter.forget = onAbort(signal, (reason) => {
        this.#waiters.delete(waiter)
        reject(reason)
        if (this.background || this.#waiters.size > 0) return
        abandoned(this)
        this.context.abort(reason)
      })
    })
  }

  succeeded(value: unknown): void {
    for (const { resolve } of this.#leave()) resolve(value)
  }

  failed(error: unknown): void {
    for (const { reject } of this.#leave()) reject(error)
  }

  #leave(): Waiter[] {
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const { forget } of waiters) forget?.()
    return waiters
  }

  /** A call without a deadline has time without end. */
  #extend(deadline: number | undefined): void {
    const options = this.#options
    if (options.deadline === undefined) return
    options.deadline = deadline === undefined ? undefined : Math.max(options.deadline, deadline)
  }
}

interface Waiter {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** Takes our listener off the caller's signal. */
  forget: (() => void) | undefined
}
