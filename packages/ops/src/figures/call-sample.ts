/**
 * How long calls take, of a sample.
 *
 * A breaker times its calls only while somebody listens to them, which costs each call some hundred nanoseconds. So it is listened to until so
 * many were heard, and then no more for the rest of the second: a busy service pays a fixed price.
 */
import type { Hub } from '@seaworthy/core'

export class CallSample {
  readonly #hub: Hub
  readonly #most: number
  readonly #tell: (kind: string, name: string, duration: number) => void
  #heard = 0
  #leave: (() => void) | undefined = undefined

  /** @param most - Calls heard between two calls of {@link renew}; 0 for none. */
  constructor(hub: Hub, most: number, tell: (kind: string, name: string, duration: number) => void) {
    this.#hub = hub
    this.#most = most
    this.#tell = tell
    this.renew()
  }

  /** Begins a new sample. */
  renew(): void {
    this.#heard = 0
    if (this.#most === 0) return
    this.#leave ??= this.#hub.on('call', ({ kind, name, payload }) => {
      const { duration } = payload as { readonly duration?: unknown }
      if (typeof duration === 'number') this.#tell(kind, name, duration)
      if (++this.#heard >= this.#most) this.close()
    })
  }

  close(): void {
    this.#leave?.()
    this.#leave = undefined
  }
}
