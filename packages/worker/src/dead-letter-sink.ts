/** How tasks get into dead letters and out of them again. */
import type { AddOptions, DeadLetterStore, PreparedLetter, Replay } from '@seaworthy/dead-letter'
import { TaskDeathError } from './errors.ts'
import type { TaskStream } from './stream.ts'
import type { Delivery } from './task.ts'
import type { DeathReason } from './worker-events.ts'

/**
 * The part of a dead letter queue that a worker uses; `deadLetters()` of `@seaworthy/dead-letter` has all of it. With `store` and `prepare`,
 * and letters beside the stream, a task and its letter change in one step. Without `lookup`, a crash between the letter and the end of its task
 * makes the task run again.
 */
export interface DeadLetterSink {
  /** Keeps a message. Two messages with one `dedupeKey` are one. @returns The id of the letter. */
  add(message: TaskMessage, error: unknown, options?: AddOptions): Promise<string>
  /** Where letters are kept. */
  readonly store?: DeadLetterStore
  /** All of `add` but the storing. */
  prepare?(message: TaskMessage, error: unknown, options?: AddOptions): Promise<PreparedLetter>
  /** The id of the letter that was added last with this key, whatever became of it. */
  lookup?(dedupeKey: string): Promise<string | undefined>
}

/** The message of a dead letter made by a worker. */
export interface TaskMessage {
  readonly payload: string
  readonly headers: Readonly<Record<string, string>>
}

/** The header in which the number of replays travels, so that a task that dies again can say how often it was replayed. */
export const replayHeader = 'seaworthy-replay'

/** Who buries what. */
export interface BurialPlace {
  /** The name of the stream. */
  readonly stream: string
  readonly worker: string
  /** How often a task may fail, if that is known. */
  readonly attempts: number | undefined
}

/** The same for one entry however often it is tried, so that it has one letter. */
export const letterKey = (stream: string, { entry }: Pick<Delivery, 'entry'>): string => `${stream}/${entry}`

/** What the letter of a task says besides its message. */
export function letterOptions(
  delivery: Delivery,
  reason: DeathReason,
  { stream, worker, attempts }: BurialPlace,
): AddOptions {
  const { task, headers, journey, failures, deliveries, previousOwner } = delivery
  const replays = Number(headers[replayHeader])
  return {
    type: stream,
    failure: failureNames[reason],
    taskId: task,
    source: stream,
    journey,
    maxRetries: attempts === undefined ? undefined : attempts - 1,
    retryCount: failures + deliveries - 1,
    replays: Number.isSafeInteger(replays) && replays > 0 ? replays : 0,
    dedupeKey: letterKey(stream, delivery),
    actor: previousOwner === undefined ? worker : `${worker} after ${previousOwner}`,
  }
}

/** The kinds of failure that only a worker can know; the rules of the dead letter queue name the others. */
const failureNames: Record<DeathReason, string | undefined> = {
  exhausted: undefined,
  fatal: undefined,
  crashed: 'worker_crash',
  unreadable: 'decode',
  conflict: 'idempotency_conflict',
  unknownOutcome: 'unknown_outcome',
  interrupted: undefined,
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
