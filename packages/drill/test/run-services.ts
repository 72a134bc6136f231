/** Services for drills, good and bad, and a profile that takes seconds of virtual time. */
import { callTarget } from '@seaworthy/chaos'
import { pipeline } from '@seaworthy/core'
import type { Answer, DrillOptions, DrillProfile, DrillRequest, DrillService, World } from '@seaworthy/drill'
import { fallback } from '@seaworthy/fallback'
import { timeout } from '@seaworthy/flow'

export const brief: DrillProfile = {
  name: 'brief',
  simulated: {
    rate: 10,
    baseline: '20s',
    faultFor: '3s',
    rounds: 1,
    pairs: 1,
    recovery: '10s',
    recovered: { probes: 3, every: '1s', stable: '2s' },
  },
  memoryFor: 0,
  loadWhileSoaking: false,
  simulatedHours: 0,
  memoryGrowthPercent: 10,
}

/** Only what happens to the service: no breaker tests, no cascades, no memory. */
export const serviceOnly = {
  profile: brief,
  real: false,
  without: ['CIRCUIT_BREAKER_TESTING', 'CASCADING_FAILURE_TESTING', 'MEMORY_SOAK_TESTING'],
} as const satisfies DrillOptions

/** What may be wrong with a service. */
export interface Flaws {
  /** The answer when the dependency fails. @defaultValue degraded */
  readonly unprotected?: boolean
  /** Requests without number stay open. */
  readonly neverAnswers?: (request: DrillRequest) => boolean
  /** Fails, whatever happens. */
  readonly broken?: boolean
  /** Something stays behind with every request. */
  readonly leaks?: boolean
  /** From the first fault on. */
  readonly staysOpen?: boolean
  readonly cannotStop?: boolean
}

/** One dependency behind a timeout and a fallback. */
export function shop(
  flaws: Flaws = {},
): DrillService & { stopped: number; readonly world: World | undefined } {
  const service = {
    name: 'a shop',
    stopped: 0,
    world: undefined as World | undefined,
    async start(world: World) {
      service.world = world
      const { clock } = world
      const dependency = callTarget('dependency', { clock })
      const limited = pipeline(timeout('200ms', { clock }), dependency.policy)
      const guarded = flaws.unprotected ? limited : pipeline(fallback('degraded' as const), limited)
      let leaked = 0
      let failures = 0
      return {
        targets: [dependency],
        async request(request: DrillRequest, signal: AbortSignal): Promise<Answer> {
          if (flaws.leaks) leaked++
          if (flaws.broken) throw new Error('broken')
          if (flaws.neverAnswers?.(request)) return new Promise<never>(() => {})
          const answer = await guarded.execute(
            async ({ signal }): Promise<Answer> => {
              await clock.sleep(10, signal)
              return 'full'
            },
            { signal },
          )
          if (answer !== 'full') failures++
          return answer
        },
        circuits: () => ({ dependency: flaws.staysOpen && failures > 0 ? 'open' : 'closed' }),
        gauges: () => ({ held: leaked }),
        async stop() {
          service.stopped++
          if (flaws.cannotStop) throw new Error('the door is stuck')
        },
      }
    },
  }
  return service
}
