/** Dead letters on a real server whose time stands still until a test moves it. */
import { randomUUID } from 'node:crypto'
import { Hub } from '@seaworthy/core'
import type { DeadLetterStore, NewLetter } from '@seaworthy/dead-letter'
import type { DeadLetterStoreOptions } from '@seaworthy/testing/conformance'
import { redisForTests } from '@seaworthy/testing/servers'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { RedisConnection } from '../src/connection.ts'
import { deadLetterKeys } from '../src/dead-letter-keys.ts'
import { deadLetterScripts } from '../src/dead-letter-scripts.ts'
import { LetterStore, type LetterStoreSettings } from '../src/dead-letter-store.ts'
import { streamKeys } from '../src/stream-entry.ts'

/** When the virtual time begins. */
const origin = 1_700_000_000_000

/** A name that no other test has. */
export const freshName = (): string => `test-${randomUUID()}`

/** A client of either version of ioredis, for the shared server. */
export async function connect(version: 5 | 6 = 6): Promise<Redis> {
  const { url } = await redisForTests()
  return version === 6 ? new Redis(url) : (new Redis5(url) as unknown as Redis)
}

/** A connection with a hub of its own and time enough for a busy machine. */
export const supervised = (client: Redis): RedisConnection =>
  new RedisConnection(client, { hub: new Hub(), commandTimeout: '20s' })

/** Settings for a queue that nobody else uses. */
export function settings(client: Redis, more: Partial<LetterStoreSettings> = {}): LetterStoreSettings {
  return {
    connection: supervised(client),
    name: freshName(),
    prefix: 'dlq:',
    maxCount: 1000,
    overflow: 'refuse',
    keepSettled: 1000,
    auditLimit: 1000,
    stream: undefined,
    ...more,
  }
}

/** With a stream beside it. */
export function withStream(name: string): Pick<LetterStoreSettings, 'name' | 'stream'> {
  return { name, stream: { keys: streamKeys({ name }), auditLimit: 100 } }
}

/** The scripts take the time from the server; here from two fields of a key that they have anyway. */
const virtualTime = (lua: string): string =>
  lua.replaceAll("redis.call('TIME')", "redis.call('HMGET', KEYS[4], 'test:seconds', 'test:microseconds')")

/** Makes stores for the contract. `rewrite` changes the scripts. */
export function storesOn(
  client: () => Redis,
  { publishes = false, rewrite = (lua: string) => lua } = {},
): DeadLetterStoreOptions['create'] {
  return async (setup) => {
    const name = freshName()
    const own = settings(client(), { ...setup, name, ...(publishes && withStream(name)) })
    const store = new LetterStore(
      own,
      deadLetterScripts(publishes, (lua) => virtualTime(rewrite(lua))),
    )
    const meta = deadLetterKeys(own.prefix, name)[3] as string
    let now = origin
    const advance = async (milliseconds: number): Promise<void> => {
      now += milliseconds
      await client().hset(
        meta,
        'test:seconds',
        Math.floor(now / 1000),
        'test:microseconds',
        (now % 1000) * 1000,
      )
    }
    await advance(0)
    const close = async (): Promise<void> => removeKeys(client(), name)
    return { store, advance, close }
  }
}

/** Removes everything of a queue. */
export async function removeKeys(client: Redis, name: string): Promise<void> {
  const keys = await client.keys(`*{${name}}*`)
  if (keys.length > 0) await client.unlink(...keys)
}

/** Adds a letter. @returns Its id. */
export async function add(store: DeadLetterStore, letter: NewLetter): Promise<string> {
  const result = await store.add(letter)
  if (result.outcome !== 'added') throw new Error(result.outcome)
  return result.id
}
