/** A request and its response as Node's HTTP servers have them, under whatever framework. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, bodyOf, headersOf } from './answer.ts'
import { pathOf } from './paths.ts'
import type { Protection } from './protect.ts'
import type { Exchange } from './request.ts'
import type { Route } from './rules.ts'
import type { Visit } from './visit.ts'

/** Headers that belong to a body which is not sent after all. */
const ofTheBody = [
  'accept-ranges',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-location',
  'content-range',
  'etag',
  'expires',
  'last-modified',
  'trailer',
  'transfer-encoding',
]

/** {@link Exchange} over Node's objects. */
export class NodeExchange implements Exchange {
  readonly raw: IncomingMessage
  readonly response: ServerResponse
  private readonly target: string
  private readonly beforeClose: (() => void) | undefined

  /**
   * @param target - The request target as rules see it.
   * @param beforeClose - Called before the exchange is closed: the framework must not answer any more.
   */
  constructor(raw: IncomingMessage, response: ServerResponse, target: string, beforeClose?: () => void) {
    this.raw = raw
    this.response = response
    this.target = target
    this.beforeClose = beforeClose
  }

  get method(): string {
    return this.raw.method ?? 'GET'
  }

  get path(): string {
    return pathOf(this.target)
  }

  get remoteAddress(): string | undefined {
    return this.raw.socket?.remoteAddress
  }

  get open(): boolean {
    const { response } = this
    return !response.headersSent && !response.writableEnded && !response.destroyed
  }

  header(name: string): string | undefined {
    const value = this.raw.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

  setHeader(name: string, value: string): void {
    this.response.setHeader(name, value)
  }

  close(answer: Answer | undefined): void {
    this.beforeClose?.()
    const { raw, response } = this
    if (answer === undefined || !this.open) return
    const body = bodyOf(answer)
    for (const name of ofTheBody) response.removeHeader(name)
    for (const [name, value] of Object.entries(headersOf(answer, body))) response.setHeader(name, value)
    // A handler that is late may destroy the connection, which must not serve another request by then.
    if (answer.code === 'deadline_exceeded' && raw.httpVersionMajor < 2)
      response.setHeader('connection', 'close')
    response.statusCode = answer.status
    response.statusMessage = ''
    response.end(body)
    silence(response)
  }
}

/**
 * What a late handler would call. With the headers sent, most of it throws, which takes the process down in the worst
 * case. Middleware that wraps the response may send our answer later, and needs the headers until then.
 */
function silence(response: ServerResponse): void {
  response.end = (...given: unknown[]) => {
    callBack(given)
    return response
  }
  response.write = (...given: unknown[]) => {
    callBack(given)
    return true
  }
  if (response.headersSent) silenceHeaders(response)
  else response.once('finish', () => silenceHeaders(response))
}

function silenceHeaders(response: ServerResponse): void {
  const chain = (): ServerResponse => response
  response.setHeader = chain
  response.appendHeader = chain
  response.setHeaders = chain
  response.writeHead = chain
  response.removeHeader = () => {}
  response.flushHeaders = () => {}
}

function callBack(given: readonly unknown[]): void {
  const callback = given.at(-1)
  if (typeof callback === 'function') queueMicrotask(() => callback())
}

/** A visit that ends with its response. */
export function nodeVisit(protection: Protection, route: Route, exchange: NodeExchange): Visit {
  const visit = protection.visit(route, exchange)
  watchResponse(visit, exchange.raw, exchange.response)
  return visit
}

/** Tells a visit when its response is over, whichever way. */
export function watchResponse(visit: Visit, request: IncomingMessage, response: ServerResponse): void {
  if (response.destroyed || response.writableFinished) {
    visit.gone() // While those before us took their time.
    return
  }
  response.once('finish', () => visit.answered(response.statusCode))
  response.once('close', () => {
    const { errored } = response
    // Destroyed with an error by the handler, as opposed to the client.
    if (errored) visit.threw(errored, response.headersSent ? response.statusCode : undefined)
    visit.gone()
  })
  if (request.httpVersionMajor < 2) watchConnection(request.socket, visit)
}

const connections = new WeakMap<object, Set<Visit>>()

/**
 * A response that waits behind others of its connection (pipelining) has no connection yet, and is not told when it
 * breaks. One listener per connection, however many requests come on it.
 */
function watchConnection(socket: IncomingMessage['socket'], visit: Visit): void {
  if (typeof socket?.once !== 'function') return // A test without a network.
  let visits = connections.get(socket)
  if (visits === undefined) {
    const all = new Set<Visit>()
    visits = all
    connections.set(socket, all)
    socket.once('close', () => {
      connections.delete(socket)
      for (const each of all) each.gone()
    })
  }
  const held = visits.add(visit)
  visit.onOver = () => held.delete(visit)
}
