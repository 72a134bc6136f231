/** Redirections and retries: what a redirection has passed on may have been carried out. */
import { type HttpOptions, resilientFetch } from '@seaworthy/http'
import { describe, expect, it } from 'vitest'
import { type Behaviour, scriptedServer, unusedPort } from './local-servers.ts'

const quick: HttpOptions = { retry: { attempts: 3, delay: 1 }, budget: false, cooldown: false }
const to = (status: number, location: string): Behaviour => ({ status, headers: { location }, body: 'moved' })

describe('redirections', () => {
  it.each([302, 303, 307, 308])(
    'a POST that was passed on by a %i is not sent again, whatever comes after',
    async (status) => {
      await using server = await scriptedServer([to(status, `http://127.0.0.1:${await unusedPort()}/next`)])
      const fetch = resilientFetch(quick)
      await expect(fetch(server.url, { method: 'POST', body: 'order' })).rejects.toThrow(TypeError)
      expect(server.received.length).toBe(1)
    },
  )

  it.each([
    ['429', { status: 429 }],
    ['503 with Retry-After', { status: 503, headers: { 'retry-after': '0' } }],
  ] as const)('a POST is not sent again for a %s behind it', async (_, answer) => {
    await using server = await scriptedServer([to(303, '/next'), answer])
    const response = await resilientFetch(quick)(server.url, { method: 'POST', body: 'order' })
    await response.text()
    expect([response.status, server.received.length]).toEqual([answer.status, 2])
  })

  it('a GET is, by itself and not hop by hop', async () => {
    await using server = await scriptedServer([to(302, '/next'), { status: 503 }, to(302, '/next')])
    const response = await resilientFetch(quick)(server.url)
    expect([response.status, response.redirected, await response.text()]).toEqual([200, true, 'ok'])
    expect(server.received.map(({ url }) => url)).toEqual(['/', '/next', '/', '/next'])
  })

  it.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [307, 'POST', 'POST'],
    [308, 'POST', 'POST'],
    [301, 'PATCH', 'PATCH'],
    [303, 'PATCH', 'GET'],
  ])('go on as with fetch: %i after %s is %s', async (status, method, next) => {
    const seen = []
    for (const send of [fetch, resilientFetch(quick)]) {
      await using server = await scriptedServer([to(status, '/next')])
      const response = await send(server.url, {
        method,
        body: 'order',
        headers: { 'x-own': 'yes', authorization: 'secret', 'content-type': 'text/x' },
      })
      await response.text()
      const [, second] = server.received
      const {
        'x-own': own,
        authorization,
        'content-type': type,
        'content-length': length,
      } = second?.headers ?? {}
      expect(response.url).toBe(`${server.url}/next`)
      seen.push([
        response.status,
        response.redirected,
        second?.method,
        second?.body.toString(),
        own,
        authorization,
        type,
        length,
      ])
    }
    expect(seen[1]).toEqual(seen[0])
    expect(seen[0]?.[2]).toBe(next)
  })

  it('take no credentials to another origin', async () => {
    const seen = []
    for (const send of [fetch, resilientFetch(quick)]) {
      await using target = await scriptedServer()
      await using server = await scriptedServer([to(307, target.url)])
      const headers = { authorization: 'secret', cookie: 'secret', 'x-own': 'yes' }
      const response = await send(server.url, { method: 'POST', body: 'order', headers })
      await response.text()
      const { authorization, cookie, 'x-own': own } = target.received[0]?.headers ?? {}
      seen.push([authorization, cookie, own, target.received[0]?.body.toString()])
    }
    expect(seen).toEqual([
      [undefined, undefined, 'yes', 'order'],
      [undefined, undefined, 'yes', 'order'],
    ])
  })

  it('end after 20, and are not repeated then', async () => {
    await using server = await scriptedServer([], to(307, '/again'))
    await expect(resilientFetch(quick)(server.url, { method: 'POST', body: 'x' })).rejects.toThrow(
      'fetch failed',
    )
    expect(server.received.length).toBe(21)
  })

  it('are not followed when the caller says so', async () => {
    await using server = await scriptedServer([], to(302, '/next'))
    const response = await resilientFetch(quick)(server.url, { method: 'POST', redirect: 'manual' })
    expect([response.status, server.received.length]).toEqual([302, 1])
    await expect(resilientFetch(quick)(server.url, { method: 'POST', redirect: 'error' })).rejects.toThrow(
      TypeError,
    )
  })

  it('charge the breaker of the origin that answered', async () => {
    await using target = await scriptedServer([], { status: 500 })
    await using server = await scriptedServer([], to(302, target.url))
    const fetch = resilientFetch({ ...quick, retry: false, breaker: { failureThreshold: 2 } })
    for (let call = 0; call < 3; call++) await (await fetch(server.url)).text()
    expect(fetch.http.origin(target.url).circuit).toBe('open')
    expect(fetch.http.origin(server.url).circuit).toBe('closed')
  })
})
