/** Components of the hub as they are shown. */
import type { Component, Hub } from '@seaworthy/core'
import { redactData } from '../redact.ts'
import type { ComponentView } from '../wire.ts'

/** At most so many are shown. */
const most = 1000

/** The components that `wanted` picks. One that cannot be read is shown without a snapshot. */
export function componentViews(hub: Hub, wanted: (component: Component) => boolean): ComponentView[] {
  return hub
    .components()
    .filter(wanted)
    .slice(0, most)
    .map((component) => ({
      kind: component.kind,
      name: component.name,
      snapshot: snapshotOf(component),
      actions: Object.keys(component.actions),
    }))
}

/** Snapshots hold nothing secret; but those of components of yours may, by mistake. */
function snapshotOf(component: Component): ComponentView['snapshot'] {
  try {
    return redactData(component.snapshot()) as ComponentView['snapshot'] // an object stays one
  } catch {
    return {}
  }
}
