/** What is special about axios: its bodies, its errors, and its configuration. */
import { createHash, randomBytes } from 'node:crypto'
import { getEventListeners } from 'node:events'
import { Agent } from 'node:http'
import { Readable } from 'node:stream'
import type { HttpOptions, RequestTarget } from '@seaworthy/http'
import { type ResilientAxios, resilientAxios } from '@seaworthy/http/axios'
import { VirtualClock } from '@seaworthy/testing'
import axios, {
  type AxiosAdapter,
  type AxiosInstance,
  type AxiosRequestConfig,
  type InternalAxiosRequestConfig,
  isAxiosError,
  isCancel,
} from 'axios'
import { describe, expect, it, vi } from 'vitest'
import { type Behaviour, bodyOf, plainServer, scriptedServer, unusedPort } from './local-servers.ts'

const quick: HttpOptions = {
  retry: { attempts: 31, delay: 2 },
  budget: false,
  breaker: false,
  cooldown: false,
}
const busy: Behaviour = { status: 429, body: 'busy' }
const bytes = randomBytes(70_000)
const large = Buffer.alloc(20_000, 'x')
const hash = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex')

interface Client extends Disposable {
  readonly client: AxiosInstance
  readonly http: ResilientAxios['http']
}

function client(options: HttpOptions = quick, config: AxiosRequestConfig = {}): Client {
  const adapter = resilientAxios(options)
  const httpAgent = new Agent({ keepAlive: true })
  return {
    client: axios.create({ adapter, httpAgent, proxy: false, ...config }),
    http: adapter.http,
    [Symbol.dispose]: () => httpAgent.destroy(),
  }
}

describe('bodies of axios', () => {
  const form = (): FormData => {
    const data = new FormData()
    data.set('file', new Blob([new Uint8Array(bytes)]), 'file.bin')
    return data
  }

  describe.each(['PUT', 'POST'] as const)('%s', (method) => {
    it.each<[string, () => unknown, Buffer | undefined]>([
      ['a string', () => 'naïve', Buffer.from('naïve')],
      ['an object', () => ({ order: 1 }), Buffer.from('{"order":1}')],
      ['a Buffer', () => bytes, bytes],
      ['an ArrayBuffer', () => new Uint8Array(bytes).buffer, bytes],
      ['URLSearchParams', () => new URLSearchParams({ a: 'ü' }), Buffer.from('a=%C3%BC')],
      ['FormData', form, undefined],
      ['a Blob', () => new Blob([new Uint8Array(bytes)]), bytes],
    ])('%s is replayed', async (_, make, expected) => {
      await using server = await scriptedServer([busy, busy])
      using own = client()
      const { status } = await own.client.request({ url: server.url, method, data: make() })
      expect([status, server.received.length]).toEqual([200, 3])
      for (const { body, headers } of server.received) {
        if (expected === undefined) expect(body.includes(bytes)).toBe(true)
        else expect(hash(body)).toBe(hash(expected))
        if (headers['transfer-encoding'] === undefined)
          expect(headers['content-length']).toBe(String(body.length))
      }
      expect(new Set(server.received.map(({ headers }) => headers['content-type']?.split(';')[0])).size).toBe(
        1,
      )
    })

    it.each<[string, boolean, number]>([
      ['is sent once', false, 1],
      ['is kept when asked to', true, 3],
    ])('a stream %s', async (_, bufferStreams, sends) => {
      await using server = await scriptedServer([busy, busy])
      using own = client({ ...quick, bufferStreams }, { validateStatus: () => true, maxRedirects: 0 })
      const data = Readable.from([bytes.subarray(0, 9), bytes.subarray(9)])
      await own.client.request({ url: server.url, method, data })
      expect(server.received.map(({ body }) => hash(body))).toEqual(Array(sends).fill(hash(bytes)))
    })
  })

  it('a stream over the limit is sent whole, but once', async () => {
    await using server = await scriptedServer([busy])
    using own = client(
      { ...quick, bufferStreams: true, maxReplayBytes: 100 },
      { validateStatus: () => true, maxRedirects: 0 },
    )
    await own.client.put(server.url, Readable.from([bytes.subarray(0, 9), bytes.subarray(9)]))
    expect(server.received.map(({ body }) => hash(body))).toEqual([hash(bytes)])
  })

  it('run the interceptors and transformations of the caller once', async () => {
    await using server = await scriptedServer([busy, busy])
    let transformed = 0
    using own = client(quick, { transformRequest: [(data) => `${data}${++transformed}`] })
    let intercepted = 0
    own.client.interceptors.request.use((config) => {
      intercepted++
      return config
    })
    await own.client.put(server.url, 'x')
    expect([transformed, intercepted]).toEqual([1, 1])
    expect(server.received.map(({ body }) => body.toString())).toEqual(['x1', 'x1', 'x1'])
  })
})

describe('errors of axios', () => {
  it('come through as they are, with the config of the caller', async () => {
    await using server = await scriptedServer([], { status: 503, body: 'down' })
    using own = client({ ...quick, retry: { attempts: 2, delay: 1 } })
    const { signal } = new AbortController()
    const error: unknown = await own.client.get(server.url, { signal }).catch((error: unknown) => error)
    if (!isAxiosError(error)) throw error
    expect([error.response?.status, error.response?.data, error.code]).toEqual([
      503,
      'down',
      'ERR_BAD_RESPONSE',
    ])
    expect([error.config?.signal, error.response?.config.signal]).toEqual([signal, signal])
    expect(server.received.length).toBe(2)
    const refused: unknown = await own.client
      .get(`http://127.0.0.1:${await unusedPort()}`, { signal })
      .catch((error: unknown) => error)
    expect(isAxiosError(refused) && [refused.code, refused.config?.signal]).toEqual(['ECONNREFUSED', signal])
    expect(getEventListeners(signal, 'abort').length).toBe(0)
  })

  it('an answer with a status that is none for the caller is one', async () => {
    await using server = await scriptedServer([], { status: 503, body: 'down' })
    using own = client({ ...quick, retry: { attempts: 2, delay: 1 } }, { validateStatus: () => true })
    const { status, data } = await own.client.get(server.url)
    expect([status, data, server.received.length]).toEqual([503, 'down', 2])
  })

  it('a body that is cut off belongs to the send, and is retried where that is safe', async () => {
    await using server = await scriptedServer(['cut', ok200(), 'cut'])
    using own = client()
    expect((await own.client.get(server.url)).data).toBe('whole')
    await expect(own.client.post(server.url, 'order')).rejects.toSatisfy(isAxiosError)
    expect(server.received.map(({ method }) => method)).toEqual(['GET', 'GET', 'POST'])
  })

  it('its own timeout limits each send, and is retried', async () => {
    await using server = await scriptedServer(['hang'])
    using own = client(quick, { timeout: 1500 })
    expect((await own.client.get(server.url)).status).toBe(200)
    expect(server.received.length).toBe(2)
  })

  it('a redirected POST is not repeated', async () => {
    await using server = await scriptedServer([
      { status: 303, headers: { location: `http://127.0.0.1:${await unusedPort()}/` } },
      { status: 303, headers: { location: '/next' } },
      busy,
    ])
    using own = client()
    await expect(own.client.post(server.url, 'order')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(server.received.length).toBe(1)
    await expect(own.client.post(server.url, 'order')).rejects.toMatchObject({ status: 429 })
    expect(server.received.length).toBe(3)
  })
})

describe('giving up with axios', () => {
  it.each<[string, Behaviour]>([
    ['a send', 'hang'],
    ['a wait', { status: 503, headers: { 'retry-after': '20' } }],
  ])('during %s cancels at once, and nothing is left', async (_, behaviour) => {
    await using server = await scriptedServer([behaviour])
    using own = client()
    const caller = new AbortController()
    const call = own.client.get(server.url, { signal: caller.signal })
    call.catch(() => {})
    await vi.waitFor(() => expect(server.received.length).toBe(1))
    await new Promise((resolve) => setTimeout(resolve, 30))
    caller.abort()
    await expect(call).rejects.toSatisfy(isCancel)
    expect(getEventListeners(caller.signal, 'abort').length).toBe(0)
    expect(own.http.debugStats()).toMatchObject({ calls: 0, retrying: 0 })
    expect(server.received.length).toBe(1)
  })
})

describe('connections of axios', () => {
  it.each(['text', 'stream'] as const)(
    '30 retried answers of 20 kB need at most 3: %s',
    async (responseType) => {
      await using server = await scriptedServer(Array(30).fill({ status: 503, body: large }))
      using own = client()
      const { status } = await own.client.get(server.url, { responseType })
      expect([status, server.received.length]).toEqual([200, 31])
      expect(server.sockets).toBeLessThanOrEqual(3)
    },
  )

  it('a stream is the caller’s, and no listener stays after its end', async () => {
    await using server = await scriptedServer(['reset'], { status: 200, body: large })
    using own = client()
    const { signal } = new AbortController()
    const { data } = await own.client.get<Readable>(server.url, { responseType: 'stream', signal })
    expect((await bodyOf(data)).length).toBe(20_000)
    await vi.waitFor(() => expect(getEventListeners(signal, 'abort').length).toBe(0))
  })

  it('are not held by streams that go on and on', async () => {
    let requests = 0
    let closed = 0
    await using server = await plainServer((incoming, response) => {
      if (++requests > 1) return response.end('ok')
      response.writeHead(503)
      const endless = setInterval(() => response.write(large), 1)
      incoming.socket.once('close', () => {
        closed++
        clearInterval(endless)
      })
      return undefined
    })
    using own = client()
    const { data } = await own.client.get<Readable>(server.url, { responseType: 'stream' })
    expect((await bodyOf(data)).toString()).toBe('ok')
    await vi.waitFor(() => expect(closed).toBe(1))
  })
})

function ok200(): Behaviour {
  return { status: 200, body: 'whole' }
}

describe('what adapters of axios get', () => {
  it('a signal of the platform, where the adapter is the user’s, and nothing to inherit', async () => {
    const configs: InternalAxiosRequestConfig[] = []
    const adapter: AxiosAdapter = async (config) => {
      configs.push(config)
      return { data: '', status: 200, statusText: '', headers: {}, config }
    }
    const own = axios.create({ adapter: resilientAxios(quick, { adapter }) })
    await own.get('http://shop.test/', { headers: { 'X-Shop': '1' } })
    expect(configs.map(({ signal }) => signal instanceof AbortSignal)).toEqual([true])
    expect(Object.getPrototypeOf(configs[0])).toBeNull()
    expect(configs[0]?.headers.get('x-shop')).toBe('1')
  })

  it.each(['http', 'fetch'] as const)('a time limit ends the request of the adapter %s', async (adapter) => {
    let came = 0
    let closed = 0
    await using server = await plainServer((request) => {
      came++
      request.socket.once('close', () => closed++)
    })
    const clock = new VirtualClock()
    const policy = resilientAxios({ retry: false, timeout: { attempt: 50 }, clock }, { adapter })
    const own = axios.create({ adapter: policy, proxy: false })
    const ended = expect(own.get(server.url)).rejects.toMatchObject({ code: 'ERR_TIMEOUT', scope: 'attempt' })
    await expect.poll(() => came, { timeout: 10_000 }).toBe(1)
    await clock.advance(50)
    await ended
    await expect.poll(() => closed, { timeout: 10_000 }).toBe(1)
    expect(policy.http.debugStats()).toMatchObject({ calls: 0, timed: 0 })
  })
})

describe('the origin of a request of axios', () => {
  it.each<[AxiosRequestConfig, string]>([
    [{ url: 'http://a.test:81/x?y' }, 'http://a.test:81'],
    [{ url: 'HTTP://A.test/x' }, 'http://a.test'],
    [{ baseURL: 'http://a.test/api', url: 'x' }, 'http://a.test'],
    [{ baseURL: 'http://a.test/api/', url: '/x', params: { q: 'http://b.test' } }, 'http://a.test'],
    [{ baseURL: 'http://a.test', url: '' }, 'http://a.test'],
    [{ baseURL: 'http://a.test', url: 'http://b.test/x' }, 'http://b.test'],
    [{ baseURL: 'http://a.test', url: 'http://b.test/x', allowAbsoluteUrls: false }, 'http://a.test'],
    [{ baseURL: 'http://a.test', url: 'x:81/y' }, 'http://a.test'],
    [{ baseURL: 'http://a.test', url: '@b.test/y' }, 'http://a.test'],
    [{ baseURL: 'http://a.test', url: '/../y' }, 'http://a.test'],
  ])('of %j is %s', async (config, origin) => {
    const adapter: AxiosAdapter = async (given) => {
      return { data: '', status: 200, statusText: '', headers: {}, config: given }
    }
    for (const options of [{}, { key: (target: RequestTarget) => target.origin }]) {
      const policy = resilientAxios({ ...quick, ...options }, { adapter })
      const origins: string[] = []
      policy.http.on('settled', (event) => origins.push(event.origin))
      await axios.create({ adapter: policy }).request(config)
      expect(origins).toEqual([origin])
    }
  })

  it('a key of the user sees the whole address', async () => {
    const seen: string[] = []
    const key = ({ url, origin }: RequestTarget): string => {
      seen.push(url.href)
      return origin
    }
    const adapter: AxiosAdapter = async (config) => {
      return { data: '', status: 200, statusText: '', headers: {}, config }
    }
    const own = axios.create({ adapter: resilientAxios({ ...quick, key }, { adapter }) })
    await own.get('/x', { baseURL: 'http://a.test/api', params: { tenant: 7 } })
    expect(seen).toEqual(['http://a.test/api/x?tenant=7'])
  })
})
