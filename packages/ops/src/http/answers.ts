/** Answers as JSON, and errors as answers. */
import { isSeaworthyError } from '@seaworthy/core'
import type { ErrorAnswer } from '../wire.ts'
import { Fault } from './fault.ts'

/** Nothing here may be kept by anybody: a probe that is answered from a cache says nothing. */
const common: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

/** An answer with a JSON body. */
export function json(body: object, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return text(`${JSON.stringify(body)}\n`, 'application/json; charset=utf-8', status, headers)
}

/** An answer with any other text. */
export function text(
  body: string,
  contentType: string,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, { status, headers: { ...common, 'content-type': contentType, ...headers } })
}

/** An error as an answer: `{ error: { code, message } }`, never with the text of an error that is not ours. */
export function faultAnswer(fault: Fault): Response {
  const body: ErrorAnswer = { error: { code: fault.code, message: fault.message, ...fault.more } }
  return json(body, fault.status, fault.headers)
}

/** What an error of a handler means to the caller. */
export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error
  if (!isSeaworthyError(error)) return new Fault(500, 'internal_error', 'Something went wrong inside.')
  const known = bySeaworthyCode[error.code]
  if (known === undefined) return new Fault(500, 'internal_error', 'Something went wrong inside.')
  const [status, code, message] = known
  const { retryAfter } = error
  const headers =
    retryAfter === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfter / 1000))) }
  return new Fault(status, code, message, headers)
}

const bySeaworthyCode: Readonly<Record<string, readonly [status: number, code: string, message: string]>> = {
  ERR_INVALID_OPTION: [400, 'bad_request', 'The input was refused.'],
  ERR_UNKNOWN_FEATURE: [404, 'not_found', 'There is no such feature.'],
  ERR_DEAD_LETTER_NOT_FOUND: [404, 'not_found', 'There is no such letter.'],
  ERR_DEAD_LETTER_LEASED: [409, 'in_flight', 'Somebody works on this letter.'],
  ERR_DEAD_LETTER_REPLAY_FAILED: [502, 'retry_failed', 'The retry ran and failed; the letter is dead again.'],
  ERR_DEAD_LETTER_UNREADABLE: [422, 'unreadable', 'The content of this letter cannot be decoded.'],
  ERR_DISPOSED: [503, 'closed', 'It is closed.'],
}
