/** What instances of a service share about its level, on Redis. */
import { randomUUID } from 'node:crypto'
import { knownOptions } from '@seaworthy/core'
import type { DegradationStore, FleetView, Level } from '@seaworthy/degradation'
import type { RedisClient } from './client.ts'
import { connectionOf, type RedisConnection } from './connection.ts'
import { checkedPrefix, checkedTag } from './key-options.ts'
import clear from './lua/degradation-clear.lua'
import exchange from './lua/degradation-exchange.lua'
import leave from './lua/degradation-leave.lua'
import override from './lua/degradation-override.lua'
import { type Argument, Script } from './script.ts'

/** Options of {@link redisDegradation}. */
export interface RedisDegradationOptions {
  /** Your client, or one under supervision ({@link redisConnection}), which other stores may share. */
  readonly redis: RedisClient | RedisConnection
  /** The service whose instances share a level. No braces. */
  readonly name: string
  /** What its keys begin with. No braces. @defaultValue `'degradation:'` */
  readonly prefix?: string
}

/** A store of levels on Redis. Made by {@link redisDegradation}. */
export interface RedisDegradationStore extends DegradationStore {
  /** The client under supervision: health, events. */
  readonly connection: RedisConnection
}

/** What they write is small, and when a server is full is no time to lose an operator's word. */
const evenWhenFull = '#!lua flags=allow-oom'

const scripts = {
  exchange: new Script(evenWhenFull, exchange),
  setOverride: new Script(evenWhenFull, override),
  clearOverride: new Script(evenWhenFull, clear),
  leave: new Script(evenWhenFull, leave),
}

/** How long an override without end is kept after the last instance has asked for it: thirty days. */
const keptAlone = 30 * 24 * 3_600_000

/**
 * Lets the instances of a service agree on its level through Redis 7.0 or later: what their rules call for, and the override that an
 * operator has set. Each method is one script and one round trip; all times are those of the server. Everything expires: an instance with the
 * `ttl` it gave, an override when it ends, one without end thirty days after the last instance asked.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. Methods reject with a {@link RedisUnavailableError}, within the
 *   `commandTimeout` of the connection; a manager goes on with what its own process knows.
 *
 * @example
 * ```ts
 * import { createDegradation } from '@seaworthy/degradation'
 * import { redisDegradation } from '@seaworthy/redis'
 * import { Redis } from 'ioredis'
 *
 * const client = new Redis({ lazyConnect: true })
 * client.on('error', () => {}) // a store that is away changes nothing
 * const degradation = createDegradation({ store: redisDegradation({ redis: client, name: 'shop' }) })
 * console.log(degradation.level) // normal
 * degradation.close()
 * client.disconnect()
 * ```
 */
export function redisDegradation(options: RedisDegradationOptions): RedisDegradationStore {
  knownOptions('redisDegradation', options, ['redis', 'name', 'prefix'])
  const { redis, name, prefix } = options
  return degradationStore(
    connectionOf(redis),
    `${checkedPrefix(prefix, 'degradation:')}{${checkedTag('name', name)}}`,
  )
}

function degradationStore(connection: RedisConnection, key: string): RedisDegradationStore {
  const instances = `${key}:instances`
  const overrideKey = `${key}:override`
  const run = (
    operation: keyof typeof scripts,
    keys: readonly string[],
    args: readonly Argument[],
  ): Promise<unknown> => connection.run(`degradation.${operation}`, scripts[operation], keys, args)
  return {
    connection,
    exchange: async (instance, target, ttl) =>
      viewOf(await run('exchange', [instances, overrideKey], [instance, target, ttl, keptAlone])),
    setOverride: async ({ level, mode, reason, actor }, endsIn) => {
      // Made here, so that a script that is sent twice sets the same override twice.
      const version = randomUUID()
      const ends = endsIn === undefined || endsIn === Number.POSITIVE_INFINITY ? '' : endsIn
      await run('setOverride', [overrideKey], [version, level, mode, reason, actor, ends, keptAlone])
      return version
    },
    clearOverride: async () => {
      await run('clearOverride', [overrideKey], [])
    },
    leave: async (instance) => {
      await run('leave', [instances], [instance])
    },
  }
}

type OverrideFields = readonly [
  endsIn: string,
  version: string,
  level: Level,
  mode: 'pin' | 'floor',
  ...string[],
]

/** Reads what `degradation-exchange.lua` answers. What it says was written by this store. */
function viewOf(answer: unknown): FleetView {
  const [fields, ...counted] = answer as readonly ['' | OverrideFields, ...(Level | number)[]]
  const targets: Level[] = []
  for (let i = 0; i < counted.length; i += 2)
    for (let count = 0; count < Number(counted[i + 1]); count++) targets.push(counted[i] as Level)
  if (fields === '') return { targets, override: undefined }
  const [endsIn, version, level, mode, reason = '', actor = ''] = fields
  return {
    targets,
    override: { level, mode, reason, actor, version, endsIn: endsIn === '' ? undefined : Number(endsIn) },
  }
}
