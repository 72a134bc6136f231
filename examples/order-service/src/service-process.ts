/** A part of the service as a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface ServiceProcess {
  readonly pid: number
  /** Where it listens: an API for everybody, a worker for `GET /status` only. */
  readonly url: string
  /** Settles when it has ended, whatever the cause. */
  readonly ended: Promise<unknown>
  /** Asks it to finish what it does and end. */
  stop(): void
  /** Ends it with SIGKILL. @returns Whether it was there. */
  kill(): boolean
}

export interface ProcessOptions {
  /** For its environment: other users of the machine can read its arguments. @defaultValue none */
  readonly secrets?: Readonly<Record<string, string>>
  /** Options of Node. @defaultValue those of this process */
  readonly execArgv?: readonly string[]
}

/**
 * Starts `process.ts` and waits until it serves.
 *
 * @param args - `api REDIS`, or `worker REDIS NAME PAYMENTS`.
 */
export async function startProcess(
  args: readonly string[],
  { secrets = {}, execArgv = process.execArgv }: ProcessOptions = {},
): Promise<ServiceProcess> {
  const main = fileURLToPath(new URL('./process.ts', import.meta.url))
  // It ends when this pipe does, so none is left behind whatever becomes of us.
  const child = spawn(process.execPath, [...execArgv, main, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Ctrl-C reaches all processes of a terminal. When these end is up to who started them.
    detached: true,
    env: { ...process.env, ...secrets },
  })
  const ended = once(child, 'exit')
  const url = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([text]) => text as string),
    ended.then(() => {
      throw new Error(`${args[0]} did not start`)
    }),
  ])
  return {
    pid: child.pid as number,
    url,
    ended,
    stop: () => child.stdin.end(),
    kill: () => child.exitCode === null && child.signalCode === null && child.kill('SIGKILL'),
  }
}
