import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Ops } from '@seaworthy/ops'
import { answerNode, pathOf } from './node-bridge.ts'

/** What `createServer` of `node:http` takes. */
export type NodeListener = (request: IncomingMessage, response: ServerResponse) => unknown

/**
 * For a server of `node:http` or `node:https` without a framework: `createServer(nodeOps(ops, handler))`.
 *
 * @param otherwise - Gets the requests that are not for the handler. @defaultValue they are answered with 404
 */
export function nodeOps(
  ops: Ops,
  otherwise?: NodeListener,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const { url = '/' } = request
    if (otherwise !== undefined && !ops.match(pathOf(url))) otherwise(request, response)
    else void answerNode(ops, request, response, url)
  }
}
