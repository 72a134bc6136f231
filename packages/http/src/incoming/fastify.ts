import type { IncomingMessage, ServerResponse } from 'node:http'
import { runFor } from './current-request.ts'
import { NodeExchange, nodeVisit } from './node-exchange.ts'
import type { Protection } from './protect.ts'
import type { Visit } from './visit.ts'

/** What is used of a request of Fastify. */
export interface FastifyRequestLike {
  readonly raw: IncomingMessage
}

/** What is used of a reply of Fastify. */
export interface FastifyReplyLike {
  readonly raw: ServerResponse
  getHeaders(): Record<string, number | string | string[] | undefined>
  hijack(): unknown
}

/** A hook of Fastify, in the form with a callback. */
export type FastifyHookLike = (request: FastifyRequestLike, reply: FastifyReplyLike, done: () => void) => void

/** What is used of an instance of Fastify. */
export interface FastifyLike {
  addHook(name: 'onRequest' | 'preValidation', hook: FastifyHookLike): unknown
  readonly initialConfig?: {
    readonly caseSensitive?: boolean
    readonly routerOptions?: { readonly caseSensitive?: boolean }
  }
}

/**
 * Brings a protection into Fastify: `app.register(fastifyPlugin(protection))`. It holds for the whole instance that it is registered
 * with, like a plugin made by `fastify-plugin`.
 */
export function fastifyPlugin(
  protection: Protection,
): (instance: FastifyLike, options: unknown, done: () => void) => void {
  const plugin = (instance: FastifyLike, _options: unknown, done: () => void): void => {
    const { caseSensitive, routerOptions } = instance.initialConfig ?? {}
    const exactCase = (routerOptions?.caseSensitive ?? caseSensitive) !== false
    const visits = new WeakMap<IncomingMessage, Visit>()
    instance.addHook('onRequest', ({ raw }, reply, next) => {
      const target = raw.url ?? '/'
      const route = protection.find(target, raw.method ?? 'GET', exactCase)
      if (route === undefined) {
        next()
        return
      }
      const exchange = new NodeExchange(raw, reply.raw, target, () => takeOver(reply))
      const visit = nodeVisit(protection, route, exchange)
      visits.set(raw, visit)
      visit.begin(next)
    })
    // A preParsing hook of somebody may have gone on on behalf of the connection; parsers of Fastify do not.
    instance.addHook('preValidation', ({ raw }, _reply, next) => {
      const visit = visits.get(raw)
      if (visit === undefined) next()
      else runFor(visit, next)
    })
    done()
  }
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: '@seaworthy/http/incoming',
  })
}

/** From now on the response is ours, with what other plugins said about it, such as CORS. */
function takeOver(reply: FastifyReplyLike): void {
  if (!reply.raw.headersSent) {
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value)
    }
  }
  reply.hijack()
}
