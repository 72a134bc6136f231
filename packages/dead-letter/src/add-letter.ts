/** What becomes of a message and an error before a letter is written. */

import { failureClass as classOf } from '@seaworthy/core'
import type { Desk } from './desk.ts'
import { errorClass } from './error-class.ts'
import { DeadLettersFullError, DeadLetterUnstorableError } from './errors.ts'
import { failureOf } from './failure-type.ts'
import type { HistoryEntry, StoredError } from './letter.ts'
import { type Redactable, randomToken } from './options.ts'
import type { AddResult, NewLetter } from './store.ts'
import { read, storedError } from './stored-error.ts'

/** What else is known about what failed. */
export interface AddOptions {
  /** The kind of work or of failure, by which recovery is chosen. At most 200 characters. @defaultValue the kind of failure */
  readonly type?: string | undefined
  /** The kind of failure, for those who know better than the rules, such as `worker_crash`. */
  readonly failure?: string | undefined
  /** How many retries the work was given, counted after the first run. */
  readonly maxRetries?: number | undefined
  /** How many of them were made. @defaultValue what a `retry` noted on the error */
  readonly retryCount?: number | undefined
  /** How the work was set up. Redacted, encoded and seen together with the message. */
  readonly config?: unknown
  readonly taskId?: string | undefined
  /** Where the message came from, for example the name of a queue. */
  readonly source?: string | undefined
  /** What happened before; the last 10 entries are kept. */
  readonly history?: readonly HistoryEntry[] | undefined
  /** Two letters with one key are one, for `dedupeFor` and as long as the first has not been replayed. */
  readonly dedupeKey?: string | undefined
  /** The piece of work, under which the events of the letter are filed. */
  readonly journey?: string | undefined
  /** How often the work has been replayed from dead letters: the `replayNumber` it was replayed with. @defaultValue 0 */
  readonly replays?: number | undefined
  /** When it failed first, in milliseconds since 1970. */
  readonly firstFailedAt?: number | undefined
  /** Who adds it, for the audit. @defaultValue the owner of the queue */
  readonly actor?: string | undefined
}

const longestText = 200
const longestHistory = 10
const tokenLength = 16

/** A letter that is ready to be stored by somebody else: in one step with what it is about. Made by {@link DeadLetters.prepare}. */
export interface PreparedLetter {
  /** What {@link DeadLetterStore.add} takes. The same letter may be tried again and again. */
  readonly letter: NewLetter
  /**
   * Tells the queue what the store has answered, for its events and counts. Call it once for each answer.
   *
   * @returns The id of the letter, or that of its duplicate.
   * @throws {@link DeadLettersFullError} if there was no room.
   */
  stored(result: AddResult): string
}

/** Does all that comes before the store: names, redacts, encodes. */
export async function prepareLetter(
  desk: Desk,
  message: unknown,
  error: unknown,
  options: AddOptions,
): Promise<PreparedLetter> {
  const letter = await newLetter(desk, message, error, options)
  return {
    letter,
    stored: (result) => {
      tell(desk, letter, result)
      if (result.outcome === 'full') throw new DeadLettersFullError(desk.name)
      return result.id
    },
  }
}

/** Adds a letter. @returns Its id, or that of its duplicate. */
export async function addLetter(
  desk: Desk,
  message: unknown,
  error: unknown,
  options: AddOptions,
): Promise<string> {
  const { letter, stored } = await prepareLetter(desk, message, error, options)
  return stored(await desk.ask('add', (store) => store.add(letter)))
}

async function newLetter(
  desk: Desk,
  message: unknown,
  error: unknown,
  options: AddOptions,
): Promise<NewLetter> {
  const { owner, random, failures, dedupeFor } = desk.settings
  const { replays = 0, actor = owner, history = [], config } = options
  const failure = bounded(options.failure ?? failureOf(error, failures))
  const type = bounded(options.type ?? failure)
  const failureClass = classOf(error)
  const parts = redacted(desk, { message, error: storedError(error), config })
  const token = randomToken(random, tokenLength)
  const payload = await desk.encode({ message: parts.message, config: parts.config }, token)
  const progress = { replays, attempts: 0, failureClass }
  return {
    token,
    payload,
    type,
    failure,
    failureClass,
    errorClass: errorClass(parts.error),
    error: parts.error,
    maxRetries: options.maxRetries,
    retryCount: options.retryCount ?? notedRetries(error),
    replays,
    taskId: options.taskId,
    source: options.source,
    journey: options.journey,
    history: history.slice(-longestHistory),
    firstFailedAt: options.firstFailedAt,
    dueIn: desk.dueIn(desk.strategyFor({ type, failure, failureClass }), progress),
    dedupeKey: options.dedupeKey,
    dedupeFor,
    actor,
  }
}

/** Without an answer of the user's function nothing is written: better no letter than a secret in it. */
function redacted(desk: Desk, parts: Redactable): Redactable {
  const { redact } = desk.settings
  if (redact === undefined) return parts
  try {
    const { message, error, config } = redact(parts)
    // Reading it back as an error bounds what the function may have made longer.
    return { message, error: { ...storedError(error), causes: error.causes.map(briefly) }, config }
  } catch (cause) {
    throw new DeadLetterUnstorableError('The message could not be redacted', desk.name, cause)
  }
}

function briefly(cause: StoredError['causes'][number]): StoredError['causes'][number] {
  const { name, message, code } = storedError(cause)
  return { name, message, ...(code === undefined ? {} : { code }) }
}

function tell(desk: Desk, letter: NewLetter, result: AddResult): void {
  const { events, name, tally } = desk
  const { type, failure, failureClass, replays, journey } = letter
  if (result.outcome === 'full') {
    tally.refused++
    if (events.wants('refused', journey)) events.emit('refused', { name, type }, journey)
    return
  }
  const { id } = result
  if (result.outcome === 'duplicate') {
    tally.duplicates++
    if (events.wants('duplicate', journey)) events.emit('duplicate', { name, id, type }, journey)
    return
  }
  tally.added++
  desk.tellRemoved(result.dropped, 'dropped', result.now)
  if (events.wants('added', journey))
    events.emit('added', { name, id, type, failure, failureClass, replays }, journey)
}

/** A retry notes `attempts` and `retryReason` on the error it gives up with. */
function notedRetries(error: unknown): number | undefined {
  const attempts = read(error, 'attempts')
  return typeof attempts === 'number' && typeof read(error, 'retryReason') === 'string'
    ? attempts - 1
    : undefined
}

const bounded = (text: string): string => String(text).slice(0, longestText)
