import { deadLetters, memoryDeadLetters } from '@seaworthy/dead-letter'
import { afterEach, describe, expect, it } from 'vitest'
import { admin, ask, brokenQueue, posted, type Service, service, tokens } from './toys.ts'

let shop: Service
afterEach(async () => {
  await shop.close()
  expect(shop.clock.pendingTimers).toBe(0)
})

const queue = `${admin}/dlq/orders`
const later = { error: new Error('refused by https://user:hunter2@bank.example/pay?key=abc') }

async function add(count: number, message: Record<string, unknown> = {}): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < count; i++) {
    ids.push(
      await shop.letters.add({ order: i, password: 'hunter2', ...message }, later.error, { type: 'payment' }),
    )
    await shop.clock.advance(10)
  }
  return ids
}

describe('looking', () => {
  it('lists queues and pages of letters, without secrets and content', async () => {
    shop = service()
    const ids = await add(5)
    const { body: queues } = await ask(shop, `${admin}/dlq`, tokens.reader)
    expect(queues.queues).toMatchObject([
      { queue: 'orders', counts: { dead: 5 }, oldestAge: 50, stale: false },
    ])
    const first = await ask(shop, `${queue}?limit=2&type=payment&order=oldest`, tokens.reader)
    expect(first.body.letters.map(({ id }: { id: string }) => id)).toEqual(ids.slice(0, 2))
    expect(first.body.letters[0]).toMatchObject({
      state: 'dead',
      type: 'payment',
      error: { name: 'Error', message: 'refused by https://bank.example' },
    })
    expect(first.text).not.toMatch(/hunter2|order"/)
    const second = await ask(
      shop,
      `${queue}?limit=3&order=oldest&cursor=${encodeURIComponent(first.body.next)}`,
      tokens.reader,
    )
    expect(second.body.letters.map(({ id }: { id: string }) => id)).toEqual(ids.slice(2))
    expect((await ask(shop, `${queue}?type=other`, tokens.reader)).body.letters).toEqual([])
    for (const wrong of ['limit=0', 'limit=501', 'limit=x', 'state=gone', 'order=up'])
      expect((await ask(shop, `${queue}?${wrong}`, tokens.reader)).status).toBe(400)
    expect((await ask(shop, `${admin}/dlq/nobody`, tokens.reader)).status).toBe(404)
    expect((await ask(shop, `${admin}/dlq/__proto__`, tokens.reader)).status).toBe(404)
  })

  it('shows a letter; its content only to operators, without secrets, and the queue writes down who looked', async () => {
    shop = service()
    const [id] = await add(1, { note: 'x'.repeat(300), nested: { apiKey: 'k', url: 'redis://:pw@cache/0' } })
    const read = await ask(shop, `${queue}/${id}`, tokens.reader)
    expect([read.status, read.body.content, read.body.queue]).toEqual([200, undefined, 'orders'])
    expect((await ask(shop, `${queue}/${id}?content=true`, tokens.reader)).status).toBe(403)
    const { content } = (await ask(shop, `${queue}/${id}?content=true&reason=ticket+7`, tokens.operator)).body
    expect(content.preview.length).toBeLessThanOrEqual(200)
    expect(JSON.parse(content.message)).toMatchObject({
      order: 0,
      password: '[redacted]',
      nested: { apiKey: '[redacted]', url: 'redis://cache' },
    })
    const { entries } = await shop.letters.audit()
    expect(entries.filter(({ event }) => event === 'viewed')).toMatchObject([
      { actor: 'otto', reason: 'ticket 7' },
    ])
    expect((await ask(shop, `${queue}/unknown`, tokens.reader)).status).toBe(404)
  })
})

describe('acting', () => {
  it('replays: 200, 404 for unknown, 502 when it ran and failed, 200 when it was done before', async () => {
    shop = service()
    const [good] = await add(1)
    const [bad] = await add(1, { refuse: true })
    const retry = (id: string | undefined) =>
      ask(shop, `${queue}/${id}/retry`, tokens.operator, posted({ reason: 'fixed' }))
    expect((await retry(good)).body).toMatchObject({ id: good, outcome: 'replayed' })
    expect(shop.replayed).toMatchObject([{ order: 0 }])
    expect((await retry(good)).body).toMatchObject({ outcome: 'already' })
    const failed = await retry(bad)
    expect([failed.status, failed.body.error.code]).toEqual([502, 'retry_failed'])
    expect(failed.text).not.toContain('still refuses')
    expect((await retry('unknown')).status).toBe(404)
    const { entries } = (await ask(shop, `${admin}/audit`, tokens.reader)).body
    expect(entries.map(({ outcome, code }: { outcome: string; code?: string }) => code ?? outcome)).toEqual([
      'not_found',
      'retry_failed',
      'ok',
      'ok',
    ])
  })

  it('a letter that somebody works on is 409, and says when to come back', async () => {
    shop = service()
    const [id] = await add(1)
    await shop.letters.store.claim({ limit: 1, leaseFor: 30_000, owner: 'somebody', dueOnly: false })
    const { status, headers, body } = await ask(shop, `${queue}/${id}/retry`, tokens.operator, posted())
    expect([status, body.error.code, headers.get('retry-after')]).toEqual([409, 'in_flight', '30'])
  })

  it('a queue that has nothing to replay with says so', async () => {
    const store = memoryDeadLetters()
    const orders = deadLetters({ store })
    shop = service({ deadLetters: { orders } })
    const id = await orders.add({}, new Error('down'))
    for (const path of [`${id}/retry`, 'retry-batch']) {
      const { status, body } = await ask(shop, `${queue}/${path}`, tokens.operator, posted())
      expect([status, body.error.code]).toEqual([409, 'unsupported'])
    }
    await orders.close()
  })

  it('discards', async () => {
    shop = service()
    const [id] = await add(1)
    const discard = () => ask(shop, `${queue}/${id}`, tokens.operator, { method: 'DELETE' })
    expect((await discard()).body).toMatchObject({ outcome: 'discarded' })
    expect((await discard()).body).toMatchObject({ outcome: 'already' })
    expect((await ask(shop, `${queue}/${id}`, tokens.reader, { method: 'DELETE' })).status).toBe(403)
  })

  it('replays many: those that were picked, or all of a type', async () => {
    shop = service()
    const ids = [...(await add(2)), ...(await add(1, { refuse: true })), 'unknown']
    const picked = await ask(shop, `${queue}/retry-batch`, tokens.operator, posted({ ids, reason: 'fixed' }))
    expect(picked.body).toEqual({
      message: '2 of 4 letters were replayed.',
      examined: 4,
      replayed: 2,
      already: 0,
      leased: 0,
      missing: 1,
      failed: 1,
      remaining: false,
    })
    await add(30)
    const dry = await ask(
      shop,
      `${queue}/retry-batch`,
      tokens.operator,
      posted({ type: 'payment', dryRun: true }),
    )
    expect(dry.body).toMatchObject({ examined: 31, replayed: 0 })
    const all = await ask(
      shop,
      `${queue}/retry-batch`,
      tokens.operator,
      posted({ type: 'payment', limit: 1000 }),
    )
    expect(all.body).toMatchObject({ examined: 31, replayed: 30, failed: 1, remaining: false })
    const tooMany = { ids: Array.from({ length: 101 }, (_, i) => String(i)) }
    expect((await ask(shop, `${queue}/retry-batch`, tokens.operator, posted(tooMany))).status).toBe(400)
  })

  it('a large batch stops in time, and says that there is more', async () => {
    shop = service()
    await add(1200)
    const before = shop.clock.now()
    const { body } = await ask(shop, `${queue}/retry-batch`, tokens.operator, posted({ limit: 1000 }))
    expect(body.remaining || body.examined === 1000).toBe(true)
    expect(shop.clock.now() - before).toBeLessThan(21_000)
  })

  it('purges within limits only, with a reason, as who may change the whole', async () => {
    shop = service()
    await add(3)
    const purge = (body: object, token = tokens.admin) => ask(shop, `${queue}/purge`, token, posted(body))
    expect((await purge({ keep: 1, reason: 'x' }, tokens.operator)).status).toBe(403)
    expect((await purge({ reason: 'x' })).status).toBe(400)
    expect((await purge({ keep: 1 })).status).toBe(400)
    expect((await purge({ keep: 1, reason: 'test data' })).body).toMatchObject({ byCount: 2 })
    expect((await purge({ olderThan: '0ms', reason: 'rest' })).body).toMatchObject({ byAge: 1 })
  })
})

describe('a dead store', () => {
  it('is 502 in one shape, without its error, and hangs nobody', async () => {
    shop = service({ deadLetters: { orders: brokenQueue({}) } })
    const calls: [string, RequestInit?][] = [
      [queue],
      [`${queue}/x`],
      [`${queue}/x/retry`, posted()],
      [`${queue}/x`, { method: 'DELETE' }],
      [`${queue}/retry-batch`, posted()],
      [`${queue}/retry-batch`, posted({ ids: ['a'] })],
      [`${queue}/purge`, posted({ keep: 1, reason: 'x' })],
    ]
    for (const [path, init] of calls) {
      const { status, body, text } = await ask(shop, path, tokens.admin, init)
      expect([path, status, body.error.code]).toEqual([path, 502, 'store_failed'])
      expect(text).not.toMatch(/hunter2|10\.1\.2\.3|ECONN/)
    }
    await shop.close()
    shop = service({
      deadLetters: { orders: brokenQueue({ list: () => new Promise(() => {}) }) },
      timeout: '5s',
    })
    const before = shop.clock.now()
    expect((await ask(shop, queue, tokens.reader)).status).toBe(504)
    expect(shop.clock.now() - before).toBe(5000)
  })
})
