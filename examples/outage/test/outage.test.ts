/** The real thing, shortened: processes, sockets and clocks. What a busy machine can delay is not asserted. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Claim, deadCalls } from '../src/claims.ts'
import type { Result } from '../src/result.ts'

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
/** Below the ports that systems give away by themselves; two for each demo. */
let nextPort = 20_000 + (process.pid % 5000) * 2

interface Demo {
  readonly process: ChildProcess
  readonly ports: readonly [number, number]
  output(): string
  /** Resolves when the output contains a text. */
  says(text: string): Promise<void>
}

function demo(...args: string[]): Demo {
  const port = nextPort
  nextPort += 2
  const child = spawn(
    process.execPath,
    ['--import', tsx, '--conditions=@seaworthy/source', main, '--no-report', '--port', String(port), ...args],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, FORCE_COLOR: '0' } },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))
  return {
    process: child,
    ports: [port, port + 1],
    output: () => output,
    async says(text) {
      while (!output.includes(text)) {
        if (child.exitCode !== null) throw new Error(`It ended without saying "${text}":\n${output}`)
        await sleep(20)
      }
    },
  }
}

function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  }).finally(() => socket.destroy())
}

/** Whether nothing listens on the ports of a demo any more; asks for up to five seconds. */
async function areGone({ ports }: Demo): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    const listening = await Promise.all(ports.map(listens))
    if (!listening.includes(true)) return true
    await sleep(50)
  }
  return false
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outage-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('the demo', { timeout: 60_000 }, () => {
  it('plays a short day with real processes, tells the truth about it and leaves nothing behind', async () => {
    const json = join(folder, 'result.json')
    const running = demo('--duration', '6s', '--seed', '3', '--json', json)
    const [code] = await once(running.process, 'exit')

    const { claims, result } = JSON.parse(await readFile(json, 'utf8')) as { claims: Claim[]; result: Result }
    expect(code, running.output()).toBe(claims.every(({ holds }) => holds) ? 0 : 1)
    expect(running.output()).toContain(`${claims.filter(({ holds }) => holds).length} of 10 claims hold`)
    expect(await areGone(running)).toBe(true)

    // Both sides met the same requests.
    const asked = ({ samples }: Result['bare']) => samples.map(({ id, product, at }) => [id, product, at])
    expect(asked(result.bare)).toEqual(asked(result.seaworthy))
    // These hold on a machine of any speed.
    const anyway = claims.filter(({ id }) => ['right-answers', 'nothing-left'].includes(id))
    expect(anyway.map(({ holds, shows }) => holds || shows)).toEqual([true, true])
    expect(deadCalls(result.seaworthy)).toBeLessThan(deadCalls(result.bare) / 2)
    for (const { text } of result.seaworthy.explanation) expect(text).toContain('No known trap')
    expect(result.seaworthy.breaker.map(({ state }) => state)).toEqual(
      expect.arrayContaining(['open', 'halfOpen']),
    )
  })

  it('ends its upstreams however it is ended itself', async () => {
    const ways = { SIGINT: 130, SIGTERM: 143, SIGKILL: null } as const
    await Promise.all(
      Object.entries(ways).map(async ([signal, expected]) => {
        const running = demo()
        await running.says('1 s')
        expect(await Promise.all(running.ports.map(listens)), signal).toEqual([true, true])
        running.process.kill(signal as keyof typeof ways)
        const [code] = await once(running.process, 'exit')
        expect(code, signal).toBe(expected)
        expect(await areGone(running), signal).toBe(true)
      }),
    )
  })

  it('says what is wrong when a port is taken, and ends', async () => {
    const port = nextPort
    const taken = createServer().listen(port + 1, '127.0.0.1')
    await once(taken, 'listening')
    const running = demo()
    const [code] = await once(running.process, 'exit')
    expect(code).toBe(1)
    expect(running.output()).toMatch(/^The upstream did not start: listen EADDRINUSE.*$/m)
    taken.close()
    expect(await areGone(running)).toBe(true)
  })

  it('teaches, and exits with 2 on a wrong command line', async () => {
    const helped = demo('--help')
    const wrong = demo('--duration', 'soon')
    const codes = await Promise.all(
      [helped, wrong].map(async ({ process }) => (await once(process, 'exit'))[0]),
    )
    expect(codes).toEqual([0, 2])
    expect(helped.output()).toContain('npm run demo')
    expect(wrong.output()).toMatch(/--duration must be a duration.*\nTry --help/)
  })
})
