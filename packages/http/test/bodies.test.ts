/** Bodies arrive byte for byte, however often they are sent. */
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  type HttpNotRepeatable,
  type HttpOptions,
  type ReplayableInit,
  resilientFetch,
} from '@seaworthy/http'
import { describe, expect, it } from 'vitest'
import { type Behaviour, scriptedServer } from './local-servers.ts'

const quick: HttpOptions = {
  retry: { attempts: 3, delay: 1 },
  budget: false,
  breaker: false,
  cooldown: false,
}
const busy: Behaviour = { status: 429, body: 'busy' }
const bytes = new Uint8Array(randomBytes(70_000))
const text = 'naïve text, 100 €'

const hash = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex')

const streamOf = (data: Uint8Array): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (let at = 0; at < data.length; at += 9999) controller.enqueue(data.subarray(at, at + 9999))
      controller.close()
    },
  })

async function* chunksOf(data: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += 9999) yield data.subarray(at, at + 9999)
}

function form(): FormData {
  const data = new FormData()
  data.set('name', text)
  data.set('file', new Blob([bytes]), 'file.bin')
  return data
}

interface Kind {
  readonly make: () => ReplayableInit['body']
  /** What arrives; undefined where boundaries are random. */
  readonly expected: Uint8Array | string | undefined
  readonly type?: RegExp
}

const kinds: Record<string, Kind> = {
  string: { make: () => text, expected: text, type: /^text\/plain;charset=UTF-8$/ },
  URLSearchParams: {
    make: () => new URLSearchParams({ a: '1', b: 'ü' }),
    expected: 'a=1&b=%C3%BC',
    type: /^application\/x-www-form-urlencoded/,
  },
  FormData: { make: form, expected: undefined, type: /^multipart\/form-data; boundary=/ },
  Blob: { make: () => new Blob([bytes], { type: 'image/png' }), expected: bytes, type: /^image\/png$/ },
  ArrayBuffer: { make: () => bytes.buffer, expected: bytes },
  Uint8Array: { make: () => bytes, expected: bytes },
  DataView: { make: () => new DataView(bytes.buffer, 5, 100), expected: bytes.subarray(5, 105) },
  'a function': { make: () => () => text, expected: text },
  'a function that makes a stream': { make: () => () => streamOf(bytes), expected: bytes },
  'a function that promises bytes': { make: () => async () => bytes, expected: bytes },
}

describe('verify 4.4: fetch', () => {
  describe.each(['PUT', 'POST'])('%s', (method) => {
    it.each(Object.entries(kinds))('replays %s', async (_, { make, expected, type }) => {
      await using server = await scriptedServer([busy, busy])
      const fetch = resilientFetch(quick)
      const response = await fetch(server.url, { method, body: make() })
      expect(response.status).toBe(200)
      await response.text()
      expect(server.received.length).toBe(3)
      for (const { body, headers } of server.received) {
        if (expected !== undefined) expect(hash(body)).toBe(hash(expected))
        if (expected === undefined) expect(body.includes(Buffer.from(bytes))).toBe(true)
        if (type !== undefined) expect(headers['content-type']).toMatch(type)
        if (headers['transfer-encoding'] === undefined)
          expect(headers['content-length']).toBe(String(body.length))
      }
    })

    it.each(['string', 'FormData', 'Blob', 'Uint8Array', 'URLSearchParams'])(
      'replays a Request with %s',
      async (kind) => {
        const { make, expected, type } = kinds[kind] as Kind
        await using server = await scriptedServer([busy, busy])
        const fetch = resilientFetch(quick)
        const request = new Request(`${server.url}/path`, {
          method,
          body: make() as Blob,
          headers: { 'x-own': 'yes' },
        })
        const response = await fetch(request)
        await response.text()
        expect([response.status, server.received.length, request.bodyUsed]).toEqual([200, 3, true])
        for (const { body, headers, url } of server.received) {
          if (expected !== undefined) expect(hash(body)).toBe(hash(expected))
          else expect(body.includes(Buffer.from(bytes))).toBe(true)
          if (type !== undefined) expect(headers['content-type']).toMatch(type)
          expect([headers['content-length'], headers['x-own'], url]).toEqual([
            String(body.length),
            'yes',
            '/path',
          ])
        }
      },
    )

    it.each([
      ['ReadableStream', () => streamOf(bytes)],
      ['an async iterable', () => chunksOf(bytes)],
      ['a stream of Node', () => Readable.from(chunksOf(bytes))],
    ])('sends %s once, and says why', async (_, make) => {
      await using server = await scriptedServer([busy])
      const fetch = resilientFetch(quick)
      const reasons: HttpNotRepeatable[] = []
      fetch.http.on('notRepeatable', (event) => reasons.push(event))
      // Node's types know nothing of async iterables as bodies.
      const response = await fetch(server.url, { method, body: make() as ReadableStream, duplex: 'half' })
      expect([response.status, await response.text()]).toEqual([429, 'busy'])
      expect(server.received.map(({ body }) => hash(body))).toEqual([hash(bytes)])
      expect(reasons.map(({ reason }) => reason)).toEqual(['body'])
    })

    it.each([
      ['ReadableStream', () => streamOf(bytes)],
      ['an async iterable', () => chunksOf(bytes)],
      ['a stream of Node', () => Readable.from(chunksOf(bytes))],
    ])('keeps %s when asked to', async (_, make) => {
      await using server = await scriptedServer([busy, busy])
      const fetch = resilientFetch({ ...quick, bufferStreams: true })
      const response = await fetch(server.url, { method, body: make() as ReadableStream, duplex: 'half' })
      expect(response.status).toBe(200)
      await response.text()
      expect(server.received.map(({ body }) => hash(body))).toEqual(Array(3).fill(hash(bytes)))
    })
  })

  it('sends a body over the limit whole, but once', async () => {
    await using server = await scriptedServer([busy])
    const fetch = resilientFetch({ ...quick, maxReplayBytes: 10_000 })
    const response = await fetch(new Request(server.url, { method: 'POST', body: bytes }))
    expect([response.status, await response.text()]).toEqual([429, 'busy'])
    expect(server.received.map(({ body }) => hash(body))).toEqual([hash(bytes)])
  })

  it('leaves a Request alone when nothing is ever repeated', async () => {
    await using server = await scriptedServer([busy])
    let seen: unknown
    const request = new Request(server.url, { method: 'POST', body: text })
    const fetch = resilientFetch(
      { retry: false, timeout: false },
      {
        fetch: (input: string | URL | Request, init?: RequestInit) => {
          seen = input
          return globalThis.fetch(input, init)
        },
      },
    )
    const response = await fetch(request)
    await response.text()
    expect(seen).toBe(request)
    expect(server.received.map(({ body }) => body.toString())).toEqual([text])
  })

  it('takes a Request in place of init', async () => {
    await using server = await scriptedServer([busy])
    const fetch = resilientFetch(quick)
    const template = new Request('http://unused.test/', {
      method: 'PUT',
      body: text,
      headers: { 'x-own': 'yes' },
    })
    const response = await fetch(server.url, template as unknown as RequestInit)
    await response.text()
    expect(
      server.received.map(({ method, body, headers }) => [method, body.toString(), headers['x-own']]),
    ).toEqual(Array(2).fill(['PUT', text, 'yes']))
  })

  it('calls fetch with the very arguments of the caller when it has nothing to add', async () => {
    const calls: unknown[][] = []
    const fetch = resilientFetch(
      { timeout: false },
      {
        fetch: async (...args: [string, RequestInit?]) => {
          calls.push(args)
          return new Response('ok')
        },
      },
    )
    const init = { headers: { a: 'b' } }
    await fetch('http://shop.test/', init)
    expect(calls[0]?.[1]).toBe(init)
  })

  it('refuses what is no request in the words of fetch', async () => {
    const fetch = resilientFetch()
    await expect(fetch('no address')).rejects.toThrow(TypeError)
    expect(await (await fetch('data:text/plain,hello')).text()).toBe('hello')
  })
})

describe('verify 4.3: idempotency keys', () => {
  it('are the same from the first send to the last, and differ from call to call', async () => {
    await using server = await scriptedServer([{ status: 500 }, 'reset'])
    const fetch = resilientFetch({ ...quick, idempotencyKey: 'auto' })
    for (let call = 0; call < 2; call++)
      await (await fetch(server.url, { method: 'POST', body: text })).text()
    const keys = server.received.map(({ headers }) => headers['idempotency-key'])
    expect(keys.length).toBe(4)
    expect(keys[0]).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    expect(new Set(keys.slice(0, 3)).size).toBe(1)
    expect(keys[3]).not.toBe(keys[0])
  })

  it.each([
    ['an object', { 'idempotency-KEY': 'mine' }],
    ['pairs', [['Idempotency-Key', 'mine']]],
    ['Headers', new Headers({ 'Idempotency-Key': 'mine' })],
  ] as const)('of the caller are kept: %s', async (_, headers) => {
    await using server = await scriptedServer([{ status: 500 }])
    const fetch = resilientFetch({ ...quick, idempotencyKey: 'auto' })
    await (await fetch(server.url, { method: 'POST', body: text, headers: headers as Headers })).text()
    expect(server.received.map((request) => request.headers['idempotency-key'])).toEqual(['mine', 'mine'])
  })

  it('are not given to requests that need none, nor unless asked for', async () => {
    await using server = await scriptedServer()
    for (const options of [{ ...quick, idempotencyKey: 'auto' }, quick] satisfies HttpOptions[]) {
      const fetch = resilientFetch(options)
      await (await fetch(server.url, { method: 'PUT', body: text })).text()
      await (await fetch(server.url)).text()
    }
    await (await resilientFetch(quick)(server.url, { method: 'POST', body: text })).text()
    expect(server.received.filter(({ headers }) => 'idempotency-key' in headers)).toEqual([])
  })

  it('mean nothing when switched off', async () => {
    await using server = await scriptedServer([{ status: 500 }])
    const fetch = resilientFetch({ ...quick, idempotencyKey: false })
    const response = await fetch(server.url, { method: 'POST', headers: { 'Idempotency-Key': 'mine' } })
    await response.text()
    expect([response.status, server.received.length]).toEqual([500, 1])
  })

  it('has a header of another name, and one that counts the sends', async () => {
    await using server = await scriptedServer([{ status: 500 }])
    const fetch = resilientFetch({
      ...quick,
      idempotencyKey: 'auto',
      idempotencyHeader: 'X-Request-Id',
      attemptHeader: 'X-Retry-Count',
    })
    await (await fetch(server.url, { method: 'POST', headers: { 'x-own': 'yes' } })).text()
    const sent = server.received.map(({ headers }) => [headers['x-retry-count'], headers['x-own']])
    expect(sent).toEqual([
      [undefined, 'yes'],
      ['1', 'yes'],
    ])
    expect(server.received[0]?.headers['x-request-id']).toBe(server.received[1]?.headers['x-request-id'])
  })
})
