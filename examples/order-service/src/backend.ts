/** Where everything is kept: in this process, or on a Redis that several processes share. The rest of the service cannot tell. */
import { type JourneyStore, memoryJourney } from '@seaworthy/core'
import { type DeadLetters, deadLetters, failureRule, memoryDeadLetters } from '@seaworthy/dead-letter'
import { type IdempotencyStore, memoryIdempotencyStore } from '@seaworthy/idempotency'
import {
  redisConnection,
  redisDeadLetters,
  redisIdempotency,
  redisJourney,
  redisStream,
} from '@seaworthy/redis'
import { memoryStream, replayTo, type TaskMessage, type TaskStream } from '@seaworthy/worker'
import { Redis } from 'ioredis'
import { memoryBook, type OrderBook, redisBook } from './book.ts'

export interface Backend {
  readonly stream: TaskStream
  readonly deadLetters: DeadLetters<TaskMessage>
  /** Records of the tasks. */
  readonly idempotency: IdempotencyStore
  /** Records of the requests: a customer who asks twice gets the first answer. */
  readonly requests: IdempotencyStore
  readonly journeys: JourneyStore
  readonly book: OrderBook
  close(): Promise<void>
}

const queue = 'orders'

/** Kinds of failure that only this service knows. The others have names already. */
const failures = [failureRule('declined', { statuses: [402] })]

export function memoryBackend(): Backend {
  const stream = memoryStream({ name: queue })
  const letters = deadLetters<TaskMessage>({
    name: queue,
    store: memoryDeadLetters(),
    replay: replayTo(stream),
    failures,
  })
  letters.start()
  return {
    stream,
    deadLetters: letters,
    idempotency: memoryIdempotencyStore(),
    requests: memoryIdempotencyStore(),
    journeys: memoryJourney(),
    book: memoryBook(),
    close: async () => {
      await letters.close()
      await stream.close()
    },
  }
}

export function redisBackend(url: string): Backend {
  const client = new Redis(url)
  // The client reconnects by itself; what it has to say meanwhile is on the hub.
  client.on('error', () => {})
  const redis = redisConnection(client, { name: 'redis' })
  const stream = redisStream({ redis, name: queue })
  const letters = deadLetters<TaskMessage>({
    name: queue,
    store: redisDeadLetters({ redis, name: queue, stream: { name: queue } }),
    failures,
  })
  letters.start()
  const idempotency = redisIdempotency({ redis, queue })
  const requests = redisIdempotency({ redis, prefix: 'request:' })
  const journeys = redisJourney({ redis })
  return {
    stream,
    deadLetters: letters,
    idempotency,
    requests,
    journeys,
    book: redisBook(redis),
    close: async () => {
      await letters.close()
      await stream.close()
      await Promise.all([idempotency.close(), requests.close(), journeys.close()])
      redis.dispose()
      client.disconnect()
    },
  }
}
