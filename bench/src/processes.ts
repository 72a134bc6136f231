/**
 * Fresh processes to measure in. They run plain JavaScript that esbuild made of `worker.ts`; the process that the
 * user started has a loader for TypeScript in it and measures nothing.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Task } from './worker.ts'

const run = promisify(execFile)

/** The folder of this package: from here, imports find its dependencies. */
export const home: string = fileURLToPath(new URL('..', import.meta.url))

/** Inside `node_modules`: nobody formats, commits or publishes what is there. */
export const workerFile: string = `${home}node_modules/.cache/bench/worker.mjs`

/** Speed and collections are measured with the settings that everybody's programs have. */
const flags: Partial<Record<Task, readonly string[]>> = {
  bytes: ['--min-semi-space-size=128', '--max-semi-space-size=128'],
  idle: ['--expose-gc', '--max-old-space-size=8192'],
  traffic: ['--expose-gc'],
}

/** What a task answers in a process of its own. */
export async function inFreshProcess<T>(task: Task, ...parameters: unknown[]): Promise<T> {
  return (await node(...(flags[task] ?? []), workerFile, task, JSON.stringify(parameters))) as T
}

/** What a program of its own prints, as JSON. */
export async function node(...parameters: string[]): Promise<unknown> {
  const { NODE_OPTIONS: _, ...env } = process.env
  const { stdout } = await run(process.execPath, parameters, { cwd: home, env, maxBuffer: 1e8 })
  return JSON.parse(stdout)
}
