/** What the parts without a service have shown: breakers, cascades, memory. */
import type { DrillEvent } from '../events.ts'
import { type Criterion, judged } from './criterion.ts'
import type { CriteriaLimits } from './limits.ts'

const breakerTestsWanted = 7
const cascadesWanted = 5
/** The largest share of time that watching may cost. */
const mostOverhead = 0.05

/** The circuit breaker. */
export function breakerCriteria(events: readonly DrillEvent[]): Criterion[] {
  const tests = events.filter((event) => event.type === 'breaker.test')
  const failed = tests.filter(({ passed }) => !passed)
  const coverage = events.find((event) => event.type === 'breaker.coverage')
  return [
    judged({
      id: 'breaker_tests',
      title: 'The circuit breaker passes its tests',
      value: tests.length - failed.length,
      op: '>=',
      limit: breakerTestsWanted,
      unit: 'count',
      samples: tests.length,
      on: 'virtual',
      detail:
        failed.length === 0 ? '' : `failed: ${failed.map(({ id, name }) => `${id} ${name}`).join(', ')}`,
    }),
    judged({
      id: 'breaker_transitions',
      title: 'Its changes of state were seen, and no others',
      value: coverage && (coverage.illegal.length === 0 ? coverage.seen / coverage.legal : 0),
      op: '>=',
      limit: 0.9,
      unit: 'share',
      samples: coverage?.legal ?? 0,
      on: 'virtual',
      detail: coverage?.illegal.join(', '),
    }),
  ]
}

/** Cascades, and their controls. */
export function cascadeCriteria(events: readonly DrillEvent[]): Criterion[] {
  const tests = events.filter((event) => event.type === 'cascade.test')
  const skipped = events.filter((event) => event.type === 'cascade.skipped')
  const defended = tests.filter(({ control }) => !control)
  const controls = tests.filter(({ control }) => control)
  const spread = defended.filter(({ passed }) => !passed).map(({ id }) => id)
  const survived = controls.filter(({ passed }) => passed).map(({ id }) => id)
  const common = { op: '>=', unit: 'count', on: 'virtual' } as const
  const wanted = cascadesWanted - skipped.length
  const left = skipped.map(({ id, reason }) => `${id} cannot be shown: ${reason}`)
  return [
    judged({
      ...common,
      id: 'cascades',
      title: 'Failures do not spread',
      value: defended.length - spread.length,
      limit: Math.max(wanted, defended.length),
      samples: defended.length,
      detail: [...(spread.length === 0 ? [] : [`they did in ${spread.join(', ')}`]), ...left].join('; '),
    }),
    judged({
      ...common,
      id: 'cascade_controls',
      title: 'Without the defence they would have',
      value: controls.length - survived.length,
      limit: Math.max(wanted, controls.length),
      samples: controls.length,
      detail: survived.length === 0 ? '' : `they did not in ${survived.join(', ')}, so it shows nothing`,
    }),
  ]
}

/** Memory, simulated and real. */
export function memoryCriteria(events: readonly DrillEvent[], limits: CriteriaLimits): Criterion[] {
  return [...simulatedSoak(events), ...growth(events, limits), ...overhead(events)]
}

function simulatedSoak(events: readonly DrillEvent[]): Criterion[] {
  const soaks = events.filter((event) => event.type === 'soak.simulated')
  if (soaks.length === 0) return []
  return [
    judged({
      id: 'simulated_soak',
      title: `${soaks.reduce((sum, { hours }) => sum + hours, 0)} hours of faults leave nothing behind`,
      value: soaks.filter(({ passed }) => passed).length,
      op: '>=',
      limit: soaks.length,
      unit: 'count',
      samples: soaks.length,
      on: 'virtual',
    }),
  ]
}

/** The monitor has judged already, by more than its growth. */
function growth(events: readonly DrillEvent[], { memoryGrowthPercent }: CriteriaLimits): Criterion[] {
  const verdicts = events.filter((event) => event.type === 'memory.verdict')
  const samples = events.filter((event) => event.type === 'memory.sample').length
  return verdicts.map((verdict) => {
    const criterion = judged({
      id: 'memory_growth',
      title: 'Memory does not grow',
      value: verdict.growthPercent,
      op: '<',
      limit: memoryGrowthPercent,
      unit: 'percent',
      samples,
      on: 'real',
      detail: verdict.reason,
    })
    return samples === 0 ? criterion : { ...criterion, status: statusOf[verdict.outcome] }
  })
}

const statusOf = { pass: 'pass', warn: 'pass', fail: 'fail', inconclusive: 'inconclusive' } as const

function overhead(events: readonly DrillEvent[]): Criterion[] {
  const found = events.filter((event) => event.type === 'measurement' && event.id === 'monitor_overhead')
  return found.flatMap((event) =>
    event.type !== 'measurement'
      ? []
      : judged({
          id: 'monitor_overhead',
          title: 'Watching memory costs little',
          value: event.value,
          op: '<',
          limit: mostOverhead,
          unit: 'share',
          samples: event.samples,
          on: 'real',
        }),
  )
}
