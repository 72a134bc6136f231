/** Calls end when the work that they are for must be over. */
import { type HttpOptions, resilientFetch } from '@seaworthy/http'
import { currentDeadline, nodeHandler, protect } from '@seaworthy/http/incoming'
import { VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { plainServer, scriptedServer } from './local-servers.ts'

const never: typeof fetch = () => new Promise(() => {})
const answering: typeof fetch = () => Promise.resolve(new Response('ok'))

function setUp(deadline: HttpOptions['deadline'], options: HttpOptions = {}) {
  const clock = new VirtualClock()
  const client = resilientFetch({ clock, retry: false, deadline, ...options }, { fetch: never })
  const outcome = client('http://shop.test/').then(
    () => 'answered',
    (error: unknown) => error,
  )
  return { clock, client, outcome }
}

describe('deadlines', () => {
  it('end a call before its own limits do', async () => {
    const { clock, outcome } = setUp(() => 1500)
    await clock.advance(1500)
    expect(await outcome).toMatchObject({ code: 'ERR_TIMEOUT', scope: 'deadline', limit: 1500 })
    expect(clock.pendingTimers).toBe(0)
  })

  it('also end a call that has no limits', async () => {
    const { clock, outcome } = setUp(() => 1500, { timeout: false })
    await clock.advance(1500)
    expect(await outcome).toMatchObject({ scope: 'deadline', limit: 1500 })
  })

  it('leave a call its own limits when those end sooner', async () => {
    const { clock, outcome } = setUp(() => 60_000, { timeout: { attempt: false, total: 300 } })
    await clock.advance(301)
    expect(await outcome).toMatchObject({ scope: 'total', limit: 300 })
  })

  it.each([undefined, Number.NaN, Number.POSITIVE_INFINITY])('of %s are none', async (none) => {
    const client = resilientFetch({ deadline: () => none, timeout: false }, { fetch: answering })
    expect((await client('http://shop.test/')).status).toBe(200)
  })

  it('that cannot be told are none, and the error is reported', async () => {
    const failing = (): number => {
      throw new Error('no deadline')
    }
    const client = resilientFetch({ deadline: failing, timeout: false }, { fetch: answering })
    expect((await client('http://shop.test/')).status).toBe(200)
  })

  it('that are over send nothing, and say nothing about the server', async () => {
    let sends = 0
    const client = resilientFetch(
      { deadline: () => 0, retry: false, breaker: { failureThreshold: 1 } },
      { fetch: (input) => answering(input).finally(() => sends++) },
    )
    const outcome = await client('http://shop.test/').catch((error: unknown) => error)
    expect(outcome).toMatchObject({ scope: 'deadline', limit: 0 })
    expect(sends).toBe(0)
    expect(client.http.origin('http://shop.test').circuit).toBe('closed')
  })

  it('say nothing about the server; the limit of an attempt does', async () => {
    for (const [attempt, circuit] of [
      [2000, 'closed'],
      [1000, 'open'],
    ] as const) {
      const { clock, client, outcome } = setUp(() => 1500, {
        breaker: { failureThreshold: 1 },
        timeout: { attempt },
      })
      await clock.advance(1600)
      expect(await outcome).toMatchObject({ code: 'ERR_TIMEOUT' })
      expect(client.http.origin('http://shop.test').circuit).toBe(circuit)
    }
  })

  it('hand on what the caller of a protected route gave', async () => {
    await using upstream = await scriptedServer([], 'hang')
    const client = resilientFetch({ deadline: currentDeadline, retry: false })
    const protection = protect([{ path: '/' }])
    let outcome: unknown
    const handler = nodeHandler(protection, async (_, response) => {
      outcome = await client(upstream.url).catch((error: unknown) => error)
      response.end()
    })
    await using server = await plainServer(handler)
    await fetch(server.url, { headers: { 'x-request-deadline-ms': '200' } })
    await expect.poll(() => outcome).toMatchObject({ code: 'ERR_TIMEOUT', scope: 'deadline' })
  })
})
