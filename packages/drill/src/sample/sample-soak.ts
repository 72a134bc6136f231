/** The program whose memory a drill watches when it is given none. */
import { soakProgram } from '../memory/soak-program.ts'
import { drillWorld } from '../run/worlds.ts'
import type { Priority } from '../service.ts'
import { sampleService } from './sample-service.ts'

const priorities: readonly Priority[] = ['critical', 'normal', 'low']
/** More than a cache of the sample keeps, so that it is full when the readings begin. */
const keys = 200

/**
 * All of a program for `soakChild`: the {@link sampleService} under load. A fault now and then, so that what happens on failure is soaked as well.
 *
 * @param leak - Leaves something behind with every request, to see that it is found. @defaultValue nothing
 *
 * @example
 * ```ts no-run
 * import { sampleSoak } from '@seaworthy/drill'
 *
 * await sampleSoak()
 * ```
 */
export async function sampleSoak(leak?: 'listener' | 'memory'): Promise<void> {
  const service = await sampleService().start(drillWorld('real', 'soak'))
  const forever = new AbortController()
  const hoard: object[] = []
  soakProgram({
    operation: async (number) => {
      if (leak === 'listener') forever.signal.addEventListener('abort', () => number)
      if (leak === 'memory') hoard.push(new Array(100).fill(number))
      const priority = priorities[number % priorities.length] as Priority
      await service.request({ number, key: `item-${number % keys}`, priority }, forever.signal)
    },
    gauges: async () => ({ ...(await service.gauges?.()) }),
    signals: { forever: forever.signal },
  })
}
