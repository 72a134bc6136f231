/** What a run says about the settings that it was run with, in words. */
import { formatDuration } from '@seaworthy/core'
import { type CascadeReport, closedAfter } from './figures.ts'
import type { Stage } from './stage.ts'

/** Circuits that take longer than this to close again are a nuisance of their own. Milliseconds. */
const slowRecovery = 30_000

/** Advice on settings of hops, from what was seen. */
export function recommendations(stage: Stage, report: CascadeReport): string[] {
  const { system, time } = stage
  const advice: string[] = []
  for (const { edge, name, settings } of system.hops) {
    const changes = report.circuits.filter(({ circuit }) => circuit === name)
    const opened = changes.filter(({ to }) => to === 'open').length
    const flaps = changes.filter(({ from, to }) => from === 'closed' && to === 'open').length
    const { breaker } = settings
    if (breaker === false) {
      const { calls, good } = system.tally.in(system.tally.edges, edge.id, 'during')
      if (calls - good > 100)
        advice.push(
          `${name}: ${calls - good} of ${calls} calls failed and nothing stopped them; put a circuit breaker there.`,
        )
      continue
    }
    if (opened === 0) continue
    const waits = `${formatDuration(breaker.initial)} to ${formatDuration(breaker.max)}`
    const closed = changes.findLast(({ to }) => to === 'closed')
    const after = closed === undefined ? undefined : closed.at - time.healedAt
    if (after === undefined)
      advice.push(
        `${name}: it opened ${opened} times with waits of ${waits} and did not close again; look at its time limit first.`,
      )
    else if (after > slowRecovery)
      advice.push(
        `${name}: it closed ${formatDuration(after)} after the fault; lower recoveryTimeout.max below ${formatDuration(breaker.max)}.`,
      )
    else if (flaps > 2)
      advice.push(
        `${name}: it opened ${flaps} times anew; lengthen recoveryTimeout or raise successThreshold above ${breaker.successThreshold}.`,
      )
  }
  const closed = closedAfter(stage)
  if (report.amplification > 1.5)
    advice.push(
      `The leaf got ${report.amplification.toFixed(1)} times its usual calls for each request: give retries a budget, or retry on one hop alone.`,
    )
  if (closed === undefined)
    advice.push(
      'Not all circuits closed again: compare recovery times; those further down must not be shorter.',
    )
  return advice
}
