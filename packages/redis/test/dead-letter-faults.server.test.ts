/** Dead letters on servers that forget scripts, die, hang, are full, or are a cluster. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RetryAnswer } from '@seaworthy/dead-letter'
import { newLetter } from '@seaworthy/testing/conformance'
import { redisForTests, startRedis, tcpProxy } from '@seaworthy/testing/servers'
import { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startProcess } from '../../../tools/processes/start-process.ts'
import { redisConnection } from '../src/connection.ts'
import { deadLetterKeys } from '../src/dead-letter-keys.ts'
import { LetterStore } from '../src/dead-letter-store.ts'
import { redisDeadLetters } from '../src/dead-letters.ts'
import { streamKeys } from '../src/stream-entry.ts'
import { add, connect, freshName, settings, supervised, withStream } from './dead-letter-toys.ts'

const ada = { actor: 'ada', reason: undefined }
const claimAll = { limit: 100, leaseFor: 60_000, owner: 'recovery', dueOnly: false }
const retryBy = (actor: string) => ({ ...ada, owner: actor, leaseFor: 60_000 })
const everything = { olderThan: undefined, keep: 0, settledBefore: 0, batch: 500, actor: 'retention' }

let client: Redis
beforeAll(async () => {
  client = await connect()
})
afterAll(() => client.disconnect())

/** Every method once, on a letter of its own. */
async function everyMethod(store: LetterStore): Promise<void> {
  const id = await add(store, newLetter({ dueIn: 0 }))
  await store.get(id)
  await store.get(id, ada)
  await store.list({ state: 'dead', order: 'newest', limit: 10 })
  await store.groups()
  await store.counts()
  const { fence } = await store.claim({ ...claimAll, dueOnly: true })
  expect(await store.renew([id], fence, 60_000)).toEqual([id])
  expect(await store.settle(id, fence, { ...ada, outcome: 'returned', dueIn: undefined })).toBe('done')
  expect((await store.retry(id, retryBy('ada'))).outcome).toMatch(/^replay/)
  await store.discard(id, ada)
  await store.audit({ id, limit: 10 })
  await store.trim({ ...everything, batch: 1 })
}

describe('a server', () => {
  it('hears one command for each method, and a second one only after it has forgotten the scripts', async () => {
    const own = settings(client)
    const store = new LetterStore(own)
    await everyMethod(store)
    const heard: string[] = []
    const monitor = await client.duplicate().monitor()
    monitor.on('monitor', (_time, [command, ...args]: string[], source: string) => {
      if (source !== 'lua' && args.some((text) => text.includes(own.name)))
        heard.push(String(command).toLowerCase())
    })
    await everyMethod(store)
    await vi.waitFor(() => expect(heard).toHaveLength(13), 5000)
    expect(new Set(heard)).toEqual(new Set(['evalsha']))
    await client.script('FLUSH')
    await everyMethod(store)
    await vi.waitFor(() => expect(heard.filter((command) => command === 'eval')).toHaveLength(13), 5000)
    monitor.disconnect()
  })

  it('decides about times alone: the clocks of clients have no effect', async () => {
    const store = new LetterStore(settings(client))
    const now = vi.spyOn(Date, 'now').mockImplementation(() => 0)
    try {
      const before = Number((await client.time())[0]) * 1000
      const id = await add(store, newLetter({ dueIn: 0 }))
      const { letters, now: claimedAt } = await store.claim({ ...claimAll, dueOnly: true })
      expect(letters).toMatchObject([{ id, leasedUntil: claimedAt + 60_000 }])
      expect(letters[0]?.diedAt).toBeGreaterThanOrEqual(before)
      const [entry] = (await store.audit({ id, limit: 1 })).entries
      expect(entry?.at).toBeGreaterThanOrEqual(letters[0]?.diedAt ?? Number.POSITIVE_INFINITY)
    } finally {
      now.mockRestore()
    }
  })

  it.each([
    ['the store publishes', 'store'],
    ['a process publishes', 'process'],
  ])(
    'lets one of 50 operators in 5 processes replay a letter where %s: one task, one answer for all',
    async (_, who) => {
      const { name, stream } = withStream(freshName())
      const store = new LetterStore(settings(client, { name, stream: who === 'store' ? stream : undefined }))
      const id = await add(store, newLetter({ payload: '{"message":{"payload":"7","headers":{}}}' }))
      const { url } = await redisForTests()
      const processes = Array.from({ length: 5 }, () =>
        startProcess(new URL('./processes/operators.ts', import.meta.url), [url, name, id, '10', who]),
      )
      try {
        await Promise.all(processes.map((each) => each.line<{ ready?: true }>(({ ready }) => ready === true)))
        for (const each of processes) each.go()
        const said = await Promise.all(
          processes.map((each) =>
            each.line<{ answers?: RetryAnswer[] }>(({ answers }) => answers !== undefined),
          ),
        )
        const answers = said.flatMap(({ answers = [] }) => answers)
        expect(answers).toHaveLength(50)
        expect(answers.filter(({ outcome }) => outcome === 'replayed')).toHaveLength(1)
        expect(answers.filter(({ outcome }) => outcome === 'already')).toHaveLength(49)
        expect(new Set(answers.map(({ replayId }) => replayId))).toEqual(new Set([`${id}:1`]))
      } finally {
        for (const each of processes) each.kill('SIGKILL')
      }
      const sent = await client.lrange(`{${name}}:sent`, 0, -1)
      expect([sent, await client.xlen(streamKeys({ name }).stream)]).toEqual(
        who === 'store' ? [[], 1] : [[`${id}:1`], 0],
      )
    },
    60_000,
  )

  it('holds everything after SIGKILL and a restart, and the store goes on by itself', async () => {
    await using server = await startRedis({ persistence: 'always' })
    const own = new Redis(server.url, { retryStrategy: () => 50 })
    own.on('error', () => {})
    const connection = redisConnection(own, { commandTimeout: '2s' })
    const store = redisDeadLetters({ redis: connection, name: 'mails' })
    const kept = await add(store, newLetter())
    const leased = await add(store, newLetter({ dueIn: 0 }))
    const { fence } = await store.claim({ ...claimAll, dueOnly: true })
    await server.kill()
    await expect(store.counts()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    await server.restart()
    await vi.waitFor(() => store.counts(), { timeout: 10_000 })
    expect(await store.counts()).toMatchObject({ dead: 1, leased: 1 })
    expect((await store.get(kept, ada))?.payload).toBe(newLetter().payload)
    expect(await store.settle(leased, fence, { ...ada, outcome: 'resolved', dueIn: undefined })).toBe('done')
    expect(connection.debugStats()).toMatchObject({ pending: 0 })
    own.disconnect()
  })

  it('that hangs costs each call its budget and no more', async () => {
    await using server = await startRedis()
    const own = new Redis(server.url)
    own.on('error', () => {})
    const store = new LetterStore({
      ...settings(own),
      connection: redisConnection(own, { commandTimeout: '2s' }),
    })
    await everyMethod(store)
    server.pause()
    const calls: Promise<unknown>[] = [
      store.add(newLetter()),
      store.get('x'),
      store.list({ state: 'dead', order: 'oldest', limit: 1 }),
      store.groups(),
      store.counts(),
      store.retry('x', retryBy('ada')),
      store.discard('x', ada),
      store.claim(claimAll),
      store.renew(['x'], 1, 1),
      store.settle('x', 1, { ...ada, outcome: 'resolved', dueIn: undefined }),
      store.trim(everything),
      store.audit({ limit: 1 }),
    ]
    for (const outcome of await Promise.allSettled(calls))
      expect(outcome).toMatchObject({ status: 'rejected', reason: { reason: 'timeout' } })
    server.resume()
    await vi.waitFor(() => everyMethod(store), { timeout: 10_000 })
    own.disconnect()
  })

  it('without memory takes no new letters, and lets go of those it has', async () => {
    await using server = await startRedis({ args: ['--maxmemory-policy', 'noeviction'] })
    const own = new Redis(server.url)
    const store = new LetterStore({ ...settings(own), ...withStream('mails'), name: 'mails' })
    const ids: string[] = []
    for (let i = 0; i < 8; i++) ids.push(await add(store, newLetter({ dueIn: i < 2 ? 0 : undefined })))
    const { letters, fence } = await store.claim({ ...claimAll, dueOnly: true })
    const before = await store.counts()
    await own.config('SET', 'maxmemory', '1')
    await expect(store.add(newLetter())).rejects.toMatchObject({ reason: 'full' })
    await expect(store.claim(claimAll)).rejects.toMatchObject({ reason: 'full' })
    // Refused is refused: nothing of it is there.
    expect(await store.counts()).toEqual({ ...before, now: expect.any(Number) })
    expect(await own.hlen(deadLetterKeys('dlq:', 'mails')[2] as string)).toBe(8)
    const [first, second] = letters.map(({ id }) => id) as [string, string]
    expect(await store.renew([first, second], fence, 60_000)).toEqual([first, second])
    const settle = (id: string, outcome: 'resolved' | 'replay') =>
      store.settle(id, fence, { ...ada, outcome, dueIn: undefined })
    expect(await settle(first, 'resolved')).toBe('done')
    expect(await settle(second, 'replay')).toBe('done')
    expect((await store.retry(ids[2] as string, retryBy('ada'))).outcome).toBe('replayed')
    expect((await store.discard(ids[3] as string, ada)).outcome).toBe('discarded')
    expect(typeof (await store.get(ids[4] as string, ada))?.payload).toBe('string')
    expect((await store.trim(everything)).removed).toHaveLength(8)
    await own.config('SET', 'maxmemory', '0')
    await everyMethod(store)
    own.disconnect()
  })

  it('that is a cluster has all keys of a queue on one node', async () => {
    await using server = await startRedis({
      args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
    })
    const node = new Redis(server.url)
    await node.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    await vi.waitFor(async () => expect(await node.cluster('INFO')).toContain('cluster_state:ok'), 10_000)
    const { host, port, password } = server
    const cluster = new Cluster([{ host, port }], { redisOptions: { password } })
    for (const name of ['mails', 'orders']) {
      const connection = supervised(cluster as unknown as Redis)
      await everyMethod(new LetterStore({ ...settings(node), connection, name }))
      await everyMethod(new LetterStore({ ...settings(node), connection, ...withStream(name) }))
    }
    cluster.disconnect()
    node.disconnect()
  })
})

describe('a reply that was lost', () => {
  it('costs nothing: what is sent twice is done once', async () => {
    const { port, host, password } = await redisForTests()
    const proxy = await tcpProxy({ target: { host, port } })
    const own = new Redis({ host: proxy.host, port: proxy.port, password, retryStrategy: () => 20 })
    own.on('error', () => {})
    const { name, stream } = withStream(freshName())
    const store = new LetterStore({ ...settings(own), name, stream })
    await store.counts()
    /** ioredis reconnects, and sends again what got no answer. */
    const twice = async <T>(call: () => Promise<T>): Promise<T> => {
      const before = proxy.counters.repliesLost
      proxy.dropNextReply()
      const answer = await call()
      expect(proxy.counters.repliesLost).toBe(before + 1)
      return answer
    }
    const letter = newLetter({ dueIn: 0 })
    const added = await twice(() => store.add(letter))
    expect(added).toMatchObject({ outcome: 'added' })
    const id = 'id' in added ? added.id : ''
    expect(await store.counts()).toMatchObject({ dead: 1 })
    expect((await twice(() => store.claim({ ...claimAll, leaseFor: 1 }))).letters).toHaveLength(1)
    await sleep(20)
    const { fence } = await store.claim(claimAll)
    expect(await twice(() => store.renew([id], fence, 60_000))).toEqual([id])
    const replay = { ...ada, outcome: 'replay', dueIn: undefined } as const
    expect(await twice(() => store.settle(id, fence, replay))).toBe('done')
    const other = await add(store, newLetter())
    expect(await twice(() => store.retry(other, retryBy('ada')))).toMatchObject({
      outcome: 'already',
      replayId: `${other}:1`,
    })
    expect(await client.xlen(streamKeys({ name }).stream)).toBe(2)
    const third = await add(store, newLetter())
    expect(await twice(() => store.discard(third, ada))).toEqual({ outcome: 'already', state: 'discarded' })
    await twice(() => store.trim(everything))
    expect(await store.counts()).toMatchObject({ dead: 0, replayed: 0, discarded: 0 })
    own.disconnect()
    await proxy.close()
  })
})
