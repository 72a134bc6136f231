/** How long the drill takes, and what it does with the time. */
import type { DrillProfile } from '@seaworthy/drill'

/** @param rounds - How often each scenario is tried. */
export function profile(rounds: number): DrillProfile {
  return {
    name: 'order-service',
    real: {
      rate: 20,
      baseline: '10s',
      faultFor: '3s',
      rounds,
      pairs: 2,
      recovery: '10s',
      recovered: { probes: 3, every: '250ms', stable: '1s' },
    },
    memoryFor: 0,
    loadWhileSoaking: false,
    simulatedHours: 0,
    memoryGrowthPercent: 10,
  }
}
