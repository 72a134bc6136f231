/** The errors of this package. Tell them apart by `code`. */
import { type FailureClass, SeaworthyError } from '@seaworthy/core'

/** A stream holds as many tasks as it may. Code `ERR_QUEUE_FULL`, class `degraded`. Nothing was enqueued. */
export class QueueFullError extends SeaworthyError {
  override name = 'QueueFullError'
  /** How many unfinished tasks the stream may hold. */
  readonly capacity: number

  constructor(stream: string, capacity: number) {
    super('ERR_QUEUE_FULL', `Stream '${stream}' is full: it holds ${capacity} unfinished tasks`, {
      policy: stream,
      failureClass: 'degraded',
    })
    this.capacity = capacity
  }
}

/** A call came after the end. Code `ERR_DISPOSED`, class `persistent`. */
export class StreamClosedError extends SeaworthyError {
  override name = 'StreamClosedError'

  constructor(stream: string) {
    super('ERR_DISPOSED', `Stream '${stream}' is closed`, { policy: stream, failureClass: 'persistent' })
  }
}

/**
 * Why a worker gave a running task up:
 *
 * - `taken`: the stream says that another worker holds it, or that it is over.
 * - `fenced`: no heartbeat got through for so long that another worker may be about to take it.
 * - `overdue`: it ran longer than `maxProcessing`.
 * - `drain`: the worker ends and does not wait any longer. The task is handed back and spends no attempt.
 */
export type AbortCause = 'taken' | 'fenced' | 'overdue' | 'drain'

const explanations: Record<AbortCause, string> = {
  taken: 'another worker has taken it over, or it is over',
  fenced: 'no heartbeat got through, so another worker may take it over',
  overdue: 'it ran longer than maxProcessing',
  drain: 'the worker is closing',
}

/**
 * The reason of `context.signal` when the worker gives a task up. Code `ERR_TASK_ABORTED`, class `transient`. Stop
 * the work: unless the reason is `overdue`, its result counts no more.
 */
export class TaskAbortedError extends SeaworthyError {
  override name = 'TaskAbortedError'
  /** Why it was given up. */
  readonly reason: AbortCause

  constructor(worker: string | undefined, reason: AbortCause) {
    super('ERR_TASK_ABORTED', `Task given up: ${explanations[reason]}`, { policy: worker })
    this.reason = reason
  }
}

/**
 * What a dead letter says about a task without an error of the handler's own. Code `ERR_TASK_CRASHED` when workers
 * fell silent over it again and again, `ERR_TASK_UNREADABLE` when its payload could not be decoded,
 * `ERR_TASK_CONFLICT` when its id was used before with another payload, `ERR_TASK_UNKNOWN_OUTCOME` when a worker died
 * over it and nobody may run it twice.
 */
export class TaskDeathError extends SeaworthyError {
  override name = 'TaskDeathError'

  constructor(
    code: 'ERR_TASK_CRASHED' | 'ERR_TASK_UNREADABLE' | 'ERR_TASK_CONFLICT' | 'ERR_TASK_UNKNOWN_OUTCOME',
    message: string,
    cause?: unknown,
    failureClass: FailureClass = 'fatal',
  ) {
    super(code, message, cause === undefined ? { failureClass } : { failureClass, cause })
  }
}
