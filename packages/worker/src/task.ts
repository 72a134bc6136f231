/** Tasks as they travel: plain data, so that any store can carry them. */

/** A task to be done. */
export interface NewTask {
  /** What is to be done, in words of your own; `JSON.stringify(value)` fits the default `decode` of a worker. */
  readonly payload: string
  /**
   * The id of the piece of work, the same however often it is enqueued or handed out; the idempotency key, too.
   * @defaultValue one made by the stream
   */
  readonly id?: string | undefined
  /** Small facts beside the payload, such as a tenant. Nothing secret: they end up in dead letters. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The id under which the hub's journey recorder files every event of the task. */
  readonly journey?: string | undefined
  /** How long it waits before anybody gets it, in milliseconds. @defaultValue 0 */
  readonly delay?: number | undefined
}

/**
 * What became of a task so far. A failure that was reported proves that the worker lives and the handler came back,
 * so it sets the other two to 0: they count only what ended without a word.
 */
export interface TaskCounts {
  /** Hand-outs since the last reported failure, this one included; those that were handed back do not count. */
  readonly deliveries: number
  /** How many of these hand-outs are known to have started the handler. */
  readonly starts: number
  /** Failures that were reported. */
  readonly failures: number
}

/** One hand-out of a task to one worker. */
export interface Delivery extends TaskCounts {
  /** Names this hand-out, to its owner and nobody else. Opaque; never used twice in a stream. */
  readonly receipt: string
  /** Names what was enqueued: the same from there to its end, and different for two tasks with one id. */
  readonly entry: string
  /** The id of the task. */
  readonly task: string
  readonly payload: string
  readonly headers: Readonly<Record<string, string>>
  readonly journey: string | undefined
  /** Milliseconds since it was enqueued, on the clock of the stream. */
  readonly age: number
  /** Who held it before and fell silent. Only for entries that were taken over. */
  readonly previousOwner?: string | undefined
}

/** What audit entries tell. */
export type TaskEvent =
  | 'enqueued'
  | 'delivered'
  | 'started'
  | 'acknowledged'
  | 'retryScheduled'
  | 'handedBack'
  | 'promoted'
  | 'claimed'
  | 'republished'
  | 'resent'
  | 'vanished'
  | 'dead'

/** One step of one task, written by the stream together with the step. */
export interface TaskAudit extends TaskCounts {
  /** When, in milliseconds on the clock of the stream. */
  readonly at: number
  readonly event: TaskEvent
  readonly task: string
  readonly entry: string
  /** Who did it: the owner of the hand-out, or who took it over. */
  readonly owner: string | undefined
  /** Who held it before, for `claimed` and `republished`. */
  readonly previousOwner: string | undefined
  /** How long nothing had been heard of that owner, in milliseconds. */
  readonly idle: number | undefined
  /** How long it waits now, for `enqueued`, `retryScheduled` and `handedBack`, in milliseconds. */
  readonly delay: number | undefined
  /** Why, in a word, as the caller said: a failure class, `drain`, the kind of death. Never the text of an error. */
  readonly reason: string | undefined
}
