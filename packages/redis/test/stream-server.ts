/** A server for tests of streams, and streams on it that are new and empty. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type RedisStream, type RedisStreamOptions, redisStream } from '@seaworthy/redis'
import { redisForTests } from '@seaworthy/testing/servers'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import type { StreamUnderTest } from '../../worker/test/store-contract.ts'

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

/** A stream for the contract. Server time goes on by itself, so what lasts some milliseconds is waited for. */
export function underTest(stream: RedisStream): StreamUnderTest {
  return {
    stream,
    // One more, since a server counts whole milliseconds.
    advance: (milliseconds) => sleep(milliseconds + 2),
    close: () => stream.close(),
  }
}
