/** Whose turn it is to do a job that is done once across instances, on Redis. */
import { knownOptions } from '@seaworthy/core'
import type { RedisClient } from './client.ts'
import { connectionOf, type RedisConnection } from './connection.ts'
import { checkedPrefix, taggedKey } from './key-options.ts'
import begin from './lua/upkeep-begin.lua'
import end from './lua/upkeep-end.lua'
import { Script } from './script.ts'

/** Options of {@link redisUpkeep}. */
export interface RedisUpkeepOptions {
  /** Your client, or one under supervision ({@link redisConnection}), which other stores may share. */
  readonly redis: RedisClient | RedisConnection
  /** What the keys of all jobs begin with: instances that share jobs have the same. No braces. @defaultValue `'upkeep:'` */
  readonly prefix?: string
}

/** Gives each job to one instance at a time: the `UpkeepStore` of `@seaworthy/ops`. Made by {@link redisUpkeep}. */
export interface RedisUpkeepStore {
  /** The client under supervision: health, events. */
  readonly connection: RedisConnection
  /**
   * Asks for the turn of a job, or keeps it: it is granted unless another owner's has not lapsed, or it is not time yet and not `early`.
   *
   * @returns 0 if it is granted; else how many milliseconds later it makes sense to ask again.
   */
  begin(request: {
    readonly job: string
    readonly owner: string
    readonly leaseFor: number
    readonly early: boolean
  }): Promise<number>
  /** Ends the turn if `owner` has it still. It is time again `nextIn` milliseconds from now. */
  end(turn: { readonly job: string; readonly owner: string; readonly nextIn: number }): Promise<void>
}

/** What they write is small, and a full server is no reason to let upkeep lie: it may be what makes room. */
const evenWhenFull = '#!lua flags=allow-oom'

const scripts = { begin: new Script(evenWhenFull, begin), end: new Script(evenWhenFull, end) }

/**
 * Lets the jobs of scheduled upkeep run once across instances, through Redis 7.0 or later. Each method is one script and one round trip; all
 * times are those of the server. A job that nobody has asked for is forgotten a day after its turn and its next time are over.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. Methods reject with a {@link RedisUnavailableError}, within the
 *   `commandTimeout` of the connection.
 *
 * @example
 * ```ts
 * import { redisUpkeep } from '@seaworthy/redis'
 * import { startRedis } from '@seaworthy/testing/servers' // a private server for this example; you have your own
 * import { Redis } from 'ioredis'
 *
 * await using server = await startRedis()
 * const client = new Redis(server.url)
 * const store = redisUpkeep({ redis: client })
 * const ask = (owner: string) => store.begin({ job: 'report', owner, leaseFor: 60_000, early: false })
 * console.log(await ask('ann'), (await ask('bob')) > 0) // 0 true
 * client.disconnect()
 * ```
 */
export function redisUpkeep(options: RedisUpkeepOptions): RedisUpkeepStore {
  knownOptions('redisUpkeep', options, ['redis', 'prefix'])
  const connection = connectionOf(options.redis)
  const prefix = checkedPrefix(options.prefix, 'upkeep:')
  return {
    connection,
    begin: async ({ job, owner, leaseFor, early }) => {
      const args = [owner, leaseFor, early ? 1 : 0]
      return Number(await connection.run('upkeep.begin', scripts.begin, [taggedKey(prefix, job)], args))
    },
    end: async ({ job, owner, nextIn }) => {
      await connection.run('upkeep.end', scripts.end, [taggedKey(prefix, job)], [owner, nextIn])
    },
  }
}
