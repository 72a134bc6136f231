import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Ops } from '@seaworthy/ops'
import { answerNode, pathOf } from './node-bridge.ts'

/** A request of Fastify, by shape. */
export interface FastifyRequestLike {
  readonly raw: IncomingMessage
}

/** A reply of Fastify, by shape. */
export interface FastifyReplyLike {
  readonly raw: ServerResponse
  hijack(): unknown
}

/** An instance of Fastify, by shape. */
export interface FastifyLike {
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequestLike, reply: FastifyReplyLike, done: () => void) => void,
  ): unknown
}

/**
 * For Fastify: `app.register(fastifyOps(ops))`. It holds for the whole instance that it is registered with, and answers before bodies are
 * parsed.
 */
export function fastifyOps(ops: Ops): (instance: FastifyLike, options: unknown, done: () => void) => void {
  const plugin = (instance: FastifyLike, _options: unknown, done: () => void): void => {
    instance.addHook('onRequest', ({ raw: request }, reply, next) => {
      const { url = '/' } = request
      if (!ops.match(pathOf(url))) {
        next()
        return
      }
      reply.hijack()
      void answerNode(ops, request, reply.raw, url)
    })
    done()
  }
  // Without it the hook would be for the routes of this plugin alone, which has none.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true })
}
