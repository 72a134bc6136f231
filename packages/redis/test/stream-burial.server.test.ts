/** A task and its dead letter on one server: one step, whatever happens to workers, scripts and memory. */
import { randomUUID } from 'node:crypto'
import { type DeadLetterStore, deadLetters, memoryDeadLetters } from '@seaworthy/dead-letter'
import { redisConnection, redisDeadLetters, redisStream } from '@seaworthy/redis'
import { type RedisServer, startRedis } from '@seaworthy/testing/servers'
import type { TaskMessage } from '@seaworthy/worker'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startWorker, trailOf, workerProgram } from './stream-processes.ts'
import { freshStream, settled, settledServer, underTest } from './stream-server.ts'

let url = ''
let client: Redis
beforeAll(async () => {
  url = await settledServer()
  client = new Redis(url)
})
afterAll(() => client.disconnect())

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
    const under = underTest(own, { capacity: 1000, maxLetters: 100 })
    const { stream } = under
    const letters = under.letters as DeadLetterStore
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
