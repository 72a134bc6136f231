/** The level as it is shown. */
import type { DegradationSnapshotLike } from '../parts.ts'
import type { DegradationView, FeatureView } from '../wire.ts'

/** For those with permission. What a snapshot has and the wire does not name is left out. */
export function degradationView(snapshot: DegradationSnapshotLike): DegradationView {
  const { readOnly, reason, override, target, activeRules, features, notice, recentEvents, timeAt } = snapshot
  return {
    ...publicDegradationView(snapshot),
    ...(readOnly !== undefined && { readOnly }),
    ...(reason !== undefined && { reason }),
    ...(override !== undefined && { override: overrideView(override) }),
    ...(target !== undefined && { target }),
    ...(activeRules !== undefined && { activeRules }),
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
