/**
 * A reference model of the circuit breaker, random histories that compare any breaker with it, and every order in which a few
 * concurrent calls can happen. Needs fast-check.
 *
 * @module @seaworthy/testing/models
 */

export { type BreakerCommandOptions, breakerCommands, breakerHistory } from './breaker-commands.ts'
export type { BreakerFact, BreakerRules, Opening } from './breaker-facts.ts'
export type {
  BreakerHistory,
  BreakerMoment,
  BreakerUnderTest,
  EndOfCall,
  PendingCall,
} from './breaker-history.ts'
export {
  type Asked,
  BreakerModel,
  type BreakerView,
  breakerDifferences,
  breakerModel,
  type Told,
} from './breaker-model.ts'
export { interleavings } from './interleavings.ts'
