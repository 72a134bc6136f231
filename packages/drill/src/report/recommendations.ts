/** What the figures of a drill suggest. */
import type { DrillEvent } from '../events.ts'
import type { Figures } from './figures.ts'

/** Advice, and what it goes by. */
export interface Recommendation {
  /** One or two sentences. */
  readonly advice: string
  /** The observation behind it. */
  readonly because: string
}

/** Recovery that takes longer than this, in milliseconds, is worth a thought. */
const slowRecovery = 15_000
/** From this share of calls on, being turned away is the rule. */
const muchShed = 0.05

/** @param events - A whole log. */
export function recommendationsOf(events: readonly DrillEvent[], figures: Figures): Recommendation[] {
  return [...slowOnes(figures), ...lost(figures), ...shedding(figures), ...leaks(events), ...cascades(events)]
}

function slowOnes({ injections }: Figures): Recommendation[] {
  const slow = injections.filter(({ recoveredAfter }) => (recoveredAfter ?? 0) > slowRecovery)
  if (slow.length === 0) return []
  const worst = slow.reduce((a, b) => ((a.recoveredAfter ?? 0) > (b.recoveredAfter ?? 0) ? a : b))
  return [
    {
      advice:
        'Lower `recoveryTimeout.max` of the circuits behind it, or the `recoverAfter` of the levels: both are waited for after a fault is gone.',
      because: `${slow.length} of ${injections.length} recoveries took more than ${slowRecovery / 1000} s; the longest ${seconds(worst.recoveredAfter)} after ${worst.scenario} on ${worst.targets.join(', ')}`,
    },
  ]
}

function lost({ injections }: Figures): Recommendation[] {
  const failed = injections.filter(({ outcome }) => outcome === 'notRecovered')
  if (failed.length === 0) return []
  const which = [...new Set(failed.map(({ scenario, targets }) => `${scenario} on ${targets.join(', ')}`))]
  return [
    {
      advice:
        'Look for what does not come back by itself: a circuit without trials, connections that are never opened again, retries that keep a dependency down.',
      because: `the service was not well within its time after ${which.join('; ')}`,
    },
  ]
}

function shedding({ traffic }: Figures): Recommendation[] {
  const { full, degraded, shed, failed } = traffic.calm.ended
  const all = full + degraded + shed + failed
  if (all === 0 || shed < muchShed * all) return []
  return [
    {
      advice: 'Raise `concurrency`, or the levels from which requests are turned away.',
      because: `${percent(shed / all)} of the requests were turned away while nothing was broken`,
    },
  ]
}

function leaks(events: readonly DrillEvent[]): Recommendation[] {
  return events.flatMap((event) =>
    event.type === 'memory.verdict' && event.outcome !== 'pass'
      ? {
          advice:
            event.outcome === 'inconclusive'
              ? 'Watch the memory for longer.'
              : 'Compare two heap snapshots taken some operations apart; look first at listeners, maps by key and timers.',
          because: event.reason,
        }
      : [],
  )
}

/** Every cascade brings its own. */
function cascades(events: readonly DrillEvent[]): Recommendation[] {
  const seen = new Set<string>()
  return events.flatMap((event) => {
    if (event.type !== 'cascade.test' || event.control) return []
    const { recommendations = [] } = event.evidence as { readonly recommendations?: readonly string[] }
    return recommendations.flatMap((advice) => {
      if (seen.has(advice)) return []
      seen.add(advice)
      return { advice, because: `cascade ${event.id}` }
    })
  })
}

function seconds(milliseconds = 0): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
