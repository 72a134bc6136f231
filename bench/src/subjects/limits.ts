/** Bulkheads and rate limits with room to spare. */
import { bulkhead, rateLimit } from '@seaworthy/flow'
import Bottleneck from 'bottleneck'
import * as cockatiel from 'cockatiel'
import * as mollitia from 'mollitia'
import Opossum from 'opossum'
import pLimit from 'p-limit'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { type AsyncFunction, bare, type Contender, type Subject } from '../harness.ts'
import { returnsTheValue, succeeds } from './functions.ts'

const call = (fn: AsyncFunction): Promise<unknown> => fn()

/** For the subject here and the proofs in the tests. */
export const bulkheads = (concurrency: number): readonly Contender[] => [
  {
    name: 'seaworthy',
    build: () => {
      const policy = bulkhead({ concurrency, queue: 100 })
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'cockatiel',
    build: () => {
      const policy = cockatiel.bulkhead(concurrency, 100)
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'opossum: breaker with capacity',
    build: () => {
      const breaker = new Opossum(call, {
        capacity: concurrency,
        timeout: false,
        enableSnapshots: false,
        rollingPercentilesEnabled: false,
      })
      return (fn) => breaker.fire(fn)
    },
  },
  {
    name: 'mollitia',
    build: () => {
      const bulkhead = new mollitia.Bulkhead({ concurrentSize: concurrency, queueSize: 100 })
      const circuit = new mollitia.Circuit({ options: { modules: [bulkhead] } })
      return (fn) => circuit.fn(fn).execute()
    },
  },
  {
    name: 'p-limit',
    build: () => {
      const limit = pLimit(concurrency)
      return (fn) => limit(fn)
    },
  },
  {
    name: 'bottleneck: maxConcurrent',
    build: () => {
      const limiter = new Bottleneck({ maxConcurrent: concurrency })
      return (fn) => limiter.schedule(fn)
    },
  },
]

/** So many calls per minute, for the proofs in the tests; far more than a loop can make, for the subject here. */
export const rateLimits = (limit: number): readonly Contender[] => [
  {
    name: 'seaworthy',
    build: () => {
      const policy = rateLimit({ limit, per: '1m' })
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'rate-limiter-flexible: memory',
    build: () => {
      const limiter = new RateLimiterMemory({ points: limit, duration: 60 })
      return async (fn) => {
        await limiter.consume('key')
        return fn()
      }
    },
  },
  {
    name: 'mollitia',
    build: () => {
      const limiter = new mollitia.Ratelimit({ limitForPeriod: limit, limitPeriod: 60_000 })
      const circuit = new mollitia.Circuit({ options: { modules: [limiter] } })
      return (fn) => circuit.fn(fn).execute()
    },
  },
  {
    name: 'bottleneck: reservoir',
    build: () => {
      const limiter = new Bottleneck({
        reservoir: limit,
        reservoirRefreshAmount: limit,
        reservoirRefreshInterval: 60_000,
      })
      return (fn) => limiter.schedule(fn)
    },
  },
]

export const limitSubjects: readonly Subject[] = [
  {
    name: 'bulkhead',
    title: 'Bulkhead of 100, one call at a time',
    contenders: [bare, ...bulkheads(100)],
    functions: () => [succeeds],
    verify: returnsTheValue,
  },
  {
    name: 'ratelimit',
    title: 'Rate limit that is never reached',
    contenders: [bare, ...rateLimits(1e9)],
    functions: () => [succeeds],
    verify: returnsTheValue,
  },
]
