import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Ops } from '@seaworthy/ops'
import { answerNode, pathOf } from './node-bridge.ts'

/** A request of Express, by shape. */
export interface ExpressRequestLike extends IncomingMessage {
  readonly originalUrl?: string
  readonly body?: unknown
}

/**
 * For Express, and routers with such middleware: `app.use(expressOps(ops))`. Anywhere in the order, also behind body parsers and
 * `compression()`. Below a path, the handler's `basePath` must be that path.
 */
export function expressOps(
  ops: Ops,
): (request: ExpressRequestLike, response: ServerResponse, next: (error?: unknown) => void) => void {
  return (request, response, next) => {
    // A mounted router sees only the rest of the address in `url`.
    const target = request.originalUrl ?? request.url ?? '/'
    if (ops.match(pathOf(target))) void answerNode(ops, request, response, target, request.body)
    else next()
  }
}
