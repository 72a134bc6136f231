import type { Redis } from 'ioredis'
import { afterAll, beforeAll } from 'vitest'
import { storeContract } from '../../dead-letter/test/store-contract.ts'
import { connect, storesOn } from './dead-letter-toys.ts'

for (const version of [6, 5] as const) {
  let client: Redis
  beforeAll(async () => {
    client = await connect(version)
  })
  afterAll(() => client.disconnect())

  // Every step is several round trips.
  const options = { histories: 25 }
  storeContract(`Redis with ioredis ${version}`, (setup) => storesOn(() => client)(setup), options)
  storeContract(
    `Redis with a stream beside it, ioredis ${version}`,
    (setup) => storesOn(() => client, { publishes: true })(setup),
    options,
  )
}
