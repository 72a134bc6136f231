import type { CallContext, Inner, Settled } from '@seaworthy/core'
import type { SharedCall } from './shared-call.ts'

/** Called when a function has ended. `current` says whether its call was still the one of its key. */
export type Ended = (call: SharedCall, outcome: Settled<unknown>, current: boolean) => void

/**
 * The running calls of a cache.
 *
 * Each key has one current call at most. Only that one is joined by others, and only its answer counts. A call that was
 * taken off that place never comes back, so answers of one key count in the order in which their calls began.
 */
export class SharedCalls {
  readonly #joinFor: number
  readonly #ended: Ended
  readonly #current = new Map<string, SharedCall>()
  /** How many functions run, those of outdated calls included. */
  running = 0
  /** How many callers wait. */
  waiting = 0

  /** @param joinFor - How many milliseconds after its start a call may be joined. */
  constructor(joinFor: number, ended: Ended) {
    this.#joinFor = joinFor
    this.#ended = ended
  }

  /** The call that is running for a key, if it may be joined. If it is too old for that, it is outdated. */
  find(key: string, now: number): SharedCall | undefined {
    const call = this.#current.get(key)
    if (call === undefined || now - call.startedAt < this.#joinFor) return call
    this.#outdate(call)
    return undefined
  }

  /** Begins the call of its key. */
  start(call: SharedCall, inner: Inner): void {
    this.#current.set(call.key, call)
    this.running++
    inner.run(call.context).then(
      (value) => this.#end(call, { status: 'fulfilled', value }),
      (reason) => this.#end(call, { status: 'rejected', reason }),
    )
  }

  /** Waits for the outcome of a call. When all who wait have given up, its function is told to stop. */
  wait(call: SharedCall, caller: CallContext): Promise<unknown> {
    this.waiting++
    return call.wait(caller, (reason) => this.#outdate(call, reason)).finally(() => this.waiting--)
  }

  /** Outdates the call of a key. */
  invalidate(key: string): void {
    const call = this.#current.get(key)
    if (call !== undefined) this.#outdate(call)
  }

  /** Outdates all calls. */
  clear(): void {
    for (const call of this.#current.values()) this.#outdate(call)
  }

  #end(call: SharedCall, outcome: Settled<unknown>): void {
    this.running--
    const current = this.#retire(call)
    call.settle(outcome)
    this.#ended(call, outcome, current)
  }

  /** Nobody joins the call any more, and its answer does not count. If nobody waits for it either, it ends. */
  #outdate(call: SharedCall, reason: unknown = unneeded()): void {
    this.#retire(call)
    if (call.waiting === 0) call.context.abort(reason)
  }

  /** @returns Whether it was the current call of its key. */
  #retire(call: SharedCall): boolean {
    return this.#current.get(call.key) === call && this.#current.delete(call.key)
  }
}

/** Why a function in the background is told to stop. */
const unneeded = (): DOMException => new DOMException('Nobody needs the answer any more', 'AbortError')
