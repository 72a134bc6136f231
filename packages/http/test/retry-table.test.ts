/** What may be retried, row for row: by the method, and by what is proven about the fate of the request. */

import { once } from 'node:events'
import type { AddressInfo, LookupFunction } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import type { HttpAttemptFailed, HttpOptions } from '@seaworthy/http'
import { VirtualClock } from '@seaworthy/testing'
import { describe, expect, it, vi } from 'vitest'
import { type Client, clients, type Network } from './clients.ts'
import { type Behaviour, type ScriptedServer, scriptedServer, unusedPort } from './local-servers.ts'

const quick: HttpOptions = {
  retry: { attempts: 3, delay: 1 },
  budget: false,
  breaker: false,
  cooldown: false,
}

/** How often a request was sent, and how the sends failed. */
interface Outcome {
  readonly sends: number
  readonly failures: readonly HttpAttemptFailed[]
  readonly status: number | undefined
}

async function sent(client: Client, url: string, method: string, keyed: boolean): Promise<Outcome> {
  const failures: HttpAttemptFailed[] = []
  let sends = 0
  client.http.on('attemptFailed', (event) => failures.push(event))
  client.http.on('settled', (event) => {
    sends = event.attempts
  })
  const body = method === 'GET' ? undefined : 'the body'
  const headers: Record<string, string> = keyed ? { 'idempotency-key': 'order-1' } : {}
  let status: number | undefined
  try {
    ;({ status } = await client.request(url, { method, headers, body }))
  } catch {
    // Some rows never succeed.
  }
  await client.close()
  return { sends, failures, status }
}

type Methods = { readonly safe: boolean; readonly unsafe: boolean; readonly keyed: boolean }
const always: Methods = { safe: true, unsafe: true, keyed: true }
const never: Methods = { safe: false, unsafe: false, keyed: false }
const notUnsafe: Methods = { safe: true, unsafe: false, keyed: true }

const requests = [
  ['GET', false, 'safe'],
  ['PUT', false, 'safe'],
  ['DELETE', false, 'safe'],
  ['POST', false, 'unsafe'],
  ['PATCH', false, 'unsafe'],
  ['POST', true, 'keyed'],
] as const

const status = (code: number, headers?: Record<string, string>): Behaviour => ({
  status: code,
  body: 'no',
  ...(headers === undefined ? {} : { headers }),
})

/** After one such answer the server is well again. */
const answers: readonly (readonly [
  name: string,
  behaviour: Behaviour,
  expected: Methods,
  evidence: string,
])[] = [
  ['408', status(408), notUnsafe, 'unknown'],
  ['500', status(500), notUnsafe, 'unknown'],
  ['502', status(502), notUnsafe, 'unknown'],
  ['503', status(503), notUnsafe, 'unknown'],
  ['504', status(504), notUnsafe, 'unknown'],
  ['503 with Retry-After', status(503, { 'retry-after': '0' }), always, 'unprocessed'],
  ['429', status(429), always, 'unprocessed'],
  ['425', status(425), always, 'unprocessed'],
  ['413 with Retry-After', status(413, { 'retry-after': '0' }), always, 'unprocessed'],
  ['413', status(413), never, ''],
  ['400', status(400), never, ''],
  ['401', status(401), never, ''],
  ['404', status(404), never, ''],
  ['409', status(409), never, ''],
  ['422', status(422), never, ''],
  ['501', status(501), never, ''],
  ['505', status(505), never, ''],
  ['511', status(511), never, ''],
  ['507', status(507), never, 'unknown'],
  ['521', status(521), never, 'unknown'],
  ['503 that says not to retry', status(503, { 'x-should-retry': 'false' }), never, 'unknown'],
  ['500 that says to retry', status(500, { 'x-should-retry': 'true' }), notUnsafe, 'unknown'],
  ['a connection reset', 'reset', notUnsafe, 'unknown'],
  ['a connection that ends before the headers', 'fin', notUnsafe, 'unknown'],
  ['garbage in place of HTTP', 'garbage', notUnsafe, 'unknown'],
  ['silence', 'hang', notUnsafe, 'unknown'],
]

describe.each(clients)('verify 4.2 with %s', (_, make) => {
  describe.each(answers)('%s', (_, behaviour, expected, evidence) => {
    it.each(requests)('%s, keyed: %s', async (method, keyed, kind) => {
      await using server = await scriptedServer([behaviour])
      const clock = new VirtualClock()
      // Silence is measured on a clock of its own, so that a busy machine is not taken for one.
      const client = make(behaviour === 'hang' ? { ...quick, clock } : quick)
      const sending = sent(client, server.url, method, keyed)
      if (behaviour === 'hang') {
        await vi.waitFor(() => expect(server.received.length).toBe(1), 5000)
        await clock.advance('11s')
      }
      const { sends, failures } = await sending
      expect(sends).toBe(expected[kind] ? 2 : 1)
      expect(server.received.length).toBe(sends)
      expect(failures.map((failure) => failure.evidence)).toEqual(evidence === '' ? [] : [evidence])
    })
  })

  describe('never sent: every request may be repeated', () => {
    const thrice = async (url: string, network: Network, code: string): Promise<void> => {
      for (const [method, keyed] of requests) {
        const { sends, failures } = await sent(make(quick, network), url, method, keyed)
        expect(failures.map((failure) => [failure.code, failure.evidence])).toEqual(
          Array.from({ length: 3 }, () => [code, 'unsent']),
        )
        expect(sends).toBe(3)
      }
    }

    it('when the connection is refused', async () => {
      await thrice(`http://127.0.0.1:${await unusedPort()}`, {}, 'ECONNREFUSED')
    })

    it('when names cannot be resolved for the moment', async () => {
      await thrice('http://shop.test', { lookup: failing('EAI_AGAIN') }, 'EAI_AGAIN')
    })

    it('when the connection ends during the TLS handshake', async () => {
      const server = createTcpServer((socket) => socket.once('data', () => socket.destroy()))
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      await thrice(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, {}, 'ECONNRESET')
      server.close()
    })
  })

  it('retries once, and no more, when a name is unknown', async () => {
    const network = { lookup: failing('ENOTFOUND') }
    const { sends } = await sent(make(quick, network), 'http://shop.test', 'POST', false)
    expect(sends).toBe(2)
  })

  it('repeats a POST after a refused connection, but not after the reset that follows', async () => {
    await using server = await scriptedServer(['reset'])
    let lookups = 0
    const lookup: LookupFunction = (_, options, callback) => {
      if (++lookups === 1) callback(networkError('EAI_AGAIN'), '', 4)
      else resolveLocally(options, callback)
    }
    const { sends } = await sent(make(quick, { lookup }), `http://shop.test:${server.port}`, 'POST', false)
    expect(sends).toBe(2)
    expect(server.received.length).toBe(1)
  })

  it('retries a 409 only while an earlier send of its own key may be under way', async () => {
    await using server = await scriptedServer(['reset', status(409)])
    const { sends, status: last } = await sent(make(quick), server.url, 'POST', true)
    expect([sends, last]).toEqual([3, 200])
  })

  it('stops after so many attempts, and hands the last answer over unread', async () => {
    await using server = await scriptedServer([], { status: 503, body: 'still down' })
    const client = make(quick)
    const answer = await client.request(server.url)
    expect([answer.status, answer.body.toString()]).toEqual([503, 'still down'])
    expect(server.received.length).toBe(3)
    await client.close()
  })

  it('never shows paths, queries, headers or bodies in events', async () => {
    await using server: ScriptedServer = await scriptedServer([{ status: 503 }])
    const client = make(quick)
    const seen: object[] = []
    for (const event of ['attemptFailed', 'notRepeatable', 'cooldown', 'settled'] as const)
      client.http.on(event, (payload) => seen.push(payload))
    await client.request(`${server.url}/private?token=hidden`, {
      method: 'PUT',
      headers: { authorization: 'Bearer hidden' },
      body: 'hidden',
    })
    expect(seen.length).toBe(2)
    expect(JSON.stringify(seen)).not.toMatch(/hidden|private|Bearer/)
    await client.close()
  })
})

function failing(code: string): LookupFunction {
  return (_, __, callback) => callback(networkError(code), '', 4)
}

function networkError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`getaddrinfo ${code}`), { code, syscall: 'getaddrinfo' })
}

function resolveLocally(
  options: Parameters<LookupFunction>[1],
  callback: Parameters<LookupFunction>[2],
): void {
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}
