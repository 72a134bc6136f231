/** The API for operators, over HTTP. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { LetterPage } from '@seaworthy/dead-letter'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { orderApi } from '../src/api.ts'
import { type Backend, memoryBackend } from '../src/backend.ts'

let backend: Backend
let server: Server
let url = ''

beforeEach(async () => {
  backend = memoryBackend()
  server = orderApi(backend, { secret: 'ada' }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
  await backend.close()
})

interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

async function ask(method: string, path: string, body?: object, token = 'secret'): Promise<Reply> {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const lines = response.headers.get('content-type') === 'application/x-ndjson'
  const parsed: unknown = lines
    ? text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown)
    : JSON.parse(text)
  return { status: response.status, headers: response.headers, body: parsed }
}

const add = (item: string, error = 'no'): Promise<string> =>
  backend.deadLetters.add({ payload: JSON.stringify({ item }), headers: {} }, new Error(error), {
    type: 'orders',
  })

it('wants a token for everything, and tells nothing without one', async () => {
  const id = await add('book')
  const routes = [
    ['GET', ''],
    ['GET', '/stats'],
    ['GET', '/audit'],
    ['GET', `/${id}`],
    ['POST', `/${id}/retry`],
    ['POST', `/${id}/discard`],
    ['POST', '/retry'],
    ['POST', '/purge'],
    ['POST', '/upkeep'],
  ] as const
  for (const [method, path] of routes) {
    const { status, headers, body } = await ask(method, `/dead-letters${path}`, undefined, 'guess')
    expect([method, path, status]).toEqual([method, path, 401])
    expect(headers.get('www-authenticate')).toMatch(/^Bearer/)
    expect(body).toEqual({ error: { code: 'unauthorized', message: expect.any(String) } })
  }
  expect((await fetch(`${url}/dead-letters`)).status).toBe(401)
  expect(await backend.deadLetters.stats()).toMatchObject({ dead: 1 })
})

it('lists page by page, with filters, and shows one with its content', async () => {
  const ids = [await add('a'), await add('b', 'other'), await add('c')]
  const first = (await ask('GET', '/dead-letters?limit=2&order=oldest')).body as LetterPage
  const rest = (await ask('GET', `/dead-letters?limit=2&order=oldest&cursor=${first.next}`))
    .body as LetterPage
  expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(ids)
  expect(rest).not.toHaveProperty('next')
  const filtered = await ask('GET', `/dead-letters?errorClass=${encodeURIComponent('Error: other')}`)
  expect((filtered.body as LetterPage).items.map(({ id }) => id)).toEqual([ids[1]])
  expect((await ask('GET', '/dead-letters?state=discarded')).body).toMatchObject({ items: [] })
  expect((await ask('GET', `/dead-letters/${ids[0]}`)).body).toMatchObject({
    message: { payload: '{"item":"a"}' },
  })
  expect((await ask('GET', `/dead-letters/audit?id=${ids[0]}`)).body).toMatchObject({
    entries: [{ event: 'added' }, { event: 'viewed', actor: 'ada' }],
  })
  expect((await ask('GET', '/dead-letters/stats')).body).toMatchObject({
    counts: { dead: 3 },
    groups: [{ count: 2 }, { count: 1 }],
    upkeep: [{ job: 'recovery' }, { job: 'retention' }],
  })
})

it('retries, discards and purges, each once and under the name of who did it', async () => {
  const [a, b] = [await add('a'), await add('b')]
  const retry = () => ask('POST', `/dead-letters/${a}/retry`, { reason: 'mended' })
  expect((await retry()).body).toEqual({ outcome: 'replayed', replayId: `${a}:1` })
  expect((await retry()).body).toEqual({ outcome: 'already', state: 'replayed', replayId: `${a}:1` })
  expect((await ask('POST', `/dead-letters/${b}/discard`)).body).toEqual({ outcome: 'discarded' })
  const { entries } = await backend.deadLetters.audit({ id: a })
  expect(entries.at(-1)).toMatchObject({ event: 'replayed', actor: 'ada', reason: 'mended' })
  await add('c')
  expect((await ask('POST', '/dead-letters/purge', { keep: 0 })).body).toMatchObject({ byCount: 1 })
  expect((await ask('POST', '/dead-letters/upkeep', { job: 'retention' })).body).toMatchObject([
    { outcome: 'done' },
  ])
})

it('retries many, a line for each, and lets a dry run do nothing', async () => {
  for (const item of ['a', 'b', 'c']) await add(item)
  const dry = await ask('POST', '/dead-letters/retry', { dryRun: true })
  expect(dry.body).toMatchObject([{ examined: 1 }, { examined: 2 }, { examined: 3, replayed: 0 }])
  const all = await ask('POST', '/dead-letters/retry', { rate: 1000, limit: 2, reason: 'mended' })
  expect(all.body).toMatchObject([{ replayed: 1 }, { examined: 2, replayed: 2 }])
  expect(await backend.deadLetters.stats()).toMatchObject({ dead: 1, replayed: 2 })
})

it('tells in one shape what is wrong with a request', async () => {
  const wrong = [
    ['GET', '/dead-letters/none', undefined, 404, 'ERR_DEAD_LETTER_NOT_FOUND'],
    ['POST', '/dead-letters/none/retry', undefined, 404, 'ERR_DEAD_LETTER_NOT_FOUND'],
    ['GET', '/dead-letters?limit=0', undefined, 400, 'ERR_INVALID_OPTION'],
    ['GET', '/dead-letters?state=alive', undefined, 400, 'invalid_query'],
    ['GET', '/dead-letters/%', undefined, 400, 'invalid_path'],
    ['POST', '/dead-letters/purge', {}, 400, 'ERR_INVALID_OPTION'],
    ['POST', '/dead-letters/purge', { olderThan: 'soon' }, 400, 'ERR_INVALID_OPTION'],
    ['POST', '/dead-letters/purge', { older: '1d' }, 400, 'invalid_body'],
    ['POST', '/dead-letters/retry', { limit: '5' }, 400, 'invalid_body'],
    ['POST', '/dead-letters/upkeep', { job: 'x' }, 400, 'ERR_INVALID_OPTION'],
    ['POST', '/dead-letters/retry', { constructor: 1 }, 400, 'invalid_body'],
    ['POST', '/orders', { item: 'book' }, 400, 'invalid_order'],
    ['POST', '/orders', { item: 'x'.repeat(70_000) }, 413, 'too_large'],
    ['DELETE', '/orders', undefined, 405, 'method_not_allowed'],
    ['GET', '/nothing', undefined, 404, 'not_found'],
  ] as const
  for (const [method, path, body, status, code] of wrong) {
    const reply = await ask(method, path, body)
    expect([path, reply.status, reply.body]).toEqual([
      path,
      status,
      { error: { code, message: expect.any(String) } },
    ])
  }
})

it('takes an order once under one key, and no other order under it', async () => {
  const order = (amount: number) =>
    fetch(`${url}/orders`, {
      method: 'POST',
      headers: { 'idempotency-key': 'k' },
      body: JSON.stringify({ item: 'book', amount }),
    })
  const ids = await Promise.all(
    [1, 1].map(async (amount) => (await (await order(amount)).json()) as { id: string }),
  )
  expect(new Set(ids.map(({ id }) => id)).size).toBe(1)
  expect((await order(2)).status).toBe(422)
  expect(await backend.stream.stats()).toMatchObject({ enqueued: 1 })
})
