/** The protected side: the same call, through a pipeline of Seaworthy policies. */
import { seededRandom } from '@seaworthy/testing'
import {
  bulkhead,
  circuitBreaker,
  explain,
  exponential,
  pipeline,
  retry,
  retryBudget,
  staleCache,
  timeout,
} from 'seaworthy'
import { type Client, fetchProduct, HttpError, type Product, signalAt } from './catalogue.ts'
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
  /** What `explain` says about its pipelines. */
  readonly explanation: readonly Explained[]
  /** The changes of the breaker so far. */
  breaker(start: number): BreakerChange[]
  /** How many permits, waiters and timers the policies hold. */
  held(): number
  /** Takes the breaker off the hub. */
  dispose(): void
}

/** A pipeline in words. */
export interface Explained {
  readonly title: string
  readonly text: string
}

/**
 * Two pipelines that share their policies. What has been seen before can be answered from the cache, so nobody waits
 * for the upstream to come back; for what has never been seen there is nothing but patience.
 *
 * All durations follow the patience of the users, so that a shorter day is the same day.
 */
export function protectedClient(url: string, day: BadDay, seed: number): ProtectedClient {
  const { patience } = day
  const random = seededRandom(seed)
  const fresh = patience / 3
  const keep = patience * 20

  const cache = staleCache({ ttl: fresh, staleFor: keep - fresh })
  // Shared by all retries; 20 a second by itself. It is that much because those which end at the open circuit, and
  // cost the upstream nothing, count as well.
  const budget = retryBudget({ ratio: 0.2, minPerSecond: 60_000 / patience })
  const quickRetry = retry({
    attempts: 3,
    delay: exponential(patience / 60),
    maxElapsed: patience / 6,
    budget,
    random: random.fork('quick'),
  })
  const patientRetry = retry({
    // It ends at the deadline: that of the last user who waits, since the cache lets users share a call.
    attempts: 100,
    delay: exponential(patience / 10, { max: patience / 6 }),
    jitter: 'equal',
    retryOpenCircuit: true, // after the breaker's next chance
    budget,
    random: random.fork('patient'),
  })
  const breaker = circuitBreaker({
    name: 'catalogue',
    // Short, since a trial costs the upstream no more than a call. A Retry-After makes it longer.
    recoveryTimeout: { initial: patience / 6, factor: 1, max: patience, jitter: 0.1 },
    successThreshold: 2,
    // "Too many requests" means that everybody should stay away, not just the one who was told.
    classify: (settled) =>
      settled.status === 'rejected' && settled.reason instanceof HttpError && settled.reason.status === 429
        ? 'failure'
        : undefined,
    random: random.fork('breaker'),
  })
  const limit = timeout(patience / 6)
  // Fewer than the upstream has workers: what would have to wait there is better answered from the cache. Who has
  // tried in vain before goes first.
  const slots = bulkhead({
    concurrency: 3,
    queue: day.products,
    maxWait: patience / 12,
    priority: ({ attempt }) => attempt,
  })
  const forSeen = pipeline(cache, quickRetry, breaker, limit, slots)
  const forUnseen = pipeline(cache, patientRetry, breaker, limit, slots)

  const seen = new Set<number>()
  const changes: { time: number; state: BreakerState }[] = []
  breaker.on('stateChange', ({ to }) => {
    changes.push({ time: performance.now(), state: to as BreakerState })
  })

  return {
    name: 'seaworthy',
    fresh,
    keep,
    explanation: [
      { title: 'For products that have been seen', text: String(explain(forSeen)) },
      { title: 'For products that have not', text: String(explain(forUnseen)) },
    ],
    async send({ product }: Request, deadline: number): Promise<Product> {
      const answer = await (seen.has(product) ? forSeen : forUnseen).execute(
        ({ signal }) => fetchProduct(url, product, signal),
        // No wait is begun that would end after the user has left; what still runs then is given up.
        { key: String(product), deadline, signal: signalAt(deadline) },
      )
      seen.add(product)
      return answer
    },
    breaker: (start) => changes.map(({ time, state }) => ({ at: time - start, state })),
    held() {
      const policies = [cache, quickRetry, patientRetry, breaker, limit, slots]
      return policies.map((policy) => heldBy(policy.debugStats())).reduce((sum, count) => sum + count, 0)
    },
    dispose: () => breaker.dispose(),
  }
}

/** What answers and listeners there are is no leak. */
function heldBy({ entries: _, listeners: __, ...held }: Record<string, number>): number {
  return Object.values(held).reduce((sum, count) => sum + count, 0)
}
