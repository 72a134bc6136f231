/** A client of the conformance kits, for all stores on Redis. */
import { conformanceClient } from '@seaworthy/testing/conformance'
import { Redis } from 'ioredis'
import { redisConnection } from '../../src/connection.ts'
import { redisDeadLetters } from '../../src/dead-letters.ts'
import { redisIdempotency } from '../../src/idempotency.ts'
import { redisStream } from '../../src/stream.ts'

interface Place {
  readonly url: string
  readonly name: string
}

function connect(url: string) {
  // What ioredis sends twice is answered twice, and a history knows of one answer.
  const client = new Redis(url, { autoResendUnfulfilledCommands: false })
  return { redis: redisConnection(client, { commandTimeout: '20s' }), end: () => client.disconnect() }
}

await conformanceClient({
  async idempotency({ url, name }: Place) {
    const { redis, end } = connect(url)
    const store = redisIdempotency({ redis, prefix: name })
    return {
      store,
      async close() {
        store.close()
        end()
      },
    }
  },
  async deadLetters({ url, name }: Place) {
    const { redis, end } = connect(url)
    return { store: redisDeadLetters({ redis, name }), close: async () => end() }
  },
  async taskStream({ url, name }: Place) {
    const { redis, end } = connect(url)
    const store = redisStream({ redis, name, capacity: 20 })
    return {
      store,
      async close() {
        await store.close()
        end()
      },
    }
  },
})
