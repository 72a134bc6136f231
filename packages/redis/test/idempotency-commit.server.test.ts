/** The seam through which a task stream settles records in its own scripts. */
import { memoryIdempotencyStore } from '@seaworthy/idempotency'
import { redisConnection, redisIdempotency } from '@seaworthy/redis'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { completionArguments, completionFunctions, recordsBeside } from '../src/idempotency-commit.ts'
import { Script } from '../src/script.ts'
import { connect, freshPrefix } from './idempotency-servers.ts'

let redis: Redis

beforeAll(async () => {
  redis = await connect()
})

afterAll(() => redis.disconnect())

it('settles a record in a script that does more, and changes nothing for an owner that was replaced', async () => {
  const connection = redisConnection(redis)
  const store = redisIdempotency({ redis: connection, prefix: freshPrefix(), queue: 'mails' })
  const claim = await store.claim('task', {
    owner: 'ann',
    fingerprint: '',
    lease: 1000,
    retain: 1000,
    takeover: true,
  })
  if (claim.kind !== 'acquired') throw new Error(claim.kind)
  const place = recordsBeside(store, connection, 'mails')?.('task') ?? ''
  const joined = new Script(
    '#!lua flags=allow-oom',
    completionFunctions,
    `local settled = idempotency.settle(KEYS[1], idempotency.read(KEYS[1]), unpack(ARGV))
     return { settled, redis.call('EXISTS', KEYS[1]) }`,
  )
  const request = {
    owner: 'ann',
    fence: claim.fence,
    state: 'completed',
    payload: undefined,
    ttl: 60_000,
  } as const
  const commit = (fence: number): Promise<unknown> =>
    connection.run('commit', joined, [place], completionArguments({ ...request, fence }))
  expect(await commit(claim.fence + 1)).toEqual(['stale', 1])
  expect(await store.peek('task')).toMatchObject({ state: 'inFlight' })
  expect(await commit(claim.fence)).toEqual(['stored', 1])
  expect(await commit(claim.fence)).toEqual(['already', 1])
  expect(await store.peek('task')).toMatchObject({ state: 'completed', owner: 'ann' })
  await store.forget('task')
  expect(await commit(claim.fence)).toEqual(['gone', 0])
})

it('is there only for records beside the keys of the queue, on the same client', async () => {
  const connection = redisConnection(redis)
  const beside = redisIdempotency({ redis, queue: 'mails' })
  expect(recordsBeside(beside, connection, 'mails')?.('a')).toBe('idempotency:{mails}:a')
  expect(recordsBeside(beside, connection, 'letters')).toBeUndefined()
  expect(recordsBeside(redisIdempotency({ redis }), connection, 'mails')).toBeUndefined()
  expect(recordsBeside(memoryIdempotencyStore(), connection, 'mails')).toBeUndefined()
  const other = await connect()
  expect(recordsBeside(beside, redisConnection(other), 'mails')).toBeUndefined()
  other.disconnect()
})
