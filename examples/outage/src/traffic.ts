/**
 * Open-loop traffic: requests come when the schedule says so, whether earlier ones have been answered or not, as
 * users do. A driver that waits for answers would go quiet in the outage and measure nothing of it ("coordinated
 * omission").
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '@seaworthy/testing'
import type { BadDay } from './script.ts'

/** One user asking for one product. */
export interface Request {
  readonly id: number
  /** When, counted from the start of the day. Latency is measured from here. */
  readonly at: number
  readonly product: number
}

/** Poisson arrivals; products by Zipf's law: the second most wanted is asked for half as often as the first. */
export function schedule(day: BadDay, seed: number): Request[] {
  const random = seededRandom(seed)
  const shares = zipf(day.products)
  const requests: Request[] = []
  let at = 0
  for (;;) {
    at += (-Math.log(1 - random()) / day.rate) * 1000
    if (at >= day.duration) return requests
    const draw = random()
    const product = shares.findIndex((share) => draw < share)
    requests.push({ id: requests.length, at, product: product < 0 ? day.products - 1 : product })
  }
}

/**
 * Sends each request at its time, counted from `start` on `performance.now()`. Late timers send at once what is
 * due; the delay counts as latency, since it is measured from the schedule.
 *
 * @param send - Must not throw.
 */
export async function drive(
  requests: readonly Request[],
  start: number,
  send: (request: Request) => void,
): Promise<void> {
  let next = 0
  for (;;) {
    const now = performance.now() - start
    for (let due = requests[next]; due !== undefined && due.at <= now; due = requests[++next]) send(due)
    const upcoming = requests[next]
    if (upcoming === undefined) return
    await sleep(upcoming.at - now)
  }
}

/** The running sum of the shares: a number below the first is product 0, below the second product 1, and so on. */
function zipf(products: number): number[] {
  const weights = Array.from({ length: products }, (_, rank) => 1 / (rank + 1))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let sum = 0
  return weights.map((weight) => {
    sum += weight / total
    return sum
  })
}
