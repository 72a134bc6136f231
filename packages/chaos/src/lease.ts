/** Faults that end when the one who ordered them is gone. */
import { type Clock, type Duration, duration, knownOptions, systemClock } from '@seaworthy/core'

/** A sign of life that several parties can see. `heartbeatFile` of `@seaworthy/chaos/node` is one between processes. */
export interface ChaosLease {
  /** How long a sign of life counts, in milliseconds. */
  readonly ttl: number
  /** Gives a sign of life. */
  renew(): void | Promise<void>
  /** How much longer the last sign of life counts, in milliseconds; 0 or less if it counts no more. */
  remaining(): number | Promise<number>
}

/** Options of {@link memoryLease}. */
export interface MemoryLeaseOptions {
  /** How long a sign of life counts. @defaultValue `'10s'` */
  readonly ttl?: Duration
  /** @defaultValue the system clock */
  readonly clock?: Clock
}

/**
 * A lease within one process, for simulations of several.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { memoryLease } from '@seaworthy/chaos'
 *
 * const lease = memoryLease({ ttl: '10s' })
 * console.log(lease.remaining()) // 0
 * lease.renew()
 * console.log(Number(lease.remaining()) > 9000) // true
 * ```
 */
export function memoryLease(options: MemoryLeaseOptions = {}): ChaosLease {
  knownOptions('memoryLease', options, ['ttl', 'clock'])
  const { clock = systemClock } = options
  const ttl = duration('ttl', options.ttl ?? '10s', 1)
  let until = Number.NEGATIVE_INFINITY
  return {
    ttl,
    renew() {
      until = clock.now() + ttl
    },
    remaining: () => Math.max(0, until - clock.now()),
  }
}
