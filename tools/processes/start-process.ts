/** Runs a TypeScript file of the tests as a process of its own, to be killed. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

export interface TestProcess {
  /** What it has printed so far: one value of JSON on each line. */
  readonly lines: readonly unknown[]
  /** Resolves with the first line for which `wanted` holds. @throws Error when the process ends before. */
  line<T>(wanted: (line: T) => boolean): Promise<T>
  /** Ends its standard input, which it takes as the word to begin. */
  go(): void
  kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void
  /** Resolves when it has ended and all it has printed is in `lines`. */
  readonly ended: Promise<unknown>
}

const loader = new URL('./text-loader.mjs', import.meta.url).href
const hooks = `data:text/javascript,import{register}from"node:module";register(${JSON.stringify(loader)})`
/** Options of Node for programs in TypeScript that import scripts. */
export const nodeFlags: readonly string[] = [
  '--conditions=@seaworthy/source',
  '--import',
  'tsx',
  '--import',
  hooks,
]

/** @param file - As `new URL('…', import.meta.url)`. */
export function startProcess(file: URL, args: readonly string[]): TestProcess {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    process.execPath,
    [...nodeFlags, file.pathname, ...args],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  child.stdin.on('error', () => {}) // it may be dead
  const lines: unknown[] = []
  const listeners = new Set<() => void>()
  const reader = createInterface({ input: child.stdout })
  reader.on('line', (text) => {
    lines.push(JSON.parse(text))
    for (const listener of [...listeners]) listener()
  })
  const ended = once(reader, 'close')
  return {
    lines,
    ended,
    line<T>(wanted: (line: T) => boolean) {
      return new Promise<T>((resolve, reject) => {
        const look = (): void => {
          const found = (lines as T[]).find(wanted)
          if (found === undefined) return
          listeners.delete(look)
          resolve(found)
        }
        listeners.add(look)
        ended.then(() => reject(new Error(`${file.pathname} has ended`)))
        look()
      })
    },
    go: () => child.stdin.end(),
    kill: (signal) => void child.kill(signal),
  }
}
