/** How several instances of a service share what they know about its level. */
import type { Level } from './levels.ts'

/** An override that holds for all instances. */
export interface SharedOverride {
  readonly level: Level
  readonly mode: 'pin' | 'floor'
  readonly reason: string
  readonly actor: string
}

/** What all instances say. */
export interface FleetView {
  /** What the rules of each instance call for that was heard of lately, the one that asks included. */
  readonly targets: readonly Level[]
  /** The override that holds, and how long it still does: milliseconds, undefined for ever. */
  readonly override:
    | (SharedOverride & { readonly endsIn: number | undefined; readonly version: string })
    | undefined
}

/**
 * Keeps what instances share. Times are the store's own. It advises: a manager whose store does not answer goes on with what the process
 * itself knows.
 */
export interface DegradationStore {
  /**
   * Says what the rules of an instance call for, which counts for `ttl` milliseconds, and asks what all of them say. One atomic step.
   */
  exchange(instance: string, target: Level, ttl: number): Promise<FleetView>
  /**
   * Sets the override for all instances, in place of any other.
   *
   * @param endsIn - How long it holds, in milliseconds; undefined for ever.
   * @returns A text that no other override of the store has.
   */
  setOverride(override: SharedOverride, endsIn: number | undefined): Promise<string>
  /** Ends it for all instances. */
  clearOverride(): Promise<void>
  /** Forgets an instance that ends. */
  leave(instance: string): Promise<void>
}

/** The highest level that at least a share of all instances calls for; `normal` if it is only one instance. */
export function fleetTarget(targets: readonly Level[], quorum: number, order: readonly Level[]): Level {
  if (targets.length < 2) return 'normal'
  for (const level of [...order].reverse()) {
    const calling = targets.filter((target) => order.indexOf(target) >= order.indexOf(level)).length
    if (calling / targets.length >= quorum) return level
  }
  return 'normal'
}
