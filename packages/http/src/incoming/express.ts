import type { IncomingMessage, ServerResponse } from 'node:http'
import { NodeExchange, nodeVisit } from './node-exchange.ts'
import type { Protection } from './protect.ts'

/** What is used of a request of Express. */
export interface ExpressRequest extends IncomingMessage {
  /** The target before routers cut their part off. */
  readonly originalUrl?: string
  readonly app?: { enabled?(setting: string): boolean }
}

/**
 * Brings a protection into Express, Connect and their kind: `app.use(expressMiddleware(protection))`, before the routes it is for. Paths
 * of rules are whole paths, wherever it is mounted.
 */
export function expressMiddleware(
  protection: Protection,
): (request: ExpressRequest, response: ServerResponse, next: (error?: unknown) => void) => void {
  let exactCase: boolean | undefined
  return (request, response, next) => {
    exactCase ??= request.app?.enabled?.('case sensitive routing') ?? false
    const target = request.originalUrl ?? request.url ?? '/'
    const route = protection.find(target, request.method ?? 'GET', exactCase)
    if (route === undefined) {
      next()
      return
    }
    nodeVisit(protection, route, new NodeExchange(request, response, target)).begin(() => next())
  }
}
