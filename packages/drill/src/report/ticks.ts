/** Round numbers for axes. */

/** Distances of times that people count in, in milliseconds: seconds, minutes, hours. */
export const timeSteps: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => 1000 * seconds),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => 60_000 * minutes),
  ...[1, 2, 3, 6, 12, 24].map((hours) => 3_600_000 * hours),
]

const mostTicks = 9

/** The smallest distance that does not make too many ticks. @param steps - Those to choose from, rising. @defaultValue 1, 2, 5, 10, … */
export function niceStep(length: number, steps?: readonly number[]): number {
  const smallest = length / mostTicks
  return steps?.find((step) => step >= smallest) ?? Math.max(1, niceTop(smallest))
}

/** The next of 1, 2, 5, 10, … above. 1 for nothing. */
export function niceTop(value: number): number {
  if (!(value > 0)) return 1
  const size = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5, 10].find((each) => each * size >= value) ?? 10) * size
}

/** All multiples of a step from one number to another. */
export function ticksBetween(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step)
  const last = Math.floor(to / step)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step)
}

/** `1:30` (minutes and seconds), `5 min`, `2 h`: as exact as the distance from one tick to the next, one of {@link timeSteps}. */
export function tickTime(milliseconds: number, step: number): string {
  if (milliseconds === 0) return '0'
  if (step >= 3_600_000) return `${milliseconds / 3_600_000} h`
  if (step >= 60_000) return `${milliseconds / 60_000} min`
  const seconds = milliseconds / 1000
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
