import type { Clock, Timer } from '@seaworthy/core'
import { drainBytes, drainTime, type Sending } from '@seaworthy/http'
import type { Dispatcher } from 'undici'
import type { CallerController } from './undici-controller.ts'

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

const none: Headers = {}

/** Why we end a connection whose answer nobody wants. */
const unwanted = 'The answer was not wanted any more.'

/**
 * One send: hears its events and holds its answer, the connection paused if it is long, until it is known whether the caller gets it
 * or nobody does.
 *
 * - `sent`: nothing has come. `held`: the headers have. `delivered`: the caller hears the rest. `unwanted`: nobody does.
 */
export class DispatchAnswer implements Dispatcher.DispatchHandler {
  declare status: number
  declare headers: Headers
  /** Whether the request came this way after a redirection. */
  declare redirected: boolean
  declare private state: 'sent' | 'held' | 'delivered' | 'unwanted'
  declare private readonly handler: Dispatcher.DispatchHandler
  declare private readonly caller: CallerController
  declare private readonly sending: Sending<DispatchAnswer>
  declare private controller: Dispatcher.DispatchController | undefined
  declare private statusMessage: string | undefined
  /** Whether the connection waits because of us. */
  declare private paused: boolean
  /** What came while nobody wanted to hear it yet: the end of a short answer, or what the connection had read before it paused. */
  declare private waiting: (() => void)[]
  declare private ended: (() => void) | undefined
  declare private abortReason: { readonly reason: unknown } | undefined
  declare private drained: number
  declare private timer: Timer | undefined

  constructor(
    handler: Dispatcher.DispatchHandler,
    caller: CallerController,
    sending: Sending<DispatchAnswer>,
  ) {
    this.handler = handler
    this.caller = caller
    this.sending = sending
    this.redirected = false
    this.status = 0
    this.headers = none
    this.state = 'sent'
    this.controller = undefined
    this.statusMessage = undefined
    this.paused = false
    this.waiting = []
    this.ended = undefined
    this.abortReason = undefined
    this.drained = 0
    this.timer = undefined
  }

  onRequestStart(
    controller: Dispatcher.DispatchController,
    context: { history?: unknown[] } | undefined,
  ): void {
    this.controller = controller
    if ((context?.history?.length ?? 0) > 0) this.redirected = true
    if (this.abortReason !== undefined) controller.abort(this.abortReason.reason as Error)
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Headers,
    socket: Parameters<NonNullable<Dispatcher.DispatchHandler['onRequestUpgrade']>>[3],
  ): void {
    this.controller = controller
    this.status = status
    this.state = 'delivered'
    this.handler.onRequestUpgrade?.(this.caller, status, headers, socket)
    this.sending.answer(this)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Headers,
    statusMessage?: string,
  ): void {
    this.controller = controller
    if (this.state !== 'sent') return
    if (status < 200) {
      this.caller.rawHeaders = controller.rawHeaders ?? null
      this.handler.onResponseStart?.(this.caller, status, headers, statusMessage)
      return
    }
    this.status = status
    this.headers = headers
    this.statusMessage = statusMessage
    this.state = 'held'
    this.sending.answer(this)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.state === 'held') {
      controller.pause()
      this.paused = true
      this.waiting.push(() => this.onResponseData(controller, chunk))
    } else if (this.state === 'delivered') this.handler.onResponseData?.(this.caller, chunk)
    else this.swallow(chunk)
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: Headers): void {
    if (this.state === 'held') {
      this.waiting.push(() => this.onResponseEnd(controller, trailers))
      return
    }
    this.finish()
    if (this.state !== 'delivered') return
    this.caller.rawTrailers = controller.rawTrailers ?? null
    this.handler.onResponseEnd?.(this.caller, trailers)
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.state === 'held') {
      this.waiting.push(() => this.onResponseError(_, error))
      return
    }
    this.finish()
    if (this.state === 'delivered') this.handler.onResponseError?.(this.caller, error)
    else if (this.state === 'sent') this.sending.fail(error)
  }

  /** Ends the connection, whatever it does. */
  abort(reason: unknown): void {
    this.abortReason ??= { reason }
    if (this.state !== 'delivered') this.state = 'unwanted'
    this.controller?.abort(reason as Error)
  }

  /** The caller gets this answer. @param ended - Called when its body has ended. */
  deliver(ended: (() => void) | undefined): void {
    this.ended = ended
    if (this.state !== 'held') return // Upgraded: the socket is the caller's.
    this.state = 'delivered'
    const { caller, controller, handler } = this
    caller.live = controller
    caller.rawHeaders = controller?.rawHeaders ?? null
    handler.onResponseStart?.(caller, this.status, this.headers, this.statusMessage)
    for (const tell of this.waiting.splice(0)) tell()
    if (this.paused && !caller.paused) controller?.resume()
  }

  /** Nobody gets it: reads it to its end if that is near, and ends the connection otherwise. */
  drain(clock: Clock): void {
    if (this.state === 'unwanted') return
    this.state = 'unwanted'
    if (Number(this.headers['content-length'] ?? 0) > drainBytes) {
      this.controller?.abort(new Error(unwanted))
      return
    }
    this.timer = clock.setTimer(() => this.controller?.abort(new Error(unwanted)), drainTime, false)
    for (const tell of this.waiting.splice(0)) tell()
    if (this.paused) this.controller?.resume()
  }

  private swallow(chunk: Buffer): void {
    this.drained += chunk.byteLength
    if (this.drained > drainBytes) this.controller?.abort(new Error(unwanted))
  }

  private finish(): void {
    this.timer?.cancel()
    this.timer = undefined
    this.ended?.()
    this.ended = undefined
  }
}
