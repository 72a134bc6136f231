import { type RedisConnection, redisDeadLetters } from '@seaworthy/redis'
import { deadLetterStoreConformance } from '@seaworthy/testing/conformance'
import { advance, breakable, onSharedServer, processes, upperLevels } from './contract-levels.ts'

const make = (redis: RedisConnection, name: string) => {
  return { store: redisDeadLetters({ redis, name }), advance, close: async () => {} }
}

upperLevels(
  deadLetterStoreConformance({
    name: 'redisDeadLetters',
    clock: 'real',
    durable: true,
    processes,
    create: onSharedServer(make),
    breakable: breakable(make),
  }),
)
