/** What is special about undici: its bodies, its handlers, and the connections behind them. */
import { createHash, randomBytes } from 'node:crypto'
import { getEventListeners } from 'node:events'
import { Readable } from 'node:stream'
import type { HttpOptions } from '@seaworthy/http'
import { type ResilientDispatcher, resilientDispatcher } from '@seaworthy/http/undici'
import { VirtualClock } from '@seaworthy/testing'
import { Agent, type Dispatcher, FormData, fetch, interceptors, request } from 'undici'
import { describe, expect, it, vi } from 'vitest'
import { type Behaviour, bodyOf, plainServer, scriptedServer } from './local-servers.ts'

const quick: HttpOptions = {
  retry: { attempts: 31, delay: 2 },
  budget: false,
  breaker: false,
  cooldown: false,
}
const busy: Behaviour = { status: 429, body: 'busy' }
const bytes = randomBytes(70_000)
const large = Buffer.alloc(20_000, 'x')
const hash = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex')

interface Client extends AsyncDisposable {
  readonly dispatcher: Dispatcher
  readonly http: ResilientDispatcher['http']
}

function client(options: HttpOptions = quick, agent: Agent = new Agent()): Client {
  const interceptor = resilientDispatcher(options)
  return {
    dispatcher: agent.compose(interceptor),
    http: interceptor.http,
    [Symbol.asyncDispose]: () => agent.destroy(),
  }
}

describe('bodies of undici', () => {
  const form = (): FormData => {
    const data = new FormData()
    data.set('file', new Blob([new Uint8Array(bytes)]), 'file.bin')
    return data
  }

  describe.each(['PUT', 'POST'] as const)('%s', (method) => {
    it.each<[string, () => Dispatcher.DispatchOptions['body']]>([
      ['a string', () => 'naïve'],
      ['a Buffer', () => bytes],
      ['a Uint8Array', () => new Uint8Array(bytes)],
      ['FormData', form],
    ])('%s is replayed', async (name, make) => {
      await using server = await scriptedServer([busy, busy])
      await using undici = client()
      const { statusCode, body } = await request(server.url, { ...undici, method, body: make() ?? null })
      expect([statusCode, await body.text(), server.received.length]).toEqual([200, 'ok', 3])
      for (const received of server.received) {
        if (name === 'FormData') expect(received.body.includes(bytes)).toBe(true)
        else expect(hash(received.body)).toBe(hash(name === 'a string' ? Buffer.from('naïve') : bytes))
        expect(received.headers['content-length']).toBe(String(received.body.length))
      }
    })

    it.each<[string, boolean, number]>([
      ['is sent once', false, 1],
      ['is kept when asked to', true, 3],
    ])('a stream %s', async (_, bufferStreams, sends) => {
      await using server = await scriptedServer([busy, busy])
      await using undici = client({ ...quick, bufferStreams })
      const body = Readable.from([bytes.subarray(0, 9), bytes.subarray(9)])
      const response = await request(server.url, { ...undici, method, body })
      await response.body.dump()
      expect(server.received.map((each) => hash(each.body))).toEqual(Array(sends).fill(hash(bytes)))
    })
  })

  it('a GET of fetch is repeated underneath it', async () => {
    await using server = await scriptedServer([busy, 'reset'])
    await using undici = client()
    const response = await fetch(server.url, undici)
    expect([response.status, await response.text(), server.received.length]).toEqual([200, 'ok', 3])
  })
})

describe('keys of undici', () => {
  it.each([
    ['an object', { 'x-own': 'yes' }],
    ['names and values in turn', ['x-own', 'yes']],
    ['pairs', new Map([['x-own', 'yes']])],
    ['none', undefined],
  ])('are added to headers in the form of %s', async (_, headers) => {
    await using server = await scriptedServer([{ status: 500 }])
    await using undici = client({ ...quick, idempotencyKey: 'auto' })
    const { body } = await request(server.url, { ...undici, method: 'POST', ...(headers && { headers }) })
    await body.dump()
    const keys = server.received.map((each) => each.headers['idempotency-key'])
    expect([keys.length, new Set(keys).size]).toEqual([2, 1])
    if (headers !== undefined)
      expect(server.received.map((each) => each.headers['x-own'])).toEqual(['yes', 'yes'])
  })

  it('of the caller are found in each form', async () => {
    for (const headers of [{ 'IDEMPOTENCY-key': 'mine' }, ['Idempotency-Key', 'mine']]) {
      await using server = await scriptedServer([{ status: 500 }])
      await using undici = client()
      const { body } = await request(server.url, { ...undici, method: 'POST', headers })
      await body.dump()
      expect(server.received.map((each) => each.headers['idempotency-key'])).toEqual(['mine', 'mine'])
    }
  })
})

describe('connections of undici', () => {
  it('30 retried answers of 20 kB need at most 3', async () => {
    await using server = await scriptedServer(Array(30).fill({ status: 503, body: large }))
    await using undici = client()
    const { statusCode, body } = await request(server.url, undici)
    expect([statusCode, await body.text(), server.received.length]).toEqual([200, 'ok', 31])
    expect(server.sockets).toBeLessThanOrEqual(3)
  })

  it('are not held by answers that go on and on', async () => {
    let requests = 0
    let closed = 0
    await using server = await plainServer((incoming, response) => {
      if (++requests > 1) return response.end('ok')
      response.writeHead(503)
      const endless = setInterval(() => response.write(large), 1)
      incoming.socket.once('close', () => {
        closed++
        clearInterval(endless)
      })
      return undefined
    })
    await using undici = client()
    const { body } = await request(server.url, undici)
    expect(await body.text()).toBe('ok')
    await vi.waitFor(() => expect(closed).toBe(1))
  })

  it('wait for slow readers, and deliver everything', async () => {
    const huge = randomBytes(2_000_000)
    await using server = await scriptedServer(['reset'], { status: 200, body: huge })
    await using undici = client()
    const { body } = await request(server.url, { ...undici, highWaterMark: 1000 })
    const chunks: Buffer[] = []
    for await (const chunk of body) {
      chunks.push(chunk)
      if (chunks.length % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(hash(Buffer.concat(chunks))).toBe(hash(huge))
  })

  it('hand the last answer over with its body', async () => {
    await using server = await scriptedServer([], { status: 503, body: large })
    await using undici = client({ ...quick, retry: { attempts: 2, delay: 1 } })
    const { statusCode, body } = await request(server.url, undici)
    expect([statusCode, (await bodyOf(body)).length, server.received.length]).toEqual([503, 20_000, 2])
  })
})

describe('giving up with undici', () => {
  const reason = new Error('the user went away')

  it.each<[string, Behaviour]>([
    ['a send', 'hang'],
    ['a wait', { status: 503, headers: { 'retry-after': '20' } }],
  ])('during %s rejects with the reason, and nothing is left', async (_, behaviour) => {
    await using server = await scriptedServer([behaviour])
    await using undici = client()
    const { signal, abort } = abortable()
    const call = request(server.url, { ...undici, signal })
    call.catch(() => {})
    await vi.waitFor(() => expect(server.received.length).toBe(1))
    await new Promise((resolve) => setTimeout(resolve, 30))
    abort(reason)
    await expect(call).rejects.toBe(reason)
    expect([server.received.length, getEventListeners(signal, 'abort').length]).toEqual([1, 0])
    await vi.waitFor(() =>
      expect(undici.http.debugStats()).toMatchObject({ calls: 0, retrying: 0, timed: 0 }),
    )
  })

  it('during the body ends the body and the connection', async () => {
    await using server = await scriptedServer(['cut'])
    await using undici = client()
    const { body } = await request(server.url, undici)
    await expect(body.text()).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(server.received.length).toBe(1)
    let closed = false
    await using slow = await plainServer((incoming, response) => {
      incoming.socket.once('close', () => {
        closed = true
      })
      response.writeHead(200)
      response.write('a part')
    })
    const { signal, abort } = abortable()
    const answer = await request(slow.url, { ...undici, signal })
    const text = answer.body.text()
    text.catch(() => {})
    abort(reason)
    await expect(text).rejects.toBe(reason)
    await vi.waitFor(() => expect(closed).toBe(true))
  })

  it('before the start sends nothing', async () => {
    await using server = await scriptedServer()
    await using undici = client()
    await expect(request(server.url, { ...undici, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(server.received.length).toBe(0)
  })

  it('an open circuit rejects as a policy does', async () => {
    await using server = await scriptedServer([], { status: 500 })
    await using undici = client({ retry: false, breaker: { failureThreshold: 1 } })
    await (await request(server.url, undici)).body.dump()
    await expect(request(server.url, undici)).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN' })
    expect(server.received.length).toBe(1)
  })

  it('time limits say which they are, and can cover the body', async () => {
    await using server = await plainServer((_, response) => {
      response.writeHead(200)
      response.write('a part')
    })
    const clock = new VirtualClock()
    await using undici = client({ ...quick, clock, timeout: { attempt: 150, covers: 'body' } })
    const { body } = await request(server.url, undici)
    const text = body.text()
    text.catch(() => {})
    await clock.advance(150)
    await expect(text).rejects.toMatchObject({ code: 'ERR_TIMEOUT', scope: 'attempt', phase: 'body' })
  })
})

describe('composed with other interceptors', () => {
  it('a POST that the redirect interceptor inside has passed on is not repeated', async () => {
    await using server = await scriptedServer([
      { status: 303, headers: { location: '/next' } },
      { status: 429, body: 'busy' },
    ])
    const agent = new Agent()
    const dispatcher = agent.compose(
      interceptors.redirect({ maxRedirections: 3 }),
      resilientDispatcher(quick),
    )
    const { statusCode, body } = await request(server.url, { dispatcher, method: 'POST', body: 'order' })
    await body.dump()
    await agent.destroy()
    expect([statusCode, server.received.length]).toEqual([429, 2])
  })

  it('upgrades pass through', async () => {
    await using server = await scriptedServer([], { status: 426, body: 'no' })
    await using undici = client()
    const origin: object = { origin: server.url } // Missing from the types of undici.
    await expect(undici.dispatcher.upgrade({ path: '/', ...origin })).rejects.toThrow()
    expect([server.received.length, undici.http.debugStats()['calls']]).toEqual([1, 0])
  })
})

function abortable(): { signal: AbortSignal; abort: (reason: Error) => void } {
  const controller = new AbortController()
  return { signal: controller.signal, abort: (reason) => controller.abort(reason) }
}

describe('what a handler hears', () => {
  /** A dispatcher that answers when told, all at once, as a connection does whose answer came in one packet. */
  function played(): {
    readonly answer: (status: number, body: string) => void
    readonly dispatch: Dispatcher.Dispatch
    readonly paused: string[]
    readonly sends: () => number
  } {
    const paused: string[] = []
    let handler: Dispatcher.DispatchHandler | undefined
    let failure: Error | undefined
    let sends = 0
    const controller = {
      pause: () => paused.push('pause'),
      resume: () => paused.push('resume'),
      abort: (reason: Error) => {
        failure = reason
      },
      aborted: false,
      reason: null,
      paused: false,
      // Only what the interceptor uses: undici's own has more that no dispatcher can make.
    } as unknown as Dispatcher.DispatchController
    const dispatch: Dispatcher.Dispatch = (_, given) => {
      handler = given
      failure = undefined
      sends++
      given.onRequestStart?.(controller, {})
      return true
    }
    const answer = (status: number, body: string): void => {
      handler?.onResponseStart?.(controller, status, {}, '')
      if (failure === undefined) handler?.onResponseData?.(controller, Buffer.from(body))
      if (failure === undefined) handler?.onResponseEnd?.(controller, {})
      else handler?.onResponseError?.(controller, failure)
    }
    return { answer, dispatch, paused, sends: () => sends }
  }

  /** Writes down what it hears; calls back at the start of an answer. */
  function listening(
    heard: string[],
    started: (controller: Dispatcher.DispatchController) => void = () => {},
  ) {
    return {
      onRequestStart: () => {},
      onResponseStart: (controller, status) => {
        heard.push(`start ${status}`)
        started(controller)
      },
      onResponseData: (_, chunk) => heard.push(`data ${chunk}`),
      onResponseEnd: () => heard.push('end'),
      onResponseError: (_, error) => heard.push(`error ${error.message}`),
    } satisfies Dispatcher.DispatchHandler
  }

  const options = { origin: 'http://shop.test', path: '/', method: 'GET' } as const
  const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  it('a good answer is heard as it comes, and its connection never waits', async () => {
    const { dispatch, answer, paused } = played()
    const heard: string[] = []
    resilientDispatcher(quick)(dispatch)(options, listening(heard))
    answer(200, 'ok')
    expect(heard).toEqual(['start 200', 'data ok', 'end'])
    await later()
    expect([heard.length, paused]).toEqual([3, []])
  })

  it('a bad one waits until it is known whether it is the last', async () => {
    const { dispatch, answer, paused, sends } = played()
    const heard: string[] = []
    resilientDispatcher({ ...quick, retry: { attempts: 2, delay: 0 } })(dispatch)(options, listening(heard))
    answer(503, 'busy')
    await vi.waitFor(() => expect(sends()).toBe(2))
    paused.length = 0 // The first was read to its end.
    answer(503, 'still busy')
    expect(heard).toEqual([])
    await later()
    expect([heard, paused]).toEqual([
      ['start 503', 'data still busy', 'end'],
      ['pause', 'resume'],
    ])
  })

  it('a bad one that nothing follows is heard as it comes', () => {
    const { dispatch, answer, paused } = played()
    const heard: string[] = []
    resilientDispatcher({ ...quick, retry: false })(dispatch)(options, listening(heard))
    answer(503, 'busy')
    expect([heard, paused]).toEqual([['start 503', 'data busy', 'end'], []])
  })

  it('of giving up at the start of an answer is told once', async () => {
    const { dispatch, answer } = played()
    const heard: string[] = []
    const handler = listening(heard, (controller) => controller.abort(new Error('no more')))
    const interceptor = resilientDispatcher(quick)
    interceptor(dispatch)(options, handler)
    answer(200, 'ok')
    await later()
    expect(heard).toEqual(['start 200', 'error no more'])
    expect(interceptor.http.debugStats()).toMatchObject({ calls: 0, timed: 0 })
  })

  it('of a dispatcher that throws is told as of any failure', async () => {
    const heard: string[] = []
    const dispatch: Dispatcher.Dispatch = () => {
      throw new TypeError('no such option')
    }
    resilientDispatcher({ ...quick, retry: false })(dispatch)(options, listening(heard))
    await later()
    expect(heard).toEqual(['error no such option'])
  })
})
