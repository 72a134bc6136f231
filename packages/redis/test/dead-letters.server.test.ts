import { Hub } from '@seaworthy/core'
import { aesGcm, type DeadLetters, deadLetters } from '@seaworthy/dead-letter'
import { newLetter } from '@seaworthy/testing/conformance'
import type { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Commands } from '../src/client.ts'
import { deadLetterKeys } from '../src/dead-letter-keys.ts'
import { addFunctions } from '../src/dead-letter-scripts.ts'
import { LetterStore } from '../src/dead-letter-store.ts'
import { addArguments } from '../src/dead-letter-text.ts'
import { redisDeadLetters } from '../src/dead-letters.ts'
import { Script } from '../src/script.ts'
import { redisStream } from '../src/stream.ts'
import { entryFields, streamKeys, taskOfLetter } from '../src/stream-entry.ts'
import { add, connect, freshName, removeKeys, settings, supervised, withStream } from './dead-letter-toys.ts'

const ada = { actor: 'ada', reason: undefined }
let client: Redis
let name: string

beforeAll(async () => {
  client = await connect()
})
beforeEach(() => {
  name = freshName()
})
afterEach(() => removeKeys(client, name))
afterAll(() => client.disconnect())

/** The fields of the only entry of the stream. */
async function onlyEntry(): Promise<Record<string, string>> {
  const entries = await client.xrange(streamKeys({ name }).stream, '-', '+')
  expect(entries).toHaveLength(1)
  const fields = entries[0]?.[1] ?? []
  return Object.fromEntries(fields.flatMap((key, at) => (at % 2 === 0 ? [[key, fields[at + 1] ?? '']] : [])))
}

describe('a replay in one step', () => {
  const queueOn = (more: object = {}): DeadLetters =>
    deadLetters({
      store: redisDeadLetters({ redis: supervised(client), name, stream: { name } }),
      hub: new Hub(),
      ...more,
    })

  it('puts the task back that it was, with the replay id, its headers and its journey', async () => {
    const queue = queueOn()
    const message = { payload: '[]', headers: { tenant: 'é' } }
    const id = await queue.add(message, new Error('no'), { journey: 'journey-1', replays: 2 })
    expect(await queue.retry(id, ada)).toMatchObject({ outcome: 'replayed', replayId: `${id}:3` })
    const entry = await onlyEntry()
    expect(Object.keys(entry).sort()).toEqual(Object.values(entryFields).sort())
    expect(entry).toMatchObject({ e: '1', t: `${id}:3`, j: 'journey-1', l: id })
    expect(await taskOfLetter(entry['p'] ?? '', id, `${id}:3`)).toEqual({
      payload: '[]',
      headers: { tenant: 'é', 'seaworthy-replay': '3' },
    })
    await queue.close()
  })

  it('is handed out by the stream like any other task, and both count it', async () => {
    const queue = queueOn()
    const stream = redisStream({ redis: client, name })
    const message = { payload: '"7"', headers: { tenant: 'é' } }
    const id = await queue.add(message, new Error('no'), { journey: 'journey-1' })
    await queue.retry(id, ada)
    const deliveries = await stream.fetch('me', { count: 2, wait: 100 })
    expect(deliveries).toMatchObject([
      {
        task: `${id}:1`,
        payload: '"7"',
        headers: { tenant: 'é', 'seaworthy-replay': '1' },
        journey: 'journey-1',
        deliveries: 1,
        failures: 0,
      },
    ])
    expect(await stream.acknowledge('me', [deliveries[0]?.receipt ?? ''])).toEqual([])
    expect(await stream.stats()).toMatchObject({ enqueued: 1, acknowledged: 1, pending: 0, waiting: 0 })
    const events = (await stream.audit(`${id}:1`)).map(({ event, entry }) => `${event} ${entry}`)
    expect(events.at(0)).toBe(`enqueued ${deliveries[0]?.entry}`)
    await stream.close()
    await queue.close()
  })

  it('gives a message of any other kind as JSON', async () => {
    const id = '0'.repeat(22).concat('-x')
    const payload = JSON.stringify({ message: { order: 7 } })
    expect(await taskOfLetter(payload, id, `${id}:1`)).toEqual({
      payload: '{"order":7}',
      headers: { 'seaworthy-replay': '1' },
    })
    expect((await taskOfLetter('{}', id, `${id}:1`)).payload).toBe('null')
  })

  it('leaves an encrypted letter encrypted on the stream, for who has the key', async () => {
    const codec = aesGcm({ keys: { k1: Buffer.alloc(32, 7) }, current: 'k1' })
    const queue = queueOn({ codec })
    const id = await queue.add({ payload: 'secret', headers: {} }, new Error('no'))
    await queue.retry(id, ada)
    const entry = await onlyEntry()
    expect(entry['p']).not.toContain('secret')
    expect((await taskOfLetter(entry['p'] ?? '', id, entry['t'] ?? '', codec)).payload).toBe('secret')
    await queue.close()
  })

  it('tells the audit of the stream, in the words of the stream', async () => {
    const store = new LetterStore(settings(client, withStream(name)))
    const id = await add(store, newLetter())
    await store.retry(id, { ...ada, owner: 'ada', leaseFor: 1000 })
    const { a, e } = await onlyEntry()
    const [[, fields]] = (await client.xrange(streamKeys({ name }).audit, '-', '+')) as [[string, string[]]]
    const steps = JSON.stringify([[`${id}:1`, `${a}-${e}`, 0, 0, 0, false, false, false]])
    expect(fields).toEqual(['event', 'enqueued', 'owner', '', 'reason', '', 'steps', steps])
  })
})

describe('a move from a stream', () => {
  /** What a stream would put behind the functions: its own check first, then its own end of the entry. */
  const move = new Script(
    addFunctions,
    `if redis.call('XLEN', KEYS[1]) == 0 then return 'lost' end
     local answer = letters.add(letters.open(2, 100), letters.received(2))
     if answer[1] ~= 'full' then redis.call('XDEL', KEYS[1], ARGV[1]) end
     return answer`,
  )

  it('takes the task off the stream and writes its letter in one step, or does neither', async () => {
    const store = new LetterStore(settings(client, { name, maxCount: 1 }))
    const { stream } = streamKeys({ name })
    const keys = [stream, ...deadLetterKeys('dlq:', name)]
    const dies = async (): Promise<unknown> => {
      const entry = await client.xadd(stream, '*', 'p', 'payload')
      const args = addArguments(newLetter(), { maxCount: 1, overflow: 'refuse' })
      return move.run(client as unknown as Commands, keys, [String(entry), ...args])
    }
    expect(await dies()).toMatchObject(['added', expect.any(String), expect.any(Number), []])
    expect(await client.xlen(stream)).toBe(0)
    expect(await dies()).toMatchObject(['full', expect.any(Number)])
    expect(await client.xlen(stream)).toBe(1)
    expect(await store.counts()).toMatchObject({ dead: 1 })
  })
})

describe('with many letters', () => {
  /** How often the server was asked for something about this queue while `step` ran: commands inside of scripts, by name. */
  async function commandsOf(step: () => Promise<unknown>): Promise<Record<string, number>> {
    const counted: Record<string, number> = {}
    let ended = (): void => {}
    const end = new Promise<void>((resolve) => {
      ended = resolve
    })
    const monitor = await client.duplicate().monitor()
    monitor.on('monitor', (_time, args: string[], source: string) => {
      if (!args.some((text) => text.includes(name))) return
      const command = String(args[0]).toLowerCase()
      if (source === 'lua') counted[command] = (counted[command] ?? 0) + 1
      if (command === 'echo') ended()
    })
    await step()
    await client.echo(name)
    await end
    // It may hear more before it is gone.
    const result = { ...counted }
    monitor.disconnect()
    return result
  }

  async function fill(store: LetterStore, count: number): Promise<void> {
    const letters = Array.from({ length: count }, (_, at) => newLetter({ type: `type ${at % 3}`, dueIn: 0 }))
    await Promise.all(letters.map((letter) => store.add(letter)))
  }

  it('a page costs as many commands as it has letters, wherever it is and however many there are', async () => {
    const store = new LetterStore(settings(client, { name, maxCount: 100_000 }))
    const page = { state: 'dead', order: 'oldest', type: 'type 1', limit: 50 } as const
    await fill(store, 300)
    const few = await commandsOf(() => store.list(page))
    await fill(store, 3000)
    const { next } = await store.list({ ...page, limit: 500 })
    const many = await commandsOf(() => store.list({ ...page, cursor: next }))
    expect(many).toEqual({ zrange: 1, hmget: 1, getrange: 50 })
    expect(many).toEqual(few)
  })

  it('a trim touches 500 letters at most, says that there are more, and skips those that are leased', async () => {
    const store = new LetterStore(settings(client, { name }))
    await fill(store, 700)
    const { letters } = await store.claim({ limit: 20, leaseFor: 60_000, owner: 'a', dueOnly: false })
    const everything = { olderThan: 0, keep: 0, settledBefore: 0, batch: 10_000, actor: 'retention' }
    let first: Awaited<ReturnType<typeof store.trim>> | undefined
    const commands = await commandsOf(async () => {
      first = await store.trim(everything)
    })
    expect(first).toMatchObject({ lapsed: 0, more: true })
    expect(first?.removed).toHaveLength(500)
    // One entry of the audit for each letter; all else is done for all of them at once.
    const { xadd, ...others } = commands
    expect(xadd).toBe(500)
    expect(Object.values(others).reduce((sum, count) => sum + count, 0)).toBeLessThan(40)
    const second = await store.trim(everything)
    expect(second).toMatchObject({ more: false })
    expect(second.removed).toHaveLength(180)
    const { items } = await store.list({ state: 'leased', order: 'oldest', limit: 100 })
    expect(items.map(({ id }) => id)).toEqual(letters.map(({ id }) => id))
  })

  it('an answer ends when it has become large, and the rest comes with the next', async () => {
    const store = new LetterStore(settings(client, { name }))
    const error = { name: 'E', message: 'x'.repeat(1_000_000), causes: [] }
    for (let i = 0; i < 12; i++) await add(store, newLetter({ error, dueIn: 0 }))
    const first = await store.list({ state: 'dead', order: 'oldest', limit: 20 })
    expect(first.items).toHaveLength(4)
    const rest = await store.list({ state: 'dead', order: 'oldest', limit: 20, cursor: first.next })
    expect(rest.items[0]?.id).not.toBe(first.items[3]?.id)
    const claim = { limit: 20, leaseFor: 1000, owner: 'a', dueOnly: true }
    expect((await store.claim(claim)).letters).toHaveLength(8)
    expect((await store.claim(claim)).letters).toHaveLength(4)
  })

  it('finds what is due behind a crowd of others that are due', async () => {
    const store = new LetterStore(settings(client, { name, maxCount: 100_000 }))
    await fill(store, 1500)
    const wanted = await add(store, newLetter({ type: 'rare', dueIn: 0 }))
    const { letters } = await store.claim({
      limit: 10,
      leaseFor: 1000,
      owner: 'a',
      dueOnly: true,
      type: 'rare',
    })
    expect(letters.map(({ id }) => id)).toEqual([wanted])
  })

  it('a limit that was lowered is reached by and by, a hundred letters at a time', async () => {
    const before = settings(client, { name })
    await fill(new LetterStore(before), 350)
    const store = new LetterStore({ ...before, maxCount: 50, overflow: 'drop-oldest' })
    const dropped: number[] = []
    for (let i = 0; i < 5; i++) {
      const result = await store.add(newLetter())
      dropped.push(result.outcome === 'added' ? result.dropped.length : Number.NaN)
    }
    expect(dropped).toEqual([100, 100, 100, 4, 1])
    expect(await store.counts()).toMatchObject({ dead: 50 })
  })

  it('remembers so many settled letters and audit entries, and no more', async () => {
    const store = new LetterStore(settings(client, { name, keepSettled: 2, auditLimit: 0 }))
    await fill(store, 5)
    const { items } = await store.list({ state: 'dead', order: 'oldest', limit: 5 })
    for (const { id } of items) await store.discard(id, ada)
    expect(await store.counts()).toMatchObject({ dead: 0, discarded: 2 })
    expect(await store.audit({ limit: 10 })).toEqual({ entries: [], next: undefined })
  })
})

describe('options', () => {
  it('are checked', () => {
    const make = (options: object) => () => redisDeadLetters({ redis: client, ...options })
    expect(make({ name: 'a{b' })).toThrow('name must be a text without { and }')
    expect(make({ prefix: '{' })).toThrow('prefix must be')
    expect(make({ maxCount: 0 })).toThrow('maxCount must be a whole number of at least 1')
    expect(make({ overflow: 'drop' })).toThrow("overflow must be one of 'drop-oldest', 'refuse'")
    expect(make({ keepSettled: -1 })).toThrow('keepSettled')
    expect(make({ name: 'a', stream: { name: 'b' } })).toThrow(
      "stream.name must be the name of the queue, 'a'",
    )
    expect(make({ size: 1 })).toThrow("redisDeadLetters option 'size'")
  })

  it('say what there is when nothing is said', () => {
    expect(redisDeadLetters({ redis: client })).toMatchObject({ name: 'letters', replaysItself: false })
    const beside = redisDeadLetters({ redis: client, stream: { name: 'mails' } })
    expect(beside).toMatchObject({ name: 'mails', replaysItself: true })
  })

  it('leave the prefix of the client alone: all keys are under it', async () => {
    const own = client.duplicate({ keyPrefix: 'app:' })
    const store = new LetterStore(settings(own, withStream(name)))
    const id = await add(store, newLetter({ dedupeKey: 'k', dueIn: 0 }))
    await store.retry(id, { ...ada, owner: 'a', leaseFor: 1 })
    const keys = await client.keys(`*{${name}}*`)
    expect(keys.length).toBeGreaterThan(5)
    expect(keys.filter((key) => !key.startsWith('app:'))).toEqual([])
    own.disconnect()
  })
})
