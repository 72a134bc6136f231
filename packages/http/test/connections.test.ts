/** Answers that nobody gets give their connections back. */

import { pipeline } from '@seaworthy/core'
import { type HttpOptions, resilientFetch } from '@seaworthy/http'
import { retry } from '@seaworthy/retry'
import { VirtualClock } from '@seaworthy/testing'
import { Agent } from 'undici'
import { describe, expect, it, vi } from 'vitest'
import { plainServer, scriptedServer } from './local-servers.ts'

const quick: HttpOptions = {
  retry: { attempts: 31, delay: 2, jitter: 'none' },
  budget: false,
  breaker: false,
  cooldown: false,
}
const large = Buffer.alloc(20_000, 'x')

/** A connection pool of one's own, so that nobody else's connections are counted. */
function pooled(agent: Agent): (input: string, init?: RequestInit) => Promise<Response> {
  // Node's types do not know that its fetch takes a dispatcher.
  return (input, init) => fetch(input, { ...init, dispatcher: agent } as object)
}

describe('verify 4.5', () => {
  it('30 retried answers of 20 kB need at most 3 connections', async () => {
    await using server = await scriptedServer(Array(30).fill({ status: 503, body: large }))
    const agent = new Agent()
    const response = await resilientFetch(quick, { fetch: pooled(agent) })(server.url)
    expect([response.status, await response.text()]).toEqual([200, 'ok'])
    expect(server.received.length).toBe(31)
    expect(server.sockets).toBeLessThanOrEqual(3)
    await agent.destroy()
  })

  it('do not starve a pool of one connection, also under a policy of the user', async () => {
    await using server = await scriptedServer(Array(6).fill({ status: 503, body: large }))
    const agent = new Agent({ connections: 1, pipelining: 1 })
    const policy = pipeline(retry({ attempts: 10, delay: 1 }))
    const response = await resilientFetch(policy, { fetch: pooled(agent) })(server.url)
    expect([response.status, await response.text()]).toEqual([200, 'ok'])
    await agent.destroy()
  })

  it('cancels what is declared longer than it is worth to read', async () => {
    const huge = Buffer.alloc(200_000, 'x')
    await using server = await scriptedServer([
      { status: 503, body: huge, headers: { 'content-length': '200000' } },
    ])
    const agent = new Agent()
    const response = await resilientFetch(quick, { fetch: pooled(agent) })(server.url)
    await response.text()
    await vi.waitFor(() => expect(server.open).toBe(1))
    expect(server.sockets).toBeLessThanOrEqual(3)
    await agent.destroy()
  })

  it('cancels what goes on and on', async () => {
    let requests = 0
    let closed = 0
    await using server = await plainServer((request, response) => {
      if (++requests > 1) return response.end('ok')
      response.writeHead(503)
      const endless = setInterval(() => response.write(large), 1)
      request.socket.once('close', () => {
        closed++
        clearInterval(endless)
      })
      return undefined
    })
    const agent = new Agent()
    const response = await resilientFetch(quick, { fetch: pooled(agent) })(server.url)
    expect(await response.text()).toBe('ok')
    await vi.waitFor(() => expect(closed).toBe(1))
    await agent.destroy()
  })

  it('cancels what does not come', async () => {
    let requests = 0
    let closed = 0
    await using server = await plainServer((request, response) => {
      if (++requests > 1) return response.end('ok')
      response.writeHead(503, { 'content-length': '100' })
      response.write('a part')
      request.socket.once('close', () => closed++)
      return undefined
    })
    const agent = new Agent()
    const response = await resilientFetch(quick, { fetch: pooled(agent) })(server.url)
    expect(await response.text()).toBe('ok')
    await vi.waitFor(() => expect(closed).toBe(1), 2000)
    await agent.destroy()
  })

  it('hands the last answer over unread', async () => {
    await using server = await scriptedServer([], { status: 503, body: large })
    const response = await resilientFetch({ ...quick, retry: { attempts: 2, delay: 1 } })(server.url)
    expect([response.bodyUsed, response.status]).toEqual([false, 503])
    expect((await response.arrayBuffer()).byteLength).toBe(20_000)
  })

  it('lets go of an answer that comes after its time', async () => {
    const clock = new VirtualClock()
    const answers: (() => void)[] = []
    await using server = await plainServer((_, response) => {
      answers.push(() => response.end(large))
    })
    const agent = new Agent({ connections: 1, pipelining: 1 })
    // An implementation that ignores its signal.
    const deaf = (input: string): Promise<Response> => pooled(agent)(input)
    const fetch = resilientFetch({ ...quick, clock, retry: false }, { fetch: deaf })
    const call = fetch(server.url).catch((error: unknown) => error)
    await vi.waitFor(() => expect(answers.length).toBe(1), 5000)
    await clock.advance('11s')
    expect(await call).toMatchObject({ code: 'ERR_TIMEOUT', scope: 'attempt' })
    answers[0]?.()
    const next = deaf(server.url) // Waits for the only connection.
    await vi.waitFor(() => expect(answers.length).toBe(2), 5000)
    answers[1]?.()
    expect((await (await next).text()).length).toBe(20_000)
    await agent.destroy()
  })
})
