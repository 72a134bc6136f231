/** The protected side: the same call, through a pipeline of Seaworthy policies. */
import { seededRandom } from '@seaworthy/testing'
import {
  bulkhead,
  circuitBreaker,
  exponential,
  pipeline,
  retry,
  retryBudget,
  staleCache,
  timeout,
} from 'seaworthy'
import { type Client, fetchProduct, HttpError, signalAt } from './catalogue.ts'
import type { BadDay } from './script.ts'
import type { Request } from './traffic.ts'

/** The states that a breaker goes through by itself. */
export type BreakerState = 'closed' | 'open' | 'halfOpen'

/** The breaker came into a state. */
export interface BreakerChange {
  /** Milliseconds since the start of the day. */
  readonly at: number
  readonly state: BreakerState
}

/** The client with what can be seen from outside. */
export interface ProtectedClient extends Client {
  /** How long an answer counts as fresh, and how long it may be served at all. */
  readonly fresh: number
  readonly keep: number
  /** The changes of the breaker so far. */
  breaker(start: number): BreakerChange[]
  /** How many permits, waiters and timers the policies hold. */
  held(): number
  /** Takes the breaker off the hub. */
  dispose(): void
}

/** All durations follow the patience of the users, so that a shorter day is the same day. */
export function protectedClient(url: string, day: BadDay, seed: number): ProtectedClient {
  const { patience } = day
  const random = seededRandom(seed)
  const fresh = patience / 3
  const keep = patience * 20

  const breaker = circuitBreaker({
    name: 'catalogue',
    failureThreshold: 5,
    // Short: a trial costs the upstream one call. A Retry-After makes it longer.
    recoveryTimeout: { initial: patience / 6, factor: 1, max: patience, jitter: 0.1 },
    successThreshold: 2,
    // "Too many requests" means that everybody should stay away, not just the one who was told.
    classify: (settled) =>
      settled.status === 'rejected' && settled.reason instanceof HttpError && settled.reason.status === 429
        ? 'failure'
        : undefined,
    random: random.fork('breaker'),
  })

  // A product that is in the cache is answered at once when the call fails, so retry stands outside of the cache:
  // it is for those products that have never been seen, whose users would otherwise leave with nothing.
  const catalogue = pipeline(
    retry({
      attempts: Number.POSITIVE_INFINITY, // until the deadline, as far as the budget goes
      delay: exponential(patience / 15, { max: patience / 6 }),
      jitter: 'equal',
      retryOpenCircuit: true,
      budget: retryBudget({ ratio: 0.2 }),
      random: random.fork('retry'),
    }),
    staleCache({ ttl: fresh, staleFor: keep - fresh }),
    breaker,
    timeout(patience / 6),
    // Fewer than the upstream has workers: what would have to wait there is better answered from the cache. Whoever
    // has tried in vain before goes first.
    bulkhead({
      concurrency: 3,
      queue: day.products,
      maxWait: patience / 12,
      priority: ({ attempt }) => attempt,
    }),
  )

  const changes: { time: number; state: BreakerState }[] = []
  breaker.on('stateChange', ({ to }) => {
    changes.push({ time: performance.now(), state: to as BreakerState })
  })

  return {
    name: 'seaworthy',
    fresh,
    keep,
    breaker: (start) => changes.map(({ time, state }) => ({ at: time - start, state })),
    send: (request: Request, deadline: number) =>
      catalogue.execute(({ signal }) => fetchProduct(url, request, signal), {
        key: String(request.product),
        // No wait is begun that would end after the user has left, and what still runs then is given up.
        deadline,
        signal: signalAt(deadline),
      }),
    held() {
      const { listeners = 0, entries = 0, ...holds } = catalogue.debugStats()
      return Object.values(holds).reduce((sum, count) => sum + count, 0)
    },
    dispose: () => catalogue.dispose(),
  }
}
