/** Between Node's requests and responses and those of the Web. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Ops } from '@seaworthy/ops'

/** The path of a request target, without its query. */
export function pathOf(target: string): string {
  const end = target.search(/[?#]/)
  return end === -1 ? target : target.slice(0, end)
}

/**
 * Answers a request with the handler.
 *
 * @param target - The request target in full: routers take off the part that they are mounted at.
 * @param parsed - What a body parser has made of the body, if there was one: nothing is left to be read then.
 */
export async function answerNode(
  ops: Ops,
  request: IncomingMessage,
  response: ServerResponse,
  target: string,
  parsed?: unknown,
): Promise<void> {
  const info = { remoteAddress: request.socket?.remoteAddress }
  await send(await ops.fetch(webRequest(request, target, parsed), info), response)
}

function webRequest(request: IncomingMessage, target: string, parsed: unknown): Request {
  const { method = 'GET' } = request
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith(':') || value === undefined) continue // of HTTP/2
    headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  const url = urlOf(request, target)
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers })
  if (request.readableDidRead || request.readableEnded) {
    const body = textOf(parsed)
    // Forms have become objects, too.
    if (typeof parsed === 'object' && !(parsed instanceof Uint8Array))
      headers.set('content-type', 'application/json')
    headers.delete('content-length')
    return new Request(url, { method: knownMethod(method), headers, ...(body !== '' && { body }) })
  }
  const init = { method: knownMethod(method), headers, body: bodyOf(request), duplex: 'half' as const }
  return new Request(url, init)
}

/** Some methods cannot be said with a `Request`; the answer to them is 405 as for others. */
const knownMethod = (method: string): string =>
  ['CONNECT', 'TRACE', 'TRACK'].includes(method.toUpperCase()) ? 'PATCH' : method

/** The host is what the client says, which may be anything. */
function urlOf({ headers }: IncomingMessage, target: string): string {
  const path = target.startsWith('/') ? target : `/${target}`
  const host = headers.host ?? String(headers[':authority'] ?? 'localhost')
  const url = `http://${host}${path}`
  return /^[\w.:[\]-]+$/.test(host) && URL.canParse(url) ? url : `http://localhost${path}`
}

function textOf(parsed: unknown): string {
  if (parsed === undefined || parsed === null) return ''
  if (typeof parsed === 'string') return parsed
  if (parsed instanceof Uint8Array) return new TextDecoder().decode(parsed)
  const [only, ...others] = Object.entries(parsed)
  // JSON that curl has called a form, as parsers of forms see it.
  if (others.length === 0 && only?.[0].startsWith('{') && only[1] === '') return only[0]
  return JSON.stringify(parsed)
}

/**
 * The body as a stream. Node's own conversion destroys the connection when the body is not read to its end, and with it the answer that says
 * why.
 */
function bodyOf(request: IncomingMessage): ReadableStream<Uint8Array> {
  let over = false
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const end = (how: () => void): void => {
        if (over) return
        over = true
        how()
      }
      request.on('data', (chunk: Uint8Array) => {
        if (over) return // read, so that the connection can be used again
        controller.enqueue(chunk)
        if ((controller.desiredSize ?? 0) <= 0) request.pause()
      })
      request.once('end', () => end(() => controller.close()))
      const broken = (): void => end(() => controller.error(new Error('The request was cut off')))
      request.once('error', broken)
      request.once('close', broken)
      request.pause()
    },
    pull() {
      request.resume()
    },
    cancel() {
      over = true
      request.resume()
    },
  })
}

async function send(answer: Response, response: ServerResponse): Promise<void> {
  const { body } = answer
  if (response.destroyed || response.headersSent) {
    await body?.cancel()
    return
  }
  response.statusCode = answer.status
  for (const [name, value] of answer.headers) response.setHeader(name, value)
  if (body === null) {
    response.end()
    return
  }
  response.flushHeaders()
  await pump(body.getReader(), response)
}

/** Reads no faster than the client does. */
async function pump(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  response: ServerResponse,
): Promise<void> {
  const gone = (): void => void reader.cancel().catch(() => {})
  response.once('close', gone)
  response.once('error', gone)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done || response.destroyed) break
      if (!response.write(value)) await drained(response)
    }
  } catch {
    response.destroy()
  }
  response.off('close', gone)
  if (!response.destroyed) response.end()
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      response.off('drain', over)
      response.off('close', over)
      resolve()
    }
    response.once('drain', over)
    response.once('close', over)
    if (response.destroyed) over()
  })
}
