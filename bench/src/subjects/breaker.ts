/** Circuit breakers: closed and open. Thresholds are 95 %, so that the workloads with failures leave them closed. */
import assert from 'node:assert/strict'
import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { Hub } from '@seaworthy/core'
import { prometheusMetrics } from '@seaworthy/telemetry/prometheus'
import * as cockatiel from 'cockatiel'
import * as mollitia from 'mollitia'
import Opossum from 'opossum'
import { type AsyncFunction, bare, type Contender, type Execute, type Subject } from '../harness.ts'
import {
  failsNineInTen,
  failsWithNewError,
  failsWithSameError,
  passesOutcomesOn,
  rejectsWithoutCalling,
  returnsTheValue,
  succeeds,
} from './functions.ts'

/** Longer than any measurement, and what `setTimeout` can still do. */
const forever = 2 ** 31 - 1

/** Opossum writes to the options it gets, so everybody needs new ones. */
const opossumDefaults = () => ({ errorThresholdPercentage: 95, volumeThreshold: 100 })
const opossumLean = () => ({
  ...opossumDefaults(),
  timeout: false as const,
  enableSnapshots: false,
  rollingPercentilesEnabled: false,
})
const call = (fn: AsyncFunction): Promise<unknown> => fn()

/** The last hundred calls count, or the next best thing; for the subjects here and the proofs in the tests. */
export const countingBreakers: readonly Contender[] = [
  {
    name: 'seaworthy: count(100)',
    build: () => {
      const policy = circuitBreaker({ failureThreshold: false, failureRate: 0.95, minimumRequests: 100 })
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'cockatiel: count(100)',
    build: () => {
      const policy = cockatiel.circuitBreaker(cockatiel.handleAll, {
        halfOpenAfter: forever,
        breaker: new cockatiel.CountBreaker({ threshold: 0.95, size: 100, minimumNumberOfCalls: 100 }),
      })
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'opossum: defaults (10 s timeout, snapshots)',
    build: () => {
      const breaker = new Opossum(call, opossumDefaults())
      return (fn) => breaker.fire(fn)
    },
  },
  {
    name: 'opossum: no timeout, snapshots, percentiles',
    build: () => {
      const breaker = new Opossum(call, opossumLean())
      return (fn) => breaker.fire(fn)
    },
  },
  {
    name: 'mollitia: count(100)',
    build: () => {
      const breaker = new mollitia.SlidingCountBreaker({
        slidingWindowSize: 100,
        minimumNumberOfCalls: 100,
        failureRateThreshold: 95,
        openStateDelay: forever,
      })
      const circuit = new mollitia.Circuit({ options: { modules: [breaker] } })
      return (fn) => circuit.fn(fn).execute()
    },
  },
]

/** Other rules. They have a process of their own: the configurations of a library share its code, and each would slow the others. */
export const otherBreakers: readonly Contender[] = [
  {
    name: 'seaworthy: consecutive(50)',
    build: () => {
      const policy = circuitBreaker({ failureThreshold: 50, failureRate: false })
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'seaworthy: time(10 s)',
    build: () => {
      const policy = circuitBreaker({
        failureThreshold: false,
        failureRate: 0.95,
        minimumRequests: 100,
        window: { time: '10s' },
      })
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'seaworthy: count(100), slow calls count',
    build: () => {
      const policy = circuitBreaker({
        failureThreshold: false,
        failureRate: 0.95,
        minimumRequests: 100,
        slowCallDuration: '1s',
      })
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'cockatiel: consecutive(50)',
    build: () => {
      const policy = cockatiel.circuitBreaker(cockatiel.handleAll, {
        halfOpenAfter: forever,
        breaker: new cockatiel.ConsecutiveBreaker(50),
      })
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'cockatiel: sampling(10 s)',
    build: () => {
      const policy = cockatiel.circuitBreaker(cockatiel.handleAll, {
        halfOpenAfter: forever,
        breaker: new cockatiel.SamplingBreaker({ threshold: 0.95, duration: 10_000, minimumRps: 10 }),
      })
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'mollitia: time(10 s, at most 1,000 calls)',
    build: () => {
      const breaker = new mollitia.SlidingTimeBreaker({
        slidingWindowSize: 10_000,
        minimumNumberOfCalls: 100,
        failureRateThreshold: 95,
        openStateDelay: forever,
      })
      const circuit = new mollitia.Circuit({ options: { modules: [breaker] } })
      return (fn) => circuit.fn(fn).execute()
    },
  },
]

let heard = 0
const listen = (): void => {
  heard++
}

const listening: readonly Contender[] = [
  {
    name: "seaworthy: count(100), on('success')",
    build: () => {
      const policy = circuitBreaker()
      policy.on('success', listen)
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: "seaworthy: count(100), hub.on('success')",
    build: () => {
      const hub = new Hub()
      hub.on('success', listen)
      const policy = circuitBreaker({ name: 'breaker', hub })
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'cockatiel: count(100), onSuccess',
    build: () => {
      const policy = cockatiel.circuitBreaker(cockatiel.handleAll, {
        halfOpenAfter: forever,
        breaker: new cockatiel.CountBreaker({ threshold: 0.95, size: 100 }),
      })
      policy.onSuccess(listen)
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: "opossum: lean, on('success')",
    build: () => {
      const breaker = new Opossum(call, opossumLean()).on('success', listen)
      return (fn) => breaker.fire(fn)
    },
  },
  {
    name: "mollitia: count(100), on('execute')",
    build: () => {
      const breaker = new mollitia.SlidingCountBreaker({ slidingWindowSize: 100 })
      const circuit = new mollitia.Circuit({ options: { modules: [breaker] } })
      circuit.on('execute', listen)
      return (fn) => circuit.fn(fn).execute()
    },
  },
]

/** What operators attach: none of it is about calls that succeed, but for the sample that the exporter times. */
const watched: readonly Contender[] = [
  {
    name: 'seaworthy: count(100), named, nobody watches',
    build: () => {
      const policy = circuitBreaker({ name: 'breaker', hub: new Hub() })
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: "seaworthy: count(100), hub.on('stateChange') and six like it",
    build: () => {
      const hub = new Hub()
      for (const type of ['stateChange', 'failure', 'rejected', 'open', 'close', 'wouldOpen', 'stale'])
        hub.on(type, listen)
      const policy = circuitBreaker({ name: 'breaker', hub })
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'seaworthy: count(100), prometheusMetrics()',
    build: () => {
      const hub = new Hub()
      prometheusMetrics({ hub })
      const policy = circuitBreaker({ name: 'breaker', hub })
      return (fn) => policy.execute(fn)
    },
  },
]

async function tellsTheListener(execute: Execute): Promise<void> {
  const before = heard
  await returnsTheValue(execute)
  assert.equal(heard, before + 1)
}

const open: readonly Contender[] = [
  {
    name: 'seaworthy',
    build: () => {
      const policy = circuitBreaker()
      policy.trip('1h')
      return (fn) => policy.execute(fn)
    },
  },
  { name: 'bare, always the same Error', floor: true, build: () => () => failsWithSameError() },
  {
    name: 'floor: Promise.reject(new Error)',
    floor: true,
    build: () => () => Promise.reject(new Error('down')),
  },
  {
    name: 'cockatiel',
    build: async () => {
      const policy = cockatiel.circuitBreaker(cockatiel.handleAll, {
        halfOpenAfter: forever,
        breaker: new cockatiel.ConsecutiveBreaker(1),
      })
      await policy.execute(failsWithNewError).catch(() => {})
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'opossum',
    build: () => {
      const breaker = new Opossum(call, { ...opossumLean(), resetTimeout: forever })
      breaker.open()
      return (fn) => breaker.fire(fn)
    },
  },
  {
    name: 'mollitia',
    build: async () => {
      const breaker = new mollitia.SlidingCountBreaker({
        slidingWindowSize: 1,
        minimumNumberOfCalls: 1,
        openStateDelay: forever,
      })
      const circuit = new mollitia.Circuit({ options: { modules: [breaker] } })
      await circuit
        .fn(failsWithNewError)
        .execute()
        .catch(() => {})
      return (fn) => circuit.fn(fn).execute()
    },
  },
]

export const breakerSubjects: readonly Subject[] = [
  {
    name: 'closed',
    title: 'Circuit breaker closed, the function succeeds; the last 100 calls count',
    contenders: [bare, ...countingBreakers],
    functions: () => [succeeds],
    verify: returnsTheValue,
  },
  {
    name: 'closed.rules',
    title: 'Circuit breaker closed, the function succeeds, other rules for opening',
    contenders: [bare, ...otherBreakers],
    functions: () => [succeeds],
    verify: returnsTheValue,
  },
  {
    name: 'closed.listener',
    title: 'Circuit breaker closed, the function succeeds, one listener to successes',
    contenders: [bare, ...listening],
    functions: () => [succeeds],
    verify: tellsTheListener,
  },
  {
    name: 'closed.watched',
    title: 'Circuit breaker closed, the function succeeds, by who watches from the hub',
    contenders: [bare, ...watched],
    functions: () => [succeeds],
    verify: returnsTheValue,
  },
  {
    name: 'closed.failures',
    title: 'Circuit breaker closed, nine calls in ten reject, below the threshold',
    contenders: [bare, ...countingBreakers],
    functions: () => [failsNineInTen()],
    verify: passesOutcomesOn(failsNineInTen),
    rejects: true,
    period: 10,
  },
  {
    name: 'open',
    title: 'Circuit breaker open, beside a function that rejects with a new Error',
    contenders: [bare, ...open],
    functions: () => [failsWithNewError],
    verify: rejectsWithoutCalling,
    rejects: true,
  },
]
