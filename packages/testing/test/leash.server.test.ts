import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { leash } from '../src/leash.ts'
import { send } from '../src/process-family.ts'
import { stateOf } from './real-servers.ts'
import { eventually } from './wire.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'seaworthy-leash-'))
  await chmod(directory, 0o1777) // As /tmp: PostgreSQL may run as another user.
})
afterEach(() => rm(directory, { recursive: true, force: true }))

describe('a leashed process', () => {
  test('is the program itself, not a shell around it', async () => {
    const process = leash(['sh', '-c', 'echo $$ >pid; exit 3'], { directory, signal: 'KILL' })
    expect(process.running).toBe(true)
    expect(await process.exit()).toBe(3)
    expect(process.running).toBe(false)
    expect(await readText('pid')).toBe(`${process.pid}\n`)
  })

  test('says 127 where there is no such program, and why', async () => {
    const process = leash(['there-is-no-such-program'], { directory, signal: 'KILL' })
    expect(await process.exit()).toBe(127)
    expect(await readText('output.log')).toContain('there-is-no-such-program')
  })

  test('keeps its files when it ends before us', async () => {
    const process = leash(['sh', '-c', 'echo kept; kill -KILL $$'], { directory, signal: 'KILL' })
    expect(await process.exit()).toBeNull()
    expect(await readText('output.log')).toBe('kept\n')
  })

  test('has a watcher that is not its child and goes when it goes', async () => {
    const process = leash(['sleep', '3601'], { directory, signal: 'KILL' })
    await eventually('it runs', () => processes('args').some((args) => args === 'sleep 3601'))
    expect(watchers()).toHaveLength(1)
    expect(processes('ppid')).not.toContain(String(process.pid))
    send(process.pid, 'SIGKILL')
    await process.exit()
    await eventually('the watcher is gone', () => watchers().length === 0)
  })

  const processes = (column: string) =>
    spawnSync('ps', ['-A', '-ww', '-o', `${column}=`], { encoding: 'utf8' })
      .stdout.split('\n')
      .map((line) => line.trim())
  const watchers = () => processes('args').filter((args) => args.includes(directory))
})

describe('when the process that started a server is killed', () => {
  test.each(['running', 'paused'])('nothing is left of %s servers', async (state) => {
    const script = fileURLToPath(new URL('leashed-parent.ts', import.meta.url))
    const flags = ['--import', 'tsx', '--conditions', '@seaworthy/source']
    const parent = spawn(process.execPath, [...flags, script, state], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '', TMPDIR: directory },
    })
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string]
    const pids = JSON.parse(line) as number[]
    expect(pids.map(stateOf)).not.toContain('gone')
    expect(files()).toHaveLength(2)
    parent.kill('SIGKILL')
    await eventually('the servers are gone', () => pids.every((pid) => stateOf(pid) === 'gone'))
    await eventually('their files are gone', () => files().length === 0)
  })

  const files = () => readdirSync(directory).filter((name) => name.startsWith('seaworthy-'))
})

const readText = (name: string): Promise<string> => readFile(join(directory, name), 'utf8')
