/** What a server tells about itself, as far as it matters to those who keep things there. */

/** A Redis server as it describes itself. What it does not tell is undefined. */
export interface RedisServerFacts {
  readonly version: string | undefined
  /** A replica takes no writes. */
  readonly role: 'primary' | 'replica' | undefined
  /** `maxmemory` in bytes; 0 for no limit. */
  readonly maxMemory: number | undefined
  /** `maxmemory-policy`: what it does when it is full. Anything but `noeviction` throws away what it was to keep. */
  readonly evictionPolicy: string | undefined
  /** Whether it writes an append-only file. */
  readonly appendOnlyFile: boolean | undefined
}

/** Why a server that answers is not one to rely on. `evicts`: it drops keys of its own choice when it is full. */
export type RedisRisk = 'evicts'

/**
 * Reads the answer to INFO. That is allowed where CONFIG is not.
 *
 * Source: https://redis.io/docs/latest/commands/info/
 */
export function factsOf(info: string): RedisServerFacts {
  const tell = (field: string): string | undefined =>
    new RegExp(`^${field}:(.*?)\\r?$`, 'm').exec(info)?.[1] || undefined
  const role = tell('role')
  const maxMemory = Number(tell('maxmemory') ?? Number.NaN)
  const appendOnlyFile = tell('aof_enabled')
  return {
    version: tell('redis_version'),
    role: role === 'master' ? 'primary' : role === 'slave' ? 'replica' : undefined,
    maxMemory: Number.isNaN(maxMemory) ? undefined : maxMemory,
    evictionPolicy: tell('maxmemory_policy'),
    appendOnlyFile: appendOnlyFile === undefined ? undefined : appendOnlyFile === '1',
  }
}

/** What is wrong with a server, if anything is. The limit may be set at any time, so the policy counts without one, too. */
export function riskOf({ evictionPolicy }: RedisServerFacts): RedisRisk | undefined {
  return evictionPolicy === undefined || evictionPolicy === 'noeviction' ? undefined : 'evicts'
}
