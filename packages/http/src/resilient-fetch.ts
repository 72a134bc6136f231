import type { Policy } from '@seaworthy/core'
import { ambientFetch } from './ambient-fetch.ts'
import { isOutboundHttp, type OutboundHttp, outboundHttp } from './engine.ts'
import { FetchExchange, isRequest, type ReplayableInit } from './fetch-exchange.ts'
import type { HttpOptions } from './options.ts'
import type { SendFetch } from './redirects.ts'

/** Any implementation of `fetch`. */
export type AnyFetch = (...args: never[]) => Promise<unknown>

/** What {@link resilientFetch} adds to a `fetch`. */
export interface ResilientFetchExtras<F extends AnyFetch> {
  /** Bodies may also be functions that make a new one for every send. */
  (input: Parameters<F>[0], init?: ReplayableInit): ReturnType<F>
  /** The engine: its events, what it knows about each origin, and `dispose`. */
  readonly http: OutboundHttp
}

/** A `fetch` that is called as before. */
export type ResilientFetch<F extends AnyFetch = typeof globalThis.fetch> = F & ResilientFetchExtras<F>

/** What {@link resilientFetch} takes besides its policy. */
export interface ResilientFetchOptions<F extends AnyFetch> {
  /** The implementation to call. @defaultValue `globalThis.fetch`, looked up at every call */
  readonly fetch?: F
}

/**
 * A `fetch` that survives servers in trouble, called exactly as before: it repeats what may be repeated, waits as long as servers
 * ask, gives up in time, and leaves alone what is down. The last answer is what the caller gets, also if it is a 503.
 *
 * @param policy - Options, a policy of your own, or the engine of another client, whose state is then shared.
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. Calls reject with what `fetch` rejected
 *   with, with the reason of the caller's signal, both the same object, or with a {@link HttpTimeoutError}, an
 *   {@link OriginCooldownError}, or an error of the circuit breaker or rate limit.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { resilientFetch } from '@seaworthy/http'
 *
 * let requests = 0
 * const server = createServer((_, response) => {
 *   response.statusCode = ++requests < 3 ? 503 : 200
 *   response.end(`answer ${requests}`)
 * })
 * await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
 * const { port } = server.address() as { port: number }
 *
 * const fetch = resilientFetch()
 * const response = await fetch(`http://127.0.0.1:${port}/`)
 * console.log(response.status, await response.text()) // 200 answer 3
 * server.close()
 * ```
 */
export function resilientFetch<F extends AnyFetch = typeof globalThis.fetch>(
  policy: Policy<unknown> | HttpOptions | OutboundHttp = {},
  options: ResilientFetchOptions<F> = {},
): ResilientFetch<F> {
  const http = engineOf(policy)
  const { fetch: given } = options
  // Whatever the type of the implementation, it is called with what the caller gave.
  const send = (given as unknown as SendFetch | undefined) ?? ambientFetch
  const resilient = (input: string | URL | Request, init?: ReplayableInit): Promise<Response> => {
    let exchange: FetchExchange | undefined
    try {
      exchange = exchangeOf(http, send, input, init)
    } catch {
      // What is no request is refused by `fetch` itself, in its own words.
    }
    return exchange === undefined ? send(input, init as RequestInit | undefined) : http.run(exchange)
  }
  return Object.assign(resilient, { http }) as unknown as ResilientFetch<F>
}

/** The engine for a policy, options, or an engine. */
export function engineOf(policy: Policy<unknown> | HttpOptions | OutboundHttp): OutboundHttp {
  if (isOutboundHttp(policy)) return policy
  return outboundHttp('execute' in policy ? { policy } : policy)
}

/** Undefined for what does not go over HTTP. */
function exchangeOf(
  http: OutboundHttp,
  send: SendFetch,
  input: string | URL | Request,
  init: ReplayableInit | undefined,
): FetchExchange | undefined {
  // A Request in place of `init` has its properties on the prototype, where a copy would lose them.
  if (init !== undefined && isRequest(init))
    return exchangeOf(http, send, new Request(input as string, init as RequestInit), undefined)
  const request = isRequest(input) ? input : undefined
  const method = (init?.method ?? request?.method)?.toUpperCase() ?? 'GET'
  const origin = http.keyOf(request?.url ?? String(input), method)
  return origin === undefined ? undefined : new FetchExchange(http, send, input, init, method, origin)
}
