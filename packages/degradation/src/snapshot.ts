/** The level as plain data. */
import type { LevelTrigger } from './level-machine.ts'
import type { Level, ServiceLevel } from './levels.ts'
import type { Notice } from './notice.ts'
import type { RuleReading } from './rule.ts'

/** A change of the level. */
export interface LevelChange {
  /** In milliseconds since 1970. */
  readonly time: number
  readonly from: Level
  readonly to: Level
  readonly trigger: LevelTrigger
  /** The rules that counted. */
  readonly rules: readonly string[]
}

/** Everything about the level, as plain data. Points in time are milliseconds since 1970. */
export interface DegradationSnapshot {
  readonly level: Level
  /** The level as a number, 0 for `normal`. */
  readonly value: number
  readonly serviceLevel: ServiceLevel
  readonly readOnly: boolean
  readonly since: number
  /** What the level comes from. `recovery`: less is called for already. */
  readonly source: 'rules' | 'override' | 'recovery'
  /** In words: an operator's, or the rule with the highest level. */
  readonly reason: string
  readonly override:
    | {
        readonly level: Level
        readonly mode: 'pin' | 'floor'
        readonly reason: string
        readonly actor: string
        readonly expiresAt: number | undefined
      }
    | undefined
  /** What is called for now. */
  readonly target: Level
  readonly activeRules: readonly { readonly id: string; readonly level: Level; readonly since: number }[]
  /** All rules, in order of their list, with what each reads now. */
  readonly rules: readonly {
    readonly id: string
    /** What it calls for: now if it counts, else whenever it will. */
    readonly level: Level
    readonly active: boolean
    /** Since when it counts. */
    readonly since: number | undefined
    /** When it will count no more, if it goes on not to hold. */
    readonly until: number | undefined
    /** Undefined unless the rule tells its figures. */
    readonly reading: RuleReading | undefined
  }[]
  readonly features: readonly {
    readonly name: string
    readonly on: boolean
    readonly maxLevel: Level
    readonly killed:
      | { readonly reason: string; readonly actor: string; readonly expiresAt: number | undefined }
      | undefined
  }[]
  readonly notice: Notice | undefined
  /** The last changes, oldest first. */
  readonly recentEvents: readonly LevelChange[]
  /** How long each level has lasted since the manager began, in milliseconds. */
  readonly timeAt: Readonly<Record<Level, number>>
  /** How many instances are heard of in the store; 0 without one. */
  readonly instances: number
}
