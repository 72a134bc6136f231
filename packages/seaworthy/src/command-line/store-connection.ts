/** Opens the store that `dlq` and `journey` look into. */
import { randomUUID } from 'node:crypto'
import type { DeadLetterStore } from '@seaworthy/dead-letter'
import type { RedisConnection } from '@seaworthy/redis'
import type { OptionSpec } from './command.ts'
import type { Given } from './given.ts'
import { loaded } from './optional-packages.ts'
import { UsageError } from './usage-error.ts'

/** An operation may take so long: people wait, not requests. */
const commandTimeout = '5s'

/** Where a queue of dead letters is. */
export const deadLetterOptions: readonly OptionSpec[] = [
  { name: 'redis', value: 'URL', help: 'The Redis that has the queue, for example redis://127.0.0.1:6379.' },
  {
    name: 'postgres',
    value: 'URL',
    help: 'The PostgreSQL that has it, for example postgres://127.0.0.1/shop.',
  },
  { name: 'name', value: 'NAME', help: 'The name of the queue.', standard: 'letters' },
  { name: 'prefix', value: 'TEXT', help: 'Redis: what its keys begin with.', standard: 'dlq:' },
  { name: 'schema', value: 'NAME', help: 'PostgreSQL: where its tables are.', standard: 'seaworthy' },
]

/** A store that is open. */
export interface Opened<T> {
  readonly store: T
  close(): Promise<void>
}

/**
 * @param replayTo - Redis: the stream that replayed letters go to, in one step with the letter.
 * @throws UsageError when no store was named, or what it needs is not installed.
 */
export async function openDeadLetters(given: Given, replayTo?: string): Promise<Opened<DeadLetterStore>> {
  const [redis, postgres, name] = [given.text('redis'), given.text('postgres'), given.text('name')]
  if ((redis === undefined) === (postgres === undefined))
    throw new UsageError('--redis and --postgres', ['exactly one of them must be given'])
  if (redis !== undefined) {
    const { connection, close } = await openRedis(redis)
    const { redisDeadLetters } = await import('@seaworthy/redis')
    const prefix = given.text('prefix')
    const store = redisDeadLetters({
      redis: connection,
      ...(name !== undefined && { name }),
      ...(prefix !== undefined && { prefix }),
      ...(replayTo !== undefined && { stream: { name: replayTo } }),
    })
    return { store, close }
  }
  const { pg, postgresConnection, postgresDeadLetters } = await loaded(
    ['@seaworthy/postgres', 'pg'],
    async () => ({
      pg: await import('pg'),
      ...(await import('@seaworthy/postgres')),
    }),
  )
  const pool = new pg.default.Pool({ connectionString: postgres, max: 2 })
  const connection = postgresConnection(pool, { commandTimeout })
  const schema = given.text('schema')
  const store = postgresDeadLetters({
    pool: connection,
    ...(name !== undefined && { name }),
    ...(schema !== undefined && { schema }),
  })
  return { store, close: () => pool.end() }
}

/** @throws UsageError when what it needs is not installed. */
export async function openRedis(
  url: string,
): Promise<{ readonly connection: RedisConnection; close(): Promise<void> }> {
  const { Redis, redisConnection } = await loaded(['@seaworthy/redis', 'ioredis'], async () => ({
    ...(await import('ioredis')),
    ...(await import('@seaworthy/redis')),
  }))
  if (!/^rediss?:\/\//.test(url))
    throw new UsageError('--redis', [`must begin with redis:// or rediss://, not ${url}`])
  const client = new Redis(url, {
    lazyConnect: true,
    connectionName: `seaworthy-${randomUUID().slice(0, 8)}`,
  })
  // The connection tells what went wrong within its budget; without a listener ioredis would print it as well.
  client.on('error', () => {})
  const connection = redisConnection(client, { commandTimeout })
  return {
    connection,
    async close() {
      connection.dispose()
      client.disconnect()
    },
  }
}
