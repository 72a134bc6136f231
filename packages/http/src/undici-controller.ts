import { LazyAbort } from '@seaworthy/core'
import type { CallerSignal } from '@seaworthy/http'
import type { Dispatcher } from 'undici'

type Listener = Parameters<CallerSignal['addEventListener']>[1]

/**
 * What the caller's handler controls: the same object from the first send to the last byte, whichever connection is in use.
 *
 * It is also what the call is given up by. A signal of the platform for every request costs more than all else that we do for it
 * (bench: `requests.1`), so one is made only for policies of the user.
 */
export class CallerController extends LazyAbort implements Dispatcher.DispatchController, CallerSignal {
  declare rawHeaders: NonNullable<Dispatcher.DispatchController['rawHeaders']> | null
  declare rawTrailers: NonNullable<Dispatcher.DispatchController['rawTrailers']> | null
  /** The controller of the answer that the caller gets; undefined until there is one. */
  declare live: Dispatcher.DispatchController | undefined
  declare aborted: boolean
  declare reason: Error | null
  declare paused: boolean
  declare private callbacks: Set<(reason: unknown) => void> | undefined
  declare private listeners: Map<Listener, () => void> | undefined

  constructor() {
    super()
    this.rawHeaders = null
    this.rawTrailers = null
    this.live = undefined
    this.aborted = false
    this.reason = null
    this.paused = false
    this.callbacks = undefined
    this.listeners = undefined
  }

  get platform(): AbortSignal {
    return this.signal
  }

  override abort(reason: Error): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason ?? new DOMException('This operation was aborted', 'AbortError')
    const { callbacks } = this
    this.callbacks = undefined
    this.listeners = undefined
    for (const callback of callbacks ?? []) callback(this.reason)
    super.abort(this.reason)
  }

  onAbort(callback: (reason: unknown) => void): () => void {
    this.callbacks ??= new Set()
    this.callbacks.add(callback)
    return () => this.callbacks?.delete(callback)
  }

  addEventListener(_: string, listener: Listener): void {
    this.listeners ??= new Map()
    if (this.listeners.has(listener)) return
    const event = (): Event => new Event('abort')
    const tell = typeof listener === 'function' ? listener : listener.handleEvent.bind(listener)
    this.listeners.set(
      listener,
      this.onAbort(() => tell(event())),
    )
  }

  removeEventListener(_: string, listener: Listener): void {
    this.listeners?.get(listener)?.()
    this.listeners?.delete(listener)
  }

  pause(): void {
    this.paused = true
    this.live?.pause()
  }

  resume(): void {
    this.paused = false
    this.live?.resume()
  }
}
