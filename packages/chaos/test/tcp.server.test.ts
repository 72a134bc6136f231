import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { Hub, systemClock } from '@seaworthy/core'
import { type TcpProxy, tcpProxy } from '@seaworthy/testing/servers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ChaosController, chaosController, type Fault, tcpTarget } from '../src/index.ts'

let server: Server
let proxy: TcpProxy
let chaos: ChaosController
const open = new Set<Socket>()

beforeEach(async () => {
  server = createServer((socket) => {
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await tcpProxy({ target: { port: (server.address() as AddressInfo).port } })
  chaos = chaosController({ targets: [tcpTarget('echo', proxy)], armed: true, minGap: 0, hub: new Hub() })
})

afterEach(async () => {
  chaos.dispose()
  for (const socket of open) socket.destroy()
  await proxy.close()
  server.close()
})

async function client(): Promise<Socket> {
  const socket = connect(proxy.port, proxy.host)
  open.add(socket)
  socket.setEncoding('utf8')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** What comes back, or the code of the error. */
async function echo(socket: Socket, text: string): Promise<string> {
  const answer = Promise.race([
    once(socket, 'data').then(([data]) => String(data)),
    once(socket, 'close').then(() => 'closed'),
  ]).catch((error: NodeJS.ErrnoException) => error.code ?? 'error')
  socket.write(text)
  return answer
}

const inject = (fault: Fault): ReturnType<ChaosController['inject']> =>
  chaos.inject({ fault, on: 'echo', for: '1m' })

describe('faults of a real connection', () => {
  it('a partition holds what is sent and delivers it when it ends', async () => {
    const socket = await client()
    expect(await echo(socket, 'before')).toBe('before')
    const injection = await inject({ kind: 'partition' })
    let answered = false
    const answer = echo(socket, 'meanwhile').then((text) => {
      answered = true
      return text
    })
    await systemClock.sleep(50)
    expect(answered).toBe(false)
    await injection.recover()
    expect(await answer).toBe('meanwhile')
  })

  it('refuse closes connections and new ones, and lets them in afterwards', async () => {
    const socket = await client()
    expect(await echo(socket, 'a')).toBe('a')
    const closed = once(socket, 'close')
    await inject({ kind: 'refuse' })
    await closed
    expect(await echo(await client(), 'b')).not.toBe('b')
    chaos.kill()
    expect(await echo(await client(), 'c')).toBe('c')
  })

  it('a reset is one, on connections that were there before', async () => {
    const socket = await client()
    expect(await echo(socket, 'a')).toBe('a')
    const error = once(socket, 'error').catch((reason: unknown) => [reason])
    await inject({ kind: 'reset' })
    expect(((await error) as [NodeJS.ErrnoException])[0].code).toBe('ECONNRESET')
  })

  it('a reply that is dropped was carried out', async () => {
    const socket = await client()
    await inject({ kind: 'dropReply' })
    expect(await echo(socket, 'charge')).not.toBe('charge')
    expect(proxy.counters).toMatchObject({ repliesLost: 1, forwardedUp: 6 })
  })

  it('latency delays, and a kill switch delivers what it holds', async () => {
    const socket = await client()
    await inject({ kind: 'latency', delay: '1h' })
    const answer = echo(socket, 'slow')
    await systemClock.sleep(20)
    chaos.kill()
    expect(await answer).toBe('slow')
    expect(chaos.debugStats()).toMatchObject({ active: 0, faults: 0, timers: 0 })
  })
})
