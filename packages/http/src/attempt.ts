import { type DeadlineList, type DeadlineNode, onAbort, type Timer } from '@seaworthy/core'
import { HttpTimeoutError, type HttpTimeoutScope } from './errors.ts'
import type { Abortable, Exchange, Sending } from './exchange.ts'

/** How long a send may take, and who measures it. */
export interface AttemptLimit {
  /** The name of the client, for errors. */
  readonly policy: string | undefined
  /** Milliseconds. */
  readonly limit: number
  readonly scope: HttpTimeoutScope
  /** Whether it goes on until the body of the answer has ended. */
  readonly coversBody: boolean
  /** Shared by all sends with this limit; undefined when it needs a timer of its own. */
  readonly list: DeadlineList | undefined
  /** Starts a timer of its own. */
  timer(expire: () => void): Timer
}

const nothing = (): void => {}

/**
 * One send of a request: its time limit, its abort, and the race between them and the answer. It rejects at once when
 * either strikes, also if the client ignores its signal; an answer that comes later is discarded. A client that is known to
 * reject by itself when its time is over is not raced, which is a promise less (bench: `overhead.1`).
 *
 * Its fields are declared and set in the constructor, since there is one for every send.
 */
export abstract class Attempt<R> implements Sending<R>, DeadlineNode {
  declare readonly attempt: number
  declare headers: ReadonlyMap<string, string> | undefined
  declare abortable: Sending<R>['abortable']
  declare private reached: Abortable | undefined
  declare private abortion: { readonly reason: unknown } | undefined
  declare previous: DeadlineNode | undefined
  declare next: DeadlineNode | undefined
  declare due: number

  /** When it began, if somebody wants to know. */
  declare sentAt: number
  declare protected readonly exchange: Exchange<R>
  declare private timeLimit: AttemptLimit | undefined
  declare private timer: Timer | undefined
  declare private controller: AbortController | undefined
  declare private unlinkCaller: (() => void) | undefined
  declare private unlinkContext: (() => void) | undefined
  /** Settle the race; without one, `nothing`. */
  declare private resolve: (outcome: unknown) => void
  declare private reject: (reason: unknown) => void
  /** Whether its outcome is known: an answer, an error, or that nobody waits. */
  declare private settled: boolean
  declare private hasAnswer: boolean

  constructor(exchange: Exchange<R>, attempt: number) {
    this.attempt = attempt
    this.headers = undefined
    this.abortable = 'never'
    this.reached = undefined
    this.abortion = undefined
    this.previous = undefined
    this.next = undefined
    this.due = 0
    this.sentAt = 0
    this.exchange = exchange
    this.timeLimit = undefined
    this.timer = undefined
    this.controller = undefined
    this.unlinkCaller = undefined
    this.unlinkContext = undefined
    this.resolve = nothing
    this.reject = nothing
    this.settled = false
    this.hasAnswer = false
  }

  /** An answer came. @returns What it comes to. @throws What the send rejects with in its place. */
  protected abstract answered(result: R): unknown

  /** No answer came. @returns What it comes to in spite of that. @throws What the send rejects with. */
  protected abstract failed(error: unknown): unknown

  get abortSignal(): AbortSignal | undefined {
    if (this.abortable === 'never') return undefined
    this.controller ??= new AbortController()
    return this.controller.signal
  }

  /**
   * Sends.
   *
   * @param now - The time, if somebody wants to know.
   * @param timeLimit - How long it may take.
   * @param outside - The signal of the policies around it, where that is another one than the caller's.
   * @param repeats - Whether another send may follow.
   */
  run(
    now: number,
    timeLimit: AttemptLimit | undefined,
    outside: AbortSignal | undefined,
    repeats: boolean,
  ): Promise<unknown> {
    this.sentAt = now
    this.timeLimit = timeLimit
    if (timeLimit !== undefined) this.abortable = timeLimit.coversBody ? 'until-read' : 'until-answered'
    const { exchange } = this
    if (exchange.promises === true && exchange.signal === undefined && outside === undefined) {
      const sent = this.transmit(repeats)
      if (sent !== undefined && this.reached?.settles === true) return this.follow(sent)
      return this.race(() => {
        if (this.settled) this.settleFailure(this.abortion?.reason) // Its time was over before it was sent.
        return sent
      })
    }
    return this.race(() => {
      this.link(outside)
      return this.settled ? undefined : this.transmit(repeats) // One of them may have aborted already.
    })
  }

  private transmit(repeats: boolean): Promise<R> | undefined {
    this.startClock()
    try {
      return this.exchange.send(this, repeats)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  private race(begin: () => Promise<R> | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
      begin()?.then(
        (result) => this.answer(result),
        (error: unknown) => this.fail(error),
      )
    })
  }

  /** The outcome of a send that rejects by itself when it is aborted. */
  private follow(sent: Promise<R>): Promise<unknown> {
    return sent.then(
      (result) => {
        if (!this.settled) return this.take(result)
        this.exchange.discard(result)
        return this.failed(this.abortion?.reason)
      },
      (error: unknown) => {
        if (this.settled) return this.failed(this.abortion?.reason)
        this.settled = true
        this.release()
        return this.failed(error)
      },
    )
  }

  reach(target: Abortable | undefined): void {
    this.reached = target
    if (this.abortion !== undefined) target?.abort(this.abortion.reason)
  }

  answer(result: R): void {
    if (this.settled) {
      this.exchange.discard(result)
      return
    }
    try {
      this.resolve(this.take(result))
    } catch (error) {
      this.reject(error)
    }
  }

  private take(result: R): unknown {
    this.settled = true
    this.hasAnswer = true
    this.unlinkContext?.()
    this.unlinkContext = undefined
    if (this.timeLimit?.coversBody === false) this.stopClock()
    return this.answered(result)
  }

  /** Hands its answer to the caller: only the body can be aborted from now on. */
  deliver(result: R): R {
    const abortable =
      this.unlinkCaller !== undefined || this.previous !== undefined || this.timer !== undefined
    return this.exchange.deliver(result, abortable ? () => this.release() : undefined)
  }

  /** Nobody gets its answer. */
  discard(result: R): void {
    this.release()
    this.exchange.discard(result)
  }

  fail(error: unknown): void {
    if (this.settled) return
    this.settled = true
    this.release()
    this.settleFailure(error)
  }

  private settleFailure(error: unknown): void {
    try {
      this.resolve(this.failed(error))
    } catch (thrown) {
      this.reject(thrown)
    }
  }

  /** Time is up: of this send, or of the body of its answer. */
  expire(): void {
    this.timer = undefined
    const { policy, limit, scope } = this.timeLimit as AttemptLimit
    this.abort(new HttpTimeoutError(policy, limit, scope, this.hasAnswer ? 'body' : 'headers'))
  }

  /** Whoever is outside may still abort it. */
  private stopClock(): void {
    this.timeLimit?.list?.remove(this)
    this.timer?.cancel()
    this.timer = undefined
  }

  /** Nothing can abort it any more, and nothing is left behind. */
  release(): void {
    this.stopClock()
    this.unlinkContext?.()
    this.unlinkContext = undefined
    this.unlinkCaller?.()
    this.unlinkCaller = undefined
  }

  private link(outside: AbortSignal | undefined): void {
    const { signal } = this.exchange
    if (signal !== undefined) {
      this.abortable = 'until-read'
      const abort = (reason: unknown): void => this.abort(reason)
      this.unlinkCaller = 'onAbort' in signal ? signal.onAbort(abort) : onAbort(signal, abort)
    }
    if (outside !== undefined && outside !== signal && !this.settled) {
      if (this.abortable === 'never') this.abortable = 'until-answered'
      this.unlinkContext = onAbort(outside, (reason) => this.abort(reason))
    }
  }

  private startClock(): void {
    const { timeLimit } = this
    if (timeLimit === undefined) return
    if (timeLimit.list === undefined) this.timer = timeLimit.timer(() => this.expire())
    else timeLimit.list.add(this)
  }

  private abort(reason: unknown): void {
    const late = this.settled
    this.settled = true
    this.release()
    if (!late && this.reject !== nothing) this.settleFailure(reason)
    this.abortion ??= { reason }
    this.reached?.abort(reason)
    this.controller?.abort(reason)
  }
}
