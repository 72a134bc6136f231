/** The manager of the level, as its users see it. */
import type { Duration, Listener } from '@seaworthy/core'
import type { RequestCriticality } from './criticality.ts'
import type { DegradationEvents } from './events.ts'
import type { Level, ServiceLevel } from './levels.ts'
import type { Notice } from './notice.ts'
import type { DegradationSnapshot } from './snapshot.ts'

/** Who does something, and why. */
export interface OverrideOptions {
  /** Why, for everybody who looks: at most 200 characters. */
  readonly reason: string
  /** Who. */
  readonly actor: string
  /** How long; `null` for until somebody ends it. @defaultValue `'1h'` */
  readonly ttl?: Duration | null
  /** `pin`: this level and no other. `floor`: this one or a higher one. @defaultValue `'pin'` */
  readonly mode?: 'pin' | 'floor'
}

/** Who switches a feature off, why and for how long. */
export type KillOptions = Omit<OverrideOptions, 'mode'>

/** Watches the process and says how much it should still try to do. Made by `createDegradation`. */
export interface Degradation {
  readonly name: string
  readonly level: Level
  readonly serviceLevel: ServiceLevel
  /** Whether nothing can be changed now. */
  readonly readOnly: boolean
  snapshot(): DegradationSnapshot
  /**
   * Sets the level by hand, in place of any earlier override.
   *
   * @throws {@link @seaworthy/core!InvalidOptionError} when the level is none, or reason or actor are missing.
   */
  set(level: Level, options: OverrideOptions): DegradationSnapshot
  /** Ends the override: the level is at once what the rules call for. */
  clear(by: { readonly actor: string; readonly reason?: string }): DegradationSnapshot
  /** Asks the rules now. */
  evaluate(): void
  /** Whether a feature is on. @throws {@link @seaworthy/degradation!UnknownFeatureError} when there is none of that name. */
  isOn(feature: string): boolean
  /** Runs a function if the feature is on. @throws {@link @seaworthy/degradation!FeatureOffError} when it is off. */
  feature<T>(feature: string, run: () => T): T
  /** Switches a feature off, whatever the level. */
  killFeature(feature: string, options: KillOptions): void
  /** Ends that. */
  restoreFeature(feature: string, by: { readonly actor: string }): void
  /** What to tell users, in a language (`en` if none is given); undefined while all is well. */
  notice(options?: { readonly locale?: string }): Notice | undefined
  /** Whether work of a certain importance is let in now. Draws lots where the table has a share. */
  admits(criticality: RequestCriticality): boolean
  /** The least time until things can get better, in milliseconds; 0 at `normal`. */
  readonly retryAfter: number
  /** Subscribes to an event. @returns A function that unsubscribes. */
  on<E extends keyof DegradationEvents & string>(
    event: E,
    listener: Listener<DegradationEvents[E]>,
  ): () => void
  /** Watches no more and leaves the hub and the store. The level stays what it was. */
  close(): void
  /** Timers, calls and listeners, for leak tests. */
  debugStats(): Record<string, number>
}
