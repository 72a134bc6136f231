/** What a breaker test consists of. */
import type { CircuitRules } from '@seaworthy/circuit-breaker'
import type { Bench } from './bench.ts'
import { failuresToOpen, type TestRules } from './rules.ts'

/** The tests, in order. */
export const breakerTestIds: readonly BreakerTestId[] = Object.freeze<BreakerTestId[]>([
  'CB1',
  'CB2',
  'CB3',
  'CB4',
  'CB5',
  'CB6',
  'CB7',
])

/** Names a breaker test. */
export type BreakerTestId = 'CB1' | 'CB2' | 'CB3' | 'CB4' | 'CB5' | 'CB6' | 'CB7'

/** One thing that a test looks at, with a breaker of its own. */
export interface Part {
  readonly name: string
  /** The rules that show it best; a user's rules take their place. */
  readonly options: CircuitRules
  /** Why it cannot be seen under these rules; undefined if it can. */
  readonly blocked?: (rules: TestRules) => string | undefined
  /** Differs from an earlier part in its options alone, so it says nothing new about a user's. */
  readonly variant?: boolean
  /** @returns Figures for the report. @throws When the breaker does not do as it must. */
  run(bench: Bench): Promise<Readonly<Record<string, unknown>>>
}

/** One of the seven tests. */
export interface Scenario {
  readonly id: BreakerTestId
  readonly name: string
  readonly parts: readonly Part[]
}

/** Parts that open a breaker by failures need a rule for it. */
export const needsFailureRule = (rules: TestRules): string | undefined =>
  Number.isFinite(failuresToOpen(rules)) ? undefined : 'no number of failures opens it'
