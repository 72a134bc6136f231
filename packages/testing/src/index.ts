/**
 * Virtual time, seeded randomness, leak checks and exhaustive exploration: what tests of resilient code need.
 *
 * @module @seaworthy/testing
 */

export { Counterexample, type Exploration, type Explored, explore, type Goal, type Step } from './explore.ts'
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
