import { type RedisConnection, redisIdempotency } from '@seaworthy/redis'
import { idempotencyStoreConformance } from '@seaworthy/testing/conformance'
import { advance, breakable, onSharedServer, processes, upperLevels } from './contract-levels.ts'

const make = (redis: RedisConnection, prefix: string) => {
  const store = redisIdempotency({ redis, prefix })
  return { store, advance, close: async () => store.close() }
}

upperLevels(
  idempotencyStoreConformance({
    name: 'redisIdempotency',
    clock: 'real',
    durable: true,
    processes,
    create: () => onSharedServer(make)(undefined),
    breakable: breakable(make, undefined),
  }),
)
