/**
 * Virtual time, seeded randomness, leak checks, exhaustive exploration and a reference model of the circuit
 * breaker: what tests of resilient code need.
 *
 * @module @seaworthy/testing
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
export { Counterexample, type Exploration, type Explored, explore, type Goal, type Step } from './explore.ts'
export { interleavings } from './interleavings.ts'
export {
  abortListeners,
  activeHandles,
  expectNoLeaks,
  type Handles,
  type LeakOptions,
  leaks,
  newHandles,
  type RejectionTracker,
  trackUnhandledRejections,
} from './leaks.ts'
export { type SeededRandom, seededRandom } from './seeded-random.ts'
export { type Sometimes, sometimes } from './sometimes.ts'
export { type RunLimit, VirtualClock } from './virtual-clock.ts'
