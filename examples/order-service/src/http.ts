/** What both APIs share: routes, bodies, answers, and one shape for errors: `{ "error": { "code", "message" } }`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isSeaworthyError } from '@seaworthy/core'

export interface Request {
  /** What stands for `:name` in the path. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Aborts when whoever asked has gone. */
  readonly signal: AbortSignal
}

export interface Answer {
  readonly status: number
  /** Sent as JSON; what comes piece by piece, as a line of JSON for each piece. */
  readonly body: object | AsyncIterable<object>
}

export interface Route {
  readonly method: 'GET' | 'POST'
  /** Such as `/orders/:id`. */
  readonly path: string
  readonly answer: (request: Request) => Promise<Answer>
}

/** A request that cannot be answered, in words for whoever sent it. */
export class HttpError extends Error {
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** The most bytes of a body: nobody orders more. */
const longestBody = 65_536

/** Answers a request by the first route that fits. Routes with fixed paths come before those with parameters. */
export async function respond(
  routes: readonly Route[],
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  try {
    const { method = 'GET', url = '/', headers } = incoming
    const { pathname, searchParams: query } = new URL(url, 'http://localhost')
    const fitting = routes.flatMap((route) => {
      const params = match(route.path, pathname)
      return params === undefined ? [] : [{ route, params }]
    })
    if (fitting.length === 0) throw new HttpError(404, 'not_found', `nothing is at ${pathname}`)
    const found = fitting.find(({ route }) => route.method === method)
    if (found === undefined) {
      const allow = fitting.map(({ route }) => route.method).join(', ')
      throw new HttpError(405, 'method_not_allowed', `${pathname} takes ${allow}`, { allow })
    }
    const body = await textOf(incoming)
    const { route, params } = found
    const answer = await route.answer({ params, query, headers, body, signal: gone.signal })
    await send(response, answer)
  } catch (error) {
    fail(response, error)
  }
}

/** A body that is an object; empty for none. */
export function objectOf(body: string): Readonly<Record<string, unknown>> {
  if (body.trim() === '') return {}
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    throw new HttpError(400, 'invalid_json', 'the body is no JSON')
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new HttpError(400, 'invalid_json', 'the body must be an object')
}

function match(pattern: string, path: string): Record<string, string> | undefined {
  const expected = pattern.split('/')
  const given = path.split('/')
  if (expected.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of expected.entries()) {
    const text = given[index] as string
    if (part.startsWith(':') && text !== '') params[part.slice(1)] = decoded(text)
    else if (part !== text) return undefined
  }
  return params
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new HttpError(400, 'invalid_path', 'the path cannot be decoded')
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  request.setEncoding('utf8')
  for await (const chunk of request) {
    text += chunk
    if (text.length > longestBody)
      throw new HttpError(413, 'too_large', `a body has at most ${longestBody} bytes`, {
        connection: 'close',
      })
  }
  return text
}

async function send(response: ServerResponse, { status, body }: Answer): Promise<void> {
  if (!(Symbol.asyncIterator in body)) {
    // Readable as it is; the line break at the end keeps a shell in order.
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(`${JSON.stringify(body, null, 2)}\n`)
    return
  }
  response.writeHead(status, { 'content-type': 'application/x-ndjson' })
  for await (const piece of body) {
    if (response.destroyed) return
    response.write(`${JSON.stringify(piece)}\n`)
  }
  response.end()
}

function fail(response: ServerResponse, error: unknown): void {
  // Too late for another status: who reads sees that the end is missing.
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { status, code, message, headers } = described(error)
  const body = `${JSON.stringify({ error: { code, message } }, null, 2)}\n`
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
}

const statuses: Readonly<Record<string, number>> = {
  ERR_INVALID_OPTION: 400,
  ERR_INVALID_KEY: 400,
  ERR_DEAD_LETTER_NOT_FOUND: 404,
  ERR_DEAD_LETTER_LEASED: 409,
  ERR_IN_FLIGHT: 409,
  ERR_DEAD_LETTER_UNREADABLE: 410,
  ERR_FINGERPRINT_MISMATCH: 422,
}

function described(error: unknown): Pick<HttpError, 'status' | 'code' | 'message' | 'headers'> {
  if (error instanceof HttpError) return error
  // What nobody foresaw is nobody's business outside.
  if (!isSeaworthyError(error)) {
    console.error(error)
    return { status: 500, code: 'internal', message: 'something went wrong', headers: {} }
  }
  const { code, message } = error
  const status = statuses[code] ?? 503 // The queue is full, or a store is away.
  const headers: Record<string, string> = {}
  if (status === 503 || status === 409)
    headers['retry-after'] = String(Math.max(1, Math.ceil((error.retryAfter ?? 1000) / 1000)))
  return { status, code, message, headers }
}
