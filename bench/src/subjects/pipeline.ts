/**
 * Pipelines of three layers, retry > breaker > timeout, and of five, fallback > retry > breaker > timeout > bulkhead.
 * Peers are composed as their manuals say; p-retry stands around opossum, which has no retry.
 */
import * as cockatiel from 'cockatiel'
import * as mollitia from 'mollitia'
import Opossum from 'opossum'
import pRetry from 'p-retry'
import { bulkhead, circuitBreaker, fallback, pipeline, retry, type TimeoutMode, timeout } from 'seaworthy'
import { type AsyncFunction, bare, type Contender, type Execute, type Subject } from '../harness.ts'
import { answer } from './fallback.ts'
import { differentFunctions, returnsTheValue, succeeds, takesOneTurn } from './functions.ts'

const call = (fn: AsyncFunction): Promise<unknown> => fn()

/** More than any subject has in flight. */
export const concurrency = 2_000
const limit = 1_000

const ownLayers = (mode: TimeoutMode = 'aggressive') => ({
  fallback: fallback(answer),
  retry: retry({ attempts: 4, delay: 0 }),
  breaker: circuitBreaker({ failureThreshold: false, failureRate: 0.95, minimumRequests: 100 }),
  timeout: timeout(limit, { mode }),
  bulkhead: bulkhead({ concurrency, queue: 100 }),
})

const cockatielLayers = (strategy = cockatiel.TimeoutStrategy.Aggressive) => ({
  fallback: cockatiel.fallback(cockatiel.handleAll, answer),
  retry: cockatiel.retry(cockatiel.handleAll, { maxAttempts: 3, backoff: new cockatiel.ConstantBackoff(0) }),
  breaker: cockatiel.circuitBreaker(cockatiel.handleAll, {
    halfOpenAfter: 10_000,
    breaker: new cockatiel.CountBreaker({ threshold: 0.95, size: 100, minimumNumberOfCalls: 100 }),
  }),
  timeout: cockatiel.timeout(limit, strategy),
  bulkhead: cockatiel.bulkhead(concurrency, 100),
})

const opossum = (capacity?: number) =>
  new Opossum(call, {
    timeout: limit,
    errorThresholdPercentage: 95,
    volumeThreshold: 100,
    enableSnapshots: false,
    rollingPercentilesEnabled: false,
    ...(capacity !== undefined && { capacity }),
  })

const mollitiaLayers = () => ({
  fallback: new mollitia.Fallback({ callback: () => answer }),
  retry: new mollitia.Retry({ attempts: 3, interval: 0 }),
  breaker: new mollitia.SlidingCountBreaker({
    slidingWindowSize: 100,
    minimumNumberOfCalls: 100,
    failureRateThreshold: 95,
  }),
  timeout: new mollitia.Timeout({ delay: limit }),
  bulkhead: new mollitia.Bulkhead({ concurrentSize: concurrency, queueSize: 100 }),
})

const retryOptions = { retries: 3, minTimeout: 0 }

/** For the subjects here and the proofs in the tests. */
export const threeLayers: readonly Contender[] = [
  {
    name: 'seaworthy',
    build: () => {
      const { retry, breaker, timeout } = ownLayers()
      const policy = pipeline(retry, breaker, timeout)
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'cockatiel: wrap',
    build: () => {
      const { retry, breaker, timeout } = cockatielLayers()
      const policy = cockatiel.wrap(retry, breaker, timeout)
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'p-retry > opossum with timeout',
    build: () => {
      const breaker = opossum()
      return (fn) => pRetry(() => breaker.fire(fn), retryOptions)
    },
  },
  {
    name: 'mollitia: circuit',
    build: () => {
      const { retry, breaker, timeout } = mollitiaLayers()
      const circuit = new mollitia.Circuit({ options: { modules: [retry, breaker, timeout] } })
      return (fn) => circuit.fn(fn).execute()
    },
  },
]

/** For the subjects here and the proofs in the tests. */
export const fiveLayers: readonly Contender[] = [
  {
    name: 'seaworthy',
    build: () => {
      const { fallback, retry, breaker, timeout, bulkhead } = ownLayers()
      const policy = pipeline(fallback, retry, breaker, timeout, bulkhead)
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'cockatiel: wrap',
    build: () => {
      const layers = cockatielLayers()
      const { fallback, retry, breaker, timeout, bulkhead } = layers
      const policy = cockatiel.wrap(fallback, retry, breaker, timeout, bulkhead)
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'catch > p-retry > opossum with timeout, capacity',
    build: () => {
      const breaker = opossum(concurrency)
      return (fn) => pRetry(() => breaker.fire(fn), retryOptions).catch(() => answer)
    },
  },
  {
    name: 'mollitia: circuit (its fallback cannot answer)',
    build: () => {
      const { fallback, retry, breaker, timeout, bulkhead } = mollitiaLayers()
      const circuit = new mollitia.Circuit({
        options: { modules: [fallback, retry, breaker, timeout, bulkhead] },
      })
      return (fn) => circuit.fn(fn).execute()
    },
  },
]

/** The timeout only tells the function. */
const cooperative: readonly Contender[] = [
  {
    name: 'seaworthy',
    build: () => {
      const { fallback, retry, breaker, timeout, bulkhead } = ownLayers('cooperative')
      const policy = pipeline(fallback, retry, breaker, timeout, bulkhead)
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'cockatiel: wrap',
    build: () => {
      const layers = cockatielLayers(cockatiel.TimeoutStrategy.Cooperative)
      const { fallback, retry, breaker, timeout, bulkhead } = layers
      const policy = cockatiel.wrap(fallback, retry, breaker, timeout, bulkhead)
      return (fn) => policy.execute(fn)
    },
  },
]

const nested = (layers: number): Contender => ({
  name: `floor: ${layers} nested async functions`,
  floor: true,
  build: () => {
    let execute: Execute = (fn) => fn()
    for (let layer = 0; layer < layers; layer++) {
      // Each level is compiled on its own, as the layers of a library would be.
      execute = new Function('inner', `return async (fn) => await inner(fn) // ${layer}`)(execute) as Execute
    }
    return execute
  },
})

const deferred: Contender = {
  name: 'floor: new Promise and then(resolve, reject)',
  floor: true,
  build: () => (fn) => new Promise((resolve, reject) => fn().then(resolve, reject)),
}

/**
 * All that a timeout inside a retry needs besides its promises: a way to settle the first one early. Kept for the next
 * call, since new functions would cost more.
 */
class Reactions {
  resolve: (value: unknown) => void = () => {}
  reject: (error: unknown) => void = () => {}
  next: Reactions | undefined = undefined
  readonly executor = (resolve: (value: unknown) => void, reject: (error: unknown) => void): void => {
    this.resolve = resolve
    this.reject = reject
  }
  readonly innerSucceeded = (value: unknown): void => this.resolve(value)
  readonly innerFailed = (error: unknown): void => this.reject(error)
  readonly succeeded = (value: unknown): unknown => {
    this.next = free
    free = this
    return value
  }
  readonly failed = (error: unknown): never => {
    throw error
  }
}
let free: Reactions | undefined

/**
 * A timeout may settle a call while its function runs: a promise of its own. What recovers from that must run in the
 * caller's async context, not the timer's: a second one. And the function's own promise is watched by a third.
 */
const early: Contender = {
  name: 'floor: the three promises of a timeout inside a retry',
  floor: true,
  build: () => (fn) => {
    const reactions = free ?? new Reactions()
    free = reactions.next
    const promise = new Promise(reactions.executor)
    fn().then(reactions.innerSucceeded, reactions.innerFailed)
    return promise.then(reactions.succeeded, reactions.failed)
  },
}

const common = { verify: returnsTheValue, functions: () => [succeeds] }
const sizes = [
  { layers: 3, name: 'pipeline3', what: 'Three layers', contenders: threeLayers },
  { layers: 5, name: 'pipeline5', what: 'Five layers', contenders: fiveLayers },
]

export const pipelineSubjects: readonly Subject[] = [
  ...sizes.flatMap(({ layers, name, what, contenders }) => [
    {
      ...common,
      name,
      title: `${what}, the function succeeds at once`,
      contenders: [bare, deferred, early, nested(layers), ...contenders],
    },
    {
      ...common,
      name: `${name}.turn`,
      title: `${what}, the function takes one turn of the event loop`,
      functions: () => [takesOneTurn],
      contenders: [bare, early, ...contenders],
    },
    {
      ...common,
      name: `${name}.flight`,
      title: `${what}, 1,000 calls in flight, the function succeeds at once`,
      contenders: [bare, ...contenders],
      inFlight: 1_000,
    },
    {
      ...common,
      name: `${name}.flight.turn`,
      title: `${what}, 1,000 calls in flight, the function takes one turn of the event loop`,
      functions: () => [takesOneTurn],
      contenders: [bare, ...contenders],
      inFlight: 1_000,
    },
  ]),
  {
    ...common,
    name: 'pipeline5.cooperative',
    title: 'Five layers, the function succeeds at once; the timeout would only tell the function',
    contenders: [bare, ...cooperative],
  },
  {
    ...common,
    name: 'pipeline5.functions',
    title: 'Five layers, 16 different functions in turn through one pipeline',
    functions: differentFunctions,
    contenders: [bare, ...fiveLayers],
  },
]
