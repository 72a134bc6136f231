import type { ConformanceKit } from '../kit.ts'

/** A store with a mistake. */
export interface KnownBad {
  /** What it does. */
  readonly mistake: string
  readonly kit: ConformanceKit
  /** The name of a check that must fail for it. */
  readonly caughtBy: string
}
