/**
 * The engine of `@seaworthy/http` as an adapter for axios.
 *
 * @module @seaworthy/http/axios
 */
import type { Policy } from '@seaworthy/core'
import { engineOf, type HttpOptions, type OutboundHttp } from '@seaworthy/http'
import axios, { type AxiosAdapter, type AxiosRequestConfig, type InternalAxiosRequestConfig } from 'axios'
import { AxiosExchange } from './axios-exchange.ts'

/** An adapter of axios, with its engine. */
export type ResilientAxios = AxiosAdapter & {
  /** The engine: its events, what it knows about each origin, and `dispose`. */
  readonly http: OutboundHttp
}

/** What {@link resilientAxios} takes besides its policy. */
export interface ResilientAxiosOptions {
  /** What sends: an adapter, or names of those of axios in order of preference. @defaultValue the adapters of axios itself */
  readonly adapter?: AxiosRequestConfig['adapter']
}

/**
 * An adapter that gives an axios instance what `resilientFetch` gives to `fetch`. An adapter, not interceptors: it sees
 * the body once, in its final form, and retries do not run your interceptors and transformations again.
 *
 * Whatever axios rejected with comes through as it is, `AxiosError` and `CanceledError`, with the `config` of the caller. The `timeout`
 * of axios limits each send; `timeout.total` here limits all of them together. With the usual `responseType` the body
 * belongs to a send and its limits, since axios reads it before it answers.
 *
 * @param policy - Options, a policy of your own, or the engine of another client, whose state is then shared.
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { resilientAxios } from '@seaworthy/http/axios'
 * import axios from 'axios'
 *
 * let requests = 0
 * const server = createServer((_, response) => {
 *   response.statusCode = ++requests < 3 ? 503 : 200
 *   response.end(`answer ${requests}`)
 * })
 * await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
 * const { port } = server.address() as { port: number }
 *
 * const client = axios.create({ adapter: resilientAxios() })
 * const { status, data } = await client.get(`http://127.0.0.1:${port}/`)
 * console.log(status, data) // 200 answer 3
 * server.close()
 * ```
 */
export function resilientAxios(
  policy: Policy<unknown> | HttpOptions | OutboundHttp = {},
  options: ResilientAxiosOptions = {},
): ResilientAxios {
  const http = engineOf(policy)
  const chosen = options.adapter ?? axios.defaults.adapter
  const inner = axios.getAdapter(chosen)
  const ownAdapters = [chosen].flat().every((each) => typeof each === 'string')
  const adapter: AxiosAdapter = async (config) => {
    const method = (config.method ?? 'get').toUpperCase()
    const origin = originOf(http, config, method)
    if (origin === undefined) return inner(config)
    const exchange = new AxiosExchange(http, inner, config, method, origin, ownAdapters)
    let reason: unknown
    try {
      const { response, error } = await http.run(exchange)
      if (error !== undefined) throw error
      return response
    } catch (error) {
      reason = error
    }
    // Callers of axios look for its own error when they gave up.
    if (config.signal?.aborted && reason === exchange.signal?.reason)
      throw new axios.CanceledError(undefined, config)
    throw reason
  }
  return Object.assign(adapter, { http })
}

/** Undefined for what does not go over HTTP, and for what axios itself refuses. */
function originOf(
  http: OutboundHttp,
  config: InternalAxiosRequestConfig,
  method: string,
): string | undefined {
  try {
    return http.keyOf((http.customKeys ? undefined : rootOf(config)) ?? axios.getUri(config), method)
  } catch {
    return undefined
  }
}

const absolute = /^https?:\/\//
const relative = /^(\/?[\w.-]+(\/|$)|$)/

/**
 * An address of the same origin, where that is plain to see: to make the whole one axios merges all options again, which takes
 * a tenth of a small request (bench: `requests.1`).
 */
function rootOf({ url = '', baseURL, allowAbsoluteUrls }: InternalAxiosRequestConfig): string | undefined {
  if (baseURL === undefined) return absolute.test(url) ? url : undefined
  if (!absolute.test(baseURL)) return undefined
  if (relative.test(url)) return baseURL
  return absolute.test(url) && allowAbsoluteUrls !== false ? url : undefined
}
