/** The contract of all streams, on both versions of the client. */

import { taskStreamConformance } from '@seaworthy/testing/conformance'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe } from 'vitest'
import { firstLevels } from './contract-levels.ts'
import { clients, pace, settledServer, underTest } from './stream-server.ts'

describe.each(clients)('on %s', (_version, connect) => {
  let redis: Redis
  beforeAll(async () => {
    redis = connect(await settledServer())
  })
  afterAll(() => redis.disconnect())

  firstLevels(
    taskStreamConformance({
      name: 'redisStream',
      clock: 'real',
      pace,
      histories: 25, // every step goes over a network
      create: async (setup) => underTest(redis, setup),
    }),
  )
})
