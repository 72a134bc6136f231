/** The contract of all streams, on both versions of the client. */

import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe } from 'vitest'
import { streamContract } from '../../worker/test/store-contract.ts'
import { clients, freshStream, pace, settledServer, underTest } from './stream-server.ts'

describe.each(clients)('on %s', (_version, connect) => {
  let redis: Redis
  beforeAll(async () => {
    redis = connect(await settledServer())
  })
  afterAll(() => redis.disconnect())

  streamContract('redisStream', async () => underTest(freshStream(redis, { capacity: 20 })), undefined, pace)
})
