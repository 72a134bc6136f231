/** The dispatcher over HTTP/2: what undici tells of its streams and sessions, and what is repeated for that. */
import { once } from 'node:events'
import { constants, createSecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { HttpAttemptFailed, HttpOptions } from '@seaworthy/http'
import { type ResilientDispatcher, resilientDispatcher } from '@seaworthy/http/undici'
import { VirtualClock } from '@seaworthy/testing'
import { Agent, type Dispatcher, request } from 'undici'
import { describe, expect, it, vi } from 'vitest'
import { bodyOf } from './local-servers.ts'

const quick: HttpOptions = {
  retry: { attempts: 3, delay: 1 },
  budget: false,
  breaker: false,
  cooldown: false,
}

/** What the server does with one stream, once it has read the request. */
type Behaviour = (stream: ServerHttp2Stream) => void

const answer = (stream: ServerHttp2Stream, status = 200, headers: Record<string, string> = {}): void => {
  stream.respond({ ':status': status, ...headers })
  stream.end('ok')
}
const reset =
  (code: number): Behaviour =>
  (stream) =>
    stream.close(code)
const goAway =
  (code: number, lastStream: (stream: ServerHttp2Stream) => number): Behaviour =>
  (stream) => {
    const { session } = stream
    session?.goaway(code, lastStream(stream))
    session?.destroy()
  }
const silence: Behaviour = () => {}
const cut: Behaviour = (stream) => {
  stream.respond({ ':status': 200, 'content-length': '1000' })
  stream.write('beginning', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR))
}

interface Http2Server extends AsyncDisposable {
  readonly url: string
  readonly bodies: string[]
  readonly streams: ServerHttp2Stream[]
  readonly sessions: ServerHttp2Session[]
}

/** A key that both sides know, in place of a certificate that would have to be made, or kept here with its private key. */
const psk = Buffer.alloc(32, 'key of this test')
const ciphers = 'PSK+AESGCM'

async function http2Server(...script: readonly Behaviour[]): Promise<Http2Server> {
  const queue = [...script]
  const sessions: ServerHttp2Session[] = []
  const streams: ServerHttp2Stream[] = []
  const bodies: string[] = []
  const server = createSecureServer({ pskCallback: () => psk, ciphers, maxVersion: 'TLSv1.2' })
  server.on('session', (session) => {
    sessions.push(session.on('error', () => {}))
  })
  server.on('stream', async (stream) => {
    streams.push(stream.on('error', () => {}))
    const body = await bodyOf(stream).catch(() => undefined)
    if (body === undefined) return
    bodies.push(body.toString())
    const behaviour = queue.shift() ?? answer
    behaviour(stream)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    streams,
    sessions,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Client extends AsyncDisposable {
  readonly dispatcher: Dispatcher
  readonly http: ResilientDispatcher['http']
  readonly failures: HttpAttemptFailed[]
}

function client(options: HttpOptions = quick): Client {
  const interceptor = resilientDispatcher(options)
  // undici's types know less than `tls.connect`, which gets this.
  const connect: object = {
    pskCallback: () => ({ identity: 'test', psk }),
    ciphers,
    maxVersion: 'TLSv1.2',
    checkServerIdentity: () => undefined,
  }
  const agent = new Agent({ allowH2: true, connections: 1, pipelining: 100, connect })
  const failures: HttpAttemptFailed[] = []
  interceptor.http.on('attemptFailed', (event) => failures.push(event))
  return {
    dispatcher: agent.compose(interceptor),
    http: interceptor.http,
    failures,
    [Symbol.asyncDispose]: () => agent.destroy(),
  }
}

const get = async (url: string, { dispatcher }: Client): Promise<string> => {
  const { body } = await request(url, { dispatcher })
  return await body.text()
}

const all = { GET: 2, POST: 2, keyed: 2 }
const harmless = { GET: 2, POST: 1, keyed: 2 }

/** What happens to the first stream; how often requests are sent; what is known about the first send. */
const rows: readonly (readonly [string, Behaviour, typeof all, string])[] = [
  ['a refused stream', reset(constants.NGHTTP2_REFUSED_STREAM), all, 'unsent'],
  ['a stream reset with an error', reset(constants.NGHTTP2_INTERNAL_ERROR), harmless, 'unknown'],
  ['a cancelled stream', reset(constants.NGHTTP2_CANCEL), harmless, 'unknown'],
  ['a call for calm', reset(constants.NGHTTP2_ENHANCE_YOUR_CALM), harmless, 'unknown'],
  // undici does not tell up to which stream the server has worked.
  ['GOAWAY after the stream', goAway(constants.NGHTTP2_NO_ERROR, ({ id }) => id ?? 0), harmless, 'unknown'],
  ['GOAWAY before the stream', goAway(constants.NGHTTP2_NO_ERROR, () => 0), harmless, 'unknown'],
  ['GOAWAY with an error', goAway(constants.NGHTTP2_INTERNAL_ERROR, () => 0), harmless, 'unknown'],
  ['a session that ends', (stream) => stream.session?.destroy(), harmless, 'unknown'],
  ['silence', silence, harmless, 'unknown'],
  ['503', (stream) => answer(stream, 503), harmless, 'unknown'],
  ['503 with Retry-After', (stream) => answer(stream, 503, { 'retry-after': '0' }), all, 'unprocessed'],
]

describe('verify 4.2 over HTTP/2', () => {
  describe.each(rows)('%s', (_, behaviour, expected, evidence) => {
    it.each(['GET', 'POST', 'keyed'] as const)('%s', async (kind) => {
      await using server = await http2Server(behaviour)
      // Silence is measured on a clock of its own, so that a busy machine is not taken for one.
      const clock = new VirtualClock()
      await using undici = client(behaviour === silence ? { ...quick, clock } : quick)
      const sending = request(server.url, {
        dispatcher: undici.dispatcher,
        method: kind === 'GET' ? 'GET' : 'POST',
        ...(kind === 'GET' ? {} : { body: 'the body' }),
        headers: kind === 'keyed' ? { 'idempotency-key': 'order-1' } : {},
      }).then(
        async ({ statusCode, body }) => `${statusCode} ${await body.text()}`,
        (error: unknown) => error,
      )
      if (behaviour === silence) {
        await vi.waitFor(() => expect(server.bodies.length).toBe(1), 5000)
        await clock.advance('11s')
      }
      const outcome = await sending
      expect(server.bodies).toEqual(Array(expected[kind]).fill(kind === 'GET' ? '' : 'the body'))
      expect(undici.failures.map((failure) => failure.evidence)).toEqual([evidence])
      if (expected[kind] === 2) expect(outcome).toBe('200 ok')
      expect(undici.http.debugStats()).toMatchObject({ calls: 0, timed: 0 })
    })
  })
})

describe('over HTTP/2', () => {
  it('what is repeated after a refused stream goes over the same session, beside what is under way', async () => {
    await using server = await http2Server(silence, reset(constants.NGHTTP2_REFUSED_STREAM))
    await using undici = client()
    const slow = get(server.url, undici)
    await vi.waitFor(() => expect(server.bodies.length).toBe(1), 5000)
    expect(await get(server.url, undici)).toBe('ok')
    answer(server.streams[0] as ServerHttp2Stream)
    expect(await slow).toBe('ok')
    expect([server.bodies.length, server.sessions.length]).toEqual([3, 1])
  })

  it('a body that breaks off fails for its reader and is not asked for again', async () => {
    await using server = await http2Server(cut)
    await using undici = client()
    const { statusCode, body } = await request(server.url, { dispatcher: undici.dispatcher })
    expect(statusCode).toBe(200)
    await expect(body.text()).rejects.toThrow()
    expect(server.bodies.length).toBe(1)
  })

  it('a time limit ends the stream, and not the session', async () => {
    await using server = await http2Server(silence)
    const clock = new VirtualClock()
    await using undici = client({ ...quick, retry: false, clock })
    const failing = get(server.url, undici).catch((error: unknown) => error)
    await vi.waitFor(() => expect(server.bodies.length).toBe(1), 5000)
    await clock.advance('11s')
    expect(await failing).toMatchObject({ code: 'ERR_TIMEOUT', scope: 'attempt' })
    await vi.waitFor(() => expect(server.streams[0]?.closed).toBe(true), 5000)
    expect(await get(server.url, undici)).toBe('ok')
    expect(server.sessions.length).toBe(1)
  })

  it('an abort ends the stream, and not the session', async () => {
    await using server = await http2Server(silence)
    await using undici = client()
    const controller = new AbortController()
    const { signal } = controller
    const failing = request(server.url, { dispatcher: undici.dispatcher, signal }).catch((error) => error)
    await vi.waitFor(() => expect(server.bodies.length).toBe(1), 5000)
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await failing).toBe(reason)
    await vi.waitFor(() => expect(server.streams[0]?.closed).toBe(true), 5000)
    expect(await get(server.url, undici)).toBe('ok')
    expect([server.bodies.length, server.sessions.length]).toEqual([2, 1])
  })
})
