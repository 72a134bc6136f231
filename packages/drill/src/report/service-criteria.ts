/** What the load has shown: while things were broken, and afterwards. */
import { type Criterion, judged, judgedShare } from './criterion.ts'
import type { Figures, InjectionFigures, TrafficFigures } from './figures.ts'
import type { CriteriaLimits } from './limits.ts'

const scenariosWanted = 10
/** So many samples bound the 99th percentile from both sides, with 95 % confidence: see `quantileInterval`. */
const enoughForP99 = 473

/** While things were broken. */
export function chaosCriteria(figures: Figures, limits: CriteriaLimits, on: Criterion['on']): Criterion[] {
  const { traffic } = figures
  // What was ended before its time has not had the chance.
  const injections = figures.injections.filter(({ outcome }) => outcome !== 'interrupted')
  const recovered = injections.filter(({ outcome }) => outcome === 'recovered')
  const took = recovered.map(({ recoveredAfter }) => recoveredAfter as number)
  const { full, degraded } = traffic.all.ended
  const critical = figures.critical.ended
  const outages = injections.filter(({ scenario }) => scenario === 'provider_outage').length
  return [
    judgedShare(
      { id: 'recovery_rate', title: 'The service recovers from faults', limit: limits.recoveryRate, on },
      recovered.length,
      injections.length,
    ),
    judged({
      id: 'recovery_time',
      title: 'It recovers soon after a fault is gone, on average',
      value: took.length === 0 ? undefined : took.reduce((sum, each) => sum + each, 0) / took.length,
      op: '<',
      limit: limits.recoveryTime,
      unit: 'ms',
      samples: took.length,
      on,
      detail: took.length === 0 ? '' : `at most ${Math.round(highest(took))} ms`,
    }),
    judgedShare(
      {
        id: 'availability',
        title: 'Users get an answer, in full or degraded',
        limit: limits.availability,
        on,
      },
      full + degraded,
      endedOf(traffic.all),
    ),
    judgedShare(
      { id: 'critical_availability', title: 'Those who matter most get one', limit: limits.availability, on },
      critical.full + critical.degraded,
      endedOf(figures.critical),
    ),
    judged({
      id: 'error_rate',
      title: 'Hardly any request fails while nothing is broken',
      value: failureShare(traffic.calm),
      op: '<',
      limit: limits.errorRate,
      unit: 'share',
      samples: endedOf(traffic.calm),
      on,
    }),
    judged({
      id: 'requests_lost',
      title: 'Every request ends',
      value: figures.unanswered,
      op: '=',
      limit: 0,
      unit: 'count',
      samples: figures.unanswered === undefined ? 0 : traffic.all.sent,
      on,
    }),
    judged({
      id: 'failover',
      title: 'While a provider is out, somebody answers',
      value: figures.longestSilence,
      op: '<',
      limit: limits.failover,
      unit: 'ms',
      samples: figures.longestSilence === undefined ? 0 : outages,
      on,
    }),
    scenarios(injections, figures.skippedScenarios, limits.rounds, on),
    ...effect(injections, limits),
  ]
}

/** Too few are not a failure of the service. */
function scenarios(
  injections: readonly InjectionFigures[],
  skipped: readonly string[],
  rounds: number,
  on: Criterion['on'],
): Criterion {
  const tried = new Map<string, number>()
  for (const { scenario } of injections) tried.set(scenario, (tried.get(scenario) ?? 0) + 1)
  const enough = [...tried.values()].filter((count) => count >= rounds).length
  const criterion = judged({
    id: 'scenarios',
    title: `Each of the ten scenarios was tried ${rounds === 1 ? 'once' : `at least ${rounds} times`}`,
    value: enough,
    op: '>=',
    limit: scenariosWanted,
    unit: 'count',
    samples: injections.length,
    on,
    detail: skipped.length === 0 ? '' : `nothing can be broken by ${skipped.join(', ')}`,
  })
  return criterion.status === 'fail' ? { ...criterion, status: 'inconclusive' } : criterion
}

/** Virtual time knows nothing of it. */
function effect(injections: readonly InjectionFigures[], limits: CriteriaLimits): Criterion[] {
  const took = injections.flatMap(({ on, effectAfter }) => (on === 'real' ? effectAfter : []))
  if (took.length === 0) return []
  return [
    judged({
      id: 'injection_effect',
      title: 'Faults are in place at once',
      value: highest(took),
      op: '<',
      limit: limits.injectionEffect,
      unit: 'ms',
      samples: took.length,
      on: 'real',
    }),
  ]
}

/** Afterwards, in comparison with before. */
export function recoveryCriteria({ traffic, last, leftovers }: Figures, on: Criterion['on']): Criterion[] {
  const states = Object.values(last)
  const circuits = states.flatMap((state) => Object.entries(state.circuits))
  const open = circuits.filter(([, state]) => state !== 'closed' && state !== 'disabled')
  const { baseline, recovery } = traffic
  // Fewer requests say nothing about the slowest hundredth of them.
  const few = Math.min(endedOf(baseline), endedOf(recovery)) < enoughForP99
  const [then, now] = few ? [baseline.p90, recovery.p90] : [baseline.p99, recovery.p99]
  const slower = now !== undefined && then ? now / then : undefined
  const [before, after] = [failureShare(baseline), failureShare(recovery)]
  return [
    judged({
      id: 'circuits_closed',
      title: 'Every circuit is closed again',
      value: open.length,
      op: '=',
      limit: 0,
      unit: 'count',
      samples: circuits.length,
      on,
      detail: open.map(([name, state]) => `${name} is ${state}`).join(', '),
    }),
    judged({
      id: 'level_normal',
      title: 'Nothing is left out any more',
      value: states.length === 0 ? undefined : highest(states.map(({ level }) => level)),
      op: '=',
      limit: 0,
      unit: 'count',
      samples: states.length,
      on,
    }),
    judged({
      id: 'latency_after',
      title: `It is as fast as before (${few ? 9 : 99} of ${few ? 10 : 100} answers)`,
      value: slower,
      op: '<=',
      // Durations are known within a tenth, so two tenths are as little as can be told.
      limit: 1.2,
      unit: 'share',
      samples: endedOf(recovery),
      on,
    }),
    judged({
      id: 'errors_after',
      title: 'It fails as seldom as before',
      value: before === undefined || after === undefined ? undefined : Math.max(0, after - before),
      op: '<=',
      limit: 0.005,
      unit: 'share',
      samples: endedOf(recovery),
      on,
    }),
    ...(leftovers === undefined
      ? []
      : [
          judged({
            id: 'leftovers',
            title: 'It holds what it held before',
            value: leftovers.length,
            op: '=',
            limit: 0,
            unit: 'count',
            samples: 1,
            on,
            detail: leftovers.join(', '),
          }),
        ]),
  ]
}

function endedOf({ ended }: TrafficFigures): number {
  return ended.full + ended.degraded + ended.shed + ended.failed
}

function failureShare(traffic: TrafficFigures): number | undefined {
  const all = endedOf(traffic)
  return all === 0 ? undefined : traffic.ended.failed / all
}

function highest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0)
}
