import type { IncomingMessage, ServerResponse } from 'node:http'
import { NodeExchange, nodeVisit } from './node-exchange.ts'
import type { Protection } from './protect.ts'

/** What is used of a context of Koa. */
export interface KoaContext {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly originalUrl: string
  /** Whether Koa sends the response. */
  respond?: boolean | undefined
}

/** Brings a protection into Koa: `app.use(koaMiddleware(protection))`, before the routes it is for. */
export function koaMiddleware(
  protection: Protection,
): (context: KoaContext, next: () => Promise<unknown>) => Promise<unknown> {
  return (context, next) => {
    const { req, res, originalUrl } = context
    // Its routers tell no case apart unless they are asked to.
    const route = protection.find(originalUrl, req.method ?? 'GET', false)
    if (route === undefined) return next()
    return new Promise<unknown>((resolve, reject) => {
      const exchange = new NodeExchange(req, res, originalUrl, () => {
        context.respond = false
        resolve(undefined)
      })
      nodeVisit(protection, route, exchange).begin(() => next().then(resolve, reject))
    })
  }
}
