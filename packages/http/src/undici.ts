/**
 * The engine of `@seaworthy/http` as an interceptor for undici's dispatchers.
 *
 * @module @seaworthy/http/undici
 */
import type { Policy } from '@seaworthy/core'
import { engineOf, type HttpOptions, type OutboundHttp } from '@seaworthy/http'
import type { Dispatcher } from 'undici'
import { DispatchExchange } from './undici-exchange.ts'

/** An interceptor for `dispatcher.compose()`. */
export type ResilientDispatcher = Dispatcher.DispatcherComposeInterceptor & {
  /** The engine: its events, what it knows about each origin, and `dispose`. */
  readonly http: OutboundHttp
}

/**
 * An interceptor that gives all requests of a dispatcher what `resilientFetch` gives to `fetch`. Put it last, nearest to your
 * calls: `compose(interceptors.redirect(), resilientDispatcher())`.
 *
 * Bodies that are strings, bytes, `Blob` or `FormData` are sent again; streams and iterables only with `bufferStreams`. The body
 * of every request that `fetch` sends is a stream here: for `fetch` use `resilientFetch`. Upgrades and CONNECT pass through.
 *
 * @param policy - Options, a policy of your own, or the engine of another client, whose state is then shared.
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. Requests reject as those of
 *   `resilientFetch`, with undici's own errors in place of those of `fetch`.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { resilientDispatcher } from '@seaworthy/http/undici'
 * import { Agent, request } from 'undici'
 *
 * let requests = 0
 * const server = createServer((_, response) => {
 *   response.statusCode = ++requests < 3 ? 503 : 200
 *   response.end(`answer ${requests}`)
 * })
 * await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
 * const { port } = server.address() as { port: number }
 *
 * const dispatcher = new Agent().compose(resilientDispatcher())
 * const { statusCode, body } = await request(`http://127.0.0.1:${port}/`, { dispatcher })
 * console.log(statusCode, await body.text()) // 200 answer 3
 * await dispatcher.close()
 * server.close()
 * ```
 */
export function resilientDispatcher(
  policy: Policy<unknown> | HttpOptions | OutboundHttp = {},
): ResilientDispatcher {
  const http = engineOf(policy)
  const interceptor: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
    if (options.upgrade || options.method === 'CONNECT') return dispatch(options, handler)
    new DispatchExchange(http, dispatch, options, handler).start()
    return true
  }
  return Object.assign(interceptor, { http })
}
