import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Ops } from '@seaworthy/ops'
import { answerNode, pathOf } from './node-bridge.ts'

/** A context of Koa, by shape. */
export interface KoaContextLike {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly originalUrl: string
  readonly request: object
  respond?: boolean | undefined
}

/** For Koa: `app.use(koaOps(ops))`, also behind body parsers. */
export function koaOps(ops: Ops): (context: KoaContextLike, next: () => Promise<unknown>) => Promise<void> {
  return async (context, next) => {
    const { req, res, originalUrl, request } = context
    if (!ops.match(pathOf(originalUrl))) {
      await next()
      return
    }
    context.respond = false
    // Body parsers put it there.
    const { body } = request as { readonly body?: unknown }
    // Koa would answer 404 if nothing else set a status; not waiting for the end of a stream, middleware around this one can end.
    void answerNode(ops, req, res, originalUrl, body)
  }
}
