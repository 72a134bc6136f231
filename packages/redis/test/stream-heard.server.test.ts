/** How an owner that fetches tells the server that it is there, and what time it is there. */
import { systemClock } from '@seaworthy/core'
import { redisConnection } from '@seaworthy/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freshStream, settledServer } from './stream-server.ts'

let redis: Redis
beforeAll(async () => {
  redis = new Redis(await settledServer())
})
afterAll(() => redis.disconnect())

/** A stream whose clock can be put forward. */
function setUp() {
  let ahead = 0
  const clock = { ...systemClock, now: () => systemClock.now() + ahead }
  const stream = freshStream(redis, { redis: redisConnection(redis, { clock }) })
  return {
    stream,
    putForward: (milliseconds: number) => {
      ahead += milliseconds
    },
    fetch: (owner: string) => stream.fetch(owner, { count: 1, wait: 20 }),
    heardAt: (owner: string) => redis.zscore(`test:{${stream.name}}:w`, owner),
  }
}

it('an owner that fetches again and again says so once a second', async () => {
  const { stream, putForward, fetch, heardAt } = setUp()
  await fetch('w')
  const first = await heardAt('w')
  await fetch('w')
  expect(await heardAt('w')).toBe(first)
  putForward(1000)
  await fetch('w')
  expect(Number(await heardAt('w'))).toBeGreaterThan(Number(first))
  await stream.close()
})

it('another owner of the same stream says so for itself, and one that left and comes back says so again', async () => {
  const { stream, fetch, heardAt } = setUp()
  await fetch('w')
  await fetch('v')
  expect(Number(await heardAt('v'))).toBeGreaterThan(0)
  expect(await stream.leave('v')).toBe(true)
  expect(await heardAt('v')).toBeNull()
  await fetch('v')
  expect(Number(await heardAt('v'))).toBeGreaterThan(0)
  await stream.close()
})

it('ages are right between two times that the server told its own', async () => {
  const { stream, fetch } = setUp()
  await fetch('w')
  await stream.enqueue({ payload: '1' })
  await new Promise((resolve) => setTimeout(resolve, 50))
  const [delivery] = await fetch('w')
  expect(delivery?.age).toBeGreaterThanOrEqual(49)
  expect(delivery?.age).toBeLessThan(10_000)
  await stream.close()
})

it('says so again to a server that lost everything', async () => {
  const { stream, fetch, heardAt } = setUp()
  await fetch('w')
  await redis.del(`test:{${stream.name}}:s`, `test:{${stream.name}}:w`)
  await fetch('w')
  await stream.enqueue({ payload: '1' })
  expect(await stream.fetch('w', { count: 1, wait: 2000 })).toHaveLength(1)
  expect(Number(await heardAt('w'))).toBeGreaterThan(0)
  await stream.close()
})
