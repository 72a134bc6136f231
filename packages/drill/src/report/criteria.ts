/** What a service has to show. */
import type { DrillEvent, PhaseName } from '../events.ts'
import type { Criterion } from './criterion.ts'
import { type Figures, figuresOf } from './figures.ts'
import { type CriteriaLimits, standardLimits } from './limits.ts'
import { breakerCriteria, cascadeCriteria, memoryCriteria } from './part-criteria.ts'
import { chaosCriteria, recoveryCriteria } from './service-criteria.ts'

/** Judges a whole log. Every number comes from the log, so anybody can check it. A phase that was left out has no criteria. */
export function criteriaOf(
  events: readonly DrillEvent[],
  limits: CriteriaLimits = standardLimits,
  figures: Figures = figuresOf(events),
): readonly Criterion[] {
  const ran = (phase: PhaseName): boolean =>
    events.some((event) => event.type === 'phase.started' && event.phase === phase)
  const clocks = [...new Set(events.flatMap((event) => (event.type === 'traffic' ? event.on : [])))]
  const load = clocks.length > 1 ? 'both' : (clocks[0] ?? 'virtual')
  return [
    ...(ran('CHAOS_INJECTION') ? chaosCriteria(figures, limits, load) : []),
    ...(ran('CIRCUIT_BREAKER_TESTING') ? breakerCriteria(events) : []),
    ...(ran('CASCADING_FAILURE_TESTING') ? cascadeCriteria(events) : []),
    ...(ran('MEMORY_SOAK_TESTING') ? memoryCriteria(events, limits) : []),
    ...(ran('RECOVERY_VALIDATION') ? recoveryCriteria(figures, load) : []),
  ]
}
