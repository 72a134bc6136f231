/** A server for tests of streams, and streams on it that are new and empty. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { jsonPayload } from '@seaworthy/dead-letter'
import {
  type RedisStream,
  type RedisStreamOptions,
  redisDeadLetters,
  redisIdempotency,
  redisStream,
} from '@seaworthy/redis'
import type { TaskStreamSetup, TaskStreamUnderTest } from '@seaworthy/testing/conformance'
import { redisForTests } from '@seaworthy/testing/servers'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { streamScripts } from '../src/stream-scripts.ts'
import { RedisTaskStream } from '../src/task-stream.ts'
import { supervised } from './dead-letter-toys.ts'

/** The versions of ioredis that are supported. */
export const clients: readonly (readonly [version: string, connect: (url: string) => Redis])[] = [
  ['ioredis 6', (url) => new Redis(url)],
  ['ioredis 5', (url) => new Redis5(url) as unknown as Redis],
]

/** How much longer the times of the contract are on a server, for a machine that stalls between two steps. */
export const pace = 4

/** The server of this process, up for so long that a reaper takes the silence of owners for what it is. */
export async function settledServer(): Promise<string> {
  const { url } = await redisForTests()
  await settled(url)
  return url
}

/** Waits until a server has been up for a second for sure: it counts whole ones, and up to one too many. */
export async function settled(url: string): Promise<void> {
  const client = new Redis(url)
  const uptime = async (): Promise<number> =>
    Number(/uptime_in_seconds:(\d+)/.exec(await client.info('server'))?.[1])
  while ((await uptime()) < 2) await sleep(50)
  client.disconnect()
}

/** A stream that nobody else uses. */
export function freshStream(redis: Redis, options: Partial<RedisStreamOptions> = {}): RedisStream {
  return redisStream({ redis, name: randomUUID(), prefix: 'test:', ...options })
}

/**
 * A stream for the contract, with records and letters beside it. Server time goes on by itself, so what lasts some milliseconds is waited
 * for.
 *
 * @param rewrite - Changes the scripts of the stream.
 */
export function underTest(
  redis: Redis,
  { capacity, maxLetters }: TaskStreamSetup,
  rewrite?: (lua: string) => string,
): TaskStreamUnderTest {
  const connection = supervised(redis)
  const name = randomUUID()
  const stream =
    rewrite === undefined
      ? freshStream(redis, { redis: connection, name, capacity })
      : new RedisTaskStream(
          {
            connection,
            name,
            prefix: 'test:',
            capacity,
            auditLimit: 1000,
            block: 5000,
            codec: jsonPayload,
            random: Math.random,
          },
          streamScripts(rewrite),
        )
  const records = redisIdempotency({ redis: connection, queue: name, prefix: 'test:idempotency:' })
  return {
    stream,
    records,
    letters: redisDeadLetters({ redis: connection, name, maxCount: maxLetters, overflow: 'refuse' }),
    // One more, since a server counts whole milliseconds.
    advance: (milliseconds) => sleep(milliseconds + 2),
    async close() {
      records.close()
      await stream.close()
    },
  }
}
