/** How much of a fault is left while it ends. */
import { count, duration, ratio } from '@seaworthy/core'
import type { RecoveryPattern } from './scenario.ts'

/** From `after` milliseconds after the end of the duration on, this share of the calls that would be hit is hit. */
export interface EasingStep {
  readonly after: number
  readonly share: number
}

/** The steps of a pattern; the last has nothing left. */
export function easing(recovery: RecoveryPattern): readonly EasingStep[] {
  if (recovery.pattern === 'immediate') return [{ after: 0, share: 0 }]
  const over = duration('recovery.over', recovery.over ?? '10s', 1)
  if (recovery.pattern === 'partial')
    return [
      { after: 0, share: ratio('recovery.remaining', recovery.remaining ?? 0.5, true) },
      { after: over, share: 0 },
    ]
  const steps = count('recovery.steps', recovery.steps ?? 10)
  return Array.from({ length: steps }, (_, step) => ({
    after: (step * over) / steps,
    share: 1 - (step + 1) / steps,
  }))
}
