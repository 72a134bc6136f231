/** Finding letters by their key, turns, and upkeep that many processes share. */
import { Hub } from '@seaworthy/core'
import { type DeadLetters, deadLetters } from '@seaworthy/dead-letter'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { storeExtras } from '../../dead-letter/test/store-extras.ts'
import { deadLetterScripts } from '../src/dead-letter-scripts.ts'
import { redisDeadLetters } from '../src/dead-letters.ts'
import { connect, freshName, removeKeys, storesOn, supervised } from './dead-letter-toys.ts'

let client: Redis
beforeAll(async () => {
  client = await connect()
})
afterAll(() => client.disconnect())

storeExtras('Redis', (setup) => storesOn(() => client)(setup), { describe, it })

describe('wrong scripts', () => {
  const mistakes = [
    {
      mistake: 'gives a turn that somebody has',
      right: 'if taken and holder ~= owner then return ends - queue.now end',
      wrong: '',
    },
    {
      mistake: 'gives a turn before it is time',
      right: "next > queue.now and ARGV[5] ~= '1'",
      wrong: 'false',
    },
    {
      mistake: 'takes an early one for late',
      right: "next > queue.now and ARGV[5] ~= '1'",
      wrong: 'next > queue.now',
    },
    { mistake: 'lets anybody end a turn', right: 'if holder ~= owner then return 0 end', wrong: '' },
    {
      mistake: 'gives a turn too late',
      right: "holder ~= '' and ends > queue.now",
      wrong: "holder ~= '' and ends >= queue.now",
    },
    {
      mistake: 'mixes up jobs',
      right: "local job, owner, lease = 'turn:' .. ARGV[2] .. ':'",
      wrong: "local job, owner, lease = 'turn:'",
    },
    {
      mistake: 'forgets when it was time if somebody falls silent',
      right: 'return write(owner, queue.now + lease, next)',
      wrong: 'return write(owner, queue.now + lease, 0)',
    },
    {
      mistake: 'finds the first letter of a key instead of the last',
      right: "redis.call('HSET', queue.keys, letter.key, sequence)",
      wrong: "redis.call('HSETNX', queue.keys, letter.key, sequence)",
    },
    {
      mistake: 'forgets the keys of letters that are settled',
      right: "letters.writePayload(queue, sequence, record, '')",
      wrong: "letters.forgetKey(queue, sequence, record) letters.writePayload(queue, sequence, record, '')",
    },
  ] as const

  it.each(mistakes)('are caught: one that $mistake', async ({ right, wrong }) => {
    let places = 0
    const rewrite = (lua: string): string => {
      places += lua.split(right).length - 1
      return lua.replaceAll(right, () => wrong)
    }
    for (const { source } of Object.values(deadLetterScripts(false, rewrite)))
      await client.script('LOAD', source)
    expect(places).toBeGreaterThan(0)
    const failed: string[] = []
    const checks: (readonly [string, () => Promise<void>])[] = []
    storeExtras(
      'wrong',
      storesOn(() => client, { rewrite }),
      {
        describe: (_, tests) => tests(),
        it: (name, test) => void checks.push([name, test]),
      },
    )
    await Promise.all(checks.map(([name, check]) => check().catch(() => failed.push(name))))
    expect(failed).not.toEqual([])
  })
})

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
