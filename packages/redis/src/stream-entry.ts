/**
 * Where the keys of a task stream are and what one of its entries looks like: what everything that puts tasks on a stream
 * agrees on. The dead letters do so when they replay.
 *
 * Scripts add a task with the function `publish_task` of `lua/stream-entry.lua`, so there is one layout in one place.
 */
import { jsonPayload, type PayloadCodec } from '@seaworthy/dead-letter'
import { replayHeader } from '@seaworthy/worker'

/** Options that say where a stream is. */
export interface StreamPlace {
  readonly name: string
  /** @defaultValue `'q:'` */
  readonly prefix?: string | undefined
}

/** The keys that adding a task touches. All have the hash tag `{name}`. */
export interface StreamKeys {
  /** The stream of tasks that wait or are pending. */
  readonly stream: string
  /** A hash of totals since the stream began; its field `enqueued` numbers the entries, too. */
  readonly totals: string
  /** A stream of what happened to tasks. */
  readonly audit: string
}

/** Where a stream keeps what. */
export function streamKeys({ name, prefix = 'q:' }: StreamPlace): StreamKeys {
  const base = `${prefix}{${name}}:`
  return { stream: `${base}s`, totals: `${base}n`, audit: `${base}audit` }
}

/**
 * The fields of an entry that whoever adds a task has to give. The stream adds fields of its own when it puts an entry back; a task that
 * was never handed out has none of them.
 */
export const entryFields = {
  /** {@link @seaworthy/worker!Delivery.entry}: a number from the totals, the same for the whole life of the entry. */
  entry: 'e',
  /** The id of the task. */
  task: 't',
  payload: 'p',
  /** An object of texts as JSON; an empty text for none. */
  headers: 'h',
  /** An empty text for none. */
  journey: 'j',
  /** When it was enqueued, in milliseconds on the clock of the server. */
  enqueuedAt: 'a',
  /**
   * Only for a replayed dead letter: its id. The payload is then the letter's, as its store keeps it, maybe encrypted, since a
   * script opens no payload; {@link taskOfLetter} makes a task of it. The task's id is the letter's replay id.
   */
  letter: 'l',
} as const

/** What a handler is given of a task. */
export interface TaskContent {
  readonly payload: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * What a worker gets of a replayed letter: the payload and headers of the task it was, if a worker added it; else its message as
 * JSON. The header {@link @seaworthy/worker!replayHeader} says how often the work has been replayed, this time included.
 *
 * @param payload - As it is in the entry.
 * @param letter - The id of the letter.
 * @param task - The id of the task.
 * @param codec - What the dead letter queue encodes with. @defaultValue `jsonPayload`
 * @throws What the codec throws, for example because the key is unknown.
 */
export async function taskOfLetter(
  payload: string,
  letter: string,
  task: string,
  codec: PayloadCodec = jsonPayload,
): Promise<TaskContent> {
  const { message } = (await codec.decode(payload, letter.slice(letter.indexOf('-') + 1))) as {
    readonly message?: unknown
  }
  const replays = { [replayHeader]: task.slice(task.lastIndexOf(':') + 1) }
  return isTask(message)
    ? { payload: message.payload, headers: { ...message.headers, ...replays } }
    : { payload: JSON.stringify(message) ?? 'null', headers: replays }
}

function isTask(message: unknown): message is TaskContent {
  const { payload, headers } = (message ?? {}) as Partial<Record<keyof TaskContent, unknown>>
  return typeof payload === 'string' && typeof headers === 'object' && headers !== null
}
