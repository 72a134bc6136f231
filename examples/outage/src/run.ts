/** Plays one bad day: two upstreams, two clients, the same requests at the same times, and what came of it. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { bareClient } from './bare-client.ts'
import { type Client, fetchProduct } from './catalogue.ts'
import { Recorder } from './measure.ts'
import { protectedClient } from './protected-client.ts'
import type { Live, Result, SideResult } from './result.ts'
import type { BadDay } from './script.ts'
import { drive, type Request, schedule } from './traffic.ts'
import { runningUpstreams, Upstream } from './upstream-process.ts'

export interface RunOptions {
  readonly day: BadDay
  readonly seed: number
  /** The port of the first upstream, the second gets the next one. 0 for any. */
  readonly port: number
  /** Called again and again with the day so far. */
  readonly onTick: (live: Live) => void
  readonly tickEvery: number
}

/** How often the event loop is looked at, in milliseconds. */
const sampling = 10

/** @throws Error when an upstream does not start. */
export async function run({ day, seed, port, onTick, tickEvery }: RunOptions): Promise<Result> {
  const before = resources()
  const rejections = countUnhandledRejections()
  const delay = monitorEventLoopDelay({ resolution: sampling })
  const startedAt = new Date().toISOString()
  const upstreams = [await Upstream.listen(day, port), await Upstream.listen(day, port && port + 1)] as const
  for (const { url } of upstreams) await warmUp(url)

  const client = protectedClient(upstreams[1].url, day, seed)
  const bare = new Side(bareClient(upstreams[0].url, day), upstreams[0], day, Number.POSITIVE_INFINITY)
  const seaworthy = new Side(client, upstreams[1], day, client.fresh)
  const requests = schedule(day, seed)
  const start = performance.now() + 500
  for (const upstream of upstreams) upstream.start(start)

  const live = (): Live => ({
    day,
    now: performance.now() - start,
    bare: { ...bare.live(), breaker: undefined },
    seaworthy: { ...seaworthy.live(), breaker: client.breaker(start) },
  })
  const ticker = setInterval(() => onTick(live()), tickEvery)
  delay.enable()
  await drive(requests, start, (request) => {
    bare.send(request, start)
    seaworthy.send(request, start)
  })
  const unsettled = (): number => bare.pending + seaworthy.pending
  await until(() => unsettled() === 0, day.patience + 2000)
  delay.disable()
  clearInterval(ticker)
  onTick(live())

  await Promise.all(upstreams.map((upstream) => upstream.stop()))
  await until(() => resources().sockets <= before.sockets, 1000)
  const after = resources()
  const result: Result = {
    seed,
    day,
    startedAt,
    node: process.version,
    bare: bare.result(),
    seaworthy: {
      ...seaworthy.result(),
      breaker: client.breaker(start),
      fresh: client.fresh,
      keep: client.keep,
      explanation: client.explanation,
    },
    leftovers: {
      unsettledRequests: unsettled(),
      unhandledRejections: rejections(),
      sockets: Math.max(0, after.sockets - before.sockets),
      timers: Math.max(0, after.timers - before.timers),
      childProcesses: runningUpstreams(),
      heldByPolicies: client.held(),
    },
    // It measures from sample to sample, in nanoseconds.
    eventLoopDelay: Math.max(0, delay.percentile(99) / 1e6 - sampling),
  }
  client.dispose()
  return result
}

/** A client, the upstream it calls, and what happened to its requests. */
class Side {
  readonly #client: Client
  readonly #upstream: Upstream
  readonly #patience: number
  readonly #fresh: number
  readonly #recorder = new Recorder()

  constructor(client: Client, upstream: Upstream, day: BadDay, fresh: number) {
    this.#client = client
    this.#upstream = upstream
    this.#patience = day.patience
    this.#fresh = fresh
  }

  get pending(): number {
    return this.#recorder.pending
  }

  send(request: Request, start: number): void {
    const sample = this.#recorder.begin(request)
    this.#client.send(request, start + request.at + this.#patience).then(
      ({ product, fetchedAt }) => {
        const now = performance.now()
        this.#recorder.answered(sample, now - start, product, now - fetchedAt, this.#fresh)
      },
      (error: unknown) => this.#recorder.failed(sample, performance.now() - start, error),
    )
  }

  live(): Omit<Live['bare'], 'breaker'> {
    const { samples, pending } = this.#recorder
    return { name: this.#client.name, samples, pending, upstream: this.#upstream.stats }
  }

  result(): SideResult {
    const { stats, history } = this.#upstream
    if (stats === undefined) throw new Error('An upstream ended before it could report.')
    const { samples } = this.#recorder
    return { name: this.#client.name, samples, upstream: stats, upstreamHistory: history }
  }
}

/** A process that has just started is slow: code is not compiled yet, connections are not made. */
async function warmUp(url: string): Promise<void> {
  for (let count = 0; count < 20; count++) await fetchProduct(url, 0, AbortSignal.timeout(5000))
}

/** Counts from now until it is asked. */
function countUnhandledRejections(): () => number {
  let count = 0
  const listener = (): number => ++count
  process.on('unhandledRejection', listener)
  return () => {
    process.off('unhandledRejection', listener)
    return count
  }
}

/** What keeps this process alive, apart from its terminal and its children. */
function resources(): { sockets: number; timers: number } {
  const names = process.getActiveResourcesInfo()
  const count = (name: string): number => names.filter((each) => each === name).length
  return { sockets: count('TCPSocketWrap') + count('TCPConnectWrap'), timers: count('Timeout') }
}

/** Waits until something holds, at most `limit` milliseconds. */
async function until(holds: () => boolean, limit: number): Promise<void> {
  const end = performance.now() + limit
  while (!holds() && performance.now() < end) await sleep(20)
}
