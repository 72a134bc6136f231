/** Tasks and records that end in one step: what only a server can show. The contract is in the conformance kit. */
import { type IdempotencyStore, memoryIdempotencyStore } from '@seaworthy/idempotency'
import { redisIdempotency } from '@seaworthy/redis'
import type { TaskCommit } from '@seaworthy/worker'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clients, freshStream, settledServer, underTest } from './stream-server.ts'

let url: string
beforeAll(async () => {
  url = await settledServer()
})

const setup = { capacity: 1000, maxLetters: 1000 }

describe('on a server', () => {
  let redis: Redis
  beforeAll(() => {
    redis = clients[0]?.[1](url) as Redis
  })
  afterAll(() => redis.disconnect())

  it('changes nothing for anybody when a record cannot be read', async () => {
    const { stream, records, close } = underTest(redis, setup)
    const store = records as IdempotencyStore
    await stream.enqueueMany([{ payload: '1' }, { payload: '2' }])
    const [a, b] = await stream.fetch('w', { count: 2, wait: 0 })
    const { fence } = (await store.claim('a', {
      owner: 'o',
      fingerprint: '',
      lease: 1000,
      retain: 60_000,
      takeover: true,
    })) as { fence: number }
    await redis.set(`test:idempotency:{${stream.name}}:b`, 'something else')
    const completion = { owner: 'o', fence, state: 'completed', payload: undefined, ttl: 1000 } as const
    const end = { receipt: a?.receipt ?? '', key: 'a', completion }
    const { commit } = stream.commits(store) as TaskCommit
    const both = commit('w', [end, { receipt: b?.receipt ?? '', key: 'b', completion }])
    await expect(both).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', reason: 'error' })
    expect((await store.peek('a'))?.state).toBe('inFlight')
    expect(await stream.stats()).toMatchObject({ pending: 2, acknowledged: 0 })
    expect(await commit('w', [end])).toEqual(['done'])
    await close()
  })

  it('leaves records alone that live elsewhere', async () => {
    const stream = freshStream(redis)
    expect(stream.commits(memoryIdempotencyStore())).toBeUndefined()
    const other = redisIdempotency({ redis, queue: 'other' })
    expect(stream.commits(other)).toBeUndefined()
    other.close()
    await stream.close()
  })
})
