/** The errors of this package. Tell them apart by `code`. */
import { SeaworthyError, type SeaworthyErrorOptions } from '@seaworthy/core'

/** The codes of this package. */
export type DeadLetterErrorCode =
  | 'ERR_DEAD_LETTERS_FULL'
  | 'ERR_DEAD_LETTER_NOT_FOUND'
  | 'ERR_DEAD_LETTER_LEASED'
  | 'ERR_DEAD_LETTER_REPLAY_FAILED'
  | 'ERR_DEAD_LETTER_UNSTORABLE'
  | 'ERR_DEAD_LETTER_UNREADABLE'

class DeadLetterError extends SeaworthyError {
  constructor(code: DeadLetterErrorCode, message: string, options: SeaworthyErrorOptions) {
    super(code, message, options)
  }
}

/**
 * There is no room for another letter. Code `ERR_DEAD_LETTERS_FULL`, class `degraded`. The letter was not stored: do not acknowledge
 * the message it is about.
 */
export class DeadLettersFullError extends DeadLetterError {
  override name = 'DeadLettersFullError'

  constructor(policy: string | undefined) {
    super('ERR_DEAD_LETTERS_FULL', 'No room for another dead letter', { policy, failureClass: 'degraded' })
  }
}

/** There is no letter with the id, or no longer. Code `ERR_DEAD_LETTER_NOT_FOUND`, class `fatal`. */
export class DeadLetterNotFoundError extends DeadLetterError {
  override name = 'DeadLetterNotFoundError'
  /** The id. */
  readonly id: string

  constructor(id: string, policy: string | undefined) {
    super('ERR_DEAD_LETTER_NOT_FOUND', `No dead letter '${id}'`, { policy, failureClass: 'fatal' })
    this.id = id
  }
}

/**
 * Somebody holds the letter: recovery looks at it, or it is being replayed. Code `ERR_DEAD_LETTER_LEASED`, class `transient`;
 * `retryAfter` is when the lease lapses, unless its holder renews it.
 */
export class DeadLetterLeasedError extends DeadLetterError {
  override name = 'DeadLetterLeasedError'
  /** The id. */
  readonly id: string

  constructor(id: string, policy: string | undefined, retryAfter: number) {
    super('ERR_DEAD_LETTER_LEASED', `Somebody works on dead letter '${id}'`, { policy, retryAfter })
    this.id = id
  }
}

/**
 * Replaying the letter failed; it is dead again and keeps its replay id. Code `ERR_DEAD_LETTER_REPLAY_FAILED`, class that of its
 * `cause`, which is what your `replay` function threw.
 */
export class DeadLetterReplayError extends DeadLetterError {
  override name = 'DeadLetterReplayError'
  /** The id. */
  readonly id: string

  constructor(id: string, options: SeaworthyErrorOptions) {
    super('ERR_DEAD_LETTER_REPLAY_FAILED', `Replaying dead letter '${id}' failed`, options)
    this.id = id
  }
}

/**
 * Message and config could not be redacted, encoded, or are too large. Code `ERR_DEAD_LETTER_UNSTORABLE`, class `fatal`. The letter was
 * not stored.
 */
export class DeadLetterUnstorableError extends DeadLetterError {
  override name = 'DeadLetterUnstorableError'

  constructor(message: string, policy: string | undefined, cause?: unknown) {
    super('ERR_DEAD_LETTER_UNSTORABLE', message, { policy, cause, failureClass: 'fatal' })
  }
}

/** Message and config could not be decoded. Code `ERR_DEAD_LETTER_UNREADABLE`, class `persistent`. The letter stays as it is. */
export class DeadLetterUnreadableError extends DeadLetterError {
  override name = 'DeadLetterUnreadableError'
  /** The id. */
  readonly id: string

  constructor(id: string, message: string, policy: string | undefined, cause?: unknown) {
    super('ERR_DEAD_LETTER_UNREADABLE', message, { policy, cause, failureClass: 'persistent' })
    this.id = id
  }
}
