/** What a kind of cascade consists of. */
import type { Defence, HopSettings } from './hop-settings.ts'
import type { CascadeMetric, LoadShape, Stage } from './stage.ts'
import type { Topology } from './topology.ts'

/** The kinds of cascades, in order. */
export const cascadeIds: readonly CascadeId[] = Object.freeze<CascadeId[]>([
  'CF1',
  'CF2',
  'CF3',
  'CF4',
  'CF5',
])

/** Names a kind of cascade. */
export type CascadeId = 'CF1' | 'CF2' | 'CF3' | 'CF4' | 'CF5'

/** A graph made ready for a cascade. */
export interface Scene {
  readonly topology: Topology
  /** The node the fault is at, or the one that suffers most. */
  readonly leaf: string
  readonly shape: LoadShape
}

/** One kind of cascade. */
export interface Cascade {
  readonly id: CascadeId
  readonly name: string
  /** What goes wrong. */
  readonly fault: string
  /** What the control leaves out. It must fail then. */
  readonly control: string
  /** How long load comes before the fault, in milliseconds. */
  readonly warmUp: number
  /** Makes a graph ready. @returns Why the graph cannot show it, as a text. */
  prepare(topology: Topology): Scene | string
  /** What it changes about a defence with or without control. */
  defend(defence: Defence, scene: Scene): Defence
  /** Leaves out what the control leaves out. */
  weaken(defence: Defence, scene: Scene): Defence
  /** Runs it. @returns What it is judged by. */
  run(stage: Stage, scene: Scene): Promise<CascadeMetric[]>
}

/** Changes every hop. */
export function eachHop(
  defence: Defence,
  change: (hop: HopSettings, id: string) => Partial<HopSettings>,
): Defence {
  const hops = Object.entries(defence.hops).map(([id, hop]) => [id, { ...hop, ...change(hop, id) }])
  return { ...defence, hops: Object.fromEntries(hops) }
}
