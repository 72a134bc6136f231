/** What the manager of the level tells those who listen: levels, names and counts. */
import type { EventMap } from '@seaworthy/core'
import type { LevelTrigger } from './level-machine.ts'
import type { Level, ServiceLevel } from './levels.ts'

/** The events of a degradation manager. */
export type DegradationEvents = EventMap & {
  /** The level changed. */
  changed: {
    readonly from: Level
    readonly to: Level
    readonly trigger: LevelTrigger
    /** The rules that count now. */
    readonly rules: readonly string[]
    readonly serviceLevel: ServiceLevel
  }
  /** An operator has set a level. `endsIn` milliseconds; undefined for never. */
  overrideSet: {
    readonly level: Level
    readonly mode: 'pin' | 'floor'
    readonly actor: string
    readonly endsIn: number | undefined
  }
  /** An override has ended by itself. */
  overrideExpired: { readonly level: Level }
  /** An operator has ended it. */
  overrideCleared: { readonly level: Level; readonly actor: string }
  /** A feature went on or off. */
  featureChanged: {
    readonly feature: string
    readonly on: boolean
    readonly cause: 'level' | 'killed' | 'restored' | 'expired'
  }
  /** A rule threw; it keeps the answer it gave last. */
  ruleFailed: { readonly rule: string }
  /** The store did not answer. */
  storeFailed: { readonly operation: 'exchange' | 'setOverride' | 'clearOverride' }
}
