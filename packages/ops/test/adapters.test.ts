import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { callTarget } from '@seaworthy/chaos'
import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { Hub } from '@seaworthy/core'
import { createDegradation } from '@seaworthy/degradation'
import { drillControl } from '@seaworthy/drill'
import compression from 'compression'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { compress } from 'hono/compress'
import Koa from 'koa'
import { afterEach, describe, expect, it } from 'vitest'
import { expressOps, fastifyOps, honoOps, koaOps, nodeOps } from '../src/adapters.ts'
import {
  createOps,
  type DrillChaosAnswer,
  type ErrorAnswer,
  type HealthAnswer,
  type Ops,
} from '../src/index.ts'
import { admin, auth, tokens } from './toys.ts'

/** Everything that has to be ended. */
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A server with a route of its own besides the handler. */
type Mount = (ops: Ops) => Promise<Server> | Server

const servers: Record<string, Mount> = {
  'node:http': (ops) => createServer(nodeOps(ops, (_request, response) => void response.end('own'))),
  express: (ops) => {
    const app = express()
    app.use(expressOps(ops))
    app.all('/own', (_request, response) => void response.send('own'))
    return createServer(app as RequestListener)
  },
  'express behind compression and body parsers': (ops) => {
    const app = express()
    app.use(
      compression({ threshold: 0 }),
      express.json(),
      express.urlencoded({ extended: false }),
      express.text(),
    )
    app.use(expressOps(ops))
    app.all('/own', (_request, response) => void response.send('own'))
    return createServer(app as RequestListener)
  },
  'an express router below a path': (ops) => {
    const app = express()
    const router = express.Router()
    router.use(expressOps(ops))
    app.use(['/admin', '/api/resilience', '/health', '/metrics'], router)
    app.all('/own', (_request, response) => void response.send('own'))
    return createServer(app as RequestListener)
  },
  fastify: async (ops) => {
    const app = fastify()
    await app.register(fastifyOps(ops))
    app.all('/own', async () => 'own')
    await app.ready()
    return app.server
  },
  koa: (ops) => {
    const app = new Koa()
    app.use(koaOps(ops))
    app.use((context) => {
      context.body = 'own'
    })
    return createServer(app.callback())
  },
  'koa behind a body parser': (ops) => {
    const app = new Koa()
    app.use(async (context, next) => {
      if (context.method === 'POST') {
        const chunks: Buffer[] = []
        for await (const chunk of context.req) chunks.push(chunk as Buffer)
        const text = Buffer.concat(chunks).toString()
        const parsed = context.is('json')
          ? (JSON.parse(text || '{}') as object)
          : Object.fromEntries(new URLSearchParams(text))
        Object.assign(context.request, { body: parsed })
      }
      await next()
    })
    app.use(koaOps(ops))
    app.use((context) => {
      context.body = 'own'
    })
    return createServer(app.callback())
  },
  hono: (ops) => {
    const app = new Hono()
    app.use(honoOps(ops))
    app.all('/own', (context) => context.text('own'))
    return createAdaptorServer({ fetch: app.fetch }) as Server
  },
  'hono behind compression and what reads bodies': (ops) => {
    const app = new Hono()
    app.use(compress(), bodyLimit({ maxSize: 1_000_000 }))
    app.use(async (context, next) => {
      if (context.req.method === 'POST') await context.req.text()
      await next()
    })
    app.use(honoOps(ops))
    app.all('/own', (context) => context.text('own'))
    return createAdaptorServer({ fetch: app.fetch }) as Server
  },
}

describe.each(Object.entries(servers))('%s', (_name, mount) => {
  async function start() {
    const hub = new Hub()
    const payments = circuitBreaker({ name: 'payments', hub })
    const degradation = createDegradation({ hub, resources: false, rules: [] })
    const metrics = { contentType: 'text/plain; version=0.0.4; charset=utf-8', metrics: async () => 'up 1\n' }
    const stock = callTarget('stock')
    const drills = drillControl({ hub, targets: [stock], armed: true })
    const ops = createOps({ hub, degradation, metrics, drills, auth, profile: 'production' })
    const server = await mount(ops)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    ends.push(
      () =>
        new Promise((resolve) => {
          server.close(resolve)
          server.closeAllConnections()
        }),
      async () => degradation.close(),
      () => drills.close(),
      () => ops.close(),
    )
    const call = (path: string, init: RequestInit = {}): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        ...init,
        headers: { authorization: `Bearer ${tokens.admin}`, ...init.headers },
      })
    return { call, ops, payments, degradation, port, server }
  }

  it('answers reads, and leaves the rest alone', async () => {
    const { call } = await start()
    const health = await call('/health?x=1')
    expect([health.status, ((await health.json()) as HealthAnswer).status]).toEqual([200, 'pass'])
    expect(health.headers.get('content-type')).toBe('application/health+json; charset=utf-8')
    expect(await (await call('/metrics')).text()).toBe('up 1\n')
    const head = await call('/health/live', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    const denied = await call(`${admin}/audit`, {
      headers: { authorization: 'Bearer wrong-token-wrong-token' },
    })
    expect([denied.status, ((await denied.json()) as ErrorAnswer).error.code]).toEqual([401, 'unauthorized'])
    expect((await call('/health', { method: 'DELETE' })).status).toBe(405)
    expect((await call(`${admin}/nothing`)).status).toBe(404)
    expect(await (await call('/own')).text()).toBe('own')
    expect(await (await call('/own', { method: 'POST', body: 'x' })).text()).toBe('own')
  })

  it('takes JSON, forms, and no body at all', async () => {
    const { call, degradation, payments } = await start()
    payments.trip()
    const reset = await call(`${admin}/circuit-breakers/payments/reset`, { method: 'POST' })
    expect(await reset.json()).toMatchObject({ oldState: 'open', newState: 'closed' })
    const post = (body: string, type: string): Promise<Response> =>
      call(`${admin}/degradation/set-level`, { method: 'POST', body, headers: { 'content-type': type } })
    expect((await post('{"level":"minor","reason":"täglich"}', 'application/json')).status).toBe(200)
    expect(degradation.snapshot().reason).toBe('täglich')
    expect((await post('level=severe&reason=form', 'application/x-www-form-urlencoded')).status).toBe(200)
    expect(degradation.level).toBe('severe')
    expect((await call(`${admin}/degradation/clear?reason=over`, { method: 'POST' })).status).toBe(200)
    expect(degradation.level).toBe('normal')
  })

  it('takes drills: bodies with lists in them, and JSON that curl calls a form', async () => {
    const { call } = await start()
    const post = (path: string, body: string, type = 'application/json'): Promise<Response> =>
      call(`/api/resilience/${path}`, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${tokens.breaker}`, 'content-type': type },
      })
    const wrong = await post('circuit-breakers/cascade-test', '{"web": ["databse"], "database": []}')
    expect([wrong.status, (await wrong.json()) as ErrorAnswer]).toMatchObject([
      422,
      { error: { problems: [{ path: 'nodes.web.calls[0].to' }] } },
    ])
    const { id } = (await (await post('chaos/start', '{}')).json()) as DrillChaosAnswer
    const body = '{"scenario": "provider_outage", "target_service": "stock", "duration": 300}'
    const injected = await post(`chaos/${id}/inject`, body, 'application/x-www-form-urlencoded')
    expect([injected.status, await injected.json()]).toMatchObject([200, { phase: 'active' }])
    expect((await call('/api/resilience/cleanup', { method: 'POST' })).status).toBe(200)
  })

  it('streams without delay, and ends when either side does', async () => {
    const { call, ops, payments, server } = await start()
    const leave = new AbortController()
    const response = await call(`${admin}/events`, { signal: leave.signal })
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const events = eventsOf(response)
    expect((await events.next()).value).toMatchObject({
      event: 'snapshot',
      data: { circuitBreakers: [{ name: 'payments' }] },
    })
    payments.trip()
    expect((await events.next()).value).toMatchObject({
      event: 'transition',
      data: {
        kind: 'circuit-breaker',
        name: 'payments',
        type: 'stateChange',
        facts: { from: 'closed', to: 'open' },
      },
    })
    leave.abort()
    await until(() => ops.debugStats()['streams'] === 0)
    const second = eventsOf(await call(`${admin}/events`))
    await second.next()
    const closed = new Promise((resolve) => server.close(resolve))
    await ops.close()
    expect((await second.next()).value).toMatchObject({ event: 'bye' })
    expect((await second.next()).done).toBe(true)
    server.closeIdleConnections()
    await closed
  })

  it('answers a body that is too large instead of cutting the connection', async () => {
    const { call } = await start()
    const body = JSON.stringify({ level: 'minor', reason: 'x'.repeat(90_000) })
    const { status } = await call(`${admin}/degradation/set-level`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    })
    // A parser in front that lets it pass leaves only the text to be refused.
    expect([400, 413]).toContain(status)
    expect((await call('/health')).status).toBe(200)
  })

  it('takes requests with a strange host', async () => {
    const { port } = await start()
    for (const host of ['a b', 'evil"host', '127.0.0.1:99999']) {
      const answer = await raw(port, `GET /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
      expect(answer).toMatch(/^HTTP\/1.1 (200|400) /)
    }
  })
})

/** The events of a stream, in order, without deltas. */
async function* eventsOf(
  response: Response,
): AsyncGenerator<{ event: string; data: Record<string, unknown> }> {
  const decoder = new TextDecoder()
  let rest = ''
  // What the test ends itself is no failure.
  const chunks = (response.body as ReadableStream<Uint8Array>)[Symbol.asyncIterator]()
  for (;;) {
    const next = await chunks.next().catch(() => ({ done: true as const, value: undefined }))
    if (next.done) return
    rest += decoder.decode(next.value, { stream: true })
    const blocks = rest.split('\n\n')
    rest = blocks.pop() as string
    for (const block of blocks) {
      const event = /^event: (.*)$/m.exec(block)?.[1]
      const data = /^data: (.*)$/m.exec(block)?.[1]
      if (event !== undefined && event !== 'delta' && data !== undefined)
        yield { event, data: JSON.parse(data) as Record<string, unknown> }
    }
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(condition()).toBe(true)
}

function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.on('data', (chunk) => {
      answer += String(chunk)
    })
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
  })
}
