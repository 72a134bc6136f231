import type { Dispatcher } from 'undici'

/**
 * What the caller's handler controls: the same object from the first send to the last byte, whichever connection is in use.
 */
export class CallerController implements Dispatcher.DispatchController {
  rawHeaders: NonNullable<Dispatcher.DispatchController['rawHeaders']> | null = null
  rawTrailers: NonNullable<Dispatcher.DispatchController['rawTrailers']> | null = null
  /** The controller of the answer that the caller gets; undefined until there is one. */
  live: Dispatcher.DispatchController | undefined = undefined
  private readonly abortion = new AbortController()
  private held = false

  /** Aborts when the caller does. */
  get signal(): AbortSignal {
    return this.abortion.signal
  }

  get aborted(): boolean {
    return this.signal.aborted
  }

  get reason(): Error | null {
    return this.signal.reason ?? null
  }

  get paused(): boolean {
    return this.held
  }

  abort(reason: Error): void {
    if (!this.aborted) this.abortion.abort(reason)
  }

  pause(): void {
    this.held = true
    this.live?.pause()
  }

  resume(): void {
    this.held = false
    this.live?.resume()
  }
}
