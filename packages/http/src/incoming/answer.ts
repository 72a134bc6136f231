/** What a request gets in place of the handler's response: one JSON shape, no internals. */
import { InvalidOptionError, isSeaworthyError, knownOptions, type Random } from '@seaworthy/core'

/** The code in the body of an answer. */
export type AnswerCode =
  | 'rate_limited'
  | 'overloaded'
  | 'unavailable'
  | 'deadline_exceeded'
  | 'ambiguous_path'
  | 'internal_error'

/** An answer: `{ "error": { "code", "message" } }` with its status. */
export interface Answer {
  readonly status: 400 | 429 | 500 | 503 | 504
  readonly code: AnswerCode
  /** For the user. */
  readonly message: string
  /** Seconds after which to come back; undefined where that is useless. */
  readonly retryAfter: number | undefined
}

/** Texts of answers, in place of the usual ones. */
export type AnswerTexts = Readonly<Partial<Record<AnswerCode, string>>>

/** The texts that the option `messages` gave, checked. */
export function checkTexts(texts: AnswerTexts): AnswerTexts {
  knownOptions('messages', texts, Object.keys(statuses))
  for (const [code, text] of Object.entries(texts)) {
    if (typeof text !== 'string') throw new InvalidOptionError(`messages.${code}`, 'a text', text)
  }
  return texts
}

const statuses: Readonly<Record<AnswerCode, Answer['status']>> = {
  rate_limited: 429,
  overloaded: 503,
  unavailable: 503,
  deadline_exceeded: 504,
  ambiguous_path: 400,
  internal_error: 500,
}

const usualTexts: Readonly<Record<AnswerCode, string>> = {
  rate_limited: 'Too many requests. Please try again later.',
  overloaded: 'The service is busy. Please try again later.',
  unavailable: 'This part of the service is not available at the moment. Please try again later.',
  deadline_exceeded: 'The request took too long.',
  ambiguous_path: 'The path of the request can be read in more than one way.',
  internal_error: 'Something went wrong.',
}

/** What `Retry-After` says when nobody knows better, in milliseconds. */
const usualWait = 1000

/** `Retry-After` is made longer by up to this share of itself, and by a second at least. */
const spread = 0.2

/** An answer with the text and the wait that belong to its code. */
export function answerWith(
  code: AnswerCode,
  wait: number | undefined,
  texts: AnswerTexts,
  random: Random,
): Answer {
  const status = statuses[code]
  const comeBack = status === 429 || status === 503 || status === 504
  const retryAfter = comeBack ? secondsToWait(wait ?? usualWait, random()) : undefined
  return { status, code, message: texts[code] ?? usualTexts[code], retryAfter }
}

/** What an error of a policy means to the client. */
export function codeOf(error: unknown): AnswerCode {
  if (!isSeaworthyError(error)) return 'internal_error'
  const { code } = error
  if (code === 'ERR_RATE_LIMITED') return 'rate_limited'
  if (code === 'ERR_AMBIGUOUS_PATH') return 'ambiguous_path'
  if (code === 'ERR_REQUEST_DEADLINE' || code === 'ERR_TIMEOUT') return 'deadline_exceeded'
  if ((error as { reason?: unknown }).reason === 'deadline') return 'deadline_exceeded'
  return error.failureClass === 'degraded' ? 'overloaded' : 'unavailable'
}

/** The body of an answer. */
export function bodyOf({ code, message }: Answer): string {
  return JSON.stringify({ error: { code, message } })
}

/** The headers of an answer. */
export function headersOf(answer: Answer, body: string): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(new TextEncoder().encode(body).length),
    'cache-control': 'no-store',
  }
  if (answer.retryAfter !== undefined) headers['retry-after'] = String(answer.retryAfter)
  return headers
}

/**
 * Whole seconds, never 0 and never less than the wait. Those who are turned away together would come back together;
 * so some are told to wait longer.
 *
 * @param draw - In [0, 1).
 */
export function secondsToWait(wait: number, draw: number): number {
  const least = Math.max(1, Math.ceil(wait / 1000))
  if (!Number.isSafeInteger(least)) return Number.MAX_SAFE_INTEGER
  return least + Math.floor(draw * (Math.max(1, Math.ceil(least * spread)) + 1))
}
