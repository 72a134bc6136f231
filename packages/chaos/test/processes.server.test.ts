import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodeFlags } from '../../../tools/processes/start-process.ts'
import { guardedPause } from '../src/node.ts'

const program = fileURLToPath(new URL('processes/party.ts', import.meta.url))

let directory = ''
let children: ChildProcess[] = []
let victim: ChildProcess

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'chaos-'))
  children = []
  victim = start(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
})

afterEach(async () => {
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    }
  }
  rmSync(directory, { recursive: true })
})

function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin?.on('error', () => {})
  children.push(child)
  return child
}

interface Party {
  readonly child: ChildProcess
  said(line: string): Promise<void>
}

function party(role: string, ending = ''): Party {
  const path = join(directory, 'heartbeat')
  const child = start(process.execPath, [...nodeFlags, program, role, path, String(victim.pid), ending])
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  reader.on('line', (line) => lines.push(line))
  return {
    child,
    async said(line) {
      while (!lines.includes(line)) await once(reader, 'line')
    },
  }
}

/** `T` while it is stopped. The state stands behind the name, which is in brackets. */
const isPaused = (): boolean =>
  / T /.test(readFileSync(`/proc/${victim.pid}/stat`, 'utf8').replace(/^.*\)/, ''))

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10)
}

describe.runIf(process.platform === 'linux')('a process that holds a fault', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'leaves none behind when it gets %s, and still ends by it',
    async (signal) => {
      const controller = party('controller')
      await controller.said('paused')
      await until(isPaused)
      const exited = once(controller.child, 'exit')
      controller.child.kill(signal)
      expect(await exited).toEqual([null, signal])
      await until(() => !isPaused())
    },
  )

  it.each([
    ['throws', 1],
    ['rejects', 1],
    ['exits', 7],
  ] as const)('leaves none behind when it %s, and still ends with code %i', async (ending, code) => {
    const controller = party('controller', ending)
    await controller.said('paused')
    await until(isPaused)
    const exited = once(controller.child, 'exit')
    controller.child.stdin?.write('now')
    expect(await exited).toEqual([code, null])
    await until(() => !isPaused())
  })

  it('ends it by itself when the one who renewed the lease was killed', async () => {
    const holder = party('holder')
    await holder.said('renewed')
    const follower = party('follower')
    await follower.said('paused')
    await until(isPaused)
    await sleep(1500) // longer than the lease: it is being renewed
    expect(isPaused()).toBe(true)
    holder.child.kill('SIGKILL')
    await follower.said('recovering leaseLost')
    await until(() => !isPaused())
  })

  it('leaves none behind when it is killed and the pause is guarded', async () => {
    const controller = party('guarded')
    await controller.said('paused')
    await until(isPaused)
    await sleep(300)
    expect(isPaused()).toBe(true)
    controller.child.kill('SIGKILL')
    await until(() => !isPaused())
  })

  it('that lets go of a guarded pause leaves no watcher behind', async () => {
    const { pause, resume } = guardedPause(victim.pid as number)
    pause()
    await until(isPaused)
    const watchers = (): number =>
      readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ').length
    const watched = watchers()
    resume()
    resume()
    await until(() => !isPaused() && watchers() < watched)
  })
})
