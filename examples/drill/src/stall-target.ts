/** A process that stands still now and then, as one whose event loop is blocked, or whose machine is short of memory. */
import type { ChaosTarget, ProcessControls } from '@seaworthy/chaos'
import { type Clock, duration, type Timer } from '@seaworthy/core'

/**
 * From outside: nothing in the process needs to know of it.
 *
 * @param controls - How to pause the process and let it go on.
 */
export function stallTarget(
  id: string,
  { pause, resume }: Required<Pick<ProcessControls, 'pause' | 'resume'>>,
  clock: Clock,
): ChaosTarget {
  return {
    id,
    supports: ['stall'],
    apply(fault, injection) {
      if (fault.kind !== 'stall') throw new TypeError(`${id} can only stall`)
      const block = duration('block', fault.block ?? '200ms')
      const every = duration('every', fault.every ?? '2s')
      let stands = false
      let timer: Timer | undefined
      const goOn = (): void => {
        if (stands) resume()
        stands = false
      }
      const stall = (): void => {
        pause()
        stands = true
        injection.note()
        timer = clock.setTimer(() => {
          goOn()
          timer = clock.setTimer(stall, every - block)
        }, block)
      }
      stall()
      return {
        recover() {
          timer?.cancel()
          goOn()
        },
      }
    },
  }
}
