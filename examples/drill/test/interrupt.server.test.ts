/** The program itself, interrupted: it takes everything back, reports, and leaves nothing running. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { DrillReport } from '@seaworthy/drill'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { nodeFlags } from '../../../tools/processes/start-process.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'seaworthy-interrupt-'))
})
afterEach(() => rm(directory, { recursive: true }))

it.each([1, 2])('Ctrl-C, pressed %i times, leaves nothing running', async (times) => {
  const child = spawn(process.execPath, [...nodeFlags, main, '--report', directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const started: number[] = []
  let pressed = 0
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('an API')) started.push(...(line.match(/\d+/g) ?? []).map(Number))
    const moment = pressed === 0 ? 'watching what is normal' : 'SIGINT: '
    if (pressed < times && line.includes(moment)) {
      pressed++
      child.kill('SIGINT')
    }
  }
  expect(await ended).toEqual([130, null])
  expect(pressed).toBe(times)
  expect(started).toHaveLength(4)
  await Promise.all(started.map(gone))
  if (times > 1) return
  const report = JSON.parse(await readFile(join(directory, 'report.json'), 'utf8')) as DrillReport
  expect(report).toMatchObject({ interrupted: true, overall_result: 'PARTIAL', problems: [] })
  expect(report.phases_completed.at(-1)).toBe('CLEANUP')
})

/** Waits until a process has ended: after a sudden end of its parent it may take a moment. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
