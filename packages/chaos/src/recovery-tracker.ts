/** Whether a service gets well after a fault. */
import type { Clock } from '@seaworthy/core'

/** When it counts as well; milliseconds. */
export interface SteadyRules {
  readonly probes: number
  readonly every: number
  readonly stable: number
  readonly budget: number
}

/** What came of it. */
export interface RecoveryResult {
  readonly well: boolean
  /** Milliseconds until the first of the good probes that lasted; or until it was given up. */
  readonly took: number
}

/**
 * Asks until `probes` good answers in a row span `stable`, or the first of them would come later than `budget`.
 *
 * @param probe - Whether the service is well. Counts as no when it throws, or does not answer within the budget.
 * @param signal - Gives it up.
 */
export async function trackRecovery(
  clock: Clock,
  probe: () => boolean | Promise<boolean>,
  rules: SteadyRules,
  signal: AbortSignal,
): Promise<RecoveryResult> {
  const start = clock.now()
  let good = 0
  let since = start
  while (!signal.aborted) {
    const asked = clock.now()
    const well = await answerWithin(clock, probe, rules.budget, signal)
    if (!well) good = 0
    else if (++good === 1) since = asked
    const now = clock.now()
    if (good >= rules.probes && now - since >= rules.stable) return { well: true, took: since - start }
    if (good === 0 && now - start >= rules.budget) break
    await clock.sleep(rules.every, signal).catch(() => {})
  }
  return { well: false, took: clock.now() - start }
}

/** Whether a probe says yes, in time. */
export async function answerWithin(
  clock: Clock,
  probe: () => boolean | Promise<boolean>,
  limit: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const over = new AbortController()
  const given = (): void => over.abort()
  signal?.addEventListener('abort', given, { once: true })
  const late = clock.sleep(limit, over.signal).then(
    () => false,
    () => false,
  )
  const answer = (async () => (await probe()) === true)().catch(() => false)
  try {
    return await Promise.race([answer, late])
  } finally {
    signal?.removeEventListener('abort', given)
    over.abort()
  }
}
