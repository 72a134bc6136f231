/** The words before and after the picture: what will happen, and what came of it. */
import { answerableOf, busyMachine, type Claim, deadCalls, lostOf } from './claims.ts'
import { figures, type Outcome, phaseFigures } from './measure.ts'
import type { Result, SideResult } from './result.ts'
import { type BadDay, moods } from './script.ts'
import { callsIn } from './upstream-process.ts'
import type { Paint } from './view.ts'
import { formatCount, formatPercent, formatTime } from './words.ts'

/** One line of the closing table. */
export interface Row {
  readonly label: string
  readonly bare: string
  readonly seaworthy: string
}

/** What is about to happen. */
export function opening(day: BadDay, seed: number, paint: Paint): string[] {
  const phases = day.phases.map(({ mood, from, to }) => `${moods[mood].label} ${formatTime(to - from)}`)
  return [
    '',
    ` ${paint('bold', 'A bad day for an upstream')}, seed ${seed}`,
    ` ${phases.join(', ')}`,
    ` ${day.rate} requests a second go to each of two such upstreams:`,
    ' to one through plain fetch with retries, to the other through Seaworthy.',
    '',
  ]
}

/** What came of it: the table and the claims. */
export function closing(result: Result, claims: readonly Claim[], paint: Paint): string[] {
  const kept = claims.filter(({ holds }) => holds).length
  const verdict = `${kept} of ${claims.length} claims hold`
  const busy = busyMachine(result)
  return [
    '',
    ...table(result).map((line, index) => (index === 0 ? paint('bold', line) : line)),
    '',
    ...claims.flatMap(({ holds, says, shows }) => [
      ` ${holds ? paint('green', '✓') : paint('red', '✗')} ${says}`,
      `   ${paint('dim', shows)}`,
    ]),
    '',
    ...(busy === undefined ? [] : [` ${paint('yellow', busy)}`]),
    ` ${paint(kept === claims.length ? 'green' : 'red', verdict)}`,
  ]
}

function table(result: Result): string[] {
  const line = (label: string, bare: string, seaworthy: string): string =>
    ` ${label.padEnd(46)}${bare.padStart(14)}${seaworthy.padStart(14)}`
  return [
    line('', result.bare.name, result.seaworthy.name),
    ...rows(result).map(({ label, bare, seaworthy }) => line(label, bare, seaworthy)),
  ]
}

/** The figures of both sides beside each other. */
export function rows(result: Result): Row[] {
  const { day, bare, seaworthy } = result
  const row = (label: string, tell: (side: SideResult) => string): Row => ({
    label,
    bare: tell(bare),
    seaworthy: tell(seaworthy),
  })
  const whole = ({ samples }: SideResult) => figures(samples, 0, day.duration)
  const possible = (side: SideResult) => figures(answerableOf(result, side), 0, day.duration)
  const count =
    (...wanted: Outcome[]) =>
    ({ samples }: SideResult): string =>
      formatCount(samples.filter(({ outcome }) => outcome !== undefined && wanted.includes(outcome)).length)
  return [
    row('requests', (side) => formatCount(side.samples.length)),
    row('answered', (side) => formatPercent(whole(side).success)),
    row('  by the upstream', count('live')),
    row(`  from the cache, up to ${formatTime(seaworthy.fresh)} old`, count('cached')),
    row('  from the cache, older: the upstream failed', count('stale')),
    row('lost', count('failed')),
    row('  though they could have been answered', (side) => formatCount(lostOf(result, side))),
    row('latency p50, of those that could be answered', (side) => formatTime(possible(side).p50)),
    row('latency p99', (side) => formatTime(possible(side).p99)),
    row('calls to the upstream', ({ upstream }) => formatCount(callsIn(upstream))),
    row('  while it could not answer', (side) => formatCount(deadCalls(side))),
    row('  worked on after their client had left', ({ upstream }) => formatCount(upstream.abandoned)),
    row('longest queue in the upstream', ({ upstream }) => formatCount(upstream.longestQueue)),
  ]
}

/** Each phase: the share of its requests that were answered, and the latency of those that could be. */
export function phaseRows(result: Result): Row[] {
  const { day, bare, seaworthy } = result
  return day.phases.map((phase) => {
    const tell = (side: SideResult): string => {
      const { success } = phaseFigures(side.samples, phase)
      const { p99 } = phaseFigures(answerableOf(result, side), phase)
      return `${formatPercent(success)}, p99 ${formatTime(p99)}`
    }
    return { label: moods[phase.mood].label, bare: tell(bare), seaworthy: tell(seaworthy) }
  })
}
