/** A process of a service under drill that is started here, killed, and started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type ChaosTarget, processTarget } from '@seaworthy/chaos'
import type { Clock } from '@seaworthy/core'
import type { ProcessTargetSettings } from './http-settings.ts'

/** How long it may take until it serves, and how long it gets to end by itself. Milliseconds. */
const patience = { start: 15_000, end: 3000, between: 50 } as const
/** So much of what it says on standard error is kept, to tell why it has ended. */
const lastWords = 2000

/** A process, whoever has started it. */
export interface ServiceProcess {
  readonly target: ChaosTarget
  readonly pid: number | undefined
  start(): Promise<void>
  stop(): Promise<void>
  /** At once and without waiting. */
  kill(): void
}

/** @param environment - What its environment variables are, besides its own. */
export function serviceProcess(
  settings: ProcessTargetSettings,
  environment: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): ServiceProcess {
  if ('pid' in settings) {
    const { id, pid } = settings
    // It is not ours: it is neither started nor ended, but must not stay paused.
    return {
      target: processTarget(id, { pid }),
      pid,
      start: async () => {
        process.kill(pid, 0) // throws if there is none
      },
      stop: async () => {},
      kill: () => void process.kill(pid, 'SIGCONT'),
    }
  }
  return new OwnProcess(settings, environment, clock)
}

class OwnProcess implements ServiceProcess {
  readonly target: ChaosTarget
  readonly #settings: Extract<ProcessTargetSettings, { readonly command: string }>
  readonly #environment: Readonly<Record<string, string | undefined>>
  readonly #clock: Clock
  #child: ChildProcess | undefined = undefined
  #said = ''

  constructor(
    settings: Extract<ProcessTargetSettings, { readonly command: string }>,
    environment: Readonly<Record<string, string | undefined>>,
    clock: Clock,
  ) {
    this.#settings = settings
    this.#environment = environment
    this.#clock = clock
    this.target = processTarget(settings.id, { pid: () => this.pid, restart: () => this.#restart() })
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  async start(): Promise<void> {
    const { command, args, env, ready } = this.#settings
    this.#said = ''
    const child = spawn(command, args, {
      env: { ...this.#environment, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
      // A terminal sends Ctrl-C to its whole group: this process is to be ended in order, and with all that it has started.
      detached: true,
    })
    this.#child = child
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-lastWords)
    })
    await once(child, 'spawn')
    if (ready !== undefined) await this.#untilReady(child, ready)
  }

  async stop(): Promise<void> {
    const child = this.#child
    if (child === undefined || ended(child)) return
    signalGroup(child, 'SIGTERM')
    signalGroup(child, 'SIGCONT')
    const waiting = new AbortController()
    const tooLong = this.#clock.sleep(patience.end, waiting.signal).catch(() => {})
    const exited = once(child, 'exit')
    await Promise.race([exited, tooLong])
    waiting.abort()
    signalGroup(child, 'SIGKILL')
    await exited
  }

  kill(): void {
    if (this.#child !== undefined) signalGroup(this.#child, 'SIGKILL')
  }

  /** The signal to the one before is on its way: two must not wait for one port. */
  async #restart(): Promise<void> {
    const child = this.#child
    if (child !== undefined) {
      signalGroup(child, 'SIGKILL') // what it has started may still hold the port
      if (!ended(child)) await once(child, 'exit')
    }
    await this.start()
  }

  async #untilReady(child: ChildProcess, url: string): Promise<void> {
    const until = this.#clock.now() + patience.start
    while (this.#clock.now() < until) {
      if (ended(child))
        throw new Error(`${this.#settings.id} has ended: ${this.#said.trim() || 'without a word'}`)
      const answer = await fetch(url).catch(() => undefined)
      await answer?.body?.cancel()
      if (answer?.ok) return
      await this.#clock.sleep(patience.between)
    }
    throw new Error(`${this.#settings.id} does not serve ${url} within ${patience.start / 1000} s`)
  }
}

const ended = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

/** Sends a signal to a process and to all that it has started. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // Gone is fine.
  }
}
