/** The working side: takes orders from the stream and has them paid. */
import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { defaultHub, pipeline } from '@seaworthy/core'
import { timeout } from '@seaworthy/flow'
import { type TaskContext, type Worker, worker } from '@seaworthy/worker'
import type { Backend } from './backend.ts'
import { type Order, poison } from './order.ts'

/** Short enough to watch. The defaults (25 s, 8 s) suit work that must not be taken from a worker that is merely slow. */
const takeOver = { minIdle: '3s', heartbeat: '1s', interval: '300ms' } as const

export interface OrderWorkerOptions {
  readonly name: string
  /** Where payments are made. */
  readonly payments: string
  /** What a poison message does to its process. */
  readonly die: () => void
}

export function orderWorker(backend: Backend, { name, payments, die }: OrderWorkerOptions): Worker {
  const { stream, deadLetters, idempotency, journeys, book } = backend
  defaultHub.recordJourneys(journeys)

  async function pay(order: Order, { task, attempt, fence, signal }: TaskContext): Promise<void> {
    await book.set(order.id, 'working')
    if (order.item === poison) die()
    const response = await fetch(`${payments}/charges`, {
      method: 'POST',
      // The same key for every try, whoever makes it: this is what makes a payment happen once even if a
      // worker dies between the payment and its own record of it.
      headers: { 'idempotency-key': order.id, 'x-fence': String(fence), 'x-task': task },
      body: JSON.stringify({ order: order.id, amount: order.amount, attempt }),
      signal,
    })
    await response.arrayBuffer()
    if (!response.ok) throw refusal(response)
    await book.set(order.id, 'paid')
  }

  const orders = worker<Order>({
    ...takeOver,
    name,
    stream,
    deadLetters,
    idempotency: { store: idempotency },
    policy: pipeline(
      circuitBreaker({ name: `payments of ${name}`, recoveryTimeout: '500ms', successThreshold: 1 }),
      timeout('2s', { name: `payments of ${name}` }),
    ),
    handler: pay,
    retries: { attempts: 4, delay: '200ms' },
    maxStarts: 2,
    concurrency: 8,
  })
  // On the hub, events carry the journey: the id of the order, also when it was replayed under another task id.
  defaultHub.on('deadLettered', async ({ name: from, journey }) => {
    if (from === name && journey !== undefined) await book.set(journey, 'dead')
  })
  orders.start()
  return orders
}

/** Says when to come back, if payments said so: the worker does not come earlier. */
function refusal({ status, headers }: Response): Error {
  const seconds = Number(headers.get('retry-after') ?? 'never')
  const error = new Error(`payments answered ${status}`)
  return Object.assign(error, { status, ...(seconds >= 0 && { retryAfter: 1000 * seconds }) })
}
