/**
 * Pipelines, contexts, events, the hub, errors, failure classes, durations and clocks: what all policies share.
 *
 * @module @seaworthy/core
 */
export { type AbortableSignal, onAbort } from './abort.ts'
export { type Clock, sleepOn, systemClock, systemWallClock, type Timer, type WallClock } from './clock.ts'
export { CallContext, type Context, deadlineAfter, type ExecuteOptions } from './context.ts'
export { DeadlineList, type DeadlineNode } from './deadlines.ts'
export type { PolicyDescription } from './describe.ts'
export { type Duration, duration, formatDuration } from './duration.ts'
export {
  type ErrorCode,
  InvalidOptionError,
  isSeaworthyError,
  SeaworthyError,
  type SeaworthyErrorOptions,
} from './errors.ts'
export { Emitter, type EventMap, Silence } from './events.ts'
export { explain } from './explain.ts'
export type {
  Describable,
  ExplainOptions,
  ExplainTarget,
  Explanation,
  GraphExplanation,
  NodeExplanation,
  ServiceCall,
  ServiceGraph,
  ServiceNode,
} from './explain-model.ts'
export type { CompositionWarning, CompositionWarningCode } from './explain-warning.ts'
export {
  type Classify,
  classifyWith,
  type FailureClass,
  failureClass,
  isProgrammerError,
  knownFailureClass,
} from './failure.ts'
export { parseHttpDate } from './http-date.ts'
export {
  type Component,
  defaultHub,
  Hub,
  type HubEvent,
  type JourneyRecorder,
  type ListenerError,
} from './hub.ts'
export {
  type JourneyEntry,
  type JourneyStore,
  type MemoryJourney,
  type MemoryJourneyOptions,
  memoryJourney,
} from './journey.ts'
export type { Call, Inner, Layer, Operation, Refusal } from './layer.ts'
export { LazyAbort } from './lazy-abort.ts'
export type { Listener } from './listener.ts'
export { count, knownOptions, number, oneOf, optionalFunction, ratio } from './options.ts'
export type { Passage, PassingCall } from './passage.ts'
export { Periodic, type PeriodicOptions } from './periodic.ts'
export { type AddedBy, type AnyPolicy, type EventsBy, pipeline } from './pipeline.ts'
export { type Policy, PolicyBase, type Settled } from './policy.ts'
export { type Random, systemRandom } from './random.ts'
