/** Workers in processes of their own, and what they left behind. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TaskEvent } from '@seaworthy/worker'
import { buildSync } from 'esbuild'
import type { Redis } from 'ioredis'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/**
 * A program that Node can run: the sources and all they import in one file, as they are now.
 *
 * @param entry - Beside this file. @defaultValue the worker of `stream-worker.ts`
 */
export function workerProgram(entry = './stream-worker.ts'): { readonly file: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'seaworthy-worker-'))
  const file = join(directory, 'worker.cjs')
  buildSync({
    entryPoints: [at(entry)],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    conditions: ['@seaworthy/source'],
    loader: { '.lua': 'text' },
    logLevel: 'error',
  })
  return { file, remove: () => rmSync(directory, { recursive: true }) }
}

/** A worker that runs. */
export interface RunningWorker {
  readonly process: ChildProcess
  /** What it printed so far. */
  readonly lines: string[]
  readonly owner: string | undefined
  readonly gone: boolean
}

export function startWorker(program: string, ...args: string[]): RunningWorker {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines: string[] = []
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() as string
    lines.push(...parts)
  })
  return {
    process: child,
    lines,
    get owner() {
      return lines.find((line) => line.startsWith('owner '))?.slice('owner '.length)
    },
    get gone() {
      return child.exitCode !== null || child.signalCode !== null
    },
  }
}

/** One step of the audit. */
export interface Told {
  readonly event: TaskEvent
  readonly owner: string
  readonly task: string
  readonly entry: string
  readonly idle: number | false
}

/** The whole audit of a stream, read past the stream itself. */
export async function trailOf(client: Redis, name: string, prefix: string): Promise<Told[]> {
  const entries = await client.xrange(`${prefix}{${name}}:audit`, '-', '+')
  return entries.flatMap(([, fields]) => {
    const [, event, , owner, , , , steps] = fields as string[]
    const rows = JSON.parse(steps as string) as [
      string,
      string,
      number,
      number,
      number,
      unknown,
      unknown,
      number | false,
    ][]
    return rows.map(([task, entry, , , , , , idle]) => ({
      event: event as TaskEvent,
      owner: owner as string,
      task,
      entry,
      idle,
    }))
  })
}
