/** Five clients of the shop, each with the line that makes it one. */
import { resilientFetch } from '@seaworthy/http'
import { resilientAxios } from '@seaworthy/http/axios'
import { resilientDispatcher } from '@seaworthy/http/undici'
import axios from 'axios'
import { Agent, request } from 'undici'

export interface Order {
  readonly method: 'GET' | 'PUT' | 'POST'
  readonly url: string
  readonly headers: Record<string, string>
  readonly body: Uint8Array<ArrayBuffer> | undefined
}

/** Resolves with the body of a good answer, and rejects otherwise. */
export type Send = (order: Order) => Promise<string>

export interface Client {
  readonly name: string
  /** Whether it is one of Seaworthy's. */
  readonly protected: boolean
  readonly line: string
  open(): Send
}

const viaFetch = (fetch: typeof globalThis.fetch): Send => {
  return async ({ method, url, headers, body }) => {
    const response = await fetch(url, { method, headers, body: body ?? null })
    const text = await response.text()
    if (!response.ok) throw new Error(`status ${response.status}`)
    return text
  }
}

export const clients: readonly Client[] = [
  { name: 'fetch', protected: false, line: '', open: () => viaFetch(globalThis.fetch) },
  {
    name: 'fetch in a loop',
    protected: false,
    line: 'for (let attempt = 1; ; attempt++) try { … } catch { … }',
    open() {
      const send = viaFetch(globalThis.fetch)
      return async (order) => {
        for (let attempt = 1; ; attempt++) {
          try {
            return await send(order)
          } catch (error) {
            if (attempt === 4) throw error
            await new Promise((resolve) => setTimeout(resolve, 200))
          }
        }
      }
    },
  },
  {
    name: 'resilientFetch',
    protected: true,
    line: 'const fetch = resilientFetch()',
    open: () => viaFetch(resilientFetch()),
  },
  {
    name: 'undici',
    protected: true,
    line: 'new Agent().compose(resilientDispatcher())',
    open() {
      const dispatcher = new Agent().compose(resilientDispatcher())
      return async ({ method, url, headers, body }) => {
        const response = await request(url, { dispatcher, method, headers, body: body ?? null })
        const text = await response.body.text()
        if (response.statusCode >= 400) throw new Error(`status ${response.statusCode}`)
        return text
      }
    },
  },
  {
    name: 'axios',
    protected: true,
    line: 'axios.create({ adapter: resilientAxios() })',
    open() {
      const client = axios.create({ adapter: resilientAxios() })
      return async ({ method, url, headers, body }) => {
        const { data } = await client.request<string>({
          method,
          url,
          headers,
          data: body,
          responseType: 'text',
        })
        return data
      }
    },
  },
]
