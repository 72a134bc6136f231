/**
 * The HTTP side.
 *
 * - `POST /orders` takes an order and answers 202 with its id. With an `Idempotency-Key`, however often it is sent, it is one order.
 * - `GET /orders/:id` tells its state and its whole journey.
 * - `GET /dead-letters` lists what could not be done, `POST /dead-letters/:id/retry` puts one back to work.
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { defaultHub, isSeaworthyError } from '@seaworthy/core'
import { idempotency } from '@seaworthy/idempotency'
import type { Backend } from './backend.ts'
import { readOrder } from './order.ts'

interface Answer {
  readonly status: number
  readonly body: object
}

export function orderApi({ stream, deadLetters, requests, journeys, book }: Backend): Server {
  defaultHub.recordJourneys(journeys)
  const once = idempotency({ name: 'requests', store: requests, whenInFlight: 'wait', ttl: '1d' })

  async function accept(body: string): Promise<Answer> {
    const order = { id: randomUUID(), ...readOrder(body) }
    await book.set(order.id, 'accepted')
    await stream.enqueue({ id: order.id, payload: JSON.stringify(order), journey: order.id })
    return { status: 202, body: { id: order.id } }
  }

  async function tell(id: string): Promise<Answer> {
    const state = await book.get(id)
    if (state === undefined) return { status: 404, body: { error: 'no such order' } }
    const journey = await journeys.journey(id)
    const told = journey.map(({ kind, name, type, payload }) => ({
      step: `${kind} ${name}: ${type}`,
      ...payload,
    }))
    // A process that dies takes the last moments of its journeys along. The stream writes each step in the step itself.
    const steps = await stream.audit(id)
    return { status: 200, body: { id, state, journey: told, steps } }
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    const { method, url = '/' } = request
    const [, resource, id = '', action] = url.split('/')
    if (method === 'POST' && resource === 'orders' && id === '') {
      const body = await textOf(request)
      const key = request.headers['idempotency-key']
      return typeof key === 'string' ? once.execute(() => accept(body), { key }) : accept(body)
    }
    if (method === 'GET' && resource === 'orders') return tell(id)
    if (method === 'GET' && resource === 'dead-letters' && id === '')
      return { status: 200, body: await deadLetters.list() }
    if (method === 'POST' && resource === 'dead-letters' && action === 'retry')
      return {
        status: 200,
        body: await deadLetters.retry(id, { actor: actorOf(request), reason: 'by hand' }),
      }
    return { status: 404, body: { error: 'no such thing' } }
  }

  return createServer((request, response) => {
    answer(request).then(
      ({ status, body }) => send(response, status, body),
      (error: unknown) =>
        send(response, statusOf(error), { error: error instanceof Error ? error.message : '' }),
    )
  })
}

/** Whom you trust to say who they are is up to you; this example believes everybody. */
const actorOf = (request: IncomingMessage): string => String(request.headers['x-actor'] ?? 'somebody')

function statusOf(error: unknown): number {
  if (error instanceof TypeError || error instanceof SyntaxError) return 400
  if (!isSeaworthyError(error)) return 500
  if (error.code === 'ERR_DEAD_LETTER_NOT_FOUND') return 404
  if (error.code === 'ERR_DEAD_LETTER_LEASED') return 409
  return 503 // The queue is full, or a store is away: come back later.
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  request.setEncoding('utf8')
  for await (const chunk of request) text += chunk
  return text
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
