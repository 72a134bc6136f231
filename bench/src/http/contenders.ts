/**
 * Clients, each by one verb: get an address, read the whole answer, tell its status.
 *
 * A client loads what it needs when it is opened, and nothing else: as in a program that uses it, it pays for no other's code, and `fetch` keeps
 * Node's own dispatcher, which the package `undici` replaces when it is loaded.
 */
import type { DeadlineList, DeadlineNode } from '@seaworthy/core'
import type { AxiosInstance } from 'axios'
import type { Dispatcher } from 'undici'

/** Gets an address and reads the answer. @returns The status. */
export type Get = (url: string) => Promise<number>

export interface HttpContender {
  readonly name: string
  /** What it stands on: ratios are to the bare client of its family. */
  readonly family: 'fetch' | 'undici' | 'axios'
  readonly bare?: true
  /** A client that tries once more after a 503, almost at once, so that what is measured is not its patience. */
  open(): Promise<Get>
}

const viaFetch = (fetch: typeof globalThis.fetch): Get => {
  return async (url) => {
    const response = await fetch(url)
    await response.arrayBuffer()
    return response.status
  }
}

const limitedFetch: typeof globalThis.fetch = async (input) => {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), 10_000)
  try {
    return await fetch(input, { signal: controller.signal })
  } finally {
    clearTimeout(timer)
  }
}

const viaAxios = (client: AxiosInstance): Get => {
  return async (url) => (await client.get(url, { responseType: 'arraybuffer' })).status
}

const viaUndici = async (dispatcher: Dispatcher): Promise<Get> => {
  const { request } = await import('undici')
  return async (url) => {
    const { statusCode, body } = await request(url, { dispatcher })
    await body.arrayBuffer()
    return statusCode
  }
}

/** One retry after a millisecond, for every request if need be. */
const soon = {
  retry: { attempts: 2, delay: 1 },
  breaker: { failureRate: false, failureThreshold: 1000 },
  budget: { ratio: 1, minPerSecond: 1000 },
} as const

export const contenders: readonly HttpContender[] = [
  { name: 'bare fetch', family: 'fetch', bare: true, open: async () => viaFetch(fetch) },
  // The least that a time limit costs which ends its request by a signal.
  { name: 'fetch with a signal and a timer', family: 'fetch', open: async () => viaFetch(limitedFetch) },
  {
    name: 'seaworthy: resilientFetch',
    family: 'fetch',
    async open() {
      const { resilientFetch } = await import('@seaworthy/http')
      return viaFetch(resilientFetch(soon))
    },
  },
  {
    name: 'cockatiel around fetch',
    family: 'fetch',
    async open() {
      const { ConsecutiveBreaker, circuitBreaker, ExponentialBackoff, handleAll, retry, wrap } = await import(
        'cockatiel'
      )
      const policy = wrap(
        retry(handleAll, { maxAttempts: 1, backoff: new ExponentialBackoff({ initialDelay: 1 }) }),
        circuitBreaker(handleAll, { halfOpenAfter: 1000, breaker: new ConsecutiveBreaker(1000) }),
      )
      const get = viaFetch(fetch)
      const attempt = async (url: string): Promise<number> => {
        const status = await get(url)
        if (status >= 500) throw new Error(String(status))
        return status
      }
      return (url) => policy.execute(() => attempt(url))
    },
  },
  {
    name: 'ky',
    family: 'fetch',
    async open() {
      const { default: ky } = await import('ky')
      const client = ky.create({
        retry: { limit: 1, delay: () => 1 },
        timeout: 30_000,
      })
      return viaFetch(client as unknown as typeof fetch) // ky's own type of options narrows fetch's
    },
  },
  {
    name: 'bare undici',
    family: 'undici',
    bare: true,
    async open() {
      const { Agent } = await import('undici')
      return viaUndici(new Agent())
    },
  },
  // The least that an interceptor costs: undici turns headers into an object for it, and back again for `request`.
  {
    name: 'undici with an interceptor that does nothing',
    family: 'undici',
    async open() {
      const { Agent } = await import('undici')
      return viaUndici(new Agent().compose((dispatch) => (options, handler) => dispatch(options, handler)))
    },
  },
  {
    name: 'seaworthy: resilientDispatcher',
    family: 'undici',
    async open() {
      const { Agent } = await import('undici')
      const { resilientDispatcher } = await import('@seaworthy/http/undici')
      return viaUndici(new Agent().compose(resilientDispatcher(soon)))
    },
  },
  {
    name: 'undici RetryAgent',
    family: 'undici',
    async open() {
      const { Agent, RetryAgent } = await import('undici')
      return viaUndici(new RetryAgent(new Agent(), { maxRetries: 1, minTimeout: 1, timeoutFactor: 1 }))
    },
  },
  {
    name: 'bare axios',
    family: 'axios',
    bare: true,
    async open() {
      const { default: axios } = await import('axios')
      return viaAxios(axios.create())
    },
  },
  {
    name: 'seaworthy: resilientAxios',
    family: 'axios',
    async open() {
      const { default: axios } = await import('axios')
      const { resilientAxios } = await import('@seaworthy/http/axios')
      return viaAxios(axios.create({ adapter: resilientAxios(soon) }))
    },
  },
  {
    name: 'axios-retry',
    family: 'axios',
    async open() {
      const { default: axios } = await import('axios')
      const { default: axiosRetry } = await import('axios-retry')
      const client = axios.create()
      axiosRetry(client, { retries: 1, retryDelay: () => 1 })
      return viaAxios(client)
    },
  },
  {
    name: 'got',
    family: 'axios',
    async open() {
      const { default: got } = await import('got')
      return async (url) =>
        (
          await got(url, {
            retry: { limit: 1, calculateDelay: ({ computedValue }) => (computedValue === 0 ? 0 : 1) },
            responseType: 'buffer',
            throwHttpErrors: false,
          })
        ).statusCode
    },
  },
]

/** What any function around `fetch` costs, whatever it does. */
export const wrapper: HttpContender = {
  name: 'an async function around fetch',
  family: 'fetch',
  open: async () => viaFetch(async (input, init) => await fetch(input, init)),
}

/** The least that a time limit costs, written for this one case: no retries, no breaker, no budget, no choice of anything. */
export const leastLimit: HttpContender = {
  name: 'the least that can end a request in time',
  family: 'fetch',
  async open() {
    const { DeadlineList, systemClock } = await import('@seaworthy/core')
    const limit = new DeadlineList(systemClock, 10_000)
    return viaFetch((input) => new Promise((resolve, reject) => new Limited(input, limit, resolve, reject)))
  },
}

const globalDispatcher = Symbol.for('undici.globalDispatcher.1')

/** A request with a deadline, which is its own dispatcher: that is told how to end the connection. */
class Limited implements DeadlineNode {
  previous: DeadlineNode | undefined = undefined
  next: DeadlineNode | undefined = undefined
  due = 0
  readonly isMockActive = false
  private readonly reject: (error: Error) => void
  private abort: ((error: Error) => void) | undefined = undefined
  private over: Error | undefined = undefined

  constructor(
    input: string | URL | Request,
    limit: DeadlineList,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
  ) {
    this.reject = reject
    limit.add(this)
    fetch(input, { dispatcher: this } as object).then(
      (response) => {
        limit.remove(this)
        resolve(response)
      },
      (error: unknown) => {
        limit.remove(this)
        reject(error)
      },
    )
  }

  dispatch(options: object, handler: { onConnect(abort: (error: Error) => void): void }): boolean {
    const { onConnect } = handler
    handler.onConnect = (abort) => {
      this.abort = abort
      onConnect.call(handler, abort)
      if (this.over !== undefined) abort(this.over)
    }
    const target = (globalThis as Record<symbol, unknown>)[globalDispatcher] as Pick<Limited, 'dispatch'>
    return target.dispatch(options, handler)
  }

  expire(): void {
    this.over = new Error('The time is over')
    this.abort?.(this.over)
    this.reject(this.over)
  }
}
