/** A graceful end: unready first, so that no new requests come, and then what you do. */
import { type Clock, type Duration, duration, knownOptions, systemClock } from '@seaworthy/core'
import type { Health } from './health.ts'

/** Options of {@link drainOnSignal}. */
export interface DrainOptions {
  /** @defaultValue `['SIGTERM', 'SIGINT']` */
  readonly signals?: readonly NodeJS.Signals[]
  /**
   * How long to go on as before while the process is unready: until the load balancer has looked, which takes it a period of its
   * probe or two. @defaultValue `'5s'`
   */
  readonly wait?: Duration
  /** Called after the wait: closes servers and workers, and whatever keeps the process running. */
  end?(signal: NodeJS.Signals): unknown
  /** @defaultValue the system clock */
  readonly clock?: Clock
}

/**
 * Drains a registry when the process is told to end. A second signal skips the wait.
 *
 * @returns A function that stops listening for signals.
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { createHealth, drainOnSignal } from '@seaworthy/health'
 *
 * const health = createHealth()
 * const server = createServer()
 * const forget = drainOnSignal(health, { wait: '10s', end: () => server.close() })
 * forget()
 * await health.close()
 * ```
 */
export function drainOnSignal(health: Health, options: DrainOptions = {}): () => void {
  knownOptions('drainOnSignal', options, ['signals', 'wait', 'end', 'clock'])
  const { signals = ['SIGTERM', 'SIGINT'], wait = '5s', clock = systemClock } = options
  const delay = duration('wait', wait)
  let ended = false
  let cancel: (() => void) | undefined
  const end = (signal: NodeJS.Signals): void => {
    if (ended) return
    ended = true
    cancel?.()
    options.end?.(signal)
  }
  const listener = (signal: NodeJS.Signals): void => {
    if (health.draining) {
      end(signal)
      return
    }
    health.drain(signal)
    const timer = clock.setTimer(() => end(signal), delay)
    cancel = () => timer.cancel()
  }
  for (const signal of signals) process.on(signal, listener)
  return () => {
    cancel?.()
    for (const signal of signals) process.off(signal, listener)
  }
}
