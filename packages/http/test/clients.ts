/** The clients of this package, called in one way, so that one table of facts is checked on all of them. */

import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { LookupFunction } from 'node:net'
import { type HttpOptions, type OutboundHttp, resilientFetch } from '@seaworthy/http'
import { resilientAxios } from '@seaworthy/http/axios'
import { resilientDispatcher } from '@seaworthy/http/undici'
import axios from 'axios'
import { Agent, request } from 'undici'

interface RequestOptions {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array | undefined
  readonly signal?: AbortSignal
}

interface Answer {
  readonly status: number
  readonly body: Buffer
}

export interface Client {
  readonly http: OutboundHttp
  request(url: string, options?: RequestOptions): Promise<Answer>
  close(): Promise<void>
}

/** What belongs to the network, and not to us. */
export interface Network {
  readonly lookup?: LookupFunction
  readonly rejectUnauthorized?: boolean
}

export type MakeClient = (options?: HttpOptions, network?: Network) => Client

function fetchClient(options: HttpOptions = {}, network: Network = {}): Client {
  const agent = new Agent({ connect: network as object })
  const fetch = resilientFetch(options)
  return {
    http: fetch.http,
    async request(url, init = {}) {
      // Node's types do not know that its fetch takes a dispatcher.
      const response = await fetch(url, { ...init, dispatcher: agent } as object)
      return { status: response.status, body: Buffer.from(await response.arrayBuffer()) }
    },
    close: () => agent.destroy(),
  }
}

function undiciClient(options: HttpOptions = {}, network: Network = {}): Client {
  const agent = new Agent({ connect: network as object })
  const interceptor = resilientDispatcher(options)
  const dispatcher = agent.compose(interceptor)
  return {
    http: interceptor.http,
    async request(url, { method = 'GET', headers, body, signal } = {}) {
      const response = await request(url, {
        dispatcher,
        method,
        ...(headers && { headers }),
        ...(body !== undefined && { body }),
        ...(signal && { signal }),
      })
      return { status: response.statusCode, body: Buffer.from(await response.body.arrayBuffer()) }
    },
    close: () => agent.destroy(),
  }
}

function axiosClient(options: HttpOptions = {}, network: Network = {}): Client {
  const adapter = resilientAxios(options)
  const agents = [
    new HttpAgent({ keepAlive: true }),
    new HttpsAgent({ keepAlive: true, ...network }),
  ] as const
  const instance = axios.create({
    adapter,
    httpAgent: agents[0],
    httpsAgent: agents[1],
    proxy: false,
    responseType: 'arraybuffer',
    validateStatus: (status) => status < 400,
    // axios takes the callback form of Node as well, which its types leave out in part.
    ...(network.lookup && { lookup: network.lookup as never }),
  })
  return {
    http: adapter.http,
    async request(url, { method = 'GET', headers, body, signal } = {}) {
      const { status, data } = await instance
        .request({ url, method, data: body, ...(headers && { headers }), ...(signal && { signal }) })
        .catch((error: { response?: { status: number; data: Buffer } }) => {
          // A 503 is an error by its status alone; the others have no answer with data.
          if (error.response?.data === undefined) throw error
          return error.response
        })
      return { status, body: data }
    },
    async close() {
      for (const agent of agents) agent.destroy()
    },
  }
}

/** All three. */
export const clients: readonly (readonly [name: string, make: MakeClient])[] = [
  ['fetch', fetchClient],
  ['undici', undiciClient],
  ['axios', axiosClient],
]
