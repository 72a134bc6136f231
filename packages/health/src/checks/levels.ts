/** Where a measurement begins to warn and to fail. */
import { InvalidOptionError } from '@seaworthy/core'
import type { HealthStatus } from '../report.ts'

export interface Levels {
  readonly warn: number
  readonly fail: number
}

/** The status of a measurement that must not be above. */
export function mostLevel(value: number, { warn, fail }: Levels): HealthStatus {
  return value >= fail ? 'fail' : value >= warn ? 'warn' : 'pass'
}

/** The status of a measurement that must not be below. */
export function leastLevel(value: number, { warn, fail }: Levels): HealthStatus {
  return value < fail ? 'fail' : value < warn ? 'warn' : 'pass'
}

/** Refuses a level of failure that comes before the one of warning. */
export function rising({ warn, fail }: Levels): Levels {
  if (fail < warn) throw new InvalidOptionError('fail', `at least warn, which is ${warn}`, fail)
  return { warn, fail }
}
