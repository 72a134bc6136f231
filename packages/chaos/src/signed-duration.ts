import { type Duration, duration } from '@seaworthy/core'

/** Milliseconds of a duration that may have a minus sign. @throws InvalidOptionError when it is none. */
export function signedDuration(option: string, value: number | Duration | `-${Duration}`): number {
  if (typeof value === 'number') return value < 0 ? -duration(option, -value) : duration(option, value)
  // What follows the sign is read like any other duration.
  if (value.startsWith('-')) return -duration(option, value.slice(1) as Duration)
  return duration(option, value as Duration)
}
