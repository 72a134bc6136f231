/** How much at once. */

/** How hard a system is tried. */
export type Intensity = 'low' | 'medium' | 'high'

/** What an intensity stands for. */
export interface IntensityFigures {
  /** How many times as often schedules fire. */
  readonly frequency: number
  readonly maxConcurrentChaos: number
  readonly maxCallFraction: number
}

/** The figures of each intensity. */
export const intensities: Readonly<Record<Intensity, IntensityFigures>> = Object.freeze({
  low: { frequency: 1, maxConcurrentChaos: 1, maxCallFraction: 0.1 },
  medium: { frequency: 2, maxConcurrentChaos: 3, maxCallFraction: 0.3 },
  high: { frequency: 4, maxConcurrentChaos: 5, maxCallFraction: 0.6 },
})
