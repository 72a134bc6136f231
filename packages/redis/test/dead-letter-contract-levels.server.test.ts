import { type RedisConnection, redisDeadLetters } from '@seaworthy/redis'
import { type DeadLetterStoreSetup, deadLetterStoreConformance } from '@seaworthy/testing/conformance'
import { advance, breakable, onSharedServer, processes, upperLevels } from './contract-levels.ts'

const make = (redis: RedisConnection, name: string, setup: DeadLetterStoreSetup) => {
  return { store: redisDeadLetters({ redis, name, ...setup }), advance, close: async () => {} }
}

upperLevels(
  deadLetterStoreConformance({
    name: 'redisDeadLetters',
    clock: 'real',
    durable: true,
    processes,
    create: onSharedServer(make),
    breakable: breakable(make, { maxCount: 10_000, overflow: 'refuse' }),
  }),
)
