/** Upkeep that many processes share. */
import { Hub } from '@seaworthy/core'
import { type DeadLetters, deadLetters } from '@seaworthy/dead-letter'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { redisDeadLetters } from '../src/dead-letters.ts'
import { connect, freshName, removeKeys, supervised } from './dead-letter-toys.ts'

let client: Redis
beforeAll(async () => {
  client = await connect()
})
afterAll(() => client.disconnect())

describe('upkeep of many processes', () => {
  it('is done once by all of them, and goes on when the one at it is gone', async () => {
    const name = freshName()
    const own = await Promise.all(Array.from({ length: 4 }, () => connect()))
    let runs = 0
    const sent: string[] = []
    const queues: DeadLetters<string>[] = own.map((redis) => {
      const queue = deadLetters<string>({
        store: redisDeadLetters({ redis: supervised(redis), name }),
        hub: new Hub(),
        replay: ({ message }) => void sent.push(message),
        recovery: { strategies: { '*': () => 'replay' }, every: '300ms', perSecond: 1000 },
        retention: { every: '1d' },
      })
      queue.on('upkeep', ({ job }) => void (job === 'recovery' && runs++))
      return queue
    })
    const [first] = queues as [DeadLetters<string>]
    await first.add('a', new Error('x'))
    const began = performance.now()
    for (const queue of queues) queue.start()
    await vi.waitFor(() => expect(runs).toBeGreaterThanOrEqual(5), { timeout: 20_000 })
    // Each by itself would have come four times as often.
    expect(runs).toBeLessThanOrEqual(Math.ceil((performance.now() - began) / 270) + 1)
    expect(sent).toEqual(['a'])
    await first.close()
    const before = runs
    await vi.waitFor(() => expect(runs).toBeGreaterThan(before + 1), { timeout: 20_000 })
    expect(await queues[1]?.upkeep.runNow('retention')).toMatchObject([{ outcome: 'done' }])
    await Promise.all(queues.map((queue) => queue.close()))
    await removeKeys(client, name)
    for (const redis of own) redis.disconnect()
  })

  it('holds the turn of a process that was killed no longer than its lease', async () => {
    const name = freshName()
    const store = redisDeadLetters({ redis: supervised(client), name })
    await store.beginTurn?.({ job: 'recovery', owner: 'killed', leaseFor: 300, early: false })
    const queue = deadLetters({ store, hub: new Hub(), replay: () => {} })
    expect(await queue.upkeep.runNow('recovery')).toMatchObject([{ outcome: 'elsewhere' }])
    await vi.waitFor(
      async () => expect(await queue.upkeep.runNow('recovery')).toMatchObject([{ outcome: 'done' }]),
      5000,
    )
    await queue.close()
    await removeKeys(client, name)
  })
})
