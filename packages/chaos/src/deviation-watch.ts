/** Watches the steady state while faults are in place. */
import type { Clock } from '@seaworthy/core'
import type { Probe, SteadyState } from './experiment.ts'
import type { ProbeResult } from './experiment-run.ts'
import { Watch } from './watch.ts'

/** What has been seen so far. */
export interface DeviationWatch {
  start(): void
  stop(): void
  readonly deviated: boolean
  /** From each bad round to the next good one, or to the end. */
  readonly deviatedMs: number
  readonly rounds: number
}

/** Asks the probes that are to be asked `during`, round by round. */
export function deviationWatch(
  { probes, during = {} }: SteadyState,
  clock: Clock,
  report: { ask(probe: Probe): Promise<ProbeResult>; exceeded(): void },
): DeviationWatch {
  const asked = probes.filter(({ when }) => when?.includes('during'))
  const { everyMs = 1000, maxDeviationMs = 0, failFast = false } = during
  let total = 0
  let deviated = false
  let rounds = 0
  /** Since when it is unwell. */
  let since: number | undefined
  const sum = (): number => total + (since === undefined ? 0 : clock.now() - since)
  const watch = new Watch(clock, async () => {
    const began = clock.now()
    let well = true
    for (const probe of asked) {
      const { critical, verdict } = await report.ask(probe)
      if (critical && verdict === 'failed') well = false
    }
    rounds++
    if (well) end()
    else {
      since ??= began
      deviated = true
    }
    if (failFast && sum() > maxDeviationMs) report.exceeded()
    return everyMs
  })
  const end = (): void => {
    total = sum()
    since = undefined
  }
  return {
    start() {
      if (asked.length > 0) watch.start()
    },
    stop() {
      watch.stop()
      end()
    },
    get deviated() {
      return deviated
    },
    get deviatedMs() {
      return sum()
    },
    get rounds() {
      return rounds
    },
  }
}
