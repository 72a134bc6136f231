/** How tasks get into dead letters and out of them again. */
import type { AddOptions, Replay } from '@seaworthy/dead-letter'
import { TaskDeathError } from './errors.ts'
import type { TaskStream } from './stream.ts'
import type { Delivery } from './task.ts'
import type { DeathReason } from './worker-events.ts'

/** The part of a dead letter queue that a worker uses; `deadLetters()` of `@seaworthy/dead-letter` has it. */
export interface DeadLetterSink {
  /** Keeps a message. Two messages with one `dedupeKey` are one. @returns The id of the letter. */
  add(message: TaskMessage, error: unknown, options?: AddOptions): Promise<string>
}

/** The message of a dead letter made by a worker. */
export interface TaskMessage {
  readonly payload: string
  readonly headers: Readonly<Record<string, string>>
}

/** Where the number of replays travels, so that a task that dies again can say how often it was replayed. */
const replayHeader = 'seaworthy-replay'

/** Keeps a task as a dead letter, once however often it is tried. */
export function addToDeadLetters(
  sink: DeadLetterSink,
  delivery: Delivery,
  error: unknown,
  reason: DeathReason,
  {
    stream,
    worker,
    attempts,
  }: { readonly stream: string; readonly worker: string; readonly attempts: number | undefined },
): Promise<string> {
  const { entry, task, payload, headers, journey, failures, deliveries, previousOwner } = delivery
  const replays = Number(headers[replayHeader])
  return sink.add({ payload, headers }, error, {
    type: stream,
    failure: failureNames[reason],
    taskId: task,
    source: stream,
    journey,
    maxRetries: attempts === undefined ? undefined : attempts - 1,
    retryCount: failures + deliveries - 1,
    replays: Number.isSafeInteger(replays) && replays > 0 ? replays : 0,
    dedupeKey: `${stream}/${entry}`,
    actor: previousOwner === undefined ? worker : `${worker} after ${previousOwner}`,
  })
}

/** The kinds of failure that only a worker can know; the rules of the dead letter queue name the others. */
const failureNames: Record<DeathReason, string | undefined> = {
  exhausted: undefined,
  fatal: undefined,
  crashed: 'worker_crash',
  unreadable: 'decode',
  conflict: 'idempotency_conflict',
  unknownOutcome: 'unknown_outcome',
}

/** What a dead letter says about a task that workers fell silent over. */
export function crashError({ starts, deliveries }: Pick<Delivery, 'starts' | 'deliveries'>): TaskDeathError {
  const hands = deliveries - 1
  return new TaskDeathError(
    'ERR_TASK_CRASHED',
    `Workers fell silent over this task ${hands} ${hands === 1 ? 'time' : 'times'}, ${starts} of them with its handler running`,
  )
}

/**
 * A `replay` function for `deadLetters()` that puts letters back on their stream: as a task of its own, with a fresh
 * budget of attempts, and the replay id as task id, so that it runs once however often publishing it is tried.
 *
 * @example
 * ```ts
 * import { memoryStream, replayTo } from '@seaworthy/worker'
 *
 * const replay = replayTo(memoryStream()) // deadLetters({ store, replay })
 * console.log(typeof replay) // function
 * ```
 */
export function replayTo(stream: TaskStream): Replay<TaskMessage> {
  return async ({ message, journey }, { replayId, replayNumber }) => {
    const headers = { ...message.headers, [replayHeader]: String(replayNumber) }
    await stream.enqueue({ id: replayId, payload: message.payload, headers, journey })
  }
}
