import type { Clock, Timer } from '@seaworthy/core'

/** Does something now, and again every so often. @returns Ends it. */
export function repeating(clock: Clock, every: number | undefined, act: () => void): () => void {
  let timer: Timer | undefined
  const again = (): void => {
    act()
    timer = every === undefined ? undefined : clock.setTimer(again, every, false)
  }
  again()
  return () => timer?.cancel()
}
