/** A task and its dead letter on one server: one step, whatever happens to workers, scripts and memory. */
import { randomUUID } from 'node:crypto'
import { deadLetters, jsonPayload, memoryDeadLetters } from '@seaworthy/dead-letter'
import { redisConnection, redisDeadLetters, redisStream } from '@seaworthy/redis'
import { type RedisServer, startRedis } from '@seaworthy/testing/servers'
import type { TaskMessage } from '@seaworthy/worker'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  type BurialRegister,
  type BurialUnderTest,
  burialContract,
} from '../../worker/test/burial-contract.ts'
import { deadLetterKeys } from '../src/dead-letter-keys.ts'
import { LetterStore } from '../src/dead-letter-store.ts'
import { streamScripts } from '../src/stream-scripts.ts'
import { RedisTaskStream } from '../src/task-stream.ts'
import { removeKeys, settings, supervised } from './dead-letter-toys.ts'
import { startWorker, trailOf, workerProgram } from './stream-processes.ts'
import { clients, freshStream, settled, settledServer, underTest } from './stream-server.ts'

let url = ''
let client: Redis
beforeAll(async () => {
  url = await settledServer()
  client = new Redis(url)
})
afterAll(() => client.disconnect())

/** A stream with letters beside it, on a client; perhaps with scripts that make mistakes. */
function beside(redis: Redis, maxCount: number, rewrite?: (lua: string) => string): BurialUnderTest {
  const name = randomUUID()
  const connection = supervised(redis)
  const letters = new LetterStore({ ...settings(redis), connection, name, maxCount })
  const own = {
    connection,
    name,
    prefix: 'q:',
    capacity: 1000,
    auditLimit: 1000,
    block: 5000,
    codec: jsonPayload,
    random: Math.random,
  }
  const stream =
    rewrite === undefined
      ? freshStream(redis, { redis: connection, name, prefix: 'q:' })
      : new RedisTaskStream(own, streamScripts(rewrite))
  return {
    ...underTest(stream),
    letters,
    close: async () => {
      await stream.close()
      await removeKeys(redis, name)
    },
  }
}

for (const [version, connect] of clients) {
  let own: Redis
  beforeAll(() => {
    own = connect(url)
  })
  afterAll(() => own.disconnect())
  burialContract(`Redis with ${version}`, async ({ maxCount }) => beside(own, maxCount), true, {
    describe,
    it,
  })
}

describe('letters that live elsewhere', () => {
  it('are told apart: on another client, under another name, in another store', async () => {
    const connection = redisConnection(client)
    const other = new Redis(url)
    const stream = redisStream({ redis: connection, name: 'mails' })
    expect(stream.burials(redisDeadLetters({ redis: connection, name: 'mails' }))).toBeTypeOf('object')
    expect(stream.burials(redisDeadLetters({ redis: client, name: 'mails' }))).toBeTypeOf('object')
    expect(stream.burials(redisDeadLetters({ redis: other, name: 'mails' }))).toBeUndefined()
    expect(stream.burials(redisDeadLetters({ redis: connection, name: 'letters' }))).toBeUndefined()
    expect(stream.burials(memoryDeadLetters())).toBeUndefined()
    await stream.close()
    other.disconnect()
  })
})

describe('a server without memory', () => {
  it('takes neither the letter nor the task, and both when it has some again', async () => {
    await using server = await startRedis({ args: ['--maxmemory-policy', 'noeviction'] })
    const own = new Redis(server.url)
    const { stream, letters } = beside(own, 100)
    const queue = deadLetters({ store: letters })
    await stream.enqueue({ id: 'a', payload: '1' })
    const [delivery] = await stream.fetch('me', { count: 1, wait: 5000 })
    const { letter } = await queue.prepare('a', new Error('x'))
    const bury = () => stream.burials(letters)?.bury('me', delivery?.receipt ?? '', 'fatal', letter)
    const { now: _, ...before } = await letters.counts()
    await own.config('SET', 'maxmemory', '1')
    await expect(bury()).rejects.toMatchObject({ reason: 'full' })
    expect(await stream.stats()).toMatchObject({ pending: 1, dead: 0 })
    expect(await letters.counts()).toMatchObject(before)
    await own.config('SET', 'maxmemory', '0')
    expect(await bury()).toMatchObject({ outcome: 'added' })
    expect(await stream.stats()).toMatchObject({ pending: 0, dead: 1 })
    expect(await letters.counts()).toMatchObject({ dead: 1 })
    await stream.close()
    own.disconnect()
  })
})

describe('workers that die', () => {
  it('leave every task either done, or dead with one letter, or to somebody else; killed at any instant', async () => {
    await using server: RedisServer = await startRedis({ persistence: 'everysec' })
    await settled(server.url)
    const own = new Redis(server.url)
    const program = workerProgram()
    const prefix = 'test:'
    const stream = freshStream(own, { name: randomUUID(), prefix, auditLimit: Number.POSITIVE_INFINITY })
    const letters = deadLetters<TaskMessage>({
      store: redisDeadLetters({ redis: own, name: stream.name, prefix: `${prefix}dead:` }),
    })
    const count = 600
    // All but a few fail: workers are in the middle of burials most of the time.
    const fate = (n: number) => (n % 10 === 0 ? 'succeed' : 'fail')
    await stream.enqueueMany(
      Array.from({ length: count }, (_, n) => ({
        id: `t${n}`,
        payload: JSON.stringify({ take: 0, fate: fate(n) }),
      })),
    )
    const start = () => startWorker(program.file, server.url, stream.name, prefix, '10')
    const workers = [start(), start()]
    let killed = 0
    let between = 0
    try {
      await vi.waitFor(async () => expect((await stream.stats()).dead).toBeGreaterThan(0), 20_000)
      for (;;) {
        const { waiting, pending, due } = await stream.stats()
        if (waiting + pending + due === 0) break
        const victim = workers.shift()
        if (killed < 12 && victim !== undefined) {
          await vi.waitFor(() => expect(victim.lines.length).toBeGreaterThan(1), 20_000)
          victim.process.kill('SIGKILL')
          killed++
          between += pending
          workers.push(start())
        } else if (victim !== undefined) workers.push(victim)
      }
    } finally {
      for (const each of workers) each.process.kill('SIGKILL')
      program.remove()
    }
    // They died at work, not before and not after.
    expect(killed).toBe(12)
    expect(between).toBeGreaterThan(0)
    const ends = new Map<string, string[]>()
    for (const { task, event } of await trailOf(own, stream.name, prefix))
      if (event === 'acknowledged' || event === 'dead') ends.set(task, [...(ends.get(task) ?? []), event])
    const dead: string[] = []
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const page = await letters.list({ limit: 500, cursor })
      dead.push(...page.items.map(({ taskId = '' }) => taskId))
      cursor = page.next
    }
    const expected = Array.from({ length: count }, (_, n) => [
      `t${n}`,
      [fate(n) === 'fail' ? 'dead' : 'acknowledged'],
    ])
    expect(Object.fromEntries(ends)).toEqual(Object.fromEntries(expected))
    const failing = Array.from({ length: count }, (_, n) => `t${n}`).filter((_, n) => fate(n) === 'fail')
    expect(dead.toSorted()).toEqual(failing.toSorted())
    await letters.close()
    await stream.close()
    own.disconnect()
  }, 90_000)
})

describe('wrong scripts', () => {
  const mistakes = [
    {
      mistake: 'ends the task before it knows that there is room',
      right:
        "local answer = letters.add(queue, settings, letter)\nif answer[1] == 'full' then return answer end\nremove({ id })",
      wrong:
        "remove({ id })\nlocal answer = letters.add(queue, settings, letter)\nif answer[1] == 'full' then return answer end",
    },
    {
      mistake: 'writes the letter and leaves the task',
      right: "if answer[1] == 'full' then return answer end\nremove({ id })",
      wrong: "if answer[1] == 'full' then return answer end",
    },
    {
      mistake: 'ends the task and writes no letter',
      right: 'local answer = letters.add(queue, settings, letter)',
      wrong: "local answer = { 'added', '0000000000000000000000-x', queue.now, {} }",
    },
    {
      mistake: 'does not look whose task it is',
      right: "if not row then return letters.addedBefore(queue, letter) or { 'lost' } end",
      wrong: 'row = row or { id, owner, 0, 1 }',
    },
    {
      mistake: 'writes the letter of a task that is in other hands',
      right: "or { 'lost' } end",
      wrong: "or (letters.add(queue, settings, letter) and { 'lost' }) end",
    },
    {
      mistake: 'does not count it',
      right: "redis.call('HINCRBY', totals, 'dead', 1)\naudit('dead', owner, reason,",
      wrong: "audit('dead', owner, reason,",
    },
    { mistake: 'does not audit it', right: "audit('dead', owner, reason, { step(item) })", wrong: '' },
    {
      mistake: 'does not know what it answered',
      right: "letters.addedBefore(queue, letter) or { 'lost' }",
      wrong: "{ 'lost' }",
    },
  ] as const

  it.each(mistakes)('are caught: one that $mistake', async ({ right, wrong }) => {
    let places = 0
    const rewrite = (lua: string): string => {
      places += lua.split(right).length - 1
      return lua.replaceAll(right, () => wrong)
    }
    // It is no feat to notice a script that cannot run.
    for (const { source } of Object.values(streamScripts(rewrite))) await client.script('LOAD', source)
    expect(places).toBe(1)
    const failed: string[] = []
    const checks: (readonly [string, () => Promise<void>])[] = []
    const register: BurialRegister = {
      describe: (_, tests) => tests(),
      it: (name, test) => void checks.push([name, test]),
    }
    const create = async ({ maxCount }: { readonly maxCount: number }) => beside(client, maxCount, rewrite)
    burialContract('wrong', create, true, register)
    await Promise.all(checks.map(([name, check]) => check().catch(() => failed.push(name))))
    expect(failed).not.toEqual([])
  })

  it('are no fault of the tests: with the right ones all is well', async () => {
    const store = beside(client, 10, (lua) => lua)
    expect(await client.exists(...deadLetterKeys('dlq:', store.stream.name))).toBe(0)
    const checks: Promise<void>[] = []
    burialContract('right', async ({ maxCount }) => beside(client, maxCount, (lua) => lua), true, {
      describe: (_, tests) => tests(),
      it: (_, test) => void checks.push(test()),
    })
    await Promise.all(checks)
    await store.close()
  })
})
