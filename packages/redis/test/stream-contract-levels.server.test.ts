import { type RedisConnection, redisStream } from '@seaworthy/redis'
import { taskStreamConformance } from '@seaworthy/testing/conformance'
import { advance, breakable, onSharedServer, processes, upperLevels } from './contract-levels.ts'
import { pace } from './stream-server.ts'

const make = (redis: RedisConnection, name: string) => {
  const stream = redisStream({ redis, name, capacity: 20 })
  return { stream, advance, close: () => stream.close() }
}

upperLevels(
  taskStreamConformance({
    name: 'redisStream',
    clock: 'real',
    durable: true,
    processes,
    pace,
    create: onSharedServer(make),
    breakable: breakable(make),
  }),
)
