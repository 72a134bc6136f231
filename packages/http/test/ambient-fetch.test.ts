/** Time limits end requests of Node's own `fetch` without giving it a signal. */

import { type HttpOptions, resilientFetch } from '@seaworthy/http'
import { VirtualClock } from '@seaworthy/testing'
import { Agent, getGlobalDispatcher, MockAgent, RetryAgent, setGlobalDispatcher } from 'undici'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { dispatcherOf, Line } from '../src/ambient-fetch.ts'
import { plainServer, scriptedServer } from './local-servers.ts'

const once: HttpOptions = { retry: false, breaker: false, cooldown: false, budget: false }
const genuine = globalThis.fetch
const well = { status: 200, body: 'ok' }

/** Calls Node's `fetch`, and remembers with what. */
function watchFetch(): RequestInit[] {
  const inits: RequestInit[] = []
  vi.stubGlobal('fetch', (input: string, init: RequestInit = {}) => {
    inits.push(init)
    return genuine(input, init)
  })
  return inits
}

/** A server that leaves a request without an answer, and sees whether its connection closes. */
function hangingAt(count: number, seen: { requests: number; closed: boolean }) {
  return plainServer((request, response) => {
    if (++seen.requests < count) response.end('ok')
    else request.socket.once('close', () => (seen.closed = true))
  })
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('requests that only a time limit can end', () => {
  it('get no signal as soon as fetch is known to use the dispatcher that it is given', async () => {
    await using server = await scriptedServer()
    await (await genuine(server.url)).text() // makes Node's dispatcher
    const inits = watchFetch()
    const fetch = resilientFetch(once)
    for (let i = 0; i < 3; i++) await (await fetch(server.url, { headers: { a: 'b' } })).text()
    expect(inits.map((init) => init.signal !== undefined)).toEqual([true, false, false])
    expect(server.received.map(({ headers }) => headers['a'])).toEqual([undefined, 'b', 'b', 'b'])
  })

  it('close their connection when the time is over', async () => {
    const seen = { requests: 0, closed: false }
    await using server = await hangingAt(3, seen)
    const inits = watchFetch()
    const clock = new VirtualClock()
    const fetch = resilientFetch({ ...once, clock })
    await (await fetch(server.url)).text()
    await (await fetch(server.url)).text()
    const failing = fetch(server.url).catch((error: unknown) => error)
    await vi.waitFor(() => expect(seen.requests).toBe(3))
    expect([inits[2]?.signal, seen.closed]).toEqual([undefined, false])
    await clock.advance('10s')
    expect(await failing).toMatchObject({ name: 'HttpTimeoutError', scope: 'attempt' })
    await vi.waitFor(() => expect(seen.closed).toBe(true))
  })

  it('close it also behind a redirection', async () => {
    await using target = await scriptedServer([], 'hang')
    await using server = await plainServer((request, response) => {
      response.writeHead(request.url === '/' ? 200 : 302, { location: target.url }).end()
    })
    const inits = watchFetch()
    const clock = new VirtualClock()
    const fetch = resilientFetch({ ...once, clock })
    await (await fetch(server.url)).text()
    const failing = fetch(`${server.url}/far`).catch((error: unknown) => error)
    await vi.waitFor(() => expect(target.received.length).toBe(1))
    expect(inits[1]?.signal).toBeUndefined()
    await clock.advance('10s')
    expect(await failing).toMatchObject({ scope: 'attempt' })
    await vi.waitFor(() => expect(target.open).toBe(0))
  })

  it('keep a signal where something may end the body, too', async () => {
    await using server = await scriptedServer()
    const inits = watchFetch()
    const fetch = resilientFetch({ ...once, timeout: { covers: 'body' } })
    const careful = resilientFetch(once)
    for (let i = 0; i < 2; i++) {
      await (await fetch(server.url)).text()
      await (await careful(server.url, { signal: new AbortController().signal })).text()
      await (await careful(new Request(server.url))).text()
    }
    expect(inits.every((init) => init.signal !== undefined)).toBe(true)
  })

  it('keep a signal where fetch forgets the dispatcher', async () => {
    await using server = await scriptedServer()
    const signals: unknown[] = []
    vi.stubGlobal('fetch', (input: string, { signal }: RequestInit) => {
      signals.push(signal)
      return genuine(input, { signal: signal ?? null })
    })
    const fetch = resilientFetch(once)
    for (let i = 0; i < 3; i++) await (await fetch(server.url)).text()
    expect(signals.every((signal) => signal instanceof AbortSignal)).toBe(true)
  })

  it('are seen by the mocks of undici', async () => {
    const before = getGlobalDispatcher()
    const mock = new MockAgent()
    mock.disableNetConnect()
    mock
      .get('http://shop.test')
      .intercept({ path: '/stock', method: 'POST', body: '{"a":1}' })
      .reply(200, '12')
      .times(2)
    setGlobalDispatcher(mock)
    try {
      const fetch = resilientFetch(once)
      for (let i = 0; i < 2; i++) {
        const response = await fetch('http://shop.test/stock', { method: 'POST', body: '{"a":1}' })
        expect(await response.text()).toBe('12')
      }
    } finally {
      setGlobalDispatcher(before)
      await mock.close()
    }
  })
})

describe("requests of Node's own fetch, which are not raced against their time", () => {
  it('are known by that fetch alone', async () => {
    await using server = await scriptedServer()
    const lines: Line[] = []
    const send = async (): Promise<void> => {
      // The global dispatcher exists, since undici was imported.
      const line = new Line(dispatcherOf({}) as ConstructorParameters<typeof Line>[0])
      lines.push(line)
      await (await globalThis.fetch(server.url, { dispatcher: line } as object)).text()
    }
    await send()
    await send()
    expect(lines.map((line) => line.settles)).toEqual([true, true])
    watchFetch()
    expect(lines.map((line) => [line.suffices, line.settles])).toEqual(Array(2).fill([false, false]))
    await send()
    expect([lines[2]?.suffices, lines[2]?.settles]).toEqual([true, false])
  })

  it('reject and close their connection when the time is over', async () => {
    const seen = { requests: 0, closed: false }
    await using server = await hangingAt(2, seen)
    const clock = new VirtualClock()
    const fetch = resilientFetch({ ...once, clock })
    await (await fetch(server.url)).text()
    const failing = fetch(server.url).catch((error: unknown) => error)
    await vi.waitFor(() => expect(seen.requests).toBe(2))
    await clock.advance('10s')
    expect(await failing).toMatchObject({ name: 'HttpTimeoutError', scope: 'attempt', phase: 'headers' })
    await vi.waitFor(() => expect(seen.closed).toBe(true))
    expect([fetch.http.debugStats()['timed'], clock.pendingTimers]).toEqual([0, 0])
  })

  it('reject in time also when they have no connection yet, and are never sent', async () => {
    await using server = await scriptedServer([well, 'hang'])
    const agent = new Agent({ connections: 1 })
    const before = getGlobalDispatcher()
    setGlobalDispatcher(agent)
    try {
      const clock = new VirtualClock()
      const fetch = resilientFetch({ ...once, clock })
      await (await fetch(server.url)).text()
      const holding = new AbortController()
      const held = genuine(server.url, { signal: holding.signal }).catch((error: unknown) => error)
      await vi.waitFor(() => expect(server.received.length).toBe(2))
      const failing = fetch(server.url).catch((error: unknown) => error)
      await clock.advance('10s')
      expect(await failing).toMatchObject({ name: 'HttpTimeoutError', scope: 'attempt' })
      holding.abort(new Error('enough'))
      expect(await held).toMatchObject({ message: 'enough' })
      expect(await (await genuine(server.url)).text()).not.toBe('')
      expect(server.received.length).toBe(3)
    } finally {
      setGlobalDispatcher(before)
      await agent.destroy()
    }
  })

  it('reject in time also when a dispatcher of the user keeps the request to itself', async () => {
    await using server = await scriptedServer([well, { status: 503 }])
    const agent = new RetryAgent(new Agent(), { minTimeout: 60_000 })
    const before = getGlobalDispatcher()
    setGlobalDispatcher(agent)
    try {
      const clock = new VirtualClock()
      const fetch = resilientFetch({ ...once, clock })
      await (await fetch(server.url)).text()
      const failing = fetch(server.url).catch((error: unknown) => error)
      await vi.waitFor(() => expect(server.received.length).toBe(2))
      await clock.advance('10s')
      expect(await failing).toMatchObject({ name: 'HttpTimeoutError', scope: 'attempt' })
    } finally {
      setGlobalDispatcher(before)
      await agent.destroy()
    }
  })

  it('are raced where something around fetch takes its time', async () => {
    await using server = await scriptedServer()
    let lingers = false
    vi.stubGlobal('fetch', async (input: string, init?: RequestInit) => {
      const response = await genuine(input, init)
      if (lingers) await new Promise(() => {})
      return response
    })
    const clock = new VirtualClock()
    const fetch = resilientFetch({ ...once, clock })
    for (let i = 0; i < 2; i++) await (await fetch(server.url)).text()
    lingers = true
    const failing = fetch(server.url).catch((error: unknown) => error)
    await vi.waitFor(() => expect(server.received.length).toBe(3))
    await clock.advance('10s')
    expect(await failing).toMatchObject({ scope: 'attempt' })
  })
})

describe('a line', () => {
  it('ends a request that gets its connection only after its time', () => {
    const told: unknown[] = []
    let connect: ((abort: (reason: unknown) => void) => void) | undefined
    const line = new Line({
      dispatch: (_, handler) => {
        connect = (abort) => handler.onConnect?.(abort)
        return true
      },
    })
    line.dispatch({}, { onConnect: () => told.push('connected'), onError: (error) => told.push(error) })
    line.abort('too late')
    connect?.((reason) => told.push(`aborted: ${reason}`))
    expect(told).toEqual(['too late', 'aborted: too late'])
  })

  it('ends the connection that a request has', () => {
    const told: unknown[] = []
    const handler = {
      abort: undefined as ((reason: unknown) => void) | undefined,
      onConnect(abort: (reason: unknown) => void): void {
        this.abort = abort
      },
      onError: (error: unknown) => void told.push(error),
    }
    const line = new Line({
      dispatch: (_, given) => {
        given.onConnect?.((reason) => told.push(`aborted: ${reason}`))
        return true
      },
    })
    line.dispatch({}, handler as object)
    line.abort('too late')
    expect(told).toEqual(['aborted: too late', 'too late'])
  })

  it('dispatches nothing after that, as behind a redirection', () => {
    const told: unknown[] = []
    const dispatch = vi.fn(() => true)
    const line = new Line({ dispatch })
    line.abort('too late')
    line.dispatch({}, { onError: (error) => told.push(error) })
    expect([told, dispatch.mock.calls]).toEqual([['too late'], []])
  })

  it('passes on what it cannot hear', () => {
    const options = {}
    const handler = { onRequestStart: () => {} }
    const dispatch = vi.fn(() => true)
    expect(new Line({ dispatch }).dispatch(options, handler as object)).toBe(true)
    expect(dispatch).toHaveBeenCalledExactlyOnceWith(options, handler)
  })
})
