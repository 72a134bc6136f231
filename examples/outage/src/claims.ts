/**
 * What the demo promises, checked against what was measured. Pure: a result in, a list of claims out, so that a test
 * can show that each of them can fail.
 */
import { answerable, figures, isAnswered, type Sample } from './measure.ts'
import type { Result, SideResult } from './result.ts'
import { type Mood, moods, outageStart, recoveryStart } from './script.ts'
import { formatCount, formatPercent, formatTime } from './words.ts'

/** A promise and whether it was kept, with the figures that say so. */
export interface Claim {
  readonly id: string
  readonly says: string
  readonly holds: boolean
  readonly shows: string
}

/** The share of its requests that the bare client loses at least, or the day was not bad enough to show anything. */
const bareLoses = 0.3
/** How many times fewer calls reach the dead upstream. */
const fewerCalls = 20
/** Timers that are late by more than this say that the machine had other things to do. */
const busy = 100

/**
 * What to tell about the machine; undefined if it had time for the demo. Limits on latencies are longer by how late
 * the timers of this process were anyway.
 */
export function busyMachine({ eventLoopDelay }: Result): string | undefined {
  return eventLoopDelay < busy
    ? undefined
    : `This machine was busy (timers up to ${formatTime(eventLoopDelay)} late); limits are longer by that.`
}

/** Every claim, in the order in which they are told. */
export function claims(result: Result): Claim[] {
  return [
    badForBare(result),
    nothingLost(result),
    quick(result),
    quickWhileHanging(result),
    upstreamSpared(result),
    breakerOpened(result),
    breakerClosed(result),
    retryAfterObeyed(result),
    rightAnswers(result),
    nothingLeft(result),
  ]
}

/** The requests of one side that could have been answered, on this machine. */
export function answerableOf({ day, eventLoopDelay }: Result, { samples }: SideResult): Sample[] {
  return answerable(day, samples, eventLoopDelay)
}

/** How many of those were lost. */
export function lostOf(result: Result, side: SideResult): number {
  return answerableOf(result, side).filter((sample) => !isAnswered(sample)).length
}

/** Requests that reached an upstream in moods in which no call can succeed. */
export function deadCalls({ upstream }: SideResult): number {
  return (Object.keys(upstream.calls) as Mood[])
    .filter((mood) => !moods[mood].answers)
    .reduce((sum, mood) => sum + upstream.calls[mood], 0)
}

/** From the first failing phase to the first `open` after it; undefined if there is none. */
function timeToOpen({ day, seaworthy }: Result): number | undefined {
  const from = outageStart(day)
  const opened = seaworthy.breaker.find(({ at, state }) => at >= from && state === 'open')
  return opened && opened.at - from
}

/** From the end of the last failing phase to the last `closed`; undefined if the circuit is not closed in the end. */
function timeToClose({ day, seaworthy }: Result): number | undefined {
  const last = seaworthy.breaker.at(-1)
  return last?.state === 'closed' ? Math.max(0, last.at - recoveryStart(day)) : undefined
}

function badForBare({ day, bare }: Result): Claim {
  const { requests, answered } = figures(bare.samples, 0, day.duration)
  const lost = requests - answered
  return {
    id: 'bare-goes-down',
    says: `the outage is real: it costs the bare client at least ${formatPercent(bareLoses)} of its requests`,
    holds: lost >= requests * bareLoses && requests > 0,
    shows: `${formatCount(lost)} of ${formatCount(requests)} lost, ${formatPercent(lost / requests)}`,
  }
}

function nothingLost(result: Result): Claim {
  const { seaworthy } = result
  const possible = answerableOf(result, seaworthy).length
  const lost = lostOf(result, seaworthy)
  const impossible = formatCount(seaworthy.samples.length - possible)
  return {
    id: 'nothing-lost',
    says: 'no request is lost that could have been answered',
    holds: lost === 0 && possible > 0,
    shows: `${formatCount(lost)} of ${formatCount(possible)} lost; nobody could have answered the other ${impossible}`,
  }
}

function quick(result: Result): Claim {
  const { day, seaworthy } = result
  const limit = day.patience / 3
  const { p99 } = figures(answerableOf(result, seaworthy), 0, day.duration)
  return {
    id: 'quick',
    says: `99 of 100 of them end within ${formatTime(limit)}, all day long`,
    holds: p99 !== undefined && p99 < limit + result.eventLoopDelay,
    shows: `p99 ${formatTime(p99)}`,
  }
}

function quickWhileHanging(result: Result): Claim {
  const { day, bare, seaworthy } = result
  const limit = day.patience / 3
  const hang = day.phases.find(({ mood }) => mood === 'hangs')
  const p99 = (side: SideResult): number | undefined =>
    hang && figures(answerableOf(result, side), hang.from, hang.to).p99
  const theirs = p99(bare)
  const ours = p99(seaworthy)
  return {
    id: 'quick-while-hanging',
    says: `while the upstream hangs they end within ${formatTime(limit)} too; bare ones wait till the end`,
    holds:
      theirs !== undefined &&
      ours !== undefined &&
      theirs >= day.patience * 0.95 &&
      ours < limit + result.eventLoopDelay,
    shows: `p99 ${formatTime(ours)}; bare: ${formatTime(theirs)}`,
  }
}

function upstreamSpared({ bare, seaworthy }: Result): Claim {
  const theirs = deadCalls(bare)
  const ours = deadCalls(seaworthy)
  return {
    id: 'upstream-spared',
    says: `at least ${fewerCalls} times fewer calls reach the upstream while it cannot answer`,
    holds: theirs > ours * fewerCalls,
    shows: `${formatCount(ours)} calls; bare: ${formatCount(theirs)}`,
  }
}

function breakerOpened(result: Result): Claim {
  const limit = result.day.patience / 3
  const time = timeToOpen(result)
  return {
    id: 'breaker-opens',
    says: `the breaker opens within ${formatTime(limit)} of the first failure`,
    holds: time !== undefined && time <= limit + result.eventLoopDelay,
    shows: time === undefined ? 'it never did' : `after ${formatTime(time)}`,
  }
}

function breakerClosed(result: Result): Claim {
  const limit = result.day.patience
  const time = timeToClose(result)
  return {
    id: 'breaker-closes',
    says: `it is closed for good within ${formatTime(limit)} of the recovery`,
    holds: time !== undefined && time <= limit,
    shows: time === undefined ? 'it never was' : `after ${formatTime(time)}`,
  }
}

function retryAfterObeyed({ bare, seaworthy }: Result): Claim {
  const { throttled, early, soonest } = seaworthy.upstream
  return {
    id: 'retry-after-obeyed',
    says: 'after a 429 nothing is sent before the time that Retry-After asked for',
    holds: early === 0 && throttled > 0,
    shows: `${early} calls came too early, the soonest after ${formatTime(soonest)}; bare: ${formatCount(bare.upstream.early)}`,
  }
}

function rightAnswers({ seaworthy }: Result): Claim {
  const mixedUp = seaworthy.samples.filter((sample) => sample.mixedUp).length
  const oldest = Math.max(0, ...seaworthy.samples.map(({ age }) => age ?? 0))
  return {
    id: 'right-answers',
    says: `every answer is for the product asked for and at most ${formatTime(seaworthy.keep)} old`,
    holds: mixedUp === 0 && oldest <= seaworthy.keep,
    shows: `${mixedUp} mixed up, the oldest ${formatTime(oldest)}`,
  }
}

function nothingLeft({ leftovers }: Result): Claim {
  const left = Object.entries(leftovers).filter(([, count]) => count !== 0)
  return {
    id: 'nothing-left',
    says: 'nothing is left behind: sockets, timers, permits, rejections, processes',
    holds: left.length === 0,
    shows: left.length === 0 ? 'all 0' : left.map(([name, count]) => `${count} ${name}`).join(', '),
  }
}
