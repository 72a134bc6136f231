/** What only Node's own server has: pipelining, upgrades, handlers that throw, wrapped responses; and what is the same everywhere. */
import { once } from 'node:events'
import {
  Agent,
  createServer,
  get as httpGet,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import { createGzip, gunzipSync } from 'node:zlib'
import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { Hub } from '@seaworthy/core'
import { bulkhead } from '@seaworthy/flow'
import {
  currentRequest,
  expressMiddleware,
  honoMiddleware,
  nodeHandler,
  nodeUpgrade,
  type Protection,
  protect,
} from '@seaworthy/http/incoming'
import { VirtualClock } from '@seaworthy/testing'
import express from 'express'
import { Hono } from 'hono'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'

const clock = new VirtualClock()
const open: Array<{ server: Server; protection: Protection }> = []

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn()
}

async function serve(server: Server, protection: Protection): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push({ server, protection })
  return (server.address() as AddressInfo).port
}

afterEach(async () => {
  for (const { server, protection } of open.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await until(() => protection.snapshot().running + protection.snapshot().waiting === 0)
    await clock.settle()
    expect(protection.debugStats()).toMatchObject({ waiting: 0, running: 0, timers: 0 })
    expect(protection.debugStats()['active'] ?? 0).toBe(0)
    protection.dispose()
  }
  expect(clock.pendingTimers).toBe(0)
})

const options = { clock, random: () => 0 }

describe('node:http', () => {
  it('frees every request of a pipeline when the connection breaks, also those whose turn had not come', async () => {
    const protection = protect([{ path: '/', bulkhead: { concurrency: 10 }, deadline: '1h' }], options)
    let started = 0
    const server = createServer(
      nodeHandler(protection, () => {
        started++
      }),
    )
    const port = await serve(server, protection)
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(5))
    await until(() => started === 5)
    expect(protection.snapshot().running).toBe(5)
    socket.destroy()
    await until(() => protection.snapshot().running === 0)
  })

  it('answers a pipeline in order, whoever was refused', async () => {
    const protection = protect([{ path: '/', rateLimit: { limit: 2, per: '1h' } }], options)
    const server = createServer(
      nodeHandler(protection, async (request, response) => {
        if (request.url === '/slow') await turn()
        response.end(request.url)
      }),
    )
    const port = await serve(server, protection)
    const socket = connect(port, '127.0.0.1')
    const line = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`
    socket.write(line('/slow') + line('/quick') + line('/third', 'Connection: close\r\n'))
    const all = await text(socket)
    expect(all.match(/HTTP\/1\.1 (\d+)/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 429'])
    expect(all.indexOf('/slow')).toBeLessThan(all.indexOf('/quick'))
  })

  it('turns what handlers throw, at once or later, into a 500 without the text, or ends what was begun', async () => {
    const protection = protect([{ path: '/api', breaker: { failureThreshold: 10 } }], options)
    const errors: unknown[] = []
    const handler = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      if (request.url?.endsWith('begun')) response.write('half')
      if (request.url?.endsWith('late')) await turn()
      throw new Error('secret')
    }
    const sync = (request: IncomingMessage, response: ServerResponse): unknown => {
      if (request.url?.endsWith('sync')) throw new TypeError('secret')
      return handler(request, response)
    }
    const outcomes: unknown[] = []
    protection.on('completed', ({ status, outcome }) => outcomes.push([status, outcome]))
    const server = createServer(nodeHandler(protection, sync, { onError: (error) => errors.push(error) }))
    const port = await serve(server, protection)
    for (const path of ['sync', 'late']) {
      const response = await fetch(`http://127.0.0.1:${port}/api/${path}`)
      expect([response.status, await response.json()]).toEqual([
        500,
        { error: { code: 'internal_error', message: 'Something went wrong.' } },
      ])
    }
    const begun = await fetch(`http://127.0.0.1:${port}/api/begun`)
      .then(
        (response) => response.text(),
        (error) => error,
      )
      .catch((error) => error)
    expect(begun).toBeInstanceOf(Error)
    expect(errors).toHaveLength(3)
    expect(outcomes).toEqual([
      [undefined, 'failure'],
      [undefined, 'failure'],
      [200, 'failure'],
    ])
  })

  it('counts upgrades until they close, and refuses them in plain HTTP', async () => {
    const protection = protect([{ path: '/live', bulkhead: { concurrency: 1 } }], options)
    const server = createServer(nodeHandler(protection, (_request, response) => response.end()))
    const sockets = new WebSocketServer({ noServer: true })
    server.on(
      'upgrade',
      nodeUpgrade(protection, (request, socket, head) => {
        sockets.handleUpgrade(request, socket, head, (webSocket) =>
          webSocket.send(currentRequest()?.rule ?? 'none'),
        )
      }),
    )
    const port = await serve(server, protection)
    const first = new WebSocket(`ws://127.0.0.1:${port}/live`)
    const [message] = await once(first, 'message')
    expect(String(message)).toBe('/live')
    expect(protection.snapshot().running).toBe(1)
    const second = new WebSocket(`ws://127.0.0.1:${port}/live`)
    second.on('error', () => {})
    const [, response] = await once(second, 'unexpected-response')
    expect([
      response.statusCode,
      response.headers['retry-after'],
      JSON.parse(await text(response)).error.code,
    ]).toEqual([503, '1', 'overloaded'])
    first.terminate()
    await until(() => protection.snapshot().running === 0)
    const third = new WebSocket(`ws://127.0.0.1:${port}/live`)
    await once(third, 'open')
    third.terminate()
  })

  it('a handler that never ends is answered, and frees its slot', async () => {
    const protection = protect([{ path: '/', bulkhead: { concurrency: 1 }, deadline: '2s' }], options)
    const port = await serve(createServer(nodeHandler(protection, () => new Promise(() => {}))), protection)
    for (let i = 0; i < 3; i++) {
      const reply = fetch(`http://127.0.0.1:${port}/`)
      await until(() => protection.snapshot().running === 1)
      await clock.advance('2s')
      expect((await reply).status).toBe(504)
    }
  })

  it('a response that has begun goes on after the deadline, with its signal aborted', async () => {
    const protection = protect([{ path: '/', deadline: '2s' }], options)
    let signal: AbortSignal | undefined
    let finish = (): void => {}
    const server = createServer(
      nodeHandler(protection, (_request, response) => {
        signal = currentRequest()?.signal
        response.write('begun,')
        finish = () => response.end('done')
      }),
    )
    const port = await serve(server, protection)
    const response = await fetch(`http://127.0.0.1:${port}/`)
    await clock.advance('2s')
    expect(signal?.aborted).toBe(true)
    expect(protection.snapshot().running).toBe(1)
    finish()
    expect([response.status, await response.text()]).toEqual([200, 'begun,done'])
  })

  it('works inside of middleware that wraps the response, such as compression', async () => {
    const protection = protect([{ path: '/', rateLimit: { limit: 1, per: '1h' }, deadline: '2s' }], options)
    const app = express()
    app.use((_request, response, next) => {
      // As `compression` does it.
      const zip = createGzip()
      const { write, end } = response
      const send = write.bind(response)
      zip.on('data', (chunk) => send(chunk))
      zip.on('end', () => (end as () => void).call(response))
      response.write = ((chunk: Buffer) => {
        response.removeHeader('content-length')
        response.setHeader('content-encoding', 'gzip')
        return zip.write(chunk)
      }) as typeof write
      response.end = ((chunk?: Buffer) => {
        if (chunk !== undefined) response.write(chunk)
        zip.end()
        return response
      }) as typeof end
      next()
    })
    app.use(expressMiddleware(protection))
    app.use((_request, response) => {
      response.end('x'.repeat(1000))
    })
    const port = await serve(createServer(app), protection)
    const raw = async (): Promise<[number | undefined, string]> => {
      const [response] = await once(httpGet(`http://127.0.0.1:${port}/`, { agent: new Agent() }), 'response')
      const parts: Buffer[] = []
      for await (const part of response) parts.push(part)
      return [response.statusCode, gunzipSync(Buffer.concat(parts)).toString()]
    }
    expect(await raw()).toEqual([200, 'x'.repeat(1000)])
    const [status, body] = await raw()
    expect([status, JSON.parse(body).error.code]).toEqual([429, 'rate_limited'])
  })
})

it('behind Hono without Node, a response is over when its body is', async () => {
  const protection = protect([{ path: '/', bulkhead: { concurrency: 1 }, deadline: '5s' }], options)
  const app = new Hono()
  app.use(honoMiddleware(protection))
  let part = (_: string | undefined): void => {}
  app.get('/stream', () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        part = (chunk) => {
          if (chunk === undefined) controller.close()
          else controller.enqueue(new TextEncoder().encode(chunk))
        }
      },
    })
    return new Response(body, { headers: { 'x-kept': 'yes' } })
  })
  app.get('/empty', (context) => context.body(null, 204))
  app.get('/hang', () => new Promise<Response>(() => {}))
  const first = await app.request('/stream')
  expect(first.headers.get('x-kept')).toBe('yes')
  expect((await app.request('/empty')).status).toBe(503)
  part('hello')
  part(undefined)
  expect(await first.text()).toBe('hello')
  expect((await app.request('/empty')).status).toBe(204)
  const left = await app.request('/stream')
  await left.body?.cancel()
  expect(protection.snapshot().running).toBe(0)
  const late = app.request('/hang')
  await clock.settle()
  await clock.advance('5s')
  expect((await late).status).toBe(504)
  const control = new AbortController()
  void app.request(new Request('http://host/hang', { signal: control.signal }))
  await clock.settle()
  expect(protection.snapshot().running).toBe(1)
  control.abort()
  await clock.settle()
  expect(protection.debugStats()).toMatchObject({ running: 0, active: 0, timers: 0 })
  protection.dispose()
})

describe('a protection', () => {
  it('shows itself and its policies on the hub, and tells nothing of its clients', async () => {
    const hub = new Hub()
    const protection = protect(
      [
        {
          path: '/api',
          name: 'shop',
          rateLimit: { limit: 1, per: '1h' },
          breaker: {},
          bulkhead: { concurrency: 3 },
        },
      ],
      { ...options, hub, name: 'web', shedding: {} },
    )
    const told: object[] = []
    hub.on('*', (event) => told.push(event))
    const port = await serve(
      createServer(nodeHandler(protection, (_request, response) => response.end())),
      protection,
    )
    for (const method of ['GET', 'MKCOL']) {
      await fetch(`http://127.0.0.1:${port}/api/secret?token=secret`, {
        method,
        headers: { authorization: 'secret' },
      })
    }
    await until(() => protection.snapshot().running === 0)
    expect(hub.components().map(({ kind, name }) => `${kind}: ${name}`)).toEqual([
      'adaptive-concurrency: web',
      'rate-limit: web shop',
      'circuit-breaker: web shop',
      'bulkhead: web shop',
      'incoming: web',
    ])
    const incoming = told.filter((event) => (event as { kind: string }).kind === 'incoming')
    expect(incoming).toEqual([
      {
        kind: 'incoming',
        name: 'web',
        type: 'completed',
        journey: undefined,
        payload: {
          name: 'web',
          rule: 'shop',
          method: 'GET',
          status: 200,
          outcome: 'success',
          duration: expect.any(Number),
        },
      },
      {
        kind: 'incoming',
        name: 'web',
        type: 'rejected',
        journey: undefined,
        payload: {
          name: 'web',
          rule: 'shop',
          method: 'OTHER',
          status: 429,
          code: 'rate_limited',
          retryAfter: expect.any(Number),
        },
      },
    ])
    expect(JSON.stringify(told)).not.toContain('secret')
    protection.dispose()
    expect(hub.components()).toEqual([])
  })

  it('leaves nothing on the hub when a rule is wrong', () => {
    const hub = new Hub()
    const rules = [
      { path: '/a', breaker: {} },
      { path: '/b', breaker: {}, bulkhead: { concurrency: 0 } },
    ]
    expect(() => protect(rules, { hub, name: 'web', shedding: {} })).toThrow(/concurrency/)
    expect(hub.components()).toEqual([])
  })

  it('sheds by priority: the least important first, the most important never while it can wait', async () => {
    const protection = protect(
      [
        { path: '/batch', priority: 'sheddable' },
        { path: '/sync', priority: 'sheddable-plus' },
        {
          path: '/shop',
          priority: (request) => (request.header('x-vip') === undefined ? 'critical' : 'critical-plus'),
        },
        { path: '/broken', priority: () => 'nonsense' as never },
      ],
      { ...options, shedding: { initial: 10, queue: 2 }, messages: { overloaded: 'Voll.' } },
    )
    const held: ServerResponse[] = []
    const server = createServer(nodeHandler(protection, (_request, response) => held.push(response)))
    const port = await serve(server, protection)
    const pending: Promise<number>[] = []
    const ask = async (path: string, headers: Record<string, string> = {}): Promise<string> => {
      const before = held.length
      const waiting = protection.snapshot().waiting
      let done: Response | undefined
      const reply = fetch(`http://127.0.0.1:${port}${path}`, { headers }).then((response) => {
        done = response
        return response.status
      })
      await until(() => done !== undefined || held.length > before || protection.snapshot().waiting > waiting)
      if (done === undefined) {
        pending.push(reply)
        return held.length > before ? 'runs' : 'waits'
      }
      return ((await done.json()) as { error: { message: string } }).error.message
    }
    const several = async (path: string): Promise<string[]> => {
      const outcomes: string[] = []
      while (outcomes.at(-1) !== 'Voll.') outcomes.push(await ask(path))
      return outcomes
    }
    expect(await several('/batch')).toHaveLength(5 + 1)
    expect(await several('/sync')).toHaveLength(3 + 1)
    expect(await several('/shop')).toHaveLength(2 + 1)
    expect(await ask('/broken')).toBe('Voll.')
    expect(await ask('/shop', { 'x-vip': '1' })).toBe('waits')
    expect(await ask('/shop', { 'x-vip': '1' })).toBe('waits')
    expect(await ask('/shop', { 'x-vip': '1' })).toBe('Voll.')
    while (held.length < 12 || !held.every((response) => response.writableEnded)) {
      for (const response of held) response.end()
      await turn()
    }
    expect((await Promise.all(pending)).every((status) => status === 200)).toBe(true)
  })

  it('takes policies that are shared with others, and judges as it is told', async () => {
    const breaker = circuitBreaker({ failureThreshold: 1, clock, recoveryTimeout: '1m' })
    const slots = bulkhead({ concurrency: 5, clock })
    const seen: unknown[] = []
    const protection = protect(
      [
        {
          path: '/a',
          breaker,
          bulkhead: slots,
          classify: (end) => {
            seen.push(end)
            if (end.status === 418) return 'failure'
            if (end.status === 500) throw new Error('cannot tell')
            return undefined
          },
        },
        { path: '/b', breaker, bulkhead: slots },
      ],
      options,
    )
    const server = createServer(
      nodeHandler(protection, (request, response) => {
        response.statusCode = Number(new URL(request.url ?? '', 'http://host').searchParams.get('status'))
        response.end()
      }),
    )
    const port = await serve(server, protection)
    const ask = async (path: string): Promise<number> => {
      const { status } = await fetch(`http://127.0.0.1:${port}${path}`)
      await until(() => protection.snapshot().running === 0)
      await clock.settle()
      return status
    }
    expect(await ask('/a?status=500')).toBe(500)
    expect(breaker.state).toBe('closed')
    expect(await ask('/a?status=418')).toBe(418)
    expect(breaker.state).toBe('open')
    expect(await ask('/b?status=200')).toBe(503)
    expect(seen).toEqual([
      { how: 'answered', status: 500, error: undefined, given: undefined },
      { how: 'answered', status: 418, error: undefined, given: undefined },
    ])
    protection.dispose()
    expect(breaker.state).toBe('open') // Not its to dispose of.
    breaker.dispose()
  })

  it('limits each client by itself, and those without a name together', async () => {
    const protection = protect(
      [
        {
          path: '/',
          rateLimit: { limit: 1, per: '1h', maxKeys: 100 },
          key: (request) => request.header('x-tenant'),
        },
      ],
      options,
    )
    const port = await serve(
      createServer(nodeHandler(protection, (_request, response) => response.end())),
      protection,
    )
    const ask = async (tenant?: string): Promise<number> =>
      (
        await fetch(
          `http://127.0.0.1:${port}/`,
          tenant === undefined ? {} : { headers: { 'x-tenant': tenant } },
        )
      ).status
    expect([await ask('a'), await ask('a'), await ask('b'), await ask(), await ask()]).toEqual([
      200, 429, 200, 200, 429,
    ])
  })
})
