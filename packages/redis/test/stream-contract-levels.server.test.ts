import { type RedisConnection, redisDeadLetters, redisIdempotency, redisStream } from '@seaworthy/redis'
import { type TaskStreamSetup, taskStreamConformance } from '@seaworthy/testing/conformance'
import { advance, breakable, onSharedServer, processes, upperLevels } from './contract-levels.ts'
import { pace } from './stream-server.ts'

const make = (redis: RedisConnection, name: string, { capacity, maxLetters }: TaskStreamSetup) => {
  const stream = redisStream({ redis, name, capacity })
  const records = redisIdempotency({ redis, queue: name })
  const letters = redisDeadLetters({ redis, name, maxCount: maxLetters, overflow: 'refuse' })
  const close = async (): Promise<void> => {
    records.close()
    await stream.close()
  }
  return { stream, records, letters, advance, close }
}

upperLevels(
  taskStreamConformance({
    name: 'redisStream',
    clock: 'real',
    durable: true,
    processes,
    pace,
    create: onSharedServer(make),
    breakable: breakable(make, { capacity: 20, maxLetters: 100 }),
  }),
)
