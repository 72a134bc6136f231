/** Tasks and records that end in one step: the contract, what only a server can show, and scripts that are wrong. */
import { randomUUID } from 'node:crypto'
import { jsonPayload } from '@seaworthy/dead-letter'
import { memoryIdempotencyStore } from '@seaworthy/idempotency'
import { redisIdempotency } from '@seaworthy/redis'
import type { TaskCommit } from '@seaworthy/worker'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CommitUnderTest, commitContract } from '../../worker/test/commit-contract.ts'
import { RedisConnection } from '../src/connection.ts'
import { streamScripts } from '../src/stream-scripts.ts'
import { RedisTaskStream } from '../src/task-stream.ts'
import { clients, freshStream, settledServer } from './stream-server.ts'

let url: string
beforeAll(async () => {
  url = await settledServer()
})

function underTest(redis: Redis, rewrite?: (lua: string) => string): CommitUnderTest {
  const connection = new RedisConnection(redis, { commandTimeout: '20s' })
  const name = randomUUID()
  const settings = { capacity: 1000, auditLimit: 1000, block: 5000, codec: jsonPayload, random: Math.random }
  const stream = new RedisTaskStream(
    { connection, name, prefix: 'test:', ...settings },
    streamScripts(rewrite),
  )
  const store = redisIdempotency({ redis: connection, queue: name, prefix: 'test:idempotency:' })
  const close = async (): Promise<void> => {
    store.close()
    await stream.close()
  }
  return { stream, store, close }
}

describe.each(clients)('on %s', (_version, connect) => {
  let redis: Redis
  beforeAll(() => {
    redis = connect(url)
  })
  afterAll(() => redis.disconnect())

  commitContract('redisStream', async () => underTest(redis))
})

describe('on a server', () => {
  let redis: Redis
  beforeAll(() => {
    redis = clients[0]?.[1](url) as Redis
  })
  afterAll(() => redis.disconnect())

  it('changes nothing for anybody when a record cannot be read', async () => {
    const { stream, store, close } = underTest(redis)
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

interface Mistake {
  readonly mistake: string
  readonly right: string
  readonly wrong: string
  /** A part of the name of the test that has to notice it. */
  readonly noticedBy: string
}

const byItself = 'judges each by itself'

const mistakes: readonly Mistake[] = [
  {
    mistake: 'looks at the fence of the first task only',
    right: "unpack(ARGV, at + 2, at + 7)) == 'stale' then",
    wrong: "unpack(ARGV, at + 2, at + 7)) == 'stale' and index == 1 then",
    noticedBy: byItself,
  },
  {
    mistake: 'stops at the first that is stale',
    right: "answers[index] = 'stale'",
    wrong: "answers[index] = 'stale' break",
    noticedBy: byItself,
  },
  {
    mistake: 'does nothing if one of them is lost',
    right: "answers[index] = 'lost'",
    wrong: "for each = 1, #receipts do answers[each] = 'lost' end return answers",
    noticedBy: byItself,
  },
  {
    mistake: 'commits with the receipt of somebody else',
    right: 'local found = pending(first, last, limit, owner)',
    wrong: 'local found = pending(first, last, limit)',
    noticedBy: byItself,
  },
  {
    mistake: 'settles the record of a task that is lost',
    right: "answers[index] = 'lost'",
    wrong:
      "answers[index] = 'lost' idempotency.settle(key, idempotency.read(key), unpack(ARGV, at + 2, at + 7))",
    noticedBy: byItself,
  },
  {
    mistake: 'acknowledges what is stale',
    right: "answers[index] = 'stale'",
    wrong: "answers[index] = 'stale' ids[#ids + 1] = row[1]",
    noticedBy: byItself,
  },
  {
    mistake: 'settles the record of its neighbour',
    right: 'local key, at = KEYS[7 + index]',
    wrong: 'local key, at = KEYS[8]',
    noticedBy: byItself,
  },
  {
    mistake: 'ends a task as often as it is told',
    right: 'held[receipt] = nil\n    ids[',
    wrong: 'ids[',
    noticedBy: 'answers lost to what was ended before',
  },
  {
    mistake: 'settles a record twice',
    right: 'idempotency.settle(key, records[key],',
    wrong:
      'idempotency.settle(key, records[key] and { state = "inFlight", owner = records[key].owner, grant = "acquired", fence = records[key].fence, attempt = 1, leaseUntil = 1, fingerprint = "" },',
    noticedBy: 'settles a record once',
  },
  {
    mistake: 'settles and does not acknowledge',
    right: 'acknowledge(owner, ids, steps)\nreturn answers',
    wrong: 'return answers',
    noticedBy: 'in one step, or neither',
  },
  {
    mistake: 'acknowledges and does not settle',
    right: 'record.state = state\n',
    wrong: '',
    noticedBy: 'in one step, or neither',
  },
  {
    mistake: 'tells the audit of the first only',
    right: 'if auditLimit > 0 then steps[#steps + 1] = toldStep(ARGV[at + 1], row) end',
    wrong: 'if index == 1 then steps[1] = toldStep(ARGV[at + 1], row) end',
    noticedBy: 'tells it to the audit',
  },
]

describe('a script that is wrong', () => {
  let redis: Redis
  beforeAll(() => {
    redis = clients[0]?.[1](url) as Redis
  })
  afterAll(() => redis.disconnect())

  it.each(mistakes)('and $mistake is noticed', async ({ right, wrong, noticedBy }) => {
    let places = 0
    const rewrite = (lua: string): string => {
      places += lua.split(right).length - 1
      return lua.replaceAll(right, () => wrong)
    }
    const found: (() => Promise<void>)[] = []
    let [before, after] = [async () => {}, async () => {}]
    commitContract('', async () => underTest(redis, rewrite), {
      describe: (_name, register) => register(),
      beforeEach: (run) => {
        before = run
      },
      afterEach: (run) => {
        after = run
      },
      it: (name, run) => name.includes(noticedBy) && found.push(run),
    })
    expect(found, noticedBy).toHaveLength(1)
    const noticing = async (): Promise<void> => {
      await before()
      await found[0]?.().finally(after)
    }
    // By what it does, not by its grammar.
    await expect(noticing()).rejects.toSatisfy((error) => !/compiling|user_script/i.test(String(error)))
    expect(places).toBeGreaterThan(0)
  })
})
