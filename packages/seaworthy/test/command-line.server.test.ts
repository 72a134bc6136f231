import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { nodeFlags } from '../../../tools/processes/start-process.ts'
import { folder, type Ran, testFile } from './command-line-session.ts'

const program = fileURLToPath(new URL('../bin/seaworthy.mjs', import.meta.url))
/** Elsewhere than in the repository nobody finds the loader by its name. */
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const flags = nodeFlags.map((flag) => (flag === 'tsx' ? loader : flag))
const work = folder()
afterAll(() => work.clean())

/** The real program, of which nothing but its end says that it has ended. */
class Running {
  readonly child: ChildProcess
  out = ''
  err = ''
  readonly ended: Promise<Ran>

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [...flags, program, ...args], {
      cwd: work.path,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout?.setEncoding('utf8').on('data', (text) => {
      this.out += text
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text) => {
      this.err += text
    })
    this.ended = once(this.child, 'close').then(([code]) => ({ code, out: this.out, err: this.err }))
  }

  /** Resolves when it has said something on standard error. */
  async says(text: string): Promise<void> {
    const ended = this.ended.then(({ err }) => {
      throw new Error(`It has ended without ${text}:\n${err}`)
    })
    ended.catch(() => {})
    while (!this.err.includes(text))
      await Promise.race([once(this.child.stderr as NodeJS.ReadableStream, 'data'), ended])
  }
}

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** A service of its own process, under a drill that would take hours. */
async function drillOfProcess(name: string): Promise<{ readonly running: Running; service(): number }> {
  const port = await freePort()
  const pidFile = join(work.path, `${name}.pid`)
  const start = `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));import(${JSON.stringify(testFile('service.mjs'))})`
  const config = {
    profile: 'soak-24h',
    service: {
      url: `http://127.0.0.1:${port}/{key}`,
      targets: [
        {
          id: 'service',
          process: {
            command: process.execPath,
            args: ['-e', start, 'service', String(port)],
            ready: `http://127.0.0.1:${port}/ready`,
          },
        },
      ],
    },
    without: ['CIRCUIT_BREAKER_TESTING', 'CASCADING_FAILURE_TESTING', 'MEMORY_SOAK_TESTING'],
  }
  const path = join(work.path, `${name}.json`)
  writeFileSync(path, JSON.stringify(config))
  const running = new Running(['drill', 'run', '--config', path, '--report', name])
  return { running, service: () => Number(readFileSync(pidFile, 'utf8')) }
}

describe('the program', { timeout: 120_000 }, () => {
  it('prints its version and its help, and exits 64 for what there is not', async () => {
    const [version, help, wrong] = await Promise.all(
      [['--version'], ['drill', 'run', '--help'], ['drill', 'rum']].map((args) => new Running(args).ended),
    )
    const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
    expect(version).toEqual({ code: 0, out: `${manifest.version}\n`, err: '' })
    expect(help).toMatchObject({ code: 0, out: expect.stringContaining('--max-wall') })
    expect(wrong).toMatchObject({ code: 64, err: expect.stringContaining('did you mean drill run?') })
  })

  it('exits 1 for a policy that is broken on purpose, and all of its JSON comes through a pipe', async () => {
    const config = testFile('broken-breaker.mjs')
    const { code, out } = await new Running([
      'drill',
      'run',
      '--sim',
      '--json',
      '--quiet',
      '--config',
      config,
    ]).ended
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ overall_result: 'FAILED', exit_code: 1 })
    expect(existsSync(join(work.path, 'drill-report/report.html'))).toBe(true)
  })

  it('ends in order at SIGINT: the report is written, the exit code is 130 and its processes are gone', async () => {
    const { running, service } = await drillOfProcess('in-order')
    await running.says('Initialization')
    const pid = service()
    expect(alive(pid)).toBe(true)
    running.child.kill('SIGINT')
    const { code, out, err } = await running.ended
    expect({ code, alive: alive(pid) }).toEqual({ code: 130, alive: false })
    expect(err).toContain('Clean-up')
    expect(out).toContain('(interrupted)')
    const report = JSON.parse(readFileSync(join(work.path, 'in-order/report.json'), 'utf8'))
    expect(report).toMatchObject({ interrupted: true, overall_result: 'PARTIAL' })
  })

  it('ends at once at the second signal, and its processes are gone all the same', async () => {
    const { running, service } = await drillOfProcess('at-once')
    await running.says('Initialization')
    const pid = service()
    running.child.kill('SIGTERM')
    await running.says('SIGTERM: taking everything back')
    running.child.kill('SIGTERM')
    const { code } = await running.ended
    expect(code).toBe(143)
    while (alive(pid)) await new Promise((resolve) => setImmediate(resolve))
  })

  it('interrupts itself when its time is over', async () => {
    const args = [
      'drill',
      'run',
      '--real',
      '--without',
      'cascading,circuit,memory',
      '--max-wall',
      '1s',
      '--report',
      'wall',
    ]
    const { code, out } = await new Running(args).ended
    expect(code).toBe(2)
    expect(out).toContain('(interrupted)')
    const { events } = JSON.parse(readFileSync(join(work.path, 'wall/report.json'), 'utf8'))
    expect(events.find(({ type }: { type: string }) => type === 'run.interrupted')).toMatchObject({
      cause: '--max-wall 1s is over',
    })
  })

  it('watches the memory of a command from inside, and ends it', async () => {
    const args = [
      'drill',
      'memory',
      '--cmd',
      `node ${testFile('service.mjs')} ${await freePort()}`,
      '--for',
      '2s',
      '--json',
    ]
    const { code, out, err } = await new Running(args).ended
    expect(err).toBe('')
    const { points, verdict } = JSON.parse(out)
    // Two seconds are too few for a verdict, which is said and not passed over.
    expect({ code, verdict: verdict.verdict }).toEqual({ code: 2, verdict: 'inconclusive' })
    expect(
      points.filter(({ heapFloor }: { heapFloor?: number }) => heapFloor !== undefined).length,
    ).toBeGreaterThan(3)
  })

  it('says of a command that ends at once how it ended', async () => {
    const { code, err } = await new Running([
      'drill',
      'memory',
      '--cmd',
      'node -e "process.exit(3)"',
      '--for',
      '2s',
    ]).ended
    expect(code).toBe(64)
    expect(err).toContain('has ended at once, with 3')
  })
})
