/** Queues on Redis, each by the same few verbs. */
import { deadLetters } from '@seaworthy/dead-letter'
import { redisDeadLetters, redisIdempotency, redisStream } from '@seaworthy/redis'
import { worker } from '@seaworthy/worker'
import { Worker as BullWorker, Queue } from 'bullmq'
import { Redis } from 'ioredis'

/** What a job carries: about as much as in the anchors of other benchmarks of queues. */
const payload = JSON.stringify({ order: 'f47ac10b-58cc-4372-a567-0e02b2c3d479', item: 'x'.repeat(80) })

/** A queue that is open. */
export interface OpenQueue {
  enqueue(): Promise<unknown>
  enqueueMany(count: number): Promise<unknown>
  /** Starts a worker. @param handler - Called for each job. */
  work(concurrency: number, handler: () => unknown): { close(): Promise<unknown> }
  close(): Promise<void>
}

export interface QueueContender {
  readonly name: string
  open(url: string, queue: string): OpenQueue
}

interface BullOptions {
  readonly keep: boolean
}

function bullmq(name: string, { keep }: BullOptions): QueueContender {
  return {
    name,
    open(url, queueName) {
      const connection = new Redis(url, { maxRetriesPerRequest: null })
      const queue = new Queue(queueName, { connection })
      const options = keep ? {} : { removeOnComplete: true }
      const data = JSON.parse(payload) as object
      return {
        enqueue: () => queue.add('job', data, options),
        enqueueMany: (count) =>
          queue.addBulk(Array.from({ length: count }, () => ({ name: 'job', data, opts: options }))),
        work(concurrency, handler) {
          const own = new Redis(url, { maxRetriesPerRequest: null })
          const bull = new BullWorker(queueName, async () => handler(), { connection: own, concurrency })
          return {
            close: async () => {
              await bull.close()
              own.disconnect()
            },
          }
        },
        close: async () => {
          await queue.close()
          connection.disconnect()
        },
      }
    },
  }
}

interface SeaworthyOptions {
  readonly audit?: boolean
  readonly idempotent?: boolean
}

function seaworthy(name: string, { audit = true, idempotent = false }: SeaworthyOptions): QueueContender {
  return {
    name,
    open(url, queueName) {
      const redis = new Redis(url)
      const stream = redisStream({ redis, name: queueName, ...(audit ? {} : { auditLimit: 0 }) })
      const store = idempotent ? redisIdempotency({ redis, queue: queueName }) : undefined
      const letters = deadLetters({
        store: redisDeadLetters({ redis, name: queueName, stream: { name: queueName } }),
      })
      return {
        enqueue: () => stream.enqueue({ payload }),
        enqueueMany: (count) => stream.enqueueMany(Array.from({ length: count }, () => ({ payload }))),
        work(concurrency, handler) {
          const running = worker({
            stream,
            deadLetters: letters,
            concurrency,
            handler,
            ...(store && { idempotency: { store } }),
          })
          running.start()
          return running
        },
        close: async () => {
          await letters.close()
          await stream.close()
          await store?.close()
          redis.disconnect()
        },
      }
    },
  }
}

/** BullMQ comes first: it is what the others are compared with. */
export const contenders: readonly QueueContender[] = [
  bullmq('bullmq: jobs kept', { keep: true }),
  bullmq('bullmq: removeOnComplete', { keep: false }),
  seaworthy('seaworthy: audit', {}),
  seaworthy('seaworthy: no audit', { audit: false }),
  seaworthy('seaworthy: audit, idempotency', { idempotent: true }),
]
