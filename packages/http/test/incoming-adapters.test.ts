import { once } from 'node:events'
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import {
  ClientDisconnectedError,
  type Protection,
  protect,
  RequestDeadlineError,
} from '@seaworthy/http/incoming'
import { VirtualClock } from '@seaworthy/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { type Running, Service, servers } from './incoming-servers.ts'

interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

interface Asked {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
  /** What the body waits for once the headers are sent. */
  readonly bodyAfter?: () => Promise<void>
}

const agents: Agent[] = []

/** Over a connection that is kept alive. */
function client(): (url: string, asked?: Asked) => Promise<Reply> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  agents.push(agent)
  return async (url, { method = 'GET', headers = {}, body, bodyAfter } = {}) => {
    const request = httpRequest(url, { agent, method, headers })
    if (bodyAfter !== undefined) request.flushHeaders()
    await bodyAfter?.()
    request.end(body)
    const [response] = await once(request, 'response')
    let text = ''
    for await (const chunk of response) text += chunk
    return { status: response.statusCode, headers: response.headers, body: text }
  }
}

/** Real sockets need real turns of the event loop: as many as it takes. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn()
}

const errorBody = (code: string) => ({ error: { code, message: expect.any(String) } })

describe.each(Object.entries(servers))('behind %s', (name, start) => {
  let running: Running
  let protection: Protection
  let service: Service
  const clock = new VirtualClock()

  const serve = async (...given: Parameters<typeof protect>): Promise<void> => {
    service = new Service()
    protection = protect(given[0], { clock, random: () => 0, ...given[1] })
    running = await start(protection, service)
  }

  /** Nothing may be held when everybody has gone. */
  afterEach(async () => {
    service.release()
    await until(() => protection.snapshot().running === 0 && protection.snapshot().waiting === 0)
    await clock.settle()
    const { connections: _, keys: __, ...held } = protection.debugStats()
    expect(Object.entries(held).filter(([key, count]) => key !== 'listeners' && count !== 0)).toEqual([])
    expect(clock.pendingTimers).toBe(0)
    for (const agent of agents.splice(0)) agent.destroy()
    await running.close()
    protection.dispose()
  })

  it('leaves other paths alone', async () => {
    await serve([{ path: '/api', rateLimit: { limit: 1, per: '1h' } }])
    const get = client()
    for (let i = 0; i < 3; i++)
      expect(await get(`${running.url}/apix/ok`)).toMatchObject({ status: 200, body: 'fine' })
    expect((await get(`${running.url}/api/ok`)).status).toBe(200)
    expect((await get(`${running.url}/api/ok`)).status).toBe(429)
  })

  it('answers 429 in the one shape, with Retry-After and the rest of the rate', async () => {
    await serve([{ path: '/api', name: 'shop', rateLimit: { limit: 2, per: '10s' } }])
    const get = client()
    expect((await get(`${running.url}/api/ok`)).headers).toMatchObject({
      'ratelimit-policy': '"shop";q=2;w=10',
      ratelimit: '"shop";r=1',
    })
    await get(`${running.url}/api/ok`)
    const refused = await get(`${running.url}/api/ok?secret=1`)
    expect(refused.status).toBe(429)
    expect(JSON.parse(refused.body)).toEqual(errorBody('rate_limited'))
    expect(refused.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(refused.body.length),
      'cache-control': 'no-store',
      'retry-after': '5',
      ratelimit: '"shop";r=0',
    })
    expect(service.started).toBe(2)
    await clock.advance('5s')
    expect((await get(`${running.url}/api/ok`)).status).toBe(200)
  })

  it('answers HEAD without a body', async () => {
    await serve([{ path: '/', methods: ['GET'], rateLimit: { limit: 1, per: '10s' } }])
    const get = client()
    await get(`${running.url}/ok`)
    const refused = await get(`${running.url}/ok`, { method: 'HEAD' })
    expect(refused).toMatchObject({ status: 429, body: '' })
    // The connection is still in step.
    expect((await get(`${running.url}/ok`)).status).toBe(429)
  })

  it('keeps what others said in headers before', async () => {
    await serve([{ path: '/', rateLimit: { limit: 1, per: '10s' } }])
    const get = client()
    const headers = [(await get(`${running.url}/ok`)).headers, (await get(`${running.url}/ok`)).headers]
    if (name !== 'node') for (const each of headers) expect(each['access-control-allow-origin']).toBe('*')
  })

  it('holds a slot from the start of a handler to the end of its response', async () => {
    await serve([{ path: '/', bulkhead: { concurrency: 1 } }])
    const first = fetch(`${running.url}/stream`)
    const response = await first
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('first,')
    const get = client()
    const refused = await get(`${running.url}/ok`)
    expect(refused.status).toBe(503)
    expect(JSON.parse(refused.body)).toEqual(errorBody('overloaded'))
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1)
    service.release()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('last')
    expect((await reader.read()).done).toBe(true)
    await until(() => protection.snapshot().running === 0)
    expect((await get(`${running.url}/ok`)).status).toBe(200)
  })

  it('lets requests wait for a slot, and runs them on their own behalf', async () => {
    await serve([{ path: '/', name: 'queue', bulkhead: { concurrency: 1, queue: 1 } }])
    const first = client()(`${running.url}/hang`)
    await until(() => service.held === 1)
    const second = client()(`${running.url}/context`)
    await until(() => protection.snapshot().waiting === 1)
    expect((await client()(`${running.url}/ok`)).status).toBe(503)
    service.release()
    expect((await first).status).toBe(200)
    expect(JSON.parse((await second).body)).toMatchObject({ rule: 'queue' })
  })

  it('opens the breaker of one rule after failures and errors, and of no other', async () => {
    await serve([
      { path: '/a', breaker: { failureThreshold: 2, recoveryTimeout: '9s' } },
      { path: '/b', breaker: { failureThreshold: 2 } },
    ])
    const get = client()
    expect((await get(`${running.url}/a/fail`)).status).toBe(500)
    expect((await get(`${running.url}/a/throw`)).status).toBe(500)
    const refused = await get(`${running.url}/a/ok`)
    expect(refused.status).toBe(503)
    expect(refused.headers['retry-after']).toBe('9')
    expect(JSON.parse(refused.body)).toEqual(errorBody('unavailable'))
    expect(refused.body).not.toContain('ircuit')
    expect((await get(`${running.url}/b/ok`)).status).toBe(200)
    await clock.advance('9s')
    expect((await get(`${running.url}/a/ok`)).status).toBe(200)
  })

  it('hands the deadline of the caller on, also after the body was read', async () => {
    await serve([{ path: '/', name: 'all', deadline: { max: '10s' } }])
    const post = client()
    const send = async (headers: Record<string, string>): Promise<unknown> => {
      const body = JSON.stringify({ sent: true })
      const all = { 'content-type': 'application/json', 'content-length': String(body.length), ...headers }
      // Apart from the headers, so that frameworks read it when the socket says so.
      const bodyAfter = (): Promise<void> => until(() => protection.snapshot().running === 1)
      const reply = await post(`${running.url}/context`, { method: 'POST', headers: all, body, bodyAfter })
      await until(() => protection.snapshot().running === 0)
      return JSON.parse(reply.body)
    }
    const now = clock.now()
    const body = { sent: true }
    expect(await send({ 'x-request-deadline-ms': '800' })).toEqual({
      rule: 'all',
      deadline: now + 800,
      rest: 800,
      body,
    })
    expect(await send({ 'grpc-timeout': '2S' })).toMatchObject({ deadline: now + 2000 })
    expect(await send({ 'x-request-deadline-ms': '99999999' })).toMatchObject({ deadline: now + 10_000 })
    expect(await send({ 'x-request-deadline-ms': '-1' })).toMatchObject({ deadline: null })
    expect(await send({})).toMatchObject({ deadline: null })
  })

  it('answers 504 when the time is over, and survives a handler that comes late', async () => {
    await serve([{ path: '/', deadline: '3s', breaker: { failureThreshold: 1 } }])
    const get = client()
    const reply = get(`${running.url}/hang`)
    await until(() => service.held === 1)
    await clock.advance('3s')
    const { status, headers, body } = await reply
    expect(status).toBe(504)
    expect(JSON.parse(body)).toEqual(errorBody('deadline_exceeded'))
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1)
    expect(service.aborted).toEqual([expect.any(RequestDeadlineError)])
    expect(protection.snapshot().running).toBe(0)
    service.release()
    await until(() => service.held === 0)
    for (let i = 0; i < 5; i++) await turn()
    expect(service.late).toEqual([])
    // It counted as a failure of the handler, and the next request is answered in order.
    expect((await get(`${running.url}/ok`)).status).toBe(503)
  })

  it('turns requests away that come too late, without running them', async () => {
    await serve([{ path: '/' }])
    const reply = await client()(`${running.url}/ok`, { headers: { 'x-request-deadline-ms': '0' } })
    expect(reply.status).toBe(504)
    expect(service.started).toBe(0)
  })

  it('a client that asks for too little time opens no breaker', async () => {
    await serve([{ path: '/', breaker: { failureThreshold: 1 } }])
    const get = client()
    const reply = get(`${running.url}/hang`, { headers: { 'x-request-deadline-ms': '5' } })
    await until(() => service.held === 1)
    await clock.advance(5)
    expect((await reply).status).toBe(504)
    service.release()
    expect((await get(`${running.url}/ok`)).status).toBe(200)
  })

  it('frees everything when the client goes away in the middle, which is nobody’s failure', async () => {
    await serve([
      {
        path: '/',
        deadline: '60s',
        bulkhead: { concurrency: 1, queue: 5 },
        breaker: { failureThreshold: 1 },
      },
    ])
    const aborted: unknown[] = []
    protection.on('aborted', (event) => aborted.push(event))
    const [runs, waits] = [new AbortController(), new AbortController()]
    const leave = async (signal: AbortSignal) => fetch(`${running.url}/hang`, { signal }).catch(() => 'left')
    const gone = [leave(runs.signal)]
    await until(() => service.held === 1)
    gone.push(leave(waits.signal))
    await until(() => protection.snapshot().waiting === 1)
    waits.abort()
    await until(() => protection.snapshot().waiting === 0)
    runs.abort()
    expect(await Promise.all(gone)).toEqual(['left', 'left'])
    await until(() => protection.snapshot().running + protection.snapshot().waiting === 0)
    expect(service.aborted).toEqual([expect.any(ClientDisconnectedError)])
    expect(service.started).toBe(1)
    expect(aborted).toHaveLength(2)
    service.release()
    expect((await client()(`${running.url}/ok`)).status).toBe(200)
  })

  it('frees a slot when the client leaves a stream', async () => {
    await serve([{ path: '/', bulkhead: { concurrency: 1 } }])
    const control = new AbortController()
    const response = await fetch(`${running.url}/stream`, { signal: control.signal })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    expect(protection.snapshot().running).toBe(1)
    control.abort()
    await until(() => protection.snapshot().running === 0)
    service.release()
    expect((await client()(`${running.url}/ok`)).status).toBe(200)
  })

  it('serves many requests over one connection without collecting listeners', async () => {
    await serve([{ path: '/', bulkhead: { concurrency: 2 }, deadline: '10s' }])
    const warnings: unknown[] = []
    const note = (warning: unknown): void => void warnings.push(warning)
    process.on('warning', note)
    const get = client()
    let sockets = 0
    running.server.on('connection', () => sockets++)
    for (let i = 0; i < 30; i++) expect((await get(`${running.url}/ok`)).status).toBe(200)
    await turn()
    process.off('warning', note)
    expect(sockets).toBe(1)
    expect(warnings).toEqual([])
  })

  it('refuses paths that could mean two rules', async () => {
    await serve([{ path: '/api' }, { path: '/api/health', priority: 'critical-plus' }])
    const reply = await client()(`${running.url}/api/%2568ealth/../%68ealth`)
    expect(reply.status).toBe(name === 'hono' ? 200 : 400) // Its URL is resolved before it is routed.
  })
})
