import { deadLetterStoreConformance } from '@seaworthy/testing/conformance'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll } from 'vitest'
import { firstLevels } from './contract-levels.ts'
import { connect, storesOn } from './dead-letter-toys.ts'

for (const version of [6, 5] as const) {
  let client: Redis
  beforeAll(async () => {
    client = await connect(version)
  })
  afterAll(() => client.disconnect())

  for (const publishes of [false, true])
    firstLevels(
      deadLetterStoreConformance({
        name: `Redis with ioredis ${version}${publishes ? ', a stream beside it' : ''}`,
        clock: 'controlled',
        histories: 25, // every step is several round trips
        create: (setup) => storesOn(() => client, { publishes })(setup),
      }),
      { seed: 20 }, // with which so few histories see all there is
    )
}
