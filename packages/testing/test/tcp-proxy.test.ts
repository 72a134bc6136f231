import { once } from 'node:events'
import { createConnection } from 'node:net'
import { activeHandles, newHandles, VirtualClock } from '@seaworthy/testing'
import { type TcpProxy, type TcpProxyOptions, tcpProxy } from '@seaworthy/testing/servers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Echo, echoServer, eventually, Wire } from './wire.ts'

let echo: Echo
let clock: VirtualClock
const proxies: TcpProxy[] = []

beforeEach(async () => {
  echo = await echoServer()
  clock = new VirtualClock()
})
afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()))
  await echo.close()
  expect(clock.pendingTimers).toBe(0)
})

async function start(options: Partial<TcpProxyOptions> = {}): Promise<TcpProxy> {
  const proxy = await tcpProxy({ target: { port: echo.port }, clock, ...options })
  proxies.push(proxy)
  return proxy
}

/** A client whose connection is known to reach the server: it has said `hi` and got it back. */
async function open(proxy: TcpProxy, allowHalfOpen = false): Promise<Wire> {
  const client = await Wire.open(proxy.port, allowHalfOpen)
  client.send('hi')
  await client.received(2)
  return client
}

/** Time enough for a proxy that does not hold back to read a lot: so many round trips beside it. */
async function turns(count: number): Promise<void> {
  const other = await Wire.open(echo.port)
  for (let turn = 0; turn < count; turn++) {
    other.send('.')
    await once(other.socket, 'data')
  }
  other.socket.destroy()
}

const timers = (count: number) => eventually(`${count} timers wait`, () => clock.pendingTimers === count)

describe('without faults', () => {
  test('everything passes in both directions, more than the proxy would hold', async () => {
    const proxy = await start()
    const client = await open(proxy)
    const text = Array.from({ length: 2 ** 20 }, (_, index) => String(index % 1000).padStart(4)).join('')
    client.send(text)
    expect((await client.received(2 + text.length)) === `hi${text}`).toBe(true)
    expect(proxy.counters).toEqual({
      accepted: 1,
      refused: 0,
      forwardedUp: 2 + text.length,
      forwardedDown: 2 + text.length,
      swallowedUp: 0,
      swallowedDown: 0,
      repliesLost: 0,
    })
  })

  test('each direction ends on its own', async () => {
    const proxy = await start()
    const client = await open(proxy, true)
    client.socket.end('bye')
    expect(await client.received(5)).toBe('hibye') // The server answers what it got with the end.
    expect(await client.ended()).toBe('FIN')
    await eventually('the connection is forgotten', () => proxy.connections === 0)
  })

  test('a reset of one side reaches the other', async () => {
    const proxy = await start()
    const client = await open(proxy)
    echo.wires[0]?.socket.resetAndDestroy()
    expect(await client.ended()).toBe('ECONNRESET')
    const other = await open(proxy)
    other.socket.resetAndDestroy()
    expect(await echo.wires[1]?.ended()).toBe('ECONNRESET')
    await eventually('both are forgotten', () => proxy.connections === 0)
  })

  test('clients of a server that is not there are reset', async () => {
    const gone = await echoServer()
    await gone.close()
    const proxy = await start({ target: { port: gone.port } })
    const client = new Wire(createConnection(proxy.port, proxy.host))
    expect(await client.ended()).toBe('ECONNRESET')
  })
})

describe('latency', () => {
  test('delays the request, the reply and the end, once each', async () => {
    const proxy = await start()
    const client = await open(proxy, true)
    proxy.latency('100ms')
    client.send('hello')
    await timers(1)
    await clock.advance(99)
    expect(proxy.counters.forwardedUp).toBe(2)
    await clock.advance(1)
    expect(proxy.counters.forwardedUp).toBe(7)
    await timers(1)
    await clock.advance(99)
    expect(proxy.counters.forwardedDown).toBe(2)
    await clock.advance(1)
    expect(await client.received(7)).toBe('hihello')

    client.socket.end()
    await timers(1)
    await clock.advance(100)
    expect(await echo.wires[0]?.ended()).toBe('FIN')
    await timers(1)
    expect(client.end).toBeUndefined()
    await clock.advance(100)
    expect(await client.ended()).toBe('FIN')
  })

  test('can be in one direction, and of another length on the way', async () => {
    const proxy = await start()
    const client = await open(proxy)
    proxy.latency(50, 0, 'down')
    client.send('1')
    await timers(1)
    expect(clock.timers()).toEqual([50])
    expect(proxy.counters).toMatchObject({ forwardedUp: 3, forwardedDown: 2 })
    proxy.latency(10, 0, 'down')
    client.send('2')
    await eventually('both are back', () => echo.wires[0]?.text === 'hi12')
    await clock.advance(50)
    expect(await client.received(4)).toBe('hi12')
  })

  test('keeps the order whatever the jitter', async () => {
    const proxy = await start()
    const client = await open(proxy)
    proxy.latency(100, 100)
    const text = 'abcdefghijklmnopqrstuvwxyz'
    for (const letter of text) {
      client.send(letter)
      await eventually('the letter is under way', () => clock.pendingTimers > 0)
    }
    while (client.text.length < 2 + text.length) {
      await clock.advanceToNextTimer()
      await eventually('something is under way', () => clock.pendingTimers > 0 || client.text.length === 28)
    }
    expect(client.text).toBe(`hi${text}`)
  })

  test('draws the same jitter from the same seed', async () => {
    const draw = async (seed: number): Promise<readonly number[]> => {
      const proxy = await start({ seed })
      const client = await open(proxy)
      proxy.latency(1000, 500)
      client.send('x')
      await timers(1)
      const due = clock.timers()
      await proxy.close()
      return due
    }
    const [one, same, other] = [await draw(7), await draw(7), await draw(8)]
    expect(same).toEqual(one)
    expect(other).not.toEqual(one)
    for (const due of [one, other]) {
      expect(due[0]).toBeGreaterThanOrEqual(500)
      expect(due[0]).toBeLessThanOrEqual(1500)
    }
  })

  test('ends with heal, which delivers what is under way at once', async () => {
    const proxy = await start()
    const client = await open(proxy)
    proxy.latency('1h')
    client.send('hello')
    await timers(1)
    proxy.heal()
    expect(await client.received(7)).toBe('hihello')
    expect(clock.now()).toBe(0)
  })
})

test('throttle lets so many bytes through a second, in ten slices', async () => {
  const proxy = await start()
  const client = await open(proxy)
  proxy.throttle(1000, 'down')
  client.send('x'.repeat(1000))
  for (let second = 1; second <= 10; second++) {
    await eventually('the next slice is out', () => proxy.counters.forwardedDown === 2 + second * 100)
    expect(await client.received(2 + second * 100)).toHaveLength(2 + second * 100)
    await clock.advance(99)
    expect(proxy.counters.forwardedDown).toBe(2 + second * 100)
    await clock.advance(1)
  }
  expect(proxy.counters.forwardedUp).toBe(1002)
})

test('a proxy does not hold what the receiver cannot take', async () => {
  const proxy = await start()
  const client = await open(proxy)
  proxy.throttle(1, 'up')
  client.send('x'.repeat(2 ** 24))
  await turns(500)
  expect(client.socket.writableLength).toBeGreaterThan(0)
})

describe('stall', () => {
  test('holds everything back and loses nothing; senders have to wait', async () => {
    const proxy = await start()
    const client = await open(proxy)
    proxy.stall()
    const text = 'stalled!'.repeat(2 ** 21)
    client.send(text)
    const late = await Wire.open(proxy.port)
    late.send('late')
    await turns(500)
    expect(client.socket.writableLength).toBeGreaterThan(0)
    expect(proxy.counters).toMatchObject({ accepted: 2, forwardedUp: 2, swallowedUp: 0 })
    proxy.heal()
    expect((await client.received(2 + text.length)) === `hi${text}`).toBe(true)
    expect(await late.received(4)).toBe('late')
  })

  test('can be in one direction: the server does what it will not be heard to have done', async () => {
    const proxy = await start()
    const client = await open(proxy)
    proxy.stall('down')
    client.send('charge')
    await eventually('the server has it', () => echo.wires[0]?.text === 'hicharge')
    expect(client.text).toBe('hi')
    expect(proxy.counters.forwardedDown).toBe(2)
    proxy.heal()
    expect(await client.received(8)).toBe('hicharge')
  })

  test('hides that the server is gone until it is over', async () => {
    const proxy = await start()
    const client = await open(proxy)
    proxy.stall()
    echo.wires[0]?.socket.resetAndDestroy()
    await once(echo.wires[0]?.socket ?? client.socket, 'close')
    const other = await Wire.open(proxy.port)
    expect([client.end, other.end]).toEqual([undefined, undefined])
    proxy.heal()
    expect(await client.ended()).toBe('ECONNRESET')
    other.send('still here')
    expect(await other.received(10)).toBe('still here')
  })
})

describe('drop', () => {
  test('swallows requests; what has a gap is reset by heal, and nothing else', async () => {
    const proxy = await start()
    const [client, idle] = [await open(proxy), await open(proxy)]
    proxy.drop('up')
    client.send('lost')
    await eventually('it is swallowed', () => proxy.counters.swallowedUp === 4)
    echo.wires[0]?.send('heard') // The other direction works.
    expect(await client.received(7)).toBe('hiheard')
    expect(echo.wires[0]?.text).toBe('hi')
    proxy.heal()
    expect(await client.ended()).toBe('ECONNRESET')
    expect(await echo.wires[0]?.ended()).toBe('ECONNRESET')
    idle.send('fine')
    expect(await idle.received(6)).toBe('hifine')
  })

  test('swallows replies, and that there are no more', async () => {
    const proxy = await start()
    const client = await open(proxy)
    proxy.drop('down')
    client.send('charge')
    await eventually('the reply is swallowed', () => proxy.counters.swallowedDown === 6)
    const server = echo.wires[0]?.socket
    server?.unpipe().resume().end()
    client.send('again')
    await eventually('the server has it', () => echo.wires[0]?.text === 'hichargeagain')
    expect([client.text, client.end]).toEqual(['hi', undefined])
  })
})

describe('dropNextReply', () => {
  test('lets the request through and loses the reply, once', async () => {
    const proxy = await start()
    const [client, other] = [await open(proxy), await open(proxy)]
    proxy.dropNextReply()
    client.send('charge')
    expect(await client.ended()).toBe('ECONNRESET')
    expect([client.text, echo.wires[0]?.text]).toEqual(['hi', 'hicharge'])
    expect(proxy.counters).toMatchObject({ repliesLost: 1, swallowedDown: 6 })
    other.send('fine')
    expect(await other.received(6)).toBe('hifine')
    expect(await (await open(proxy)).received(2)).toBe('hi')
  })

  test('can be asked for twice, and called off', async () => {
    const proxy = await start()
    proxy.dropNextReply()
    proxy.dropNextReply()
    for (let lost = 1; lost <= 2; lost++) {
      const client = await Wire.open(proxy.port)
      client.send('charge')
      expect(await client.ended()).toBe('ECONNRESET')
      expect(proxy.counters.repliesLost).toBe(lost)
    }
    proxy.dropNextReply()
    proxy.heal()
    await open(proxy)
    expect(proxy.counters.repliesLost).toBe(2)
  })
})

describe('accidents', () => {
  test('cut ends both sides in an orderly way; new connections work', async () => {
    const proxy = await start()
    const client = await open(proxy)
    proxy.latency('1h')
    client.send('lost')
    await timers(1)
    proxy.cut()
    expect(await client.ended()).toBe('FIN')
    expect(await echo.wires[0]?.ended()).toBe('FIN')
    expect(echo.wires[0]?.text).toBe('hi')
    await eventually('it is forgotten', () => proxy.connections === 0)
    proxy.heal()
    await open(proxy)
  })

  test('reset resets both sides, stalled ones too', async () => {
    const proxy = await start()
    const client = await open(proxy)
    proxy.stall()
    proxy.reset()
    expect(await client.ended()).toBe('ECONNRESET')
    expect(await echo.wires[0]?.ended()).toBe('ECONNRESET')
    await eventually('it is forgotten', () => proxy.connections === 0)
  })

  test('refuse ends what is there and what comes, until heal', async () => {
    const proxy = await start()
    const client = await open(proxy)
    proxy.refuse()
    expect(await client.ended()).toBe('FIN')
    const refused = await Wire.open(proxy.port)
    expect(await refused.ended()).toBe('FIN')
    expect(proxy.counters).toMatchObject({ accepted: 1, refused: 1 })
    expect(echo.wires).toHaveLength(1)
    proxy.heal()
    await open(proxy)
  })
})

describe('close', () => {
  test('leaves no socket and no timer, however often it is called', async () => {
    const before = activeHandles()
    const proxy = await start()
    const clients = [await open(proxy), await open(proxy)]
    proxy.latency('1h', '1m')
    proxy.throttle(1)
    for (const client of clients) client.send('never to arrive')
    await timers(2)
    await Promise.all([proxy.close(), proxy.close(), proxy[Symbol.asyncDispose]()])
    expect(proxy.connections).toBe(0)
    expect(clock.pendingTimers).toBe(0)
    for (const client of clients) await client.ended()
    for (const { socket } of [...clients, ...echo.wires]) socket.destroy()
    await eventually('the handles are closed', () => Object.keys(newHandles(before)).length === 0)
  })

  test('works with a stalled connection that is full', async () => {
    const proxy = await start()
    const client = await open(proxy)
    proxy.stall()
    client.send('x'.repeat(2 ** 23))
    await proxy.close()
    expect(proxy.connections).toBe(0)
    client.socket.destroy()
  })
})

test('options that make no sense are refused', async () => {
  await expect(tcpProxy({ target: { port: 0 } })).rejects.toThrow('target.port must be')
  await expect(tcpProxy({} as never)).rejects.toThrow('target must be')
  await expect(tcpProxy({ target: { port: 1 }, latency: 1 } as never)).rejects.toThrow("option 'latency'")
  const proxy = await start()
  expect(() => proxy.latency(-1)).toThrow('delay must be')
  expect(() => proxy.throttle(0)).toThrow('bytesPerSecond must be')
  expect(() => proxy.drop('sideways' as never)).toThrow('direction must be')
})
