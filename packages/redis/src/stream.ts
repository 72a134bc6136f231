/** Task streams on Redis Streams. */
import {
  count,
  type Duration,
  duration,
  InvalidOptionError,
  knownOptions,
  type Random,
  systemRandom,
} from '@seaworthy/core'
import { jsonPayload, type PayloadCodec } from '@seaworthy/dead-letter'
import type { RedisClient } from './client.ts'
import { connectionOf, type RedisConnection } from './connection.ts'
import { checkedPrefix } from './key-options.ts'
import { type RedisStream, RedisTaskStream } from './task-stream.ts'

/** Options of {@link redisStream}. */
export interface RedisStreamOptions {
  /** Your client, or one under supervision. Reads that wait get connections of their own, made from it. */
  readonly redis: RedisClient | RedisConnection
  /** The name of the queue; the hash tag of its keys. @defaultValue `'tasks'` */
  readonly name?: string
  /** What all keys begin with. @defaultValue `'q:'` */
  readonly prefix?: string
  /** How many unfinished tasks it may hold; `Infinity` for no limit. @defaultValue 100,000 */
  readonly capacity?: number
  /**
   * How many entries the audit keeps, roughly; 0 for none. What is done in one step is one entry: tasks that are acknowledged together, for example.
   * @defaultValue 10,000
   */
  readonly auditLimit?: number
  /**
   * The longest single wait on the server: a longer one of `fetch` is made of several. A connection that does not answer for 3 s more
   * is taken for dead and replaced. @defaultValue `'5s'`
   */
  readonly block?: Duration
  /** Reads payloads of replayed dead letters: the codec of that queue, if it has one. @defaultValue JSON */
  readonly codec?: PayloadCodec
  /** Makes the ids of tasks without one. @defaultValue `Math.random` */
  readonly random?: Random
}

const names = ['redis', 'name', 'prefix', 'capacity', 'auditLimit', 'block', 'codec', 'random']

/**
 * A queue of tasks on a Redis server of version 7.0 or later, for workers in any number of processes. Every operation is one script and one
 * round trip; time is the server's.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { redisStream } from '@seaworthy/redis'
 * import { Redis } from 'ioredis'
 *
 * const redis = new Redis({ lazyConnect: true })
 * const stream = redisStream({ redis, name: 'mails' })
 * console.log(stream.name) // mails
 * // await stream.enqueue({ id: 'mail-1', payload: JSON.stringify({ to: 'ada' }) })
 * await stream.close()
 * redis.disconnect()
 * ```
 */
export function redisStream(options: RedisStreamOptions): RedisStream {
  knownOptions('redisStream', options, names)
  const { redis, name = 'tasks', capacity = 100_000, auditLimit = 10_000 } = options
  const { block = '5s', codec = jsonPayload, random = systemRandom } = options
  if (typeof redis !== 'object' || redis === null)
    throw new InvalidOptionError('redis', 'a client of ioredis, or redisConnection()', redis)
  if (!isTag(name)) throw new InvalidOptionError('name', 'a text without { and }', name)
  if (typeof codec?.decode !== 'function')
    throw new InvalidOptionError('codec', 'a codec such as aesGcm()', codec)
  return new RedisTaskStream({
    connection: connectionOf(redis),
    name,
    prefix: checkedPrefix(options.prefix, 'q:'),
    capacity: count('capacity', capacity, 1, true),
    auditLimit: count('auditLimit', auditLimit, 0, true),
    block: duration('block', block, 1),
    codec,
    random,
  })
}

const isTag = (name: unknown): boolean => typeof name === 'string' && name !== '' && !/[{}]/.test(name)
