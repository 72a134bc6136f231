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

/** Who makes a send: judges how it ended. */
export interface Sender<R> {
  /** An answer came. @returns What it comes to. @throws What the send rejects with in its place. */
  answered(result: R, attempt: Attempt<R>): unknown
  /** No answer came. @returns What the send rejects with. */
  failed(error: unknown, attempt: Attempt<R>): unknown
}

const nothing = (): void => {}

/**
 * One send of a request: its time limit, its abort, and the race between them and the answer. It rejects at once when
 * either strikes, also if the client ignores its signal; an answer that comes later is discarded.
 *
 * Its fields are declared and set in the constructor, since there is one for every send.
 */
export class Attempt<R> implements Sending<R>, DeadlineNode {
  declare readonly attempt: number
  declare readonly headers: ReadonlyMap<string, string> | undefined
  declare abortable: Sending<R>['abortable']
  declare private reached: Abortable | undefined
  declare private abortion: { readonly reason: unknown } | undefined
  declare previous: DeadlineNode | undefined
  declare next: DeadlineNode | undefined
  declare due: number

  /** When it began, if somebody wants to know. */
  declare readonly began: number
  declare private readonly sender: Sender<R>
  declare private readonly exchange: Exchange<R>
  declare private readonly limit: AttemptLimit | undefined
  declare private timer: Timer | undefined
  declare private controller: AbortController | undefined
  declare private unlinkCaller: (() => void) | undefined
  declare private unlinkContext: (() => void) | undefined
  declare private resolve: (outcome: unknown) => void
  declare private reject: (reason: unknown) => void
  /** Whether its outcome is known: an answer, an error, or that nobody waits. */
  declare private settled: boolean
  declare private answered: boolean

  constructor(
    sender: Sender<R>,
    exchange: Exchange<R>,
    attempt: number,
    began: number,
    headers: ReadonlyMap<string, string> | undefined,
    limit: AttemptLimit | undefined,
  ) {
    this.attempt = attempt
    this.headers = headers
    this.reached = undefined
    this.abortion = undefined
    this.previous = undefined
    this.next = undefined
    this.due = 0
    this.began = began
    this.sender = sender
    this.exchange = exchange
    this.limit = limit
    this.timer = undefined
    this.controller = undefined
    this.abortable = limit === undefined ? 'never' : limit.coversBody ? 'until-read' : 'until-answered'
    this.unlinkCaller = undefined
    this.unlinkContext = undefined
    this.resolve = nothing
    this.reject = nothing
    this.settled = false
    this.answered = false
  }

  get signal(): AbortSignal | undefined {
    if (this.abortable === 'never') return undefined
    this.controller ??= new AbortController()
    return this.controller.signal
  }

  /**
   * Sends.
   *
   * @param outside - The signal of the policies around it, where that is another one than the caller's.
   * @param repeats - Whether another send may follow.
   */
  run(outside: AbortSignal | undefined, repeats: boolean): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
      this.link(outside)
      if (this.settled) return // One of them had aborted already.
      this.startClock()
      this.exchange.send(this, repeats)?.then(
        (result) => this.answer(result),
        (error: unknown) => this.fail(error),
      )
    })
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
    this.settled = true
    this.answered = true
    this.unlinkContext?.()
    this.unlinkContext = undefined
    if (this.limit?.coversBody === false) this.stopClock()
    try {
      this.resolve(this.sender.answered(result, this))
    } catch (error) {
      this.reject(error)
    }
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
    this.reject(this.sender.failed(error, this))
  }

  /** Time is up: of this send, or of the body of its answer. */
  expire(): void {
    this.timer = undefined
    const { policy, limit, scope } = this.limit as AttemptLimit
    this.abort(new HttpTimeoutError(policy, limit, scope, this.answered ? 'body' : 'headers'))
  }

  /** Whoever is outside may still abort it. */
  private stopClock(): void {
    this.limit?.list?.remove(this)
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
    const { limit } = this
    if (limit === undefined) return
    if (limit.list === undefined) this.timer = limit.timer(() => this.expire())
    else limit.list.add(this)
  }

  private abort(reason: unknown): void {
    const late = this.settled
    this.settled = true
    this.release()
    if (!late) this.reject(this.sender.failed(reason, this))
    this.abortion ??= { reason }
    this.reached?.abort(reason)
    this.controller?.abort(reason)
  }
}
