/** Descriptions as the policies write them, by hand: `core` knows none of the policies. */
import type { Describable, PolicyDescription } from '@seaworthy/core'

const options = {}

/** Something to explain, outermost first. */
export const composed = (...layers: PolicyDescription[]): Describable => ({ describe: () => layers })

export const retry = (attempts: number, delays = 0): PolicyDescription => ({
  kind: 'retry',
  options,
  attempts,
  delays,
})

export const failover = (providers: number): PolicyDescription => ({
  kind: 'failover',
  options,
  attempts: providers,
})

export const hedge = (copies: number, delays = 0): PolicyDescription => ({
  kind: 'hedge',
  options,
  copies,
  delays,
})

export const timeout = (
  limit: number,
  mode: 'aggressive' | 'cooperative' = 'aggressive',
): PolicyDescription => ({
  kind: 'timeout',
  options,
  timeLimit: { limit, mode },
})

export const bulkhead = (concurrency: number, wait = 0): PolicyDescription => ({
  kind: 'bulkhead',
  options,
  concurrency,
  wait,
})

export const rateLimit = (wait = 0): PolicyDescription => ({
  kind: 'rate-limit',
  options: { limit: 10 },
  wait,
})

export const fallback = (programmerErrors = false): PolicyDescription => ({
  kind: 'fallback',
  options,
  answers: { programmerErrors },
})

/** A breaker that opens after five failures in a row, and by rate. */
export const breaker = (
  name: string,
  first: number,
  longest: number = first,
  consecutive = 5,
): PolicyDescription => ({
  kind: 'circuit-breaker',
  name,
  options,
  circuit: { consecutive, minimumRequests: 10, recovery: { first, longest }, trips: true },
})

/** A breaker that cannot open. */
export const deadBreaker: PolicyDescription = {
  kind: 'circuit-breaker',
  options,
  circuit: {
    consecutive: Number.POSITIVE_INFINITY,
    minimumRequests: Number.POSITIVE_INFINITY,
    recovery: { first: 5000, longest: 60_000 },
    trips: false,
  },
}
