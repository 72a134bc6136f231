/** What goes wrong in a day, and when. */

/** How a service does. `refuses`: some of the work is refused for good. */
export type Mood = 'well' | 'slow' | 'fails' | 'hangs' | 'refuses'

export interface Phase {
  /** Parts of the day, from 0 to 1. */
  readonly from: number
  readonly to: number
  readonly mood: Mood
}

export const services = ['payments', 'inventory', 'search', 'mail'] as const

export type ServiceName = (typeof services)[number]

/** A service is well when nothing else is said. */
export const day: Readonly<Record<ServiceName, readonly Phase[]>> = {
  payments: [
    { from: 0.15, to: 0.2, mood: 'slow' },
    { from: 0.2, to: 0.4, mood: 'fails' },
  ],
  inventory: [{ from: 0.25, to: 0.35, mood: 'hangs' }],
  search: [
    { from: 0.45, to: 0.5, mood: 'slow' },
    { from: 0.5, to: 0.55, mood: 'fails' },
  ],
  mail: [{ from: 0.1, to: 0.5, mood: 'refuses' }],
}

/** @param at - The part of the day, from 0 to 1. */
export function moodAt(service: ServiceName, at: number): Mood {
  return day[service].find(({ from, to }) => at >= from && at < to)?.mood ?? 'well'
}

/** When the last trouble of the day is over. */
export const recovery: number = Math.max(
  ...Object.values(day).flatMap((phases) => phases.map(({ to }) => to)),
)
