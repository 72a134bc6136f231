/** What is known about each server: circuits, budgets, cooldowns, rates; bounded, and without timers. */

import { breakerPerKey, circuitBreaker } from '@seaworthy/circuit-breaker'
import { Hub, InvalidOptionError, pipeline } from '@seaworthy/core'
import { timeout } from '@seaworthy/flow'
import {
  type HttpOptions,
  type HttpSettled,
  HttpStatusError,
  outboundHttp,
  resilientFetch,
} from '@seaworthy/http'
import { retry, retryBudget } from '@seaworthy/retry'
import { seededRandom, VirtualClock } from '@seaworthy/testing'
import { describe, expect, it, vi } from 'vitest'
import { type Behaviour, scriptedServer } from './local-servers.ts'

type Answer = { readonly status: number; readonly headers?: Record<string, string> }

/** A `fetch` that answers from a list, each time the last again. */
function stub(...answers: readonly Answer[]): { calls: number; fetch: (input: string) => Promise<Response> } {
  const self = {
    calls: 0,
    fetch: async () => {
      const answer = answers[Math.min(self.calls++, answers.length - 1)] as Answer
      return new Response(answer.status === 204 ? null : 'body', answer)
    },
  }
  return self
}

const url = 'http://shop.test/'

describe('circuits', () => {
  it('open for each origin by itself, and turn calls away without a send', async () => {
    const down = stub({ status: 500 })
    const fetch = resilientFetch({ retry: false, breaker: { failureThreshold: 3 } }, down)
    for (let call = 0; call < 3; call++) await fetch(url)
    await expect(fetch(url)).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN' })
    expect(down.calls).toBe(3)
    expect((await fetch('http://other.test/')).status).toBe(500)
    expect([
      fetch.http.origin('http://shop.test').circuit,
      fetch.http.origin('http://other.test').circuit,
    ]).toEqual(['open', 'closed'])
  })

  it('do not count what is no failure of the server', async () => {
    for (const status of [400, 401, 404, 409, 429]) {
      const fetch = resilientFetch({ retry: false, breaker: { failureThreshold: 1 } }, stub({ status }))
      for (let call = 0; call < 3; call++) expect((await fetch(url)).status).toBe(status)
    }
  })
})

describe('cooldowns', () => {
  it('let the calls after a 429 wait for its end, a little spread', async () => {
    const clock = new VirtualClock()
    const server = stub({ status: 429, headers: { 'retry-after': '5' } }, { status: 200 })
    const options: HttpOptions = { clock, random: seededRandom(1), retry: false, timeout: false }
    const fetch = resilientFetch(options, server)
    const cooldowns: object[] = []
    fetch.http.on('cooldown', (event) => cooldowns.push(event))
    expect((await fetch(url)).status).toBe(429)
    expect(cooldowns).toEqual([{ origin: 'http://shop.test', status: 429, duration: 5000 }])
    const calls = [fetch(url), fetch(url), fetch('http://other.test/')]
    expect((await (calls[2] as Promise<Response>)).status).toBe(200)
    expect(fetch.http.debugStats()).toMatchObject({ cooldownWaiters: 2, cooldowns: 1 })
    await clock.advance('4999ms')
    expect(server.calls).toBe(2)
    await clock.advance('501ms')
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200])
    expect((await fetch(url)).status).toBe(200)
    expect(fetch.http.debugStats()).toMatchObject({ cooldownWaiters: 0, cooldowns: 0, calls: 0 })
    expect(clock.pendingTimers).toBe(0)
  })

  it('turn calls away at once that could not wait so long', async () => {
    const clock = new VirtualClock()
    const server = stub({ status: 503, headers: { 'retry-after': '50' } })
    const fetch = resilientFetch({ clock, retry: false, timeout: { total: '10s' } }, server)
    await fetch(url)
    await expect(fetch(url)).rejects.toMatchObject({ code: 'ERR_ORIGIN_COOLDOWN', retryAfter: 50_000 })
    expect(server.calls).toBe(1)
    expect(fetch.http.origin('http://shop.test').cooldown).toBe(50_000)
  })

  it('last no longer than allowed, whatever the server asks', async () => {
    const clock = new VirtualClock()
    const fetch = resilientFetch(
      { clock, retry: false, timeout: false, cooldown: { max: '2m' } },
      stub({ status: 429, headers: { 'retry-after': '999999' } }, { status: 200 }),
    )
    await fetch(url)
    await expect(fetch(url)).rejects.toMatchObject({ retryAfter: 120_000 })
    await clock.advance('2m')
    expect((await fetch(url)).status).toBe(200)
  })

  it('begin with the last answer allowed, when asked to', async () => {
    const clock = new VirtualClock()
    const last = { status: 200, headers: { ratelimit: '"day";r=0;t=600' } }
    const fetch = resilientFetch({ clock, timeout: false, cooldown: { whenExhausted: true } }, stub(last))
    await fetch(url)
    await expect(fetch(url)).rejects.toMatchObject({ code: 'ERR_ORIGIN_COOLDOWN', retryAfter: 600_000 })
  })

  it('do not make calls wait that an open circuit turns away', async () => {
    const clock = new VirtualClock()
    const fetch = resilientFetch(
      { clock, retry: false, timeout: false, breaker: { failureThreshold: 1 } },
      stub({ status: 503, headers: { 'retry-after': '5' } }, { status: 500 }),
    )
    await Promise.all([fetch(url), fetch(url)])
    await expect(fetch(url)).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN' })
  })

  it('are no failure to the circuit breaker: an open circuit would turn away what can wait', async () => {
    const busy = { status: 503, headers: { 'retry-after': '5' } }
    const options: HttpOptions = { retry: false, breaker: { failureThreshold: 1 } }
    const origin = new URL(url).origin
    const heeding = resilientFetch(options, stub(busy))
    await heeding(url)
    expect(heeding.http.origin(origin).circuit).toBe('closed')
    const heedless = resilientFetch({ ...options, cooldown: false }, stub(busy))
    await heedless(url)
    expect(heedless.http.origin(origin).circuit).toBe('open')
  })
})

describe('hints', () => {
  it('are waited for, never shortened, by the call that got them', async () => {
    const clock = new VirtualClock()
    const server = stub({ status: 503, headers: { 'retry-after': '7' } }, { status: 200 })
    const fetch = resilientFetch({ clock, random: () => 0, timeout: false }, server)
    const call = fetch(url)
    await clock.advance('6999ms')
    expect(server.calls).toBe(1)
    await clock.advance('1ms')
    expect((await call).status).toBe(200)
  })

  it('over the cap end the call at once', async () => {
    const clock = new VirtualClock()
    const server = stub({ status: 503, headers: { 'retry-after': '61' } })
    const response = await resilientFetch({ clock, timeout: false }, server)(url)
    expect([response.status, server.calls, clock.pendingTimers]).toEqual([503, 1, 0])
  })
})

describe('budgets', () => {
  it('keep an outage from growing, for each origin by itself', async () => {
    const clock = new VirtualClock()
    const server = stub({ status: 500 })
    const options: HttpOptions = { clock, retry: { attempts: 4, delay: 0 }, timeout: false, breaker: false }
    const fetch = resilientFetch({ ...options, budget: { minPerSecond: 0.5 } }, server)
    const responses = Array.from({ length: 100 }, () => fetch(url))
    await clock.advance('1s')
    await Promise.all(responses)
    expect(server.calls).toBeGreaterThan(104)
    expect(server.calls).toBeLessThanOrEqual(115)
    expect(fetch.http.debugStats()['budgets']).toBe(1)
  })

  it('earn from every call, whether the policies saw it or let it pass', async () => {
    const clock = new VirtualClock()
    const budget = retryBudget({ minPerSecond: 0, ratio: 1, clock })
    const fetch = resilientFetch({ clock, budget }, stub({ status: 200 }))
    for (let call = 1; call <= 4; call++) {
      await fetch(url)
      expect(budget.balance).toBe(call)
    }
  })
})

describe('rate limits', () => {
  it('hold for each origin by itself', async () => {
    const clock = new VirtualClock()
    const server = stub({ status: 200 })
    const fetch = resilientFetch(
      { clock, retry: false, timeout: false, rateLimit: { limit: 2, per: '1s' } },
      server,
    )
    await fetch(url)
    await fetch(url)
    await expect(fetch(url)).rejects.toMatchObject({ code: 'ERR_RATE_LIMITED' })
    expect((await fetch('http://other.test/')).status).toBe(200)
  })
})

describe('what is kept', () => {
  it('is bounded: 100,000 origins leave a thousand, and no timer', async () => {
    const clock = new VirtualClock()
    const busy = new Response(null, { status: 429, headers: { 'retry-after': '3600' } })
    const server = { fetch: async (_: string) => busy }
    const fetch = resilientFetch(
      { clock, retry: { attempts: 2, delay: 0 }, rateLimit: { limit: 5, per: '1s' }, timeout: false },
      server,
    )
    for (let origin = 0; origin < 100_000; origin++) await fetch(`http://host-${origin}.test/`)
    const { circuits, budgets, cooldowns, keys, calls, timed } = fetch.http.debugStats()
    for (const size of [circuits, budgets, cooldowns, keys]) expect(size).toBeLessThanOrEqual(1000)
    expect([calls, timed, clock.pendingTimers]).toEqual([0, 0, 0])
    await fetch('http://host-0.test/')
  }, 240_000)

  it('is forgotten when it was idle', async () => {
    const clock = new VirtualClock()
    const fetch = resilientFetch({ clock, timeout: false, origins: { idle: '1m' } }, stub({ status: 200 }))
    for (let origin = 0; origin < 50; origin++) await fetch(`http://host-${origin}.test/`)
    for (let minute = 0; minute < 4; minute++) {
      await clock.advance('1m')
      await fetch(url)
      await fetch(`http://new-${minute}.test/`)
    }
    const { circuits, budgets } = fetch.http.debugStats()
    expect(circuits).toBeLessThan(10)
    expect(budgets).toBeLessThan(10)
  })

  it('is kept by a key of yours, if that can be made', async () => {
    const down = stub({ status: 500 })
    const fetch = resilientFetch(
      {
        retry: false,
        breaker: { failureThreshold: 1 },
        hub: new Hub(),
        key: ({ origin, url }) => {
          if (url.pathname === '/throws') throw new Error('no key')
          return `${origin}${url.pathname}`
        },
      },
      down,
    )
    await fetch('http://shop.test/a')
    await expect(fetch('http://shop.test/a')).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN' })
    expect((await fetch('http://shop.test/b')).status).toBe(500)
    expect((await fetch('http://shop.test/throws')).status).toBe(500)
    expect(fetch.http.origin('http://shop.test').circuit).toBe('open')
  })

  it('is shared by clients that share an engine', async () => {
    const http = outboundHttp({ retry: false, breaker: { failureThreshold: 1 } })
    const down = stub({ status: 500 })
    await resilientFetch(http, down)(url)
    await expect(resilientFetch(http, down)(url)).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN' })
  })

  it('shows itself on the hub under its name, and goes with dispose', async () => {
    const hub = new Hub()
    const fetch = resilientFetch(
      { name: 'shop', hub, rateLimit: { limit: 9, per: '1s' } },
      stub({ status: 200 }),
    )
    const settled: HttpSettled[] = []
    hub.on('settled', ({ payload }) => settled.push(payload as HttpSettled))
    await fetch(url)
    expect(
      hub
        .components()
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(['circuit-breaker-per-key', 'http', 'rate-limit', 'retry'])
    expect(hub.component('http', 'shop')?.snapshot()).toMatchObject({ calls: 0, circuits: 1 })
    expect(settled.length).toBe(1)
    fetch.http.dispose()
    expect(hub.components()).toEqual([])
  })
})

describe('an answer', () => {
  it.each([0, 1, 2, 3, 4, 5])(
    'is told once if its caller gives up %i microtasks after it came',
    async (turns) => {
      const controller = new AbortController()
      const leave = async (): Promise<void> => {
        for (let turn = 0; turn < turns; turn++) await undefined
        controller.abort(new Error('gone'))
      }
      let sends = 0
      const fetch = resilientFetch(
        { retry: { attempts: 2, delay: 0 } },
        {
          fetch: async (_input: string, _init?: RequestInit) => {
            if (++sends === 1) return new Response('busy', { status: 503 })
            void leave()
            return new Response('here')
          },
        },
      )
      const settled: number[] = []
      fetch.http.on('settled', ({ attempts }) => settled.push(attempts))
      const outcome = await fetch(url, { signal: controller.signal }).then(
        ({ status }) => status,
        (error: Error) => error.message,
      )
      expect([200, 'gone']).toContain(outcome)
      expect(settled).toEqual([2])
      expect(fetch.http.debugStats()['calls']).toBe(0)
    },
  )
})

describe('a policy of your own', () => {
  /** Three attempts of 100 ms, in virtual time. */
  function limited() {
    const clock = new VirtualClock()
    const policy = pipeline(
      retry({ attempts: 3, delay: 1, jitter: 'none', clock }),
      timeout('100ms', { clock }),
    )
    return { clock, fetch: resilientFetch(policy) }
  }

  it('decides about retries, and gets the origin as key', async () => {
    await using server = await scriptedServer([{ status: 503 }, 'reset'])
    const breakers = breakerPerKey({ failureThreshold: 9 })
    const fetch = resilientFetch(pipeline(retry({ attempts: 3, delay: 1 }), breakers, timeout('5s')))
    const response = await fetch(server.url, { method: 'PUT', body: 'x' })
    expect([response.status, await response.text(), server.received.length]).toEqual([200, 'ok', 3])
    expect(breakers.keys()).toEqual([server.url])
  })

  it.each([
    ['reset', 'reset' as Behaviour],
    ['500', { status: 500, body: 'failed' } as Behaviour],
  ])('never sends a POST twice that may have been carried out: %s', async (_, behaviour) => {
    await using server = await scriptedServer([behaviour])
    const policy = retry({ attempts: 4, delay: 1, retryIf: () => true })
    const fetch = resilientFetch(policy)
    const result = await fetch(server.url, { method: 'POST', body: 'order' }).then(
      async (response) => [response.status, await response.text()],
      (error: unknown) => error,
    )
    if (behaviour === 'reset') expect(result).toBeInstanceOf(TypeError)
    else expect(result).toEqual([500, 'failed'])
    expect(server.received.length).toBe(1)
    expect(policy.debugStats()['retrying']).toBe(0)
  })

  it('nor one that its own timeout has ended', async () => {
    await using server = await scriptedServer([], 'hang')
    const { clock, fetch } = limited()
    const order = fetch(server.url, { method: 'POST', body: 'order' }).catch((error: unknown) => error)
    await vi.waitFor(() => expect(server.received.length).toBe(1))
    await clock.advance('1s')
    expect(await order).toMatchObject({ code: 'ERR_TIMEOUT' })
    expect(server.received.length).toBe(1)

    const look = fetch(server.url).catch((error: unknown) => error)
    for (const count of [2, 3, 4]) {
      await vi.waitFor(() => expect(server.received.length).toBe(count))
      await clock.advance('101ms')
    }
    expect(await look).toMatchObject({ code: 'ERR_TIMEOUT' })
    expect(server.received.length).toBe(4)
  })

  it('a call is over, and told, when another try followed one that its own timeout has ended', async () => {
    await using server = await scriptedServer(['hang'], { status: 200, body: 'second' })
    const { clock, fetch } = limited()
    const settled: unknown[] = []
    fetch.http.on('settled', ({ status, attempts }) => settled.push([status, attempts]))
    const answer = fetch(server.url)
    await vi.waitFor(() => expect(server.received.length).toBe(1))
    await clock.advance('101ms')
    expect(await (await answer).text()).toBe('second')
    expect(settled).toEqual([[200, 2]])
    expect(fetch.http.debugStats()['calls']).toBe(0)
  })

  it('its breaker counts a POST that must not be repeated', async () => {
    const breaker = circuitBreaker({ failureThreshold: 2 })
    const fetch = resilientFetch(pipeline(retry({ attempts: 3, delay: 1 }), breaker), stub({ status: 500 }))
    for (let call = 0; call < 2; call++) expect((await fetch(url, { method: 'POST' })).status).toBe(500)
    expect(breaker.state).toBe('open')
    await expect(fetch(url)).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN' })
  })

  it('its retry hears what the server asks for', async () => {
    const clock = new VirtualClock()
    const server = stub({ status: 429, headers: { 'retry-after': '3' } }, { status: 200 })
    const fetch = resilientFetch(retry({ clock, delay: 0, random: () => 0 }), server)
    const call = fetch(url, { method: 'POST', body: 'x' })
    await clock.advance('2999ms')
    expect(server.calls).toBe(1)
    await clock.advance('1ms')
    expect((await call).status).toBe(200)
  })

  it('is refused together with options for ours', () => {
    expect(() => resilientFetch({ policy: retry(), breaker: {} })).toThrow(InvalidOptionError)
    expect(() => resilientFetch({ policy: {} as never })).toThrow(InvalidOptionError)
  })
})

describe('answers that are failures', () => {
  it('reject when asked to, with the answer unread in the error', async () => {
    const fetch = resilientFetch(
      { retry: { attempts: 2, delay: 0 }, throwOnFailure: true },
      stub({ status: 503, headers: { 'retry-after': '0' } }),
    )
    const error = await fetch(url).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(HttpStatusError)
    expect(error).toMatchObject({
      code: 'ERR_HTTP_STATUS',
      status: 503,
      failureClass: 'transient',
      retryAfter: 0,
    })
    expect(await ((error as HttpStatusError).response as Response).text()).toBe('body')
    expect(Object.keys(error as object)).not.toContain('response')
    expect((await resilientFetch({ throwOnFailure: true }, stub({ status: 404 }))(url)).status).toBe(404)
  })
})

describe('options', () => {
  it.each<[string, object]>([
    ['an unknown one', { attempts: 3 }],
    ['timeout', { timeout: { attempt: -1 } }],
    ['timeout.covers', { timeout: { covers: 'all' } }],
    ['retryStatuses', { retryStatuses: [200] }],
    ['idempotencyKey', { idempotencyKey: 'yes' }],
    ['idempotencyHeader', { idempotencyHeader: 'not a header' }],
    ['maxReplayBytes', { maxReplayBytes: -1 }],
    ['origins', { origins: { max: 0 } }],
    ['cooldown', { cooldown: { longest: 1 } }],
    ['budget', { budget: 5 }],
    ['retry', { retry: 0 }],
    ['breaker', { breaker: { failureThreshold: 0 } }],
    ['key', { key: 'origin' }],
    ['classify', { classify: 'fatal' }],
  ])('are checked: %s', (_, options) => {
    expect(() => resilientFetch(options)).toThrow(InvalidOptionError)
  })
})
