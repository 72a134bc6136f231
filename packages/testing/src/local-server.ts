/** The life of a real server that a test owns: started, killed, hung, restarted, gone. */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '@seaworthy/core'
import { type LeashedProcess, type LeashOptions, leash, logFile } from './leash.ts'
import { freePort, loopback } from './loopback.ts'
import { destroy, freeze, send, thaw } from './process-family.ts'
import type { ServerAddress } from './server-address.ts'

/** The signals that {@link LocalServer.kill} may send. */
export type EndingSignal = 'SIGKILL' | 'SIGTERM' | 'SIGINT' | 'SIGQUIT'

/**
 * A server process on the loopback address, behind a random password. It ends when our process does, of whatever
 * cause, and it does not keep our process running.
 */
export interface LocalServer extends ServerAddress {
  /** Its process; undefined while it does not run. */
  readonly pid: number | undefined

  /**
   * Ends the process and waits until it is gone; does nothing where none runs. SIGKILL takes its children with it, and none of
   * them can react. Any other signal first resumes a paused server, which could not see it. What SIGTERM and the
   * others mean is up to the server: PostgreSQL waits for its clients to leave on SIGTERM, and ends their sessions on SIGINT.
   *
   * @param signal - @defaultValue `'SIGKILL'`
   */
  kill(signal?: EndingSignal): Promise<void>

  /**
   * Starts it again, on the same port and with the files that it left; one that runs is ended cleanly before.
   *
   * @throws Error when it was stopped for good, or when it does not start; what it printed is in the message.
   */
  restart(): Promise<void>

  /**
   * Freezes the process and its children (SIGSTOP), as a machine that hangs: connections stay open and even new ones
   * succeed, and nobody answers.
   *
   * @throws Error when it does not run.
   */
  pause(): void

  /** Lets it go on (SIGCONT). It then answers what it was asked meanwhile. Does nothing where it is not paused. */
  resume(): void

  /** Ends it for good, cleanly if that takes no more than five seconds, and removes its files. */
  stop(): Promise<void>

  /** {@link LocalServer.stop} */
  [Symbol.asyncDispose](): Promise<void>
}

/** What is different about each kind of server. */
export interface ServerPlan extends LeashOptions {
  /** For error messages, for example `Redis`. */
  readonly label: string
  readonly username: string
  readonly password: string
  /** The signal on which it saves what it has to and ends soon. */
  readonly cleanSignal: EndingSignal
  readonly command: (port: number) => readonly string[]
  readonly url: (port: number) => string
  /** Whether the server on that port is ours, known by its password, and serves. `first` is false for a restart. */
  readonly ready: (port: number, first: boolean) => Promise<boolean>
}

/** How long a server may take to serve, and to end cleanly, in milliseconds. */
const startLimit = 30_000
const cleanLimit = 5000
/** How often a server is started when its port, or what its predecessor holds, is in use. */
const mostTries = 5

/**
 * Runs a server on a free port until it serves.
 *
 * @throws Error when it does not; what it printed is in the message. Its files are removed then.
 */
export async function startServer(plan: ServerPlan): Promise<LocalServer> {
  const server = new ServerProcess(plan)
  try {
    await server.start()
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

class ServerProcess implements LocalServer {
  readonly #plan: ServerPlan
  #port = 0
  #process: LeashedProcess | undefined
  #restarting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(plan: ServerPlan) {
    this.#plan = plan
  }

  get host(): string {
    return loopback
  }

  get port(): number {
    return this.#port
  }

  get username(): string {
    return this.#plan.username
  }

  get password(): string {
    return this.#plan.password
  }

  get url(): string {
    return this.#plan.url(this.#port)
  }

  get pid(): number | undefined {
    return this.#process?.running ? this.#process.pid : undefined
  }

  async start(): Promise<void> {
    for (let tries = 1; ; tries++) {
      this.#port = await freePort()
      if (await this.#serves(true, tries < mostTries)) return
    }
  }

  async kill(signal: EndingSignal = 'SIGKILL'): Promise<void> {
    const { pid } = this
    if (pid === undefined) return
    if (signal === 'SIGKILL') destroy(pid)
    else {
      send(pid, signal) // Before it goes on, so that it answers nothing more than it must.
      thaw(pid)
    }
    await this.#process?.exit()
  }

  restart(): Promise<void> {
    this.#restarting ??= this.#restart().finally(() => {
      this.#restarting = undefined
    })
    return this.#restarting
  }

  pause(): void {
    if (this.pid === undefined) throw new Error(`${this.#plan.label} does not run`)
    freeze(this.pid)
  }

  resume(): void {
    if (this.pid !== undefined) thaw(this.pid)
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #restart(): Promise<void> {
    await this.#end()
    for (let tries = 1; ; tries++) {
      if (await this.#serves(false, tries < mostTries)) return
      await sleep(100)
    }
  }

  async #stop(): Promise<void> {
    await this.#end()
    await this.#restarting?.catch(() => {}) // It starts nothing any more, but it may still read the files.
    await rm(this.#plan.directory, { recursive: true, force: true, maxRetries: 5 })
  }

  async #end(): Promise<void> {
    const patience = new AbortController()
    const late = sleep(cleanLimit, undefined, patience).then(() => this.kill())
    await this.kill(this.#plan.cleanSignal)
    patience.abort()
    await late.catch(() => {})
  }

  /** Starts the process. @returns Whether it serves; false when another try may help. @throws Error when not. */
  async #serves(first: boolean, retry: boolean): Promise<boolean> {
    const { label, command, ready, directory } = this.#plan
    if (this.#stopping) throw new Error(`${label} was stopped for good: start another one`)
    const server = leash(command(this.#port), this.#plan)
    this.#process = server
    const giveUp = systemClock.now() + startLimit
    while (server.running && systemClock.now() < giveUp) {
      if (await ready(this.#port, first)) return true
      await sleep(20)
    }
    const hung = server.running
    await this.kill()
    const printed = await readFile(join(directory, logFile), 'utf8').catch(() => '')
    if (!hung && retry && /in use/i.test(printed)) return false
    const what = hung ? `did not serve within ${startLimit / 1000} s` : 'ended while it started'
    throw new Error(`${label} ${what}. It printed:\n${printed.trim().split('\n').slice(-20).join('\n')}`)
  }
}
