/** How a process of the service does, for whoever watches over it. */
import { defaultHub } from '@seaworthy/core'
import type { Route } from './http.ts'

export interface Status {
  /** The state of each circuit by name: `closed`, `open`, `halfOpen`, `isolated`. */
  readonly circuits: Readonly<Record<string, string>>
  /** How each store does: `up`, `degraded`, `down`. */
  readonly stores: Readonly<Record<string, string>>
  /** How many orders it has in hand. */
  readonly working: number
}

/** `GET /status`. It asks nobody, so it answers when nothing else does. */
export const statusRoute: Route = {
  method: 'GET',
  path: '/status',
  answer: async () => ({ status: 200, body: status() }),
}

/** What the policies of this process have registered. */
function status(): Status {
  return {
    circuits: states('circuit-breaker'),
    stores: states('redis'),
    working: components('worker').reduce((sum, { snapshot: { active = 0 } }) => sum + active, 0),
  }
}

interface Snapshot {
  readonly state?: string
  readonly active?: number
}

function components(kind: string): { readonly name: string; readonly snapshot: Snapshot }[] {
  return defaultHub
    .components()
    .filter((component) => component.kind === kind)
    .map((component) => ({ name: component.name, snapshot: component.snapshot() as Snapshot }))
}

function states(kind: string): Record<string, string> {
  return Object.fromEntries(components(kind).map(({ name, snapshot }) => [name, snapshot.state ?? 'unknown']))
}
