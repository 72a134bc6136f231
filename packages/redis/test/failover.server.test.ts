/**
 * A failover that loses writes: a replica that has fallen behind becomes the primary. What it does not know has never happened;
 * everything else goes on, by itself.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { deadLetters } from '@seaworthy/dead-letter'
import type { Claim, CompleteRequest } from '@seaworthy/idempotency'
import { redisConnection, redisDeadLetters, redisIdempotency, redisStream } from '@seaworthy/redis'
import { newLetter } from '@seaworthy/testing/conformance'
import { type Delivery, type StreamStats, worker } from '@seaworthy/worker'
import type { Redis } from 'ioredis'
import { describe, it, vi } from 'vitest'
import { clientOf, startPair } from './adversity/pair.ts'

const patiently = <T>(look: () => Promise<T>): Promise<T> =>
  vi.waitFor(look, { timeout: 30_000, interval: 50 })
const claiming = (owner: string) => ({
  owner,
  fingerprint: '',
  lease: 30_000,
  retain: 60_000,
  takeover: true,
})
const fenceOf = (claim: Claim): number => {
  if (!('fence' in claim)) throw new Error(claim.kind)
  return claim.fence
}
const completed = (owner: string, fence: number): CompleteRequest => ({
  owner,
  fence,
  state: 'completed',
  payload: undefined,
  ttl: 60_000,
})
const only = ([first]: readonly Delivery[]): Delivery => first as Delivery
const sumOf = ({ waiting, pending, due, acknowledged, dead, vanished }: StreamStats): number =>
  waiting + pending + due + acknowledged + dead + vanished

/** All that a queue consists of, on one client that moves with the failover. */
function queueOn(client: Redis) {
  const name = randomUUID()
  const redis = redisConnection(client, { commandTimeout: '3s' })
  const stream = redisStream({ redis, name })
  const records = redisIdempotency({ redis, queue: name, hints: false })
  const letters = redisDeadLetters({ redis, name })
  return { name, redis, stream, records, letters }
}

describe.concurrent('a failover that loses writes', () => {
  it('takes nothing from the workers that the new primary knows of, and wedges nothing', async ({
    expect,
  }) => {
    await using pair = await startPair()
    const client = clientOf(pair)
    const { stream, records, letters, redis } = queueOn(client)
    const queue = deadLetters({ store: letters })
    const done = new Map<string, number>()
    const fences = new Map<string, number[]>()
    const options = {
      stream,
      deadLetters: queue,
      idempotency: { store: records },
      concurrency: 10,
      heartbeat: 300,
      minIdle: 900,
      interval: 100,
      retries: { attempts: 3, delay: 50 },
      handler: async (
        { take, fate }: { take: number; fate: string },
        task: { readonly task: string; readonly fence: number | undefined },
      ) => {
        fences.set(task.task, [...(fences.get(task.task) ?? []), task.fence as number])
        await sleep(take)
        if (fate === 'retry' && (fences.get(task.task)?.length ?? 0) < 2) throw new Error('not yet')
        if (fate === 'fail') throw Object.assign(new Error('never'), { failureClass: 'fatal' })
        done.set(task.task, (done.get(task.task) ?? 0) + 1)
      },
    }
    const workers = [worker(options), worker(options), worker(options)]
    const tasks = (prefix: string, count: number) =>
      Array.from({ length: count }, (_, index) => ({
        id: `${prefix}${index}`,
        payload: JSON.stringify({
          take: index % 5 === 0 ? 40 : 2,
          fate: index % 20 === 0 ? 'fail' : index % 3 === 0 ? 'retry' : 'succeed',
        }),
        ...(index % 10 === 1 && { delay: 300 }),
      }))
    await stream.enqueueMany(tasks('known', 1500))
    for (const each of workers) each.start()
    await patiently(async () => expect((await stream.stats()).acknowledged).toBeGreaterThan(200))
    await pair.fallBehind()
    await stream.enqueueMany(tasks('unknown', 200))
    // Fetched, started, retried, acknowledged and buried, and all of it will be forgotten.
    const before = await stream.stats()
    await patiently(async () =>
      expect((await stream.stats()).acknowledged).toBeGreaterThan(before.acknowledged + 100),
    )
    const forgotten = await stream.stats()
    const primary = await pair.failOver()
    const known = redisStream({ redis: primary, name: stream.name })
    const after = await known.stats()
    expect(sumOf(after)).toBe(after.enqueued)
    expect(after.enqueued).toBe(1500)
    expect(after.acknowledged).toBeLessThan(forgotten.acknowledged)

    await patiently(async () => {
      const stats = await known.stats()
      expect(sumOf(stats)).toBe(stats.enqueued)
      expect(stats).toMatchObject({
        waiting: 0,
        pending: 0,
        due: 0,
        dead: 75,
        acknowledged: 1425,
        vanished: 0,
      })
    })
    const ids = tasks('known', 1500).map(({ id }) => id)
    expect(ids.filter((id, index) => index % 20 !== 0 && !done.has(id))).toEqual([])
    expect(ids.filter((id, index) => index % 20 === 0 && done.has(id))).toEqual([])
    expect((await letters.counts()).dead).toBe(75)
    // Some ran twice, and each time with a greater fence.
    expect([...done.values()].some((count) => count > 1)).toBe(true)
    for (const [id, seen] of fences) expect([id, seen]).toEqual([id, [...seen].sort((a, b) => a - b)])

    await Promise.all(workers.map((each) => each.close()))
    for (const each of workers) expect(new Set(Object.values(each.debugStats()))).toEqual(new Set([0]))
    await queue.close()
    await stream.close()
    await known.close()
    records.close()
    expect(stream.debugStats()).toEqual({ fetching: 0, connections: 0, handedOut: 0 })
    expect(redis.debugStats()).toEqual({ pending: 0, listeners: 0 })
    client.disconnect()
    await patiently(async () => {
      const clients = String(await primary.client('LIST'))
      expect(clients.trim().split('\n')).toHaveLength(1)
    })
  })

  it('makes receipts of the history that is gone lost, and nothing an error', async ({ expect }) => {
    await using pair = await startPair()
    const client = clientOf(pair)
    const { stream, records } = queueOn(client)
    await stream.enqueueMany(['a', 'b', 'c', 'd'].map((id) => ({ id, payload: '1' })))
    const [held] = await stream.fetch('w', { count: 1, wait: 0 })
    await pair.fallBehind()
    // Entries that the replica has, handed out behind its back; and entries that it has not.
    const handed = await stream.fetch('w', { count: 3, wait: 0 })
    await stream.enqueueMany(Array.from({ length: 6 }, (_, index) => ({ id: `new${index}`, payload: '1' })))
    await stream.enqueue({ id: 'later', payload: '1', delay: 60_000 })
    const unknown = (await stream.fetch('w', { count: 6, wait: 0 })).map(({ receipt }) => receipt)
    const [r1, r2, r3, r4, r5, r6] = unknown as [string, string, string, string, string, string]
    expect(await stream.acknowledge('w', [r6])).toEqual([])
    const fence = fenceOf(await records.claim('new0', claiming('w')))
    const primary = await pair.failOver()
    await patiently(() => stream.stats())

    expect(await stream.beat('w', [...unknown, only(handed).receipt], unknown)).toEqual([
      ...unknown,
      only(handed).receipt,
    ])
    expect(await stream.acknowledge('w', [r1, r6])).toEqual([r1, r6])
    expect(await stream.retryLater('w', r2, { delay: 10, reason: 'x' })).toBe('lost')
    expect(await stream.handBack('w', [r3], { delay: 0, reason: 'x' })).toEqual([r3])
    expect(await stream.bury('w', r4, { reason: 'x', letter: undefined })).toBe('lost')
    expect(await records.complete('new0', completed('w', fence))).toBe('gone')
    expect(await stream.reconcile('w', [r5], { idle: 0, limit: 10 })).toMatchObject([{ task: 'a' }])
    // What it holds for sure it still holds.
    expect(await stream.acknowledge('w', [held?.receipt as string])).toEqual([])
    const again = await stream.fetch('w', { count: 10, wait: 500 })
    expect(again.map(({ task, deliveries }) => [task, deliveries])).toEqual([
      ['b', 1],
      ['c', 1],
      ['d', 1],
    ])
    expect(
      await stream.acknowledge(
        'w',
        again.map(({ receipt }) => receipt),
      ),
    ).toEqual([])
    const stats = await stream.stats()
    expect(stats).toMatchObject({ enqueued: 4, acknowledged: 4, waiting: 0, pending: 0, due: 0 })
    // New entries are no old ones: their receipts are others.
    await stream.enqueue({ id: 'after', payload: '1' })
    const [fresh] = await stream.fetch('w', { count: 1, wait: 500 })
    expect(unknown).not.toContain(fresh?.receipt)
    await stream.close()
    records.close()
    client.disconnect()
    expect(String(await primary.ping())).toBe('PONG')
  })

  it('to a server that knows nothing at all is a new beginning', async ({ expect }) => {
    await using pair = await startPair()
    const client = clientOf(pair)
    const { stream } = queueOn(client)
    await pair.fallBehind()
    const ran: string[] = []
    const options = {
      stream,
      deadLetters: 'discard' as const,
      heartbeat: 300,
      minIdle: 900,
      handler: (_: unknown, { task }: { task: string }) => void ran.push(task),
    }
    const only = worker(options)
    only.start()
    await stream.enqueue({ id: 'before', payload: '1' })
    await patiently(async () => expect(ran).toEqual(['before']))
    await pair.failOver()
    await patiently(() => stream.enqueue({ id: 'after', payload: '1' }))
    await patiently(async () => expect(await stream.stats()).toMatchObject({ enqueued: 1, acknowledged: 1 }))
    expect(ran).toEqual(['before', 'after'])
    await only.close()
    await stream.close()
    client.disconnect()
  })

  it('lets fences go on rising, and refuses who holds a claim that is gone', async ({ expect }) => {
    await using pair = await startPair()
    const client = clientOf(pair)
    const { records } = queueOn(client)
    const first = fenceOf(await records.claim('kept', claiming('ann')))
    await records.complete('kept', { ...completed('ann', first), state: 'retryable' })
    const finished = fenceOf(await records.claim('finished', claiming('ann')))
    await pair.fallBehind()
    const second = fenceOf(await records.claim('kept', claiming('ann')))
    const lost = fenceOf(await records.claim('unknown', claiming('ann')))
    expect(await records.complete('finished', completed('ann', finished))).toBe('stored')
    await pair.failOver()
    await patiently(() => records.peek('kept'))

    // Whoever comes next does the work again, and has the greater fence.
    expect(fenceOf(await records.claim('kept', claiming('bob')))).toBeGreaterThan(second)
    expect(fenceOf(await records.claim('unknown', claiming('bob')))).toBeGreaterThan(lost)
    expect(await records.renew('kept', { owner: 'ann', fence: second, lease: 1000, retain: 1000 })).toBe(
      'stale',
    )
    expect(await records.complete('kept', completed('ann', second))).toBe('stale')
    expect(await records.complete('unknown', completed('ann', lost))).toBe('stale')
    // The completion is forgotten, the claim is not: nobody but its owner may run it before the lease is over.
    expect(await records.claim('finished', claiming('bob'))).toMatchObject({ kind: 'inFlight' })
    expect(await records.complete('finished', completed('ann', finished))).toBe('stored')
    expect(await records.claim('finished', claiming('bob'))).toMatchObject({ kind: 'completed' })
    records.close()
    client.disconnect()
  })

  it('leaves the dead letters in order: what is gone is missing, and nobody is stuck', async ({ expect }) => {
    await using pair = await startPair()
    const client = clientOf(pair)
    const { letters } = queueOn(client)
    const add = async (dueIn: number | undefined): Promise<string> => {
      const added = await letters.add(
        newLetter({ token: randomUUID().replaceAll('-', ''), dueIn, dedupeKey: undefined }),
      )
      if (added.outcome !== 'added') throw new Error(added.outcome)
      return added.id
    }
    const by = { actor: 'ada', reason: undefined }
    const claimAll = { limit: 100, leaseFor: 60_000, owner: 'recovery', dueOnly: true }
    const kept = await Promise.all([add(0), add(0), add(undefined)])
    const early = await letters.claim({ ...claimAll, limit: 1 })
    await pair.fallBehind()
    const lost = await add(0)
    const late = await letters.claim(claimAll)
    expect(late.letters.map(({ id }) => id)).toContain(lost)
    const settled = late.letters.find(({ id }) => id !== lost)?.id as string
    expect(await letters.settle(settled, late.fence, { ...by, outcome: 'resolved', dueIn: undefined })).toBe(
      'done',
    )
    await pair.failOver()
    await patiently(() => letters.counts())

    expect(await letters.counts()).toMatchObject({ dead: 2, leased: 1, resolved: 0 })
    expect(await letters.get(lost)).toBeUndefined()
    expect(await letters.renew([lost, settled], late.fence, 1000)).toEqual([])
    expect(await letters.settle(lost, late.fence, { ...by, outcome: 'resolved', dueIn: undefined })).toBe(
      'missing',
    )
    expect(await letters.settle(settled, late.fence, { ...by, outcome: 'resolved', dueIn: undefined })).toBe(
      'stale',
    )
    const next = await letters.claim(claimAll)
    expect(next.fence).toBeGreaterThan(late.fence)
    expect(next.letters.map(({ id }) => id)).toEqual([settled])
    const [heldBefore] = early.letters
    expect(
      await letters.settle(heldBefore?.id as string, early.fence, {
        ...by,
        outcome: 'resolved',
        dueIn: undefined,
      }),
    ).toBe('done')
    const newest = await add(undefined)
    expect([...kept, lost].every((id) => id < newest)).toBe(true)
    expect(await letters.counts()).toMatchObject({ dead: 2, leased: 1, resolved: 1 })
    client.disconnect()
  })
})
