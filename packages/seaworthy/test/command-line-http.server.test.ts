import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import type { ChaosTarget } from '@seaworthy/chaos'
import { Hub, systemClock } from '@seaworthy/core'
import type { DrillRequest, RunningService, World } from '@seaworthy/drill'
import { seededRandom } from '@seaworthy/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { Fields } from '../src/command-line/fields.ts'
import { httpService } from '../src/command-line/http-service.ts'
import { type HttpServiceSettings, readServiceSettings } from '../src/command-line/http-settings.ts'
import { Interruption } from '../src/command-line/interruption.ts'
import { testFile } from './command-line-session.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const world: World = {
  kind: 'real',
  clock: systemClock,
  hub: new Hub(),
  random: (name) => seededRandom(1).fork(name),
}
const never = new AbortController().signal
const request: DrillRequest = { number: 7, key: 'item 1', priority: 'low' }
const injection = { id: 'i', hit: () => undefined, note() {} }

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanUps.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A port that nobody uses now. */
async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function settings(json: object): HttpServiceSettings {
  const problems: string[] = []
  const read = readServiceSettings(new Fields(json, '', problems))
  expect(problems).toEqual([])
  return read as HttpServiceSettings
}

async function started(json: object, interruption = quiet()): Promise<RunningService> {
  const running = await httpService(settings(json), interruption).start(world)
  cleanUps.push(() => running.stop())
  return running
}

const quiet = (): Interruption =>
  new Interruption(
    () => {},
    () => {},
  )

const targetOf = ({ targets }: RunningService, id: string): ChaosTarget =>
  targets.find((target) => target.id === id) as ChaosTarget

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('what a user of an HTTP service got', () => {
  it.each([
    [200, {}, '', 'full'],
    [204, {}, '', 'full'],
    [200, { 'x-degraded': 'cache' }, '', 'degraded'],
    [200, { 'x-degraded': 'false' }, '', 'full'],
    [429, {}, '', 'shed'],
    [503, { 'retry-after': '1' }, '', 'shed'],
    [503, {}, '', undefined],
    [500, {}, '', undefined],
    [404, {}, '', undefined],
  ])('with status %i and %j it is %s%s', async (status, headers, _, answer) => {
    const port = await listening(
      createServer((_request, response) => response.writeHead(status, headers).end()),
    )
    const running = await started({
      url: `http://127.0.0.1:${port}/`,
      targets: [{ id: 'x', process: { pid: process.pid } }],
    })
    const got = running.request(request, never)
    if (answer === undefined) await expect(got).rejects.toThrow(`status ${status}`)
    else expect(await got).toBe(answer)
  })

  it('is degraded as the settings say, and what is asked is filled in', async () => {
    const asked: string[] = []
    const port = await listening(
      createServer(async (incoming, response) => {
        let body = ''
        for await (const chunk of incoming) body += chunk
        asked.push(`${incoming.method} ${incoming.url} ${body} ${incoming.headers['content-type']}`)
        response.end('{"source":"cache"}')
      }),
    )
    const running = await started({
      url: `http://127.0.0.1:${port}/stock/{key}`,
      body: { item: '{key}', number: '{number}', for: '{priority}' },
      degradedWhen: { body: '"source":"cache"' },
      targets: [{ id: 'x', process: { pid: process.pid } }],
    })
    expect(await running.request(request, never)).toBe('degraded')
    expect(asked).toEqual([
      'POST /stock/item%201 {"item":"item 1","number":"7","for":"low"} application/json',
    ])
  })

  it('is nothing when no answer comes in time', async () => {
    const port = await listening(createServer(() => {}))
    const running = await started({
      url: `http://127.0.0.1:${port}`,
      timeout: '50ms',
      targets: [{ id: 'x', process: { pid: process.pid } }],
    })
    await expect(running.request(request, never)).rejects.toThrow('No answer within 50 ms')
  })
})

describe('circuits and level', () => {
  it('come from the admin routes, with the token', async () => {
    const port = await listening(
      createServer((incoming, response) => {
        if (incoming.headers.authorization !== 'Bearer secret') return response.writeHead(401).end()
        if (incoming.url === '/admin/circuit-breakers')
          return response.end(
            '{"circuitBreakers":[{"name":"db","state":"open"},{"name":"api","key":"eu","state":"closed"}]}',
          )
        return response.end('{"value":2}')
      }),
    )
    const url = `http://127.0.0.1:${port}/admin`
    const targets = [{ id: 'x', process: { pid: process.pid } }]
    const running = await started({ url, targets, ops: { url, token: 'secret' } })
    expect(await running.circuits()).toEqual({ db: 'open', 'api (eu)': 'closed' })
    expect(await running.level?.()).toBe(2)
    const stranger = await started({ url, targets, ops: { url, token: 'wrong' } })
    await expect(running.circuits()).resolves.toBeTypeOf('object')
    await expect(stranger.circuits() as Promise<unknown>).rejects.toThrow('answers 401')
  })

  it('are none without them, and a service without levels is at 0', async () => {
    const port = await listening(createServer((_request, response) => response.writeHead(404).end()))
    const url = `http://127.0.0.1:${port}`
    const targets = [{ id: 'x', process: { pid: process.pid } }]
    expect(await (await started({ url, targets })).circuits()).toEqual({})
    expect(await (await started({ url, targets, ops: { url } })).level?.()).toBe(0)
  })
})

describe('a service with a process and a connection of its own', () => {
  const described = async (listen?: number) => {
    const dependency = await listening(createServer((_request, response) => response.end('stock')))
    const port = await freePort()
    return {
      url: `http://127.0.0.1:${port}/{key}`,
      targets: [
        { id: 'dependency', tcp: { to: `127.0.0.1:${dependency}`, ...(listen && { listen }) } },
        {
          id: 'service',
          process: {
            command: process.execPath,
            args: [testFile('service.mjs'), String(port), listen ? String(listen) : '{port:dependency}'],
            ready: `http://127.0.0.1:${port}/ready`,
          },
        },
      ],
    }
  }

  it('is started, broken, mended, killed, started again and gone in the end', async () => {
    const running = await started(await described())
    const pid = running.processId as number
    expect(await running.request(request, never)).toBe('full')

    const cut = targetOf(running, 'dependency').apply({ kind: 'partition' }, injection)
    expect(await running.request(request, never)).toBe('degraded')
    await cut.recover()
    expect(await running.request(request, never)).toBe('full')

    const killed = targetOf(running, 'service').apply({ kind: 'kill' }, injection)
    await expect(running.request(request, never)).rejects.toThrow()
    await killed.recover()
    const second = running.processId as number
    expect(second).not.toBe(pid)
    expect(await running.request(request, never)).toBe('full')

    await running.stop()
    expect([alive(pid), alive(second)]).toEqual([false, false])
  })

  it('finds its dependency at the port that it was always at', async () => {
    const running = await started(await described(await freePort()))
    expect(await running.request(request, never)).toBe('full')
    const reset = targetOf(running, 'dependency').apply({ kind: 'refuse' }, injection)
    expect(await running.request(request, never)).toBe('degraded')
    await reset.recover()
    expect(await running.request(request, never)).toBe('full')
  })

  it('is not left behind when there is no time to stop it', async () => {
    const interruption = quiet()
    const running = await started(await described(), interruption)
    const pid = running.processId as number
    interruption.leave(130)
    while (alive(pid)) await systemClock.sleep(5)
    expect(alive(pid)).toBe(false)
  })

  it('that cannot start says why in its own words, and leaves nothing', async () => {
    const process_ = {
      command: process.execPath,
      args: ['-e', 'throw new Error("no port")'],
      ready: 'http://127.0.0.1:1/',
    }
    const service = httpService(
      settings({ url: 'http://127.0.0.1:1/', targets: [{ id: 'service', process: process_ }] }),
      quiet(),
    )
    await expect(service.start(world)).rejects.toThrow(/service has ended: [\s\S]*no port/)
  })
})
