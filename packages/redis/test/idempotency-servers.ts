/** Clients and stores for tests of the idempotency store. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type RedisClient,
  type RedisIdempotencyOptions,
  redisConnection,
  redisIdempotency,
} from '@seaworthy/redis'
import type { IdempotencyStoreUnderTest } from '@seaworthy/testing/conformance'
import { redisForTests } from '@seaworthy/testing/servers'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { type IdempotencyScripts, idempotencyScripts } from '../src/idempotency-scripts.ts'
import { RecordStore } from '../src/idempotency-store.ts'
import { Script } from '../src/script.ts'

export type Version = 'ioredis 6' | 'ioredis 5'

/** @param url - @defaultValue the server that the tests share */
export async function connect(version: Version = 'ioredis 6', url?: string): Promise<Redis> {
  const address = url ?? (await redisForTests()).url
  const client = version === 'ioredis 6' ? new Redis(address) : (new Redis5(address) as unknown as Redis)
  client.on('error', () => {})
  return client
}

/** Keys that no other test has. */
export const freshPrefix = (): string => `test:${randomUUID()}:`

/** A store with scripts of one's own, or with the right ones. */
export function storeWith(
  client: RedisClient,
  scripts?: IdempotencyScripts,
  options: Partial<RedisIdempotencyOptions> = {},
): RecordStore {
  const settings = {
    connection: redisConnection(client),
    prefix: options.prefix ?? freshPrefix(),
    queue: options.queue,
    waitReplicas: 0,
    replicaTimeout: 100,
    hints: true,
    listenerIdle: 10_000,
  }
  return new RecordStore(settings, scripts)
}

/** All scripts, with a change of their texts. */
export function changedScripts(rewrite: (lua: string) => string): IdempotencyScripts {
  const change = ({ source }: Script): Script => new Script(rewrite(source))
  const { claim, renew, complete, forget, peek } = idempotencyScripts(true)
  return {
    claim: change(claim),
    renew: change(renew),
    complete: change(complete),
    forget: change(forget),
    peek: change(peek),
  }
}

/** For the contract. Server time goes on by itself, so what lasts is waited for. */
export async function storeOnServer(version: Version, queue?: string): Promise<IdempotencyStoreUnderTest> {
  const client = await connect(version)
  const store = redisIdempotency({ redis: client, prefix: freshPrefix(), ...(queue && { queue }) })
  return {
    store,
    advance: (milliseconds) => sleep(milliseconds + 2),
    async close() {
      store.close()
      client.disconnect()
    },
  }
}
