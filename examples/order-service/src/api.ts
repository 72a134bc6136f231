/**
 * The HTTP side.
 *
 * - `POST /orders` takes an order and answers 202 with its id. With an `Idempotency-Key`, however often it is sent, it is one order.
 * - `GET /orders/:id` tells its state and its whole journey.
 * - `GET /queue` tells how many orders wait, are worked on, are done.
 * - `GET /status` tells how this process does.
 * - What is under `/dead-letters` is for operators: see `dead-letter-api.ts`.
 */
import { createHash, randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { defaultHub } from '@seaworthy/core'
import { idempotency } from '@seaworthy/idempotency'
import type { Backend } from './backend.ts'
import { deadLetterRoutes } from './dead-letter-api.ts'
import { type Answer, HttpError, type Request, type Route, respond } from './http.ts'
import { authentication, type Operators } from './operators.ts'
import { type NewOrder, readOrder } from './order.ts'
import { statusRoute } from './status.ts'

export function orderApi(backend: Backend, operators: Operators): Server {
  const { stream, deadLetters, requests, journeys, book } = backend
  defaultHub.recordJourneys(journeys)
  const once = idempotency({
    name: 'requests',
    store: requests,
    whenInFlight: 'wait',
    ttl: '1d',
    // An order is accepted within milliseconds. When the answer of the store to a claim is lost, nobody can go on before the lease is over.
    lease: '3s',
    // A key must not come back with another order.
    fingerprint: ({ values }) => values?.['order'],
  })

  async function accept(ordered: NewOrder, id: string): Promise<Answer> {
    const order = { id, ...ordered }
    await book.open(order.id)
    await stream.enqueue({ id: order.id, payload: JSON.stringify(order), journey: order.id })
    return { status: 202, body: { id: order.id } }
  }

  async function take({ headers, body }: Request): Promise<Answer> {
    const order = readOrder(body)
    const key = headers['idempotency-key']
    if (typeof key !== 'string') return accept(order, randomUUID())
    return once.execute(() => accept(order, idFor(key)), { key, values: { order } })
  }

  async function tell({ params: { id = '' } }: Request): Promise<Answer> {
    const state = await book.get(id)
    if (state === undefined) throw new HttpError(404, 'not_found', `no order '${id}'`)
    const journey = await journeys.journey(id)
    const told = journey.map(({ kind, name, type, payload }) => ({
      step: `${kind} ${name}: ${type}`,
      ...payload,
    }))
    // A process that dies takes the last moments of its journeys along. The stream writes each step in the step itself.
    const steps = await stream.audit(id)
    return { status: 200, body: { id, state, journey: told, steps } }
  }

  async function count(): Promise<Answer> {
    const { waiting, pending, due, acknowledged, dead } = await stream.stats()
    return { status: 200, body: { underWay: waiting + pending + due, acknowledged, dead } }
  }

  const routes: readonly Route[] = [
    statusRoute,
    { method: 'GET', path: '/queue', answer: count },
    { method: 'POST', path: '/orders', answer: take },
    { method: 'GET', path: '/orders/:id', answer: tell },
    ...deadLetterRoutes(deadLetters, authentication(operators)),
  ]
  const server = createServer((request, response) => void respond(routes, request, response))
  return server.on('close', () => once.dispose())
}

/**
 * The same order for the same key, every time. When the answer to `enqueue` is lost, nobody knows whether the order is in the stream, and the
 * customer asks again: an id that were made up anew would be a second order. Under the same id, workers do it once.
 */
function idFor(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 32)
}
