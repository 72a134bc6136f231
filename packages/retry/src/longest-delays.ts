import type { FailureClass } from '@seaworthy/core'
import { nextWait, type Schedule } from './decision.ts'
import type { Rules } from './rules.ts'

/** Strategies have reached their limit by then; further delays are taken to be as long. */
const examined = 1000

const classes: readonly FailureClass[] = ['transient', 'degraded']

/** The largest number that a source of randomness can give. */
const unlucky = (): number => 1 - Number.EPSILON

/** The sum of the longest delays between the attempts of one call, as far as the strategy decides them. */
export function longestDelays(rules: Rules): number {
  const retries = rules.attempts - 1
  let schedule: Schedule = { retries: 0, previous: 0 }
  let sum = 0
  while (schedule.retries < Math.min(retries, examined)) {
    const previous = Math.max(...classes.map((each) => longestDelay(rules, schedule, each)))
    schedule = { retries: schedule.retries + 1, previous }
    sum += previous
  }
  const rest = retries - schedule.retries
  if (rest > 0 && schedule.previous > 0) sum += rest * schedule.previous
  return Math.min(sum, rules.maxElapsed)
}

function longestDelay(rules: Rules, schedule: Schedule, failureClass: FailureClass): number {
  return nextWait({ ...rules, random: unlucky }, schedule, failureClass, undefined).delay
}
