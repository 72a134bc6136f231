/** Removes what is too old or too much, in bounded steps. */
import type { Desk } from './desk.ts'
import type { RemovedLetter, TrimRequest } from './store.ts'
import type { PurgeStatistics } from './upkeep-status.ts'

/** The most steps of one round of upkeep; what is left waits for the next. */
const stepsPerRound = 20

/** What to remove. */
export type Limits = Omit<TrimRequest, 'batch'>

/**
 * Trims until nothing is left to remove.
 *
 * @param steps - The most steps of the store.
 */
export async function trim(
  desk: Desk,
  limits: Limits,
  signal: AbortSignal,
  steps: number = stepsPerRound,
): Promise<PurgeStatistics> {
  const { clock, trimBatch: batch } = desk.settings
  const counts: Record<RemovedLetter['cause'], number> = { age: 0, count: 0, settled: 0, overflow: 0 }
  const start = clock.now()
  let more = true
  for (let step = 0; more && step < steps && !signal.aborted; step++) {
    const result = await desk.ask('trim', (store) => store.trim({ ...limits, batch }))
    for (const { cause } of result.removed) counts[cause]++
    desk.tellRemoved(result.removed, 'expired', result.now)
    more = result.more
  }
  const { age: byAge, count: byCount, settled } = counts
  const statistics = { byAge, byCount, settled, duration: clock.now() - start }
  if (byAge + byCount + settled > 0 && desk.events.wants('purged'))
    desk.events.emit('purged', { name: desk.name, ...statistics })
  return statistics
}
