/** Starts upstreams as child processes and makes sure that none outlives the demo, however the demo ends. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { BadDay, Mood } from './script.ts'

/** What an upstream counts. */
export interface UpstreamStats {
  /** When it reported, in milliseconds since the start of the day. */
  at: number
  /** Workers that are at work. */
  busy: number
  /** Requests that wait for a worker. */
  queued: number
  longestQueue: number
  /** Requests that reached it, by the mood it was in. */
  calls: Record<Mood, number>
  /** Requests it worked on for a client that had left. */
  abandoned: number
  /** How often it answered 429 with Retry-After. */
  throttled: number
  /** Requests that came before the time that the last 429 had asked for. */
  early: number
  /** The shortest time from a 429 to the next request. */
  soonest: number | undefined
}

/** What it looked like at a time of the day. */
export interface UpstreamMoment {
  readonly at: number
  /** Requests that had reached it. */
  readonly calls: number
  readonly queued: number
}

export type ToUpstream =
  | { readonly type: 'listen'; readonly day: BadDay; readonly port: number }
  /** `at` is the start of the day in milliseconds since 1970. */
  | { readonly type: 'start'; readonly at: number }
  | { readonly type: 'stop' }

export type FromUpstream =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'stats'; readonly stats: UpstreamStats }

/** Children that have not ended yet. */
const running = new Set<ChildProcess>()

/** How many upstream processes there are. */
export function runningUpstreams(): number {
  return running.size
}

/** Ends all upstreams at once. Runs by itself when this process exits; if it is killed, they notice. */
function killUpstreams(): void {
  for (const child of running) child.kill('SIGKILL')
}
process.once('exit', killUpstreams)

/** How many requests have reached an upstream. */
export function callsIn({ calls }: UpstreamStats): number {
  return Object.values(calls).reduce((sum, count) => sum + count, 0)
}

/** One upstream process. */
export class Upstream {
  readonly url: string
  /** What it last reported; it does so ten times a second and when it stops. */
  stats: UpstreamStats | undefined = undefined
  /** All its reports. */
  readonly history: UpstreamMoment[] = []
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.url = `http://127.0.0.1:${port}`
    child.on('message', (message: FromUpstream) => {
      if (message.type !== 'stats') return
      const { at, queued } = message.stats
      this.stats = message.stats
      this.history.push({ at, calls: callsIn(message.stats), queued })
    })
  }

  /**
   * Starts an upstream that waits for {@link start}.
   *
   * @param port - 0 for any free one.
   * @throws Error when it cannot listen.
   */
  static async listen(day: BadDay, port: number): Promise<Upstream> {
    const child = fork(fileURLToPath(new URL('./upstream.ts', import.meta.url)), {
      // Its own loader, since this process may have been started by another one (a test runner).
      execArgv: ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    running.add(child)
    child.once('exit', () => running.delete(child))
    child.send({ type: 'listen', day, port } satisfies ToUpstream)
    const answer = await Promise.race([
      once(child, 'message').then(([message]) => message as FromUpstream),
      once(child, 'exit').then(() => ({ type: 'failed', message: 'it ended by itself' }) as FromUpstream),
    ])
    if (answer.type === 'listening') return new Upstream(child, answer.port)
    child.kill('SIGKILL')
    throw new Error(`The upstream did not start: ${answer.type === 'failed' ? answer.message : answer.type}`)
  }

  /** Lets the day begin at a time on `performance.now()`. */
  start(at: number): void {
    this.#child.send({ type: 'start', at: performance.timeOrigin + at } satisfies ToUpstream)
  }

  /** Lets it report once more and end. Resolves when it is gone. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    if (this.#child.connected) this.#child.send({ type: 'stop' } satisfies ToUpstream)
    else this.#child.kill('SIGKILL')
    await gone
  }
}
