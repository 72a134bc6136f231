import type { FailureClass } from '@seaworthy/core'
import type { AbortCause } from './errors.ts'
import type { StoreTrouble } from './insist.ts'

/** Part of every event about one task. */
export interface TaskFacts {
  /** The name of the worker. */
  readonly name: string | undefined
  /** The id of the task. */
  readonly task: string
  /** Which try it is: failures and silent hand-outs before it, plus 1. */
  readonly attempt: number
}

/** Part of events at the end of a run of the handler. */
export interface RunFacts extends TaskFacts {
  /** How long the run took, in milliseconds. */
  readonly duration: number
}

/** Why a task was handed back without a run that counts. */
export type PostponeReason =
  /** A policy turned it away, such as an open circuit or a full bulkhead; the handler did not run. */
  | 'turnedAway'
  /** Another delivery with the same id is under way. */
  | 'inFlight'
  /** It was fetched ahead, and no slot became free within 100 ms. */
  | 'noSlot'
  /** It is a suspect, and another suspect runs. */
  | 'quarantine'
  /** Its idempotency record went to somebody else while it ran. */
  | 'superseded'

/** Why a task ended among the dead letters. */
export type DeathReason =
  /** It failed as often as it may. */
  | 'exhausted'
  /** Its failure is of class `fatal`: another try would be the same. */
  | 'fatal'
  /** Workers fell silent over it again and again. */
  | 'crashed'
  /** Its payload could not be decoded. */
  | 'unreadable'
  /** Its id was used before, with another payload. */
  | 'conflict'
  /** A worker died over it, and `onAbandoned` says that it must not run twice. */
  | 'unknownOutcome'
  /** A worker had written its letter and died before it could end the task. */
  | 'interrupted'

/** A worker's way: made, at work, finishing what it has, over. */
export type WorkerState = 'idle' | 'running' | 'draining' | 'closed'

/** The events of a worker. Times are milliseconds. */
export type WorkerEvents = {
  /** The worker began, began to drain, or ended. */
  stateChange: { readonly name: string | undefined; readonly from: WorkerState; readonly to: WorkerState }
  /** It stopped or started again to fetch, by hand. */
  paused: { readonly name: string | undefined }
  resumed: { readonly name: string | undefined }
  /** A handler is about to run. `age`: since the task was enqueued. */
  started: TaskFacts & { readonly deliveries: number; readonly age: number }
  /** The handler succeeded, and the stream knows it. */
  completed: RunFacts
  /** The handler failed and will run again, after `delay`. */
  retried: RunFacts & { readonly failureClass: FailureClass; readonly delay: number }
  /** The task waits for `delay` and spends no attempt. */
  postponed: TaskFacts & { readonly reason: PostponeReason; readonly delay: number }
  /** The task was done before, under the same id; it was acknowledged without a run. */
  duplicate: TaskFacts
  /** The task is among the dead letters, under `letter` (undefined if it was discarded, as the options say). */
  deadLettered: TaskFacts & {
    readonly reason: DeathReason
    readonly failureClass: FailureClass
    readonly letter: string | undefined
  }
  /** The worker drains and has given the task back. `started`: whether its handler had been running. */
  handedBack: TaskFacts & { readonly started: boolean }
  /** The worker gave up a running task; its signal has aborted. */
  lost: TaskFacts & { readonly reason: AbortCause }
  /** The handler of a lost task came back. What it did counts for nothing. */
  late: RunFacts & { readonly outcome: 'success' | 'failure' }
  /** A task was taken over from an owner that fell silent. */
  claimed: TaskFacts & { readonly previousOwner: string | undefined; readonly deliveries: number }
  /** Entries without content were dropped. */
  vanished: { readonly name: string | undefined; readonly count: number }
  /** The event loop was blocked for so long; heartbeats were late. */
  lag: { readonly name: string | undefined; readonly lag: number }
  /** A fetch did not come back; another one takes its place. */
  stalled: { readonly name: string | undefined; readonly waited: number }
  /** A call to the stream, the idempotency store or the dead letters failed. It is made again after `delay`. */
  storeError: StoreTrouble & { readonly name: string | undefined }
  /** A call that had failed got through. */
  storeRecovered: { readonly name: string | undefined; readonly operation: string; readonly failures: number }
}
