/** Plays one bad day: two upstreams, two clients, the same requests at the same times, and what came of it. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { bareClient } from './bare-client.ts'
import { type Client, fetchProduct } from './catalogue.ts'
import { Recorder, type Sample } from './measure.ts'
import { type BreakerChange, protectedClient } from './protected-client.ts'
import type { BadDay } from './script.ts'
import { drive, type Request, schedule } from './traffic.ts'
import { runningUpstreams, Upstream, type UpstreamMoment, type UpstreamStats } from './upstream-process.ts'

/** One side while the day goes on. */
export interface LiveSide {
  readonly name: string
  readonly samples: readonly Sample[]
  /** Requests that wait for an answer. */
  readonly pending: number
  readonly upstream: UpstreamStats | undefined
  /** The states of its circuit breaker so far, if it has one. */
  readonly breaker: readonly BreakerChange[] | undefined
}

/** The day so far. */
export interface Live {
  readonly day: BadDay
  /** Milliseconds since the start of the day. */
  readonly now: number
  readonly bare: LiveSide
  readonly seaworthy: LiveSide
}

/** What is known about one side afterwards. */
export interface SideResult {
  readonly name: string
  readonly samples: readonly Sample[]
  readonly upstream: UpstreamStats
  readonly upstreamHistory: readonly UpstreamMoment[]
}

/** What is left when all requests have ended and the upstreams are gone. All should be 0. */
export interface Leftovers {
  readonly unsettledRequests: number
  readonly unhandledRejections: number
  readonly sockets: number
  readonly timers: number
  readonly childProcesses: number
  /** What the policies still hold: permits, waiters, timers. */
  readonly heldByPolicies: number
}

/** The whole day as plain data. The claims, the closing table and the report are made of it. */
export interface Result {
  readonly seed: number
  readonly day: BadDay
  readonly startedAt: string
  readonly node: string
  readonly bare: SideResult
  readonly seaworthy: SideResult & {
    readonly breaker: readonly BreakerChange[]
    /** How long an answer counts as fresh, and how long it may be served at all. */
    readonly fresh: number
    readonly keep: number
  }
  readonly leftovers: Leftovers
  /** How late this process' timers were, for 99 of 100: both sides suffer from it alike. */
  readonly eventLoopDelay: number
}

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

/** @throws Error when an upstream does not start or dies. */
export async function run({ day, seed, port, onTick, tickEvery }: RunOptions): Promise<Result> {
  const before = resources()
  const rejections = countUnhandledRejections()
  const delay = monitorEventLoopDelay({ resolution: sampling })
  const startedAt = new Date().toISOString()

  const upstreams = [await Upstream.listen(day, port), await Upstream.listen(day, port && port + 1)] as const
  const [bareUpstream, seaworthyUpstream] = upstreams
  const bare = bareClient(bareUpstream.url, day)
  const seaworthy = protectedClient(seaworthyUpstream.url, day, seed)
  const bareRecorder = new Recorder()
  const seaworthyRecorder = new Recorder()

  for (const { url } of upstreams) await warmUp(url)
  const requests = schedule(day, seed)
  const start = performance.now() + 500
  for (const upstream of upstreams) upstream.start(start)
  delay.enable()
  const live = (): Live => ({
    day,
    now: performance.now() - start,
    bare: {
      name: bare.name,
      samples: bareRecorder.samples,
      pending: bareRecorder.pending,
      upstream: bareUpstream.stats,
      breaker: undefined,
    },
    seaworthy: {
      name: seaworthy.name,
      samples: seaworthyRecorder.samples,
      pending: seaworthyRecorder.pending,
      upstream: seaworthyUpstream.stats,
      breaker: seaworthy.breaker(start),
    },
  })
  const ticker = setInterval(() => onTick(live()), tickEvery)

  const sendBare = sender(bare, bareRecorder, day, start, Number.POSITIVE_INFINITY)
  const sendSeaworthy = sender(seaworthy, seaworthyRecorder, day, start, seaworthy.fresh)
  await drive(requests, start, (request) => {
    sendBare(request)
    sendSeaworthy(request)
  })
  const unsettled = (): number => bareRecorder.pending + seaworthyRecorder.pending
  await until(() => unsettled() === 0, day.patience + 2000)

  clearInterval(ticker)
  delay.disable()
  onTick(live())
  await Promise.all(upstreams.map((upstream) => upstream.stop()))
  await until(() => resources().sockets <= before.sockets, 1000)
  const after = resources()

  return {
    seed,
    day,
    startedAt,
    node: process.version,
    bare: { name: bare.name, samples: bareRecorder.samples, ...reportOf(bareUpstream) },
    seaworthy: {
      name: seaworthy.name,
      samples: seaworthyRecorder.samples,
      ...reportOf(seaworthyUpstream),
      breaker: seaworthy.breaker(start),
      fresh: seaworthy.fresh,
      keep: seaworthy.keep,
    },
    leftovers: {
      unsettledRequests: unsettled(),
      unhandledRejections: rejections(),
      sockets: Math.max(0, after.sockets - before.sockets),
      timers: Math.max(0, after.timers - before.timers),
      childProcesses: runningUpstreams(),
      heldByPolicies: seaworthy.held(),
    },
    // It measures from sample to sample, in nanoseconds.
    eventLoopDelay: Math.max(0, delay.percentile(99) / 1e6 - sampling),
  }
}

/** A process that has just started is slow: code is not compiled yet, connections are not made. */
async function warmUp(url: string): Promise<void> {
  for (let id = 0; id < 20; id++)
    await fetchProduct(url, { id, at: 0, product: 0 }, AbortSignal.timeout(5000))
}

function sender(client: Client, recorder: Recorder, day: BadDay, start: number, fresh: number) {
  return (request: Request): void => {
    const sample = recorder.begin(request)
    client.send(request, start + request.at + day.patience).then(
      ({ product, fetchedAt }) => {
        const now = performance.now()
        recorder.answered(sample, now - start, product, now - fetchedAt, fresh)
      },
      (error: unknown) => recorder.failed(sample, performance.now() - start, error),
    )
  }
}

function reportOf({ stats, history }: Upstream): Pick<SideResult, 'upstream' | 'upstreamHistory'> {
  if (stats === undefined) throw new Error('An upstream ended before it could report.')
  return { upstream: stats, upstreamHistory: history }
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
