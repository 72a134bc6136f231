/** What stands for a connection, whatever it runs over. */

/** What an attempt is told. */
export interface Attempt {
  /** 1 for the first, and again after a connection that was stable. */
  readonly attempt: number
  /** Where the last connection got to: the last message's token. Undefined if nothing is known. */
  readonly resumeToken: string | undefined
  /** Aborts when the attempt is given up, and later when its connection is. Hand it to `fetch`. */
  readonly signal: AbortSignal
}

/** Hears of a connection. Once the connection is given up, it takes no notice of it any more. */
export interface ConnectionListener<In> {
  /**
   * Whether there is room for a first message: undefined to go on; otherwise a promise to wait for before reading anything. It
   * never rejects.
   */
  room(): Promise<void> | undefined
  /**
   * A message came.
   *
   * @param resumeToken - What continues after it, if the source knows.
   * @returns Undefined to go on; a promise to stop reading until it resolves. It never rejects.
   */
  message(message: In, resumeToken?: string): Promise<void> | undefined
  /** The place to continue from has moved on without a message. */
  resumeAt(token: string): void
  /** Something was heard that is no message, such as a pong. */
  alive(): void
  /**
   * The connection is lost.
   *
   * @param error - Why. Its `retryAfter` in milliseconds, if it has one, lengthens the wait. @defaultValue the other side ended it
   */
  lost(error?: unknown): void
}

/** A connection that is open. Messages come through `listen` or from `messages`. */
export interface Connection<In, Out = never> {
  /** Called once, at once: from now on the listener hears of it. */
  listen?(listener: ConnectionListener<In>): void
  /** The messages, instead of `listen`; their end is the end of the connection. */
  readonly messages?: AsyncIterable<In>
  /**
   * Whether the source stops reading when it is asked to. One that cannot may bring more messages than the inbox holds. True of
   * `messages`. @defaultValue `false`
   */
  readonly pausable?: boolean
  /**
   * Hands a message over. It may return a promise: of at-least-once delivery, the message is done when it resolves, so
   * wait for the other side's acknowledgement if there is one. A rejection means that the connection is lost; a throw means that this
   * message cannot be sent at all.
   */
  send?(message: Out): unknown
  /** Asks the other side for a sign of life. */
  readonly ping?: (() => unknown) | undefined
  /**
   * Ends it. May return a promise; a failure is ignored.
   *
   * @param lost - Whether the other side may not answer any more: then there is nothing to say good-bye to.
   */
  close(lost: boolean): unknown
}

/** Makes a connection, or fails. */
export type Connect<In, Out = never> = (
  attempt: Attempt,
) => Connection<In, Out> | PromiseLike<Connection<In, Out>>
