/** Idempotency records on Redis: the factory, its options and what they mean. */
import { count, type Duration, duration, InvalidOptionError, knownOptions } from '@seaworthy/core'
import type { RedisClient } from './client.ts'
import { connectionOf, type RedisConnection } from './connection.ts'
import { RecordStore, type RedisIdempotencyStore } from './idempotency-store.ts'
import { checkedPrefix, checkedQueue } from './key-options.ts'

/** Options of {@link redisIdempotency}. */
export interface RedisIdempotencyOptions {
  /** Your client, or one under supervision ({@link redisConnection}), which other stores may share. */
  readonly redis: RedisClient | RedisConnection
  /** What the keys of all records begin with. No braces. @defaultValue `'idempotency:'` */
  readonly prefix?: string
  /**
   * The name of a Redis task stream on the same client. Its records are kept beside it (`idempotency:{<queue>}:<key>`), so that its workers complete
   * the record and acknowledge the task in one step. All records of the queue are then on one node of a cluster.
   *
   * @defaultValue none: records are spread over a cluster
   */
  readonly queue?: string
  /**
   * So many replicas must have a grant before it counts; with fewer the claim rejects with a {@link NotReplicatedError}, and the grant is given back.
   * Waiting for replicas holds up all other commands on the connection: give the store a client of its own.
   *
   * @defaultValue 0: replication is not waited for, and a failover may forget a grant
   */
  readonly waitReplicas?: number
  /** How long to wait for them. Whole milliseconds, at least 1. @defaultValue `'100ms'` */
  readonly replicaTimeout?: Duration
  /**
   * Whether records wake those who wait for them, by PUBLISH. It costs the server some microseconds for each completion, and a cluster one message to every
   * node; without it whoever waits only polls.
   *
   * @defaultValue `true`
   */
  readonly hints?: boolean
  /** How long the connection that listens for hints stays open when nobody waits. @defaultValue `'10s'` */
  readonly listenerIdle?: Duration
}

/**
 * Keeps idempotency records on Redis 7.0 or later: one server, Sentinel, or a cluster. Each method is one script and one round trip; all
 * times are those of the server.
 *
 * A grant whose answer came too late for whoever asked is given back by itself, so that a server that stalled leaves no keys blocked.
 *
 * Redis replicates later: after a failover a grant, or a completion, of the last moments may be forgotten, and the work be done again. Its fence is still
 * greater. `waitReplicas` refuses to start work whose claim could be forgotten.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. Methods reject with a {@link RedisUnavailableError}, within the
 *   `commandTimeout` of the connection.
 *
 * @example
 * ```ts
 * import { idempotency } from '@seaworthy/idempotency'
 * import { redisIdempotency } from '@seaworthy/redis'
 * import { Redis } from 'ioredis'
 *
 * const client = new Redis({ lazyConnect: true })
 * const once = idempotency({ store: redisIdempotency({ redis: client }), scope: 'charge', ttl: '24h' })
 * console.log(once.kind) // idempotency
 * client.disconnect()
 * ```
 */
export function redisIdempotency(options: RedisIdempotencyOptions): RedisIdempotencyStore {
  knownOptions('redisIdempotency', options, [
    'redis',
    'prefix',
    'queue',
    'waitReplicas',
    'replicaTimeout',
    'hints',
    'listenerIdle',
  ])
  const { redis, prefix, queue, waitReplicas = 0, replicaTimeout = '100ms', hints = true } = options
  if (typeof hints !== 'boolean') throw new InvalidOptionError('hints', 'true or false', hints)
  return new RecordStore({
    connection: connectionOf(redis),
    prefix: checkedPrefix(prefix, 'idempotency:'),
    queue: checkedQueue(queue),
    waitReplicas: count('waitReplicas', waitReplicas, 0),
    replicaTimeout: Math.ceil(duration('replicaTimeout', replicaTimeout, 1)),
    hints,
    listenerIdle: duration('listenerIdle', options.listenerIdle ?? '10s'),
  })
}
