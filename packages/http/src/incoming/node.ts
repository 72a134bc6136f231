import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { knownOptions, optionalFunction } from '@seaworthy/core'
import { type Answer, bodyOf, headersOf } from './answer.ts'
import { NodeExchange, nodeVisit } from './node-exchange.ts'
import { pathOf } from './paths.ts'
import type { Protection } from './protect.ts'
import type { Exchange } from './request.ts'

/** What `createServer` of `node:http` takes. */
export type NodeRequestHandler = (request: IncomingMessage, response: ServerResponse) => unknown

/** What the event `upgrade` of a server calls. */
export type NodeUpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown

/** Options of {@link nodeHandler}. */
export interface NodeHandlerOptions {
  /** Gets what the handler threw on a protected route. @defaultValue `console.error`, as frameworks do */
  readonly onError?: (error: unknown) => unknown
}

/**
 * Brings a protection into a server of `node:http` or `node:https` without a framework. What the handler throws on
 * a protected route, at once or later, becomes a 500, or ends a response that was begun; elsewhere it stays as it was.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 */
export function nodeHandler(
  protection: Protection,
  handler: NodeRequestHandler,
  options: NodeHandlerOptions = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  knownOptions('nodeHandler', options, ['onError'])
  const onError = optionalFunction('onError', options.onError) ?? console.error
  return (request, response) => {
    const { url = '/', method = 'GET' } = request
    const route = protection.find(url, method, false)
    if (route === undefined) {
      handler(request, response)
      return
    }
    const exchange = new NodeExchange(request, response, url)
    const visit = nodeVisit(protection, route, exchange)
    const failed = (error: unknown): void => {
      visit.crashed(error, response.headersSent ? response.statusCode : undefined)
      if (!response.writableEnded) response.destroy()
      onError(error)
    }
    visit.begin(() => {
      try {
        Promise.resolve(handler(request, response)).then(undefined, failed)
      } catch (error) {
        failed(error)
      }
    })
  }
}

/**
 * Brings a protection to the upgrades of a server, such as WebSockets: `server.on('upgrade', nodeUpgrade(…))`. A connection
 * counts as one request that runs until it closes. Its deadline ends the wait for its turn, not the connection: it is not
 * looked at afterwards. A breaker sees only what the handler throws, since nobody but the handler knows whether the upgrade succeeded.
 */
export function nodeUpgrade(
  protection: Protection,
  handler: NodeUpgradeHandler,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  return (request, socket, head) => {
    const { url = '/', method = 'GET' } = request
    const route = protection.find(url, method, false)
    if (route === undefined) {
      handler(request, socket, head)
      return
    }
    const visit = protection.visit(route, new UpgradeExchange(request, socket, url))
    socket.once('close', () => visit.gone())
    const failed = (error: unknown): void => {
      visit.threw(error, undefined)
      socket.destroy()
    }
    // Until the handler takes it over, nobody else listens.
    const ignore = (): void => {}
    socket.on('error', ignore)
    visit.begin(() => {
      socket.off('error', ignore)
      try {
        Promise.resolve(handler(request, socket, head)).then(undefined, failed)
      } catch (error) {
        failed(error)
      }
    })
  }
}

/** A response to an upgrade is bytes on the connection. */
class UpgradeExchange implements Exchange {
  readonly raw: IncomingMessage
  private readonly socket: Duplex
  private readonly target: string

  constructor(raw: IncomingMessage, socket: Duplex, target: string) {
    this.raw = raw
    this.socket = socket
    this.target = target
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

  /** Once the handler has it, the connection is the handler's. */
  readonly open = false

  header(name: string): string | undefined {
    const value = this.raw.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

  setHeader(): void {}

  close(answer: Answer | undefined): void {
    const { socket } = this
    if (answer === undefined || !socket.writable) {
      socket.destroy()
      return
    }
    const body = bodyOf(answer)
    const headers = Object.entries({ ...headersOf(answer, body), connection: 'close' })
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(`HTTP/1.1 ${answer.status} \r\n${lines.join('')}\r\n${body}`, () => socket.destroy())
  }
}
