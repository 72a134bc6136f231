/** Circuits that instances share, on Redis: the factory and its options. */
import {
  type BreakerStore,
  type SharedBreakers,
  type SharingOptions,
  shareBreakers,
} from '@seaworthy/circuit-breaker'
import { InvalidOptionError, knownOptions } from '@seaworthy/core'
import { RedisBreakerStore } from './breaker-store.ts'
import type { RedisClient } from './client.ts'
import { connectionOf, type RedisConnection } from './connection.ts'
import { checkedPrefix } from './key-options.ts'

/** Options of {@link redisBreakers}. */
export interface RedisBreakersOptions extends SharingOptions {
  /** Your client, or one under supervision ({@link redisConnection}), which other stores may share. */
  readonly redis: RedisClient | RedisConnection
  /** What the keys of all breakers begin with. No braces. @defaultValue `'breakers:'` */
  readonly prefix?: string
  /**
   * Whether instances tell each other by PUBLISH that something has changed, on one connection more. Without it they hear of it with their next
   * exchange. @defaultValue `true`
   */
  readonly hints?: boolean
}

/** Shares circuits through Redis. Made by {@link redisBreakers}. */
export interface RedisBreakers extends SharedBreakers {
  /** The client under supervision: health, events. */
  readonly connection: RedisConnection
  /** The store itself, for `shareBreakers` with other options. */
  readonly store: BreakerStore
  /** Closes the connection that listens for hints. The client stays open, and breakers go on without hints. */
  close(): void
  /** `waiting`: breakers that listen; `listeners`: open connections for it. */
  debugStats(): Record<string, number>
}

/**
 * Lets circuit breakers share their circuits with breakers of the same name in other processes, through Redis 7.0 or later: what the option
 * `store` takes. Each operation is one script and one round trip, in the background; all times are those of the server. Everything
 * expires: a breaker of which nobody has spoken for a day is forgotten.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { circuitBreaker } from '@seaworthy/circuit-breaker'
 * import { redisBreakers } from '@seaworthy/redis'
 * import { Redis } from 'ioredis'
 *
 * const client = new Redis({ lazyConnect: true })
 * const store = redisBreakers({ redis: client, quorum: 0.5 })
 * const breaker = circuitBreaker({ name: 'inventory', store })
 * console.log(await breaker.execute(() => 'in stock')) // in stock: calls do not ask Redis
 * breaker.dispose()
 * store.close()
 * client.disconnect()
 * ```
 */
export function redisBreakers(options: RedisBreakersOptions): RedisBreakers {
  knownOptions('redisBreakers', options, ['redis', 'prefix', 'hints', 'quorum', 'interval', 'timeout'])
  const { redis, prefix, hints = true, ...sharing } = options
  if (typeof hints !== 'boolean') throw new InvalidOptionError('hints', 'true or false', hints)
  const connection = connectionOf(redis)
  const store = new RedisBreakerStore({ connection, prefix: checkedPrefix(prefix, 'breakers:'), hints })
  return {
    connection,
    store,
    join: shareBreakers(store, sharing).join,
    close: () => store.close(),
    debugStats: () => store.debugStats(),
  }
}
