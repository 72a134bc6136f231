/**
 * How long calls take, of a sample.
 *
 * A breaker times its calls only while somebody listens, which costs each of them some hundred nanoseconds. So it is listened to until so many
 * calls were heard, and then no more for the rest of the second: a service with few calls has all of them timed, a busy one pays a fixed price.
 */
import { type Clock, type Hub, Periodic, systemRandom } from '@seaworthy/core'

const second = 1000

/** What {@link ResponseTimes} needs. */
export interface Sampling {
  readonly hub: Hub
  readonly clock: Clock
  /** How many calls a second are heard at most. */
  readonly most: number
}

export class ResponseTimes {
  readonly #hub: Hub
  readonly #most: number
  readonly #tell: (kind: string, name: string, result: string, seconds: number) => void
  readonly #rounds: Periodic
  #heard = 0
  #leave: (() => void) | undefined = undefined

  constructor(
    { hub, clock, most }: Sampling,
    tell: (kind: string, name: string, result: string, seconds: number) => void,
  ) {
    this.#hub = hub
    this.#most = most
    this.#tell = tell
    const run = async (): Promise<void> => {
      this.#heard = 0
      this.#listen()
    }
    // Not always at the same part of a second, in which something else may happen regularly.
    const timing = { interval: second, jitter: 0.2, keepAlive: false }
    this.#rounds = new Periodic({ clock, random: systemRandom, ...timing, run })
    this.#rounds.start()
    this.#listen()
  }

  close(): void {
    void this.#rounds.stop()
    this.#leave?.()
    this.#leave = undefined
  }

  #listen(): void {
    this.#leave ??= this.#hub.on('call', ({ kind, name, payload }) => {
      if (kind !== 'circuit-breaker' && kind !== 'circuit-breaker-per-key') return
      const { outcome, duration } = payload as { readonly outcome: string; readonly duration: number }
      this.#tell(kind, name, outcome === 'neutral' ? 'ignored' : outcome, duration / second)
      if (++this.#heard < this.#most) return
      this.#leave?.()
      this.#leave = undefined
    })
  }
}
