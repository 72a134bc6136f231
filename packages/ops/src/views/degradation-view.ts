/** The level as it is shown. */
import type { DegradationSnapshotLike } from '../parts.ts'
import { redactText } from '../redact.ts'
import type { DegradationView, FeatureView, RuleView } from '../wire.ts'

/** For those with permission. What a snapshot has and the wire does not name is left out. */
export function degradationView(snapshot: DegradationSnapshotLike): DegradationView {
  const { readOnly, reason, override, target, activeRules, rules, features, notice } = snapshot
  const { recentEvents, timeAt } = snapshot
  return {
    ...publicDegradationView(snapshot),
    ...(readOnly !== undefined && { readOnly }),
    ...(reason !== undefined && { reason }),
    ...(override !== undefined && { override: overrideView(override) }),
    ...(target !== undefined && { target }),
    ...(activeRules !== undefined && { activeRules }),
    ...(rules !== undefined && { rules: rules.map(ruleView) }),
    ...(features !== undefined && { features: features.map(featureView) }),
    ...(notice !== undefined && { notice }),
    ...(recentEvents !== undefined && { recentEvents }),
    ...(timeAt !== undefined && { timeAt }),
  }
}

/** For everybody. */
export const publicDegradationView = ({
  level,
  value,
  serviceLevel,
  since,
  source,
}: DegradationSnapshotLike): DegradationView => ({ level, value, serviceLevel, since, source })

/** What a rule of the service's own tells is its words, and so without secrets. */
function ruleView({
  id,
  level,
  active,
  since,
  until,
  reading,
}: NonNullable<DegradationSnapshotLike['rules']>[number]): RuleView {
  return {
    id,
    level,
    active,
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(reading && {
      reading: {
        value: reading.value,
        limit: reading.limit,
        ...(reading.unit && { unit: reading.unit }),
        ...(reading.about && { about: reading.about.map((text) => redactText(text)) }),
      },
    }),
  }
}

export const featureView = ({
  name,
  on,
  maxLevel,
  killed,
}: NonNullable<DegradationSnapshotLike['features']>[number]): FeatureView => ({
  name,
  on,
  maxLevel,
  ...(killed && {
    killed: {
      reason: killed.reason,
      actor: killed.actor,
      ...(killed.expiresAt !== undefined && { expiresAt: killed.expiresAt }),
    },
  }),
})

function overrideView({
  level,
  mode,
  reason,
  actor,
  expiresAt,
}: NonNullable<DegradationSnapshotLike['override']>): NonNullable<DegradationView['override']> {
  // All but the end are always there.
  return { level, mode, reason, actor, ...(expiresAt !== undefined && { expiresAt }) } as NonNullable<
    DegradationView['override']
  >
}
