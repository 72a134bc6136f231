/**
 * Servers whose clock jumps: set by hand, by an hour too much or too little, or another one after a failover.
 *
 * What is promised: fences rise on every record that lives, no wait is negative, nothing is done twice and nothing is lost. A
 * jump forward counts as silence: leases and hand-outs that were not renewed after it are taken over. A jump back by x makes what
 * was measured before it x longer, and nothing measured after it.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { jsonPayload } from '@seaworthy/dead-letter'
import type { Claim, ClaimRequest } from '@seaworthy/idempotency'
import { redisConnection } from '@seaworthy/redis'
import { seededRandom } from '@seaworthy/testing'
import { newLetter } from '@seaworthy/testing/conformance'
import { redisForTests } from '@seaworthy/testing/servers'
import type { Delivery, ReapRequest } from '@seaworthy/worker'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { deadLetterScripts } from '../src/dead-letter-scripts.ts'
import { LetterStore } from '../src/dead-letter-store.ts'
import { idempotencyScripts } from '../src/idempotency-scripts.ts'
import { streamScripts } from '../src/stream-scripts.ts'
import { RedisTaskStream } from '../src/task-stream.ts'
import { jump, skewed } from './adversity/skewed-clock.ts'
import { settings as letterSettings } from './dead-letter-toys.ts'
import { storeWith } from './idempotency-servers.ts'

const hour = 3_600_000
const prefix = 'skew:'
/** Longer than a machine stalls, shorter than the clock jumps, and longer than the server is up: it has to be told that it is. */
const minIdle = 600_000
const reaping: ReapRequest = {
  minIdle,
  count: 100,
  suspects: 100,
  suspectAfter: 50,
  maxStarts: 50,
  maxDeliveries: 50,
  mode: 'claim',
  cursor: '',
}

let client: Redis
beforeAll(async () => {
  client = new Redis((await redisForTests()).url)
})
afterAll(() => client.disconnect())

function skewedStream() {
  const name = randomUUID()
  const skew = `${prefix}${name}`
  const settings = {
    connection: redisConnection(client, { commandTimeout: '20s' }),
    name,
    prefix,
    capacity: 10_000,
    auditLimit: 10_000,
    block: 1000,
    codec: jsonPayload,
    random: Math.random,
  }
  const upForDays = (lua: string): string =>
    lua.replace("string.match(info, 'uptime_in_seconds:(%d+)')", "'1000000'")
  const stream = new RedisTaskStream(settings, skewed(streamScripts(upForDays), skew))
  const jumpBy = (milliseconds: number) =>
    jump(client, skew, milliseconds, { stream: `${prefix}{${name}}:s` })
  const fetch = (owner: string, count = 100) => stream.fetch(owner, { count, wait: 0 })
  return { stream, jumpBy, fetch }
}

const receiptsOf = (deliveries: readonly Delivery[]): string[] => deliveries.map(({ receipt }) => receipt)

describe.concurrent('a task stream', () => {
  it('makes due at once what is due after a jump forward, and tells no negative waits', async ({
    expect,
  }) => {
    const { stream, jumpBy, fetch } = skewedStream()
    await stream.enqueue({ id: 'soon', payload: '1', delay: 60_000 })
    await stream.enqueue({ id: 'late', payload: '1', delay: 2 * hour })
    await jumpBy(hour)
    const { promoted, next } = await stream.promote(10)
    expect(promoted).toBe(1)
    expect(next).toBeGreaterThan(0)
    expect(next).toBeLessThanOrEqual(hour)
    const [soon] = await fetch('w')
    expect(soon?.task).toBe('soon')
    expect(soon?.age).toBeGreaterThanOrEqual(hour)
    await stream.close()
  })

  it('takes a jump forward for silence, which a heartbeat ends', async ({ expect }) => {
    const { stream, jumpBy, fetch } = skewedStream()
    await stream.enqueueMany(['a', 'b'].map((id) => ({ id, payload: '1' })))
    const [a] = receiptsOf(await fetch('quick', 1)) as [string]
    const [b] = receiptsOf(await fetch('slow', 1)) as [string]
    await jumpBy(hour)
    expect(await stream.beat('quick', [a], [])).toEqual([])
    const { claimed } = await stream.reap('reaper', reaping)
    expect(claimed.map(({ task, previousOwner }) => [task, previousOwner])).toEqual([['b', 'slow']])
    expect((await stream.reap('another', reaping)).claimed).toEqual([])
    expect(await stream.beat('slow', [b], [])).toEqual([b])
    expect(await stream.acknowledge('slow', [b])).toEqual([b])
    expect(await stream.acknowledge('quick', [a])).toEqual([])
    expect(await stream.acknowledge('reaper', receiptsOf(claimed))).toEqual([])
    expect(await stream.stats()).toMatchObject({ enqueued: 2, acknowledged: 2, pending: 0 })
    await stream.close()
  })

  it('keeps what is due through a jump back: late by no more than the jump, and new delays are right', async ({
    expect,
  }) => {
    const { stream, jumpBy, fetch } = skewedStream()
    await stream.enqueue({ id: 'before', payload: '1', delay: 60_000 })
    await jumpBy(-hour)
    const { promoted, next } = await stream.promote(10)
    expect(promoted).toBe(0)
    expect(next).toBeGreaterThan(60_000)
    expect(next).toBeLessThanOrEqual(60_000 + hour)
    await stream.enqueue({ id: 'after', payload: '1', delay: 60_000 })
    // The minute passes.
    await jumpBy(60_000)
    expect((await stream.promote(10)).promoted).toBe(1)
    expect((await fetch('w')).map(({ task, age }) => [task, age >= 60_000])).toEqual([['after', true]])
    await jumpBy(hour)
    expect(await stream.promote(10)).toEqual({ promoted: 1, next: undefined })
    const [before] = await fetch('w')
    expect(before).toMatchObject({ task: 'before' })
    expect(before?.age).toBeGreaterThanOrEqual(0)
    await stream.close()
  })

  it('takes nothing over too early after a jump back, and forgets no owner that lives', async ({
    expect,
  }) => {
    const { stream, jumpBy, fetch } = skewedStream()
    await stream.enqueueMany(['a', 'b'].map((id) => ({ id, payload: '1' })))
    const held = receiptsOf(await fetch('w'))
    await jumpBy(-hour)
    expect((await stream.reap('reaper', reaping)).claimed).toEqual([])
    expect(await stream.prune(minIdle)).toEqual([])
    expect(await stream.beat('w', held, held)).toEqual([])
    expect(await stream.retryLater('w', held[0] as string, { delay: 0, reason: 'x' })).toBe('done')
    const [again] = await fetch('w')
    expect(again).toMatchObject({ task: 'a', failures: 1, age: 0 })
    expect(await stream.acknowledge('w', [again?.receipt as string, held[1] as string])).toEqual([])
    expect(await stream.leave('w')).toBe(true)
    await stream.close()
  })

  it('conserves, and gives each name and receipt once, however the clock jumps', async ({ expect }) => {
    const random = seededRandom('jumps of a stream')
    const { stream, jumpBy, fetch } = skewedStream()
    const entries = new Set<string>()
    const receipts = new Set<string>()
    const held = new Map<string, string[]>()
    const take = (owner: string, deliveries: readonly Delivery[]): void => {
      for (const { entry, receipt, age } of deliveries) {
        expect(age).toBeGreaterThanOrEqual(0)
        expect(receipts).not.toContain(receipt)
        receipts.add(receipt)
        entries.add(entry)
        held.set(owner, [...(held.get(owner) ?? []), receipt])
      }
    }
    let enqueued = 0
    for (let step = 0; step < 250; step++) {
      const owner = `w${Math.floor(random() * 3)}`
      const [first, ...others] = held.get(owner) ?? []
      const dice = random()
      if (dice < 0.2) await jumpBy(Math.round((random() - 0.5) * 2 * hour))
      else if (dice < 0.45) {
        const delay = random() < 0.5 ? 0 : Math.round(random() * hour)
        await stream.enqueueMany([{ id: `t${enqueued++}`, payload: '1', delay }])
      } else if (dice < 0.6) take(owner, await fetch(owner, 3))
      else if (dice < 0.7) take(owner, (await stream.reap(owner, reaping)).claimed)
      else if (dice < 0.8) expect((await stream.promote(5)).next ?? 0).toBeGreaterThanOrEqual(0)
      else if (first !== undefined) {
        held.set(owner, others)
        if (dice < 0.9) await stream.acknowledge(owner, [first])
        else await stream.retryLater(owner, first, { delay: Math.round(random() * hour), reason: 'x' })
      }
      const { waiting, pending, due, acknowledged, dead, vanished, ...rest } = await stream.stats()
      expect(waiting + pending + due + acknowledged + dead + vanished).toBe(rest.enqueued)
    }
    // None is stuck: once the time is right, all of them end.
    await jumpBy(10 * hour)
    let left = 0
    do {
      await stream.promote(1000)
      const last = [...(await fetch('last', 1000)), ...(await stream.reap('last', reaping)).claimed]
      await stream.acknowledge('last', receiptsOf(last))
      for (const { entry } of last) entries.add(entry)
      const { waiting, pending, due } = await stream.stats()
      left = waiting + pending + due
    } while (left > 0)
    expect(await stream.stats()).toMatchObject({ enqueued, acknowledged: enqueued })
    expect(entries.size).toBe(enqueued)
    await stream.close()
  })
})

describe.concurrent('idempotency records', () => {
  const setUp = () => {
    const skew = `${prefix}${randomUUID()}`
    const store = storeWith(client, skewed(idempotencyScripts(true), skew))
    const jumpBy = (milliseconds: number) =>
      jump(client, skew, milliseconds, { expiring: [store.recordKey('key')] })
    const claim = (owner: string, rest: Partial<ClaimRequest> = {}): Promise<Claim> =>
      store.claim('key', {
        owner,
        fingerprint: '',
        lease: 30_000,
        retain: 100 * hour,
        takeover: true,
        ...rest,
      })
    return { store, jumpBy, claim }
  }
  const fenceOf = (claim: Claim): number => {
    if (!('fence' in claim)) throw new Error(claim.kind)
    return claim.fence
  }
  const done = { state: 'completed', payload: undefined, ttl: hour } as const

  it('are taken over after a jump forward with a greater fence, and the owner before is refused', async ({
    expect,
  }) => {
    const { store, jumpBy, claim } = setUp()
    const fence = fenceOf(await claim('ann'))
    await jumpBy(hour)
    const next = await claim('bob')
    expect(next.kind).toBe('recovered')
    expect(fenceOf(next)).toBeGreaterThan(fence)
    expect(await store.renew('key', { owner: 'ann', fence, lease: 1000, retain: hour })).toBe('stale')
    expect(await store.complete('key', { owner: 'ann', fence, ...done })).toBe('stale')
    expect(await store.complete('key', { owner: 'bob', fence: fenceOf(next), ...done })).toBe('stored')
    store.close()
  })

  it('stay with their owner through a jump back, and a heartbeat makes the lease right again', async ({
    expect,
  }) => {
    const { store, jumpBy, claim } = setUp()
    const fence = fenceOf(await claim('ann'))
    await jumpBy(-hour)
    const busy = await claim('bob')
    expect(busy.kind).toBe('inFlight')
    if (busy.kind !== 'inFlight') return
    expect(busy.leaseLeft).toBeGreaterThan(30_000)
    expect(busy.leaseLeft).toBeLessThanOrEqual(30_000 + hour)
    expect(await store.renew('key', { owner: 'ann', fence, lease: 30_000, retain: hour })).toBe('renewed')
    const right = await claim('bob')
    expect(right.kind === 'inFlight' && right.leaseLeft).toBeLessThanOrEqual(30_000)
    expect(fenceOf(await claim('ann'))).toBe(fence)
    store.close()
  })

  it('give greater fences only, and no negative waits, however the clock jumps', async ({ expect }) => {
    const random = seededRandom('jumps of a record')
    const { store, jumpBy, claim } = setUp()
    let [last, grants, refusals, owner] = [0, 0, 0, 'nobody']
    for (let step = 0; step < 300; step++) {
      if (random() < 0.4) await jumpBy(Math.round((random() - 0.4) * hour))
      const asking = `o${step}`
      const answer = await claim(asking, { lease: Math.round(random() * 0.2 * hour) })
      if ('fence' in answer && answer.kind !== 'abandoned') {
        expect(answer.fence).toBeGreaterThan(last)
        last = answer.fence
        owner = asking
        grants++
        if (random() < 0.3)
          await store.complete('key', { owner, fence: last, ...done, state: 'retryable', ttl: 100 * hour })
      } else if (answer.kind === 'inFlight') {
        expect(answer.leaseLeft).toBeGreaterThan(0)
        refusals++
        const view = await store.peek('key')
        expect(view).toMatchObject({ fence: last, owner })
        expect(view?.leaseLeft).toBeGreaterThan(0)
      } else throw new Error(answer.kind)
    }
    expect(grants).toBeGreaterThan(10)
    expect(refusals).toBeGreaterThan(10)
    store.close()
  })
})

describe.concurrent('dead letters', () => {
  const by = { actor: 'ada', reason: undefined }
  const claimAll = { limit: 100, leaseFor: 60_000, owner: 'recovery', dueOnly: true }
  const setUp = () => {
    const skew = `${prefix}${randomUUID()}`
    const store = new LetterStore(letterSettings(client), skewed(deadLetterScripts(false), skew))
    const add = async (dueIn: number): Promise<string> => {
      const token = randomUUID().replaceAll('-', '')
      const added = await store.add(newLetter({ token, dueIn, dedupeKey: undefined }))
      if (added.outcome !== 'added') throw new Error(added.outcome)
      return added.id
    }
    return { store, add, jumpBy: (milliseconds: number) => jump(client, skew, milliseconds) }
  }

  it('lapse by a jump forward, and go to one other with a greater fence', async ({ expect }) => {
    const { store, add, jumpBy } = setUp()
    const id = await add(0)
    const { fence } = await store.claim(claimAll)
    await jumpBy(hour)
    const next = await store.claim(claimAll)
    expect(next.letters.map((letter) => letter.id)).toEqual([id])
    expect(next.fence).toBeGreaterThan(fence)
    expect(await store.settle(id, fence, { ...by, outcome: 'resolved', dueIn: undefined })).toBe('stale')
    expect(await store.settle(id, next.fence, { ...by, outcome: 'resolved', dueIn: undefined })).toBe('done')
  })

  it('stay leased, in order and due through a jump back', async ({ expect }) => {
    const { store, add, jumpBy } = setUp()
    const first = await add(0)
    const held = await store.claim(claimAll)
    await jumpBy(-hour)
    const second = await add(0)
    expect(second > first).toBe(true)
    const next = await store.claim(claimAll)
    expect(next.letters.map(({ id }) => id)).toEqual([second])
    expect(next.fence).toBeGreaterThan(held.fence)
    const refused = await store.discard(first, by)
    expect(refused.outcome).toBe('leased')
    if (refused.outcome === 'leased') {
      expect(refused.leaseLeft).toBeGreaterThan(0)
      expect(refused.leaseLeft).toBeLessThanOrEqual(hour + 60_000)
    }
    expect(await store.settle(first, held.fence, { ...by, outcome: 'returned', dueIn: 50 })).toBe('done')
    await sleep(60)
    expect((await store.claim(claimAll)).letters.map(({ id }) => id)).toEqual([first])
    const trim = { olderThan: hour / 2, keep: undefined, settledBefore: 0, batch: 500, actor: 'retention' }
    expect((await store.trim(trim)).removed).toEqual([])
    expect(await store.counts()).toMatchObject({ leased: 2, dead: 0 })
  })
})
