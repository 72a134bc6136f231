import { type Clock, systemClock } from '@seaworthy/core'
import type { Level } from './levels.ts'
import type { DegradationStore, FleetView, SharedOverride } from './store.ts'

/** Options of {@link memoryDegradationStore}. */
export interface MemoryDegradationStoreOptions {
  /** @defaultValue the system clock */
  readonly clock?: Clock
}

/**
 * Shares levels between managers of one process: for tests, and as the plainest form of the contract.
 *
 * @example
 * ```ts
 * import { memoryDegradationStore } from '@seaworthy/degradation'
 *
 * const store = memoryDegradationStore()
 * await store.exchange('a', 'severe', 60_000)
 * console.log((await store.exchange('b', 'normal', 60_000)).targets) // [ 'severe', 'normal' ]
 * ```
 */
export function memoryDegradationStore({
  clock = systemClock,
}: MemoryDegradationStoreOptions = {}): DegradationStore {
  const instances = new Map<string, { readonly target: Level; readonly until: number }>()
  let override: (SharedOverride & { readonly until: number; readonly version: string }) | undefined
  let versions = 0

  const view = (): FleetView => {
    const now = clock.now()
    for (const [instance, { until }] of instances) if (until <= now) instances.delete(instance)
    if (override !== undefined && override.until <= now) override = undefined
    const targets = [...instances.values()].map(({ target }) => target)
    if (override === undefined) return { targets, override }
    const { until, ...rest } = override
    return {
      targets,
      override: { ...rest, endsIn: until === Number.POSITIVE_INFINITY ? undefined : until - now },
    }
  }

  return {
    exchange: async (instance, target, ttl) => {
      instances.set(instance, { target, until: clock.now() + ttl })
      return view()
    },
    setOverride: async (given, endsIn) => {
      const version = String(++versions)
      const { level, mode, reason, actor } = given
      override = {
        level,
        mode,
        reason,
        actor,
        until: clock.now() + (endsIn ?? Number.POSITIVE_INFINITY),
        version,
      }
      return version
    },
    clearOverride: async () => {
      override = undefined
    },
    leave: async (instance) => {
      instances.delete(instance)
    },
  }
}
