/** The caller gives up: at once, with the reason as it is, and nothing is left behind. */
import { getEventListeners } from 'node:events'
import { type HttpOptions, resilientFetch } from '@seaworthy/http'
import { VirtualClock } from '@seaworthy/testing'
import { describe, expect, it, vi } from 'vitest'
import { plainServer, scriptedServer } from './local-servers.ts'

const quick: HttpOptions = {
  retry: { attempts: 3, delay: 1 },
  budget: false,
  breaker: false,
  cooldown: false,
}
const reason = { stop: 'the user went away' }
/** A server that never answers, and a client that does not care for its signal. */
const never = (_: string, __?: RequestInit): Promise<Response> => new Promise(() => {})
const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

describe('verify 4.9: fetch', () => {
  it('nothing is sent when the signal has aborted already', async () => {
    await using server = await scriptedServer()
    await expect(resilientFetch(quick)(server.url, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    )
    expect(server.received).toEqual([])
  })

  it('during a send: rejects with the reason, and closes the connection', async () => {
    await using server = await scriptedServer([], 'hang')
    const caller = new AbortController()
    const fetch = resilientFetch(quick)
    const call = fetch(server.url, { signal: caller.signal })
    await vi.waitFor(() => expect(server.received.length).toBe(1))
    caller.abort(reason)
    await expect(call).rejects.toBe(reason)
    // undici opens another connection in its place, and from version 7 on closes that, too.
    await vi.waitFor(() => expect(server.sockets - server.open).toBeGreaterThan(0), 5000)
    expect([server.received.length, listeners(caller.signal), fetch.http.debugStats()['calls']]).toEqual([
      1, 0, 0,
    ])
  })

  it('during a wait: rejects with the reason, and sends no more', async () => {
    await using server = await scriptedServer([{ status: 503, headers: { 'retry-after': '30' } }])
    const clock = new VirtualClock()
    const caller = new AbortController()
    const fetch = resilientFetch({ ...quick, clock, timeout: false })
    const call = fetch(server.url, { signal: caller.signal })
    await vi.waitFor(() => expect(fetch.http.debugStats()['retrying']).toBe(1))
    caller.abort(reason)
    await expect(call).rejects.toBe(reason)
    await vi.waitFor(() => expect(clock.pendingTimers).toBe(0))
    expect([server.received.length, listeners(caller.signal)]).toEqual([1, 0])
  })

  it('during the body: the body fails with the reason', async () => {
    await using server = await plainServer((_, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('a part')
    })
    const caller = new AbortController()
    const response = await resilientFetch(quick)(server.url, { signal: caller.signal })
    const text = response.text()
    caller.abort(reason)
    await expect(text).rejects.toBe(reason)
    expect(listeners(caller.signal)).toBe(0)
  })

  it.each([
    ['text', (response: Response) => response.text()],
    ['json', (response: Response) => response.json()],
    ['arrayBuffer', (response: Response) => response.arrayBuffer()],
    ['blob', (response: Response) => response.blob()],
    [
      'its stream',
      async (response: Response) => {
        for await (const _ of response.body as ReadableStream);
      },
    ],
    [
      'its reader',
      async (response: Response) => {
        const reader = (response.body as ReadableStream).getReader()
        while (!(await reader.read()).done);
      },
    ],
    [
      'a byte reader',
      async (response: Response) => {
        const reader = (response.body as ReadableStream).getReader({ mode: 'byob' })
        while (!(await reader.read(new Uint8Array(10))).done);
      },
    ],
    ['cancelling', (response: Response) => response.body?.cancel()],
    [
      'both of its clones',
      async (response: Response) => {
        const copy = response.clone()
        expect([copy.url, copy.status, copy.redirected]).toEqual([response.url, 200, false])
        expect(await copy.text()).toBe(await response.text())
      },
    ],
    [
      'text after a look at the stream',
      async (response: Response) => {
        expect(response.body?.locked).toBe(false)
        expect(response.bodyUsed).toBe(false)
        expect(await response.text()).toBe('{"a":1}')
      },
    ],
  ])('no listener stays after %s was read', async (_, read) => {
    await using server = await scriptedServer([], {
      status: 200,
      body: '{"a":1}',
      headers: { 'set-cookie': 'a=1', 'x-own': 'yes' },
    })
    const caller = new AbortController()
    const response = await resilientFetch(quick)(server.url, { signal: caller.signal })
    expect(response).toBeInstanceOf(Response)
    expect([response.url, response.type, response.headers.get('x-own')]).toEqual([
      `${server.url}/`,
      'basic',
      'yes',
    ])
    expect(listeners(caller.signal)).toBe(1)
    await read(response)
    await vi.waitFor(() => expect(listeners(caller.signal)).toBe(0))
    expect(response.bodyUsed).toBe(true)
  })

  it('no listener stays after a HEAD, a 204, a failure, or retries', async () => {
    await using server = await scriptedServer([
      { status: 200 },
      { status: 204 },
      'reset',
      'reset',
      'reset',
      { status: 503, body: 'x' },
    ])
    const { signal } = new AbortController()
    const fetch = resilientFetch(quick)
    await fetch(server.url, { method: 'HEAD', signal })
    expect(listeners(signal)).toBe(0)
    await fetch(server.url, { signal })
    expect(listeners(signal)).toBe(0)
    await expect(fetch(server.url, { signal })).rejects.toThrow(TypeError)
    expect(listeners(signal)).toBe(0)
    await (await fetch(server.url, { signal })).text()
    expect(listeners(signal)).toBe(0)
  })

  it('one listener is enough for a thousand requests', async () => {
    const { signal } = new AbortController()
    const fetch = resilientFetch(quick, { fetch: never })
    for (let call = 0; call < 1000; call++) fetch('http://shop.test/', { signal }).catch(() => {})
    await Promise.resolve()
    expect(listeners(signal)).toBe(1)
  })
})

describe('time limits', () => {
  it('of an attempt: is retried, and says which limit it was', async () => {
    await using server = await scriptedServer(['hang'])
    const clock = new VirtualClock()
    const fetch = resilientFetch({ ...quick, clock, timeout: { attempt: 100, total: false } })
    const call = fetch(server.url)
    await vi.waitFor(() => expect(server.received.length).toBe(1), 5000)
    await clock.advance(101)
    const response = await call
    expect([response.status, server.received.length]).toEqual([200, 2])
    server.next('hang', 'hang', 'hang')
    const failing = fetch(server.url).catch((error: unknown) => error)
    for (const received of [3, 4, 5]) {
      await vi.waitFor(() => expect(server.received.length).toBe(received), 5000)
      await clock.advance(101)
    }
    expect(await failing).toMatchObject({
      code: 'ERR_TIMEOUT',
      name: 'HttpTimeoutError',
      scope: 'attempt',
      phase: 'headers',
      limit: 100,
    })
    expect(fetch.http.debugStats()).toMatchObject({ timed: 0, calls: 0 })
  })

  it('of the call: ends an attempt, and says so', async () => {
    await using server = await scriptedServer([], 'hang')
    const clock = new VirtualClock()
    const fetch = resilientFetch({ ...quick, clock, timeout: { attempt: 200, total: 300 } })
    const failing = fetch(server.url).catch((error: unknown) => error)
    await vi.waitFor(() => expect(server.received.length).toBe(1), 5000)
    await clock.advance(201)
    await vi.waitFor(() => expect(server.received.length).toBe(2), 5000)
    await clock.advance(98)
    expect(fetch.http.debugStats()['calls']).toBe(1)
    await clock.advance(1)
    expect(await failing).toMatchObject({ scope: 'total', limit: 300, phase: 'headers' })
    expect(clock.pendingTimers).toBe(0)
  })

  it('of the call: begins no wait that would end later, and hands over what there is', async () => {
    await using server = await scriptedServer([], {
      status: 503,
      body: 'down',
      headers: { 'retry-after': '20' },
    })
    const fetch = resilientFetch({ ...quick, timeout: { total: '5s' } })
    const response = await fetch(server.url)
    expect([response.status, await response.text(), server.received.length]).toEqual([503, 'down', 1])
  })

  it.each([
    ['attempt', { attempt: 150, total: 60_000 }],
    ['total', { attempt: false, total: 150 }],
  ] as const)('cover the body when asked to: %s', async (scope, limits) => {
    await using server = await plainServer((_, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('a part')
    })
    const clock = new VirtualClock()
    const fetch = resilientFetch({ ...quick, clock, timeout: { ...limits, covers: 'body' } })
    const response = await fetch(server.url)
    const text = response.text()
    text.catch(() => {})
    await clock.advance(150)
    await expect(text).rejects.toMatchObject({ code: 'ERR_TIMEOUT', scope, phase: 'body' })
    expect(fetch.http.debugStats()['timed']).toBe(0)
  })

  it('do not cover the body unless asked to', async () => {
    const clock = new VirtualClock()
    let end = (): void => {}
    await using server = await plainServer((_, response) => {
      response.writeHead(200)
      response.write('a ')
      end = () => response.end('whole')
    })
    const response = await resilientFetch({ ...quick, clock, timeout: { attempt: 100, total: 150 } })(
      server.url,
    )
    await clock.advance('1m')
    end()
    expect(await response.text()).toBe('a whole')
  })

  it('let a body that came in time be, and keep no timer for it', async () => {
    await using server = await scriptedServer()
    const fetch = resilientFetch({ ...quick, timeout: { attempt: 60_000, total: false, covers: 'body' } })
    const response = await fetch(server.url)
    expect(fetch.http.debugStats()['timed']).toBe(1)
    expect(await response.text()).toBe('ok')
    await vi.waitFor(() => expect(fetch.http.debugStats()['timed']).toBe(0))
  })

  it('are not taken for an abort of the caller, nor the reverse', async () => {
    const clock = new VirtualClock()
    const { signal } = new AbortController()
    const fetch = resilientFetch({ clock, retry: false, timeout: { attempt: '2s' } }, { fetch: never })
    const call = fetch('http://shop.test/', { signal }).catch((error: unknown) => error)
    await clock.advance('2s')
    expect(await call).toMatchObject({ code: 'ERR_TIMEOUT', scope: 'attempt' })
    expect([signal.aborted, listeners(signal), clock.pendingTimers]).toEqual([false, 0, 0])
  })
})
