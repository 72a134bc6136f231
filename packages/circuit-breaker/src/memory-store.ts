import { type Clock, systemClock } from '@seaworthy/core'
import {
  command,
  endTrial,
  exchange,
  leave,
  nothingShared,
  type SharedBreaker,
  type SharedStep,
  startTrial,
} from './shared-breaker.ts'
import type { BreakerStore } from './store.ts'

/** Options of {@link memoryBreakerStore}. */
export interface MemoryBreakerStoreOptions {
  /** @defaultValue the system clock */
  readonly clock?: Clock
}

/**
 * Shares circuits between breakers of one process: for tests, and as the plain form of the contract.
 *
 * @example
 * ```ts
 * import { circuitBreaker, memoryBreakerStore, shareBreakers } from '@seaworthy/circuit-breaker'
 * import { Hub } from '@seaworthy/core'
 *
 * const store = shareBreakers(memoryBreakerStore())
 * const [one, two] = [new Hub(), new Hub()].map((hub) => circuitBreaker({ name: 'stock', hub, store }))
 * await one?.everywhere?.isolate('deploy')
 * two?.on('stateChange', ({ to }) => {
 *   console.log(to) // isolated
 *   for (const breaker of [one, two]) breaker?.dispose()
 * })
 * await new Promise((resolve) => setTimeout(resolve, 300)) // it is told in the background
 * ```
 */
export function memoryBreakerStore({ clock = systemClock }: MemoryBreakerStoreOptions = {}): BreakerStore {
  const records = new Map<string, SharedBreaker>()
  const watchers = new Map<string, Set<() => void>>()

  async function step<R, A>(
    breaker: string,
    operation: (record: SharedBreaker, now: number, request: R) => SharedStep<A>,
    request: R,
  ): Promise<A> {
    const { record, answer, changed } = operation(records.get(breaker) ?? nothingShared, clock.now(), request)
    records.set(breaker, record)
    if (changed) for (const callback of [...(watchers.get(breaker) ?? [])]) queueMicrotask(callback)
    return answer
  }

  return {
    exchange: (breaker, request) => step(breaker, exchange, request),
    startTrial: (breaker, request) => step(breaker, startTrial, request),
    endTrial: (breaker, end) => step(breaker, endTrial, end),
    command: (breaker, key, said) => step(breaker, command, { key, said }),
    leave: (breaker, instance) => step(breaker, leave, instance),
    watch: (breaker, callback) => {
      const callbacks = watchers.get(breaker) ?? new Set()
      watchers.set(breaker, callbacks)
      const own = (): void => callback()
      callbacks.add(own)
      return () => {
        callbacks.delete(own)
        if (callbacks.size === 0 && watchers.get(breaker) === callbacks) watchers.delete(breaker)
      }
    },
  }
}
