/** When injections happen. */
import {
  type Duration,
  duration,
  InvalidOptionError,
  knownOptions,
  number,
  type Random,
} from '@seaworthy/core'
import { exponential } from './distributions.ts'

/** When injections happen, counted from the start of the schedule. */
export type Schedule =
  | { readonly kind: 'oneShot'; readonly at: Duration }
  /** Evenly, each moved by up to `jitter` of the interval to either side. */
  | {
      readonly kind: 'fixed'
      readonly every: Duration
      /** From 0 to 0.5. @defaultValue 0 */
      readonly jitter?: number
      /** @defaultValue always */
      readonly windows?: readonly Window[]
    }
  /** As independent accidents happen. */
  | {
      readonly kind: 'poisson'
      /** The time from one to the next, on average. */
      readonly mean: Duration
      /** @defaultValue 0 */
      readonly minGap?: Duration
      /** @defaultValue always */
      readonly windows?: readonly Window[]
    }

/** A time in which a schedule may fire. Outside of all windows it does not. */
export interface Window {
  readonly from: Duration
  readonly to: Duration
}

/** What happens when a schedule fires while its last injection is still in place. `queue` waits for its end, with one at most. */
export type Overlap = 'forbid' | 'queue' | 'replace'

/**
 * The times of a schedule, in milliseconds from its start, in order.
 *
 * @param frequency - How many times as often it fires.
 * @throws InvalidOptionError when it makes no sense.
 */
export function timesOf(schedule: Schedule, random: Random, frequency = 1): Iterator<number> {
  if (schedule.kind === 'oneShot') {
    knownOptions('schedule', schedule, ['kind', 'at'])
    return [duration('at', schedule.at)].values()
  }
  const windows = (schedule.windows ?? []).map(({ from, to }, index) => {
    const window = {
      from: duration(`windows[${index}].from`, from),
      to: duration(`windows[${index}].to`, to),
    }
    if (window.to > window.from) return window
    throw new InvalidOptionError(`windows[${index}].to`, 'later than from', to)
  })
  const times =
    schedule.kind === 'fixed'
      ? evenly(schedule, random, frequency)
      : independently(schedule, random, frequency)
  return windows.length === 0 ? times : within(times, windows)
}

function evenly(
  { every, jitter = 0, ...rest }: Extract<Schedule, { kind: 'fixed' }>,
  random: Random,
  frequency: number,
): Generator<number> {
  knownOptions('schedule', rest, ['kind', 'windows'])
  const interval = duration('every', every, 1) / frequency
  const share = number('jitter', jitter)
  if (share > 0.5) throw new InvalidOptionError('jitter', 'a share from 0 to 0.5', jitter)
  return (function* () {
    for (let turn = 1; ; turn++) yield interval * (turn + share * (2 * random() - 1))
  })()
}

function independently(
  { mean, minGap = 0, ...rest }: Extract<Schedule, { kind: 'poisson' }>,
  random: Random,
  frequency: number,
): Generator<number> {
  knownOptions('schedule', rest, ['kind', 'windows'])
  const average = duration('mean', mean, 1) / frequency
  const gap = duration('minGap', minGap)
  if (gap >= average) throw new InvalidOptionError('minGap', `shorter than mean, ${average} ms`, minGap)
  return (function* () {
    // The gap is part of the average.
    for (let at = 0; ; ) {
      at += gap + exponential(average - gap, random)
      yield at
    }
  })()
}

function* within(
  times: Iterator<number>,
  windows: readonly { readonly from: number; readonly to: number }[],
): Generator<number> {
  const last = Math.max(...windows.map(({ to }) => to))
  for (let { value } = times.next(); value < last; { value } = times.next()) {
    if (windows.some(({ from, to }) => value >= from && value < to)) yield value
  }
}
