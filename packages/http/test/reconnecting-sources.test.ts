/** Over real sockets: a WebSocket server that is killed and started again, and a stream of server-sent events. */
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import {
  EventStreamError,
  eventStream,
  type Reconnecting,
  reconnecting,
  type ServerSentEvent,
  webSocket,
} from '@seaworthy/http/reconnecting'
import { activeHandles, newHandles, VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { EventStreamParser } from '../src/reconnecting/event-stream-parser.ts'

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn()
}

const quick = { backoff: { initial: '5ms', max: '20ms' } } as const

interface Killable {
  readonly port: number
  readonly sockets: Set<Socket>
  /** Ends it as a crash does: no close frames, no last chunks. */
  kill(): Promise<void>
}

async function killable(server: Server, port = 0): Promise<Killable> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    kill: async () => {
      for (const socket of sockets) socket.resetAndDestroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const running: Killable[] = []
const feeds: Array<Reconnecting<never, never>> = []
const before = activeHandles()

afterEach(async () => {
  for (const feed of feeds.splice(0)) {
    await feed.close()
    const { listeners: _, inbox: __, ...held } = feed.debugStats()
    expect(Object.values(held).every((count) => count === 0)).toBe(true)
  }
  for (const server of running.splice(0)) await server.kill().catch(() => 'killed before')
  await until(() => Object.keys(newHandles(before)).filter((type) => /TCP/.test(type)).length === 0)
})

describe('a WebSocket', () => {
  /** A chat that says hello, takes messages, and answers pings. */
  async function chat(got: string[], port = 0): Promise<Killable> {
    const http = createServer()
    const server = new WebSocketServer({ server: http })
    server.on('connection', (socket) => {
      socket.on('error', () => {})
      socket.on('message', (data) => {
        got.push(String(data))
        socket.send(`echo ${data}`)
      })
      socket.send('hello')
    })
    const started = await killable(http, port)
    running.push(started)
    return started
  }

  function connect(
    port: number,
    options: Parameters<typeof reconnecting<string, string>>[1] = {},
  ): Reconnecting<string, string> {
    const feed = reconnecting<string, string>(
      ({ signal }) => webSocket(new WebSocket(`ws://127.0.0.1:${port}`), { decode: String, signal }),
      { ...quick, ...options },
    )
    feeds.push(feed as never)
    return feed
  }

  it('survives a server that is killed and started again, and sends then what was said meanwhile', async () => {
    const got: string[] = []
    const first = await chat(got)
    const feed = connect(first.port)
    const loop = feed[Symbol.asyncIterator]()
    expect((await loop.next()).value).toBe('hello')
    feed.send('one')
    expect((await loop.next()).value).toBe('echo one')
    await first.kill()
    await until(() => feed.state !== 'open')
    for (const message of ['two', 'three']) expect(feed.send(message)).toBe(false)
    await chat(got, first.port)
    expect([(await loop.next()).value, (await loop.next()).value, (await loop.next()).value]).toEqual([
      'hello',
      'echo two',
      'echo three',
    ])
    expect(got).toEqual(['one', 'two', 'three'])
    expect(feed.snapshot().connections).toBe(2)
  })

  it('goes on trying while nobody is there', async () => {
    const nobody = await chat([])
    await nobody.kill()
    const feed = connect(nobody.port)
    await until(() => feed.snapshot().attempt > 3)
    await chat([], nobody.port)
    for await (const message of feed) {
      expect(message).toBe('hello')
      break
    }
  })

  it('notices by its pings that the other side has gone silent', async () => {
    const server = await chat([])
    const clock = new VirtualClock()
    const feed = connect(server.port, { clock, heartbeat: { every: '20ms', silence: '80ms' } })
    await until(() => feed.state === 'open')
    const lost: unknown[] = []
    feed.on('lost', (event) => lost.push(event))
    const [socket] = server.sockets as unknown as [Socket]
    // Pongs keep it alive well beyond the limit.
    for (let beat = 0; beat < 10; beat++) {
      const { bytesWritten } = socket
      await clock.advance('20ms')
      await until(() => socket.bytesWritten > bytesWritten)
      for (let i = 0; i < 10; i++) await turn() // The pong is on its way back.
    }
    expect([lost.length, feed.snapshot().connections]).toEqual([0, 1])
    socket.pause()
    await clock.advance('101ms')
    expect(lost.length).toBe(1)
    expect(lost[0]).toMatchObject({ from: 'open', failureClass: 'transient' })
  })

  it('makes the sender wait when nobody takes the messages', async () => {
    const http = createServer()
    const server = new WebSocketServer({ server: http })
    let buffered = (): number => 0
    const text = 'x'.repeat(64 * 1024)
    server.on('connection', (socket) => {
      socket.on('error', () => {})
      buffered = () => socket.bufferedAmount
      for (let i = 0; i < 400; i++) socket.send(`${i} ${text}`)
    })
    const started = await killable(http)
    running.push(started)
    const feed = connect(started.port, { inbox: { limit: 4 } })
    await until(() => feed.snapshot().inbox.size >= 4)
    for (let i = 0; i < 50; i++) await turn()
    // A few that were read already come after the pause; the rest stays with the sender.
    expect(feed.snapshot().inbox.received).toBeLessThan(20)
    expect(buffered()).toBeGreaterThan(10_000_000)
    let next = 0
    for await (const message of feed) {
      expect(message.startsWith(`${next} `)).toBe(true)
      if (++next === 400) break
    }
    expect(feed.snapshot().connections).toBe(1)
  })

  it('gives an attempt up that does not come to an end, and leaves no socket', async () => {
    const mute = createServer()
    mute.on('upgrade', (_request, socket) => socket.on('end', () => socket.destroy()).resume())
    const server = await killable(mute)
    running.push(server)
    const feed = connect(server.port, { connectTimeout: '30ms', attempts: 1 })
    expect(await feed.closed).toBe('attempts')
    await until(() => server.sockets.size === 0)
  })
})

describe('server-sent events', () => {
  /** Numbers from where the client left off, so many on each connection. */
  async function ticker(
    perConnection: number,
    asked: Array<string | undefined>,
    head = '',
  ): Promise<Killable> {
    const server = createServer((request, response) => {
      const last = request.headers['last-event-id'] as string | undefined
      asked.push(last)
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
      response.write(head)
      const from = Number(last ?? 0)
      for (let i = 1; i <= perConnection; i++) response.write(`id: ${from + i}\ndata: tick ${from + i}\n\n`)
      // One ends properly, the other breaks off in the middle of an event.
      if (perConnection === 2) response.write('data: never', () => response.socket?.destroy())
      else response.end('data: never finished')
    })
    const started = await killable(server)
    running.push(started)
    return started
  }

  function follow(
    port: number,
    options: Parameters<typeof reconnecting<ServerSentEvent>>[1] = {},
  ): Reconnecting<ServerSentEvent, never> {
    const feed = reconnecting<ServerSentEvent>(
      async ({ resumeToken, signal }) => {
        const headers: Record<string, string> = { accept: 'text/event-stream' }
        if (resumeToken !== undefined) headers['last-event-id'] = resumeToken
        return eventStream(await fetch(`http://127.0.0.1:${port}`, { headers, signal }))
      },
      { ...quick, ...options },
    )
    feeds.push(feed as never)
    return feed
  }

  it.each([3, 2])(
    'continue after the last event, over connections that bring %i each',
    async (perConnection) => {
      const asked: Array<string | undefined> = []
      const server = await ticker(perConnection, asked)
      const data: string[] = []
      for await (const event of follow(server.port)) {
        data.push(event.data)
        if (data.length === 8) break
      }
      expect(data).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((tick) => `tick ${tick}`))
      expect(asked[0]).toBeUndefined()
      expect(asked.slice(1).every((id) => Number(id) > 0)).toBe(true)
    },
  )

  it('a wait that the server asked for is kept', async () => {
    const server = await ticker(1, [], 'retry: 60000\n\n')
    const waits: number[] = []
    const feed = follow(server.port)
    feed.on('waiting', ({ delay }) => waits.push(delay))
    await until(() => waits.length > 0)
    expect(waits[0]).toBeGreaterThan(59_000)
  })

  it.each([
    [204, 'text/event-stream', 'fatal'],
    [200, 'text/html', 'fatal'],
    [503, 'text/plain', 'transient'],
    [401, 'text/plain', 'persistent'],
  ])('status %i with %s is %s', async (status, type, failureClass) => {
    const server = createServer((_request, response: ServerResponse) => {
      response.writeHead(status, { 'content-type': type, 'retry-after': '7' }).end()
    })
    const started = await killable(server)
    running.push(started)
    const response = await fetch(`http://127.0.0.1:${started.port}`)
    let thrown: unknown
    try {
      eventStream(response)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(EventStreamError)
    expect(thrown).toMatchObject({ status, failureClass, ...(status === 503 && { retryAfter: 7000 }) })
  })

  it('are the same however the stream is cut', () => {
    const stream = [
      ': a comment\r\n',
      'id: 1\r\ndata: one\r\n\r\n',
      'event: price\ndata:two\ndata: lines\n\n',
      'id: 2\r\r',
      'id\ndata\n\n',
      'id: bad\0id\nretry: 10s\nretry: 250\ndata: three\n\n',
      'data: cut off',
    ].join('')
    const whole = [...new EventStreamParser(1000).push(stream)]
    expect(whole).toEqual([
      { event: { type: 'message', data: 'one', id: '1' }, id: '1' },
      { event: { type: 'price', data: 'two\nlines', id: '1' }, id: '1' },
      { event: undefined, id: '2' },
      { event: { type: 'message', data: '', id: '' }, id: '' },
      { event: { type: 'message', data: 'three', id: '' }, id: '' },
    ])
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length)), (cuts) => {
        const parser = new EventStreamParser(1000)
        const points = [0, ...cuts.sort((a, b) => a - b), stream.length]
        const parts = points.slice(1).flatMap((end, i) => [...parser.push(stream.slice(points[i], end))])
        expect(parts).toEqual(whole)
        expect(parser.retry).toBe(250)
      }),
    )
  })

  it('has a limit for what one event may hold', () => {
    expect(() => [...new EventStreamParser(10).push('data: 12345678')]).toThrow(EventStreamError)
    const parser = new EventStreamParser(20)
    expect(() => {
      for (let i = 0; i < 5; i++) for (const _ of parser.push('data: 12345\n'));
    }).toThrow(EventStreamError)
  })
})
