/** One little service behind each of the servers, so that one suite can hold for all. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { getRequestListener } from '@hono/node-server'
import {
  currentDeadline,
  currentRequest,
  expressMiddleware,
  fastifyPlugin,
  honoMiddleware,
  koaMiddleware,
  nodeHandler,
  type Protection,
} from '@seaworthy/http/incoming'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { stream } from 'hono/streaming'
import Koa from 'koa'

/** What the handlers share with the test. */
export class Service {
  /** How many handlers have been started. */
  started = 0
  /** What their signals aborted with. */
  readonly aborted: unknown[] = []
  /** What late handlers met when they came back. */
  readonly late: unknown[] = []
  #gates: Array<() => void> = []

  /** Waits until the test calls {@link release}. */
  gate(): Promise<void> {
    return new Promise((resolve) => this.#gates.push(resolve))
  }

  get held(): number {
    return this.#gates.length
  }

  release(): void {
    for (const open of this.#gates.splice(0)) open()
  }

  /** What happens on a path; `body` is what the framework has read. */
  async answer(path: string, body: unknown): Promise<{ status: number; body: string }> {
    this.started++
    const signal = currentRequest()?.signal
    signal?.addEventListener('abort', () => this.aborted.push(signal.reason))
    if (path.endsWith('/fail')) return { status: 500, body: 'failed' }
    if (path.endsWith('/throw')) throw new Error('a secret of the handler')
    if (path.endsWith('/hang')) await this.gate()
    if (path.endsWith('/context')) {
      await Promise.resolve()
      const rule = currentRequest()?.rule
      return {
        status: 200,
        body: JSON.stringify({
          rule,
          deadline: currentDeadline() ?? null,
          rest: currentRequest()?.remaining(),
          body,
        }),
      }
    }
    return { status: 200, body: 'fine' }
  }
}

/** A server under test. */
export interface Running {
  readonly url: string
  readonly port: number
  readonly server: Server
  close(): Promise<void>
}

type Start = (protection: Protection, service: Service) => Promise<Running>

async function listen(server: Server, close?: () => unknown): Promise<Running> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return running(server, close)
}

function running(server: Server, close?: () => unknown): Running {
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    server,
    close: async () => {
      server.closeAllConnections()
      await (close?.() ?? new Promise((resolve) => server.close(resolve)))
    },
  }
}

async function* chunks(service: Service): AsyncGenerator<string> {
  yield 'first,'
  await service.gate()
  yield 'last'
}

/** Without a framework. */
async function plain(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '').split('?')[0] as string
  const body = request.method === 'POST' ? JSON.parse(await text(request)) : undefined
  if (path.endsWith('/stream')) {
    service.started++
    Readable.from(chunks(service)).pipe(response)
    return
  }
  const answer = await service.answer(path, body)
  try {
    response.setHeader('content-type', 'text/plain')
    response.writeHead(answer.status)
    response.end(answer.body)
  } catch (error) {
    service.late.push(error)
  }
}

export const servers: Record<string, Start> = {
  node: (protection, service) =>
    listen(
      createServer(
        nodeHandler(protection, (request, response) => plain(service, request, response), {
          onError: () => {},
        }),
      ),
    ),

  express: (protection, service) => {
    const app = express()
    app.set('env', 'test')
    app.use((_request, response, next) => {
      response.setHeader('access-control-allow-origin', '*')
      next()
    })
    app.use(expressMiddleware(protection))
    app.use(express.json())
    app.use(async (request, response) => {
      if (request.path.endsWith('/stream')) {
        service.started++
        Readable.from(chunks(service)).pipe(response)
        return
      }
      const { status, body } = await service.answer(request.path, request.body)
      response.status(status).type('text').send(body)
    })
    return listen(createServer(app))
  },

  fastify: async (protection, service) => {
    const app = fastify()
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('access-control-allow-origin', '*')
    })
    app.register(fastifyPlugin(protection))
    app.all('/*', async (request, reply) => {
      const path = request.url.split('?')[0] as string
      if (path.endsWith('/stream')) {
        service.started++
        return reply.send(Readable.from(chunks(service)))
      }
      const { status, body } = await service.answer(path, request.body)
      return reply.code(status).type('text/plain').send(body)
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return running(app.server, () => app.close())
  },

  koa: (protection, service) => {
    const app = new Koa()
    app.silent = true
    app.use((context, next) => {
      context.set('access-control-allow-origin', '*')
      return next()
    })
    app.use(koaMiddleware(protection))
    app.use(async (context) => {
      const body = context.method === 'POST' ? JSON.parse(await text(context.req)) : undefined
      if (context.path.endsWith('/stream')) {
        service.started++
        context.body = Readable.from(chunks(service))
        return
      }
      const answer = await service.answer(context.path, body)
      context.status = answer.status
      context.body = answer.body
    })
    return listen(createServer(app.callback()))
  },

  hono: (protection, service) => {
    const app = new Hono()
    app.use(async (context, next) => {
      context.header('access-control-allow-origin', '*')
      await next()
    })
    app.use(honoMiddleware(protection))
    app.onError((_error, context) => context.text('error', 500))
    app.all('*', async (context) => {
      const { path, method } = context.req
      if (path.endsWith('/stream')) {
        service.started++
        return stream(context, async (out) => {
          for await (const chunk of chunks(service)) await out.write(chunk)
        })
      }
      const { status, body } = await service.answer(
        path,
        method === 'POST' ? await context.req.json() : undefined,
      )
      return context.text(body, status as 200)
    })
    return listen(createServer(getRequestListener(app.fetch)))
  },
}
