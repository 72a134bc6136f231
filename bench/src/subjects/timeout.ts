/** Timeouts that never expire, and what it costs to hand the function a signal. */
import * as attempt from '@lifeomic/attempt'
import { timeout } from '@seaworthy/flow'
import * as cockatiel from 'cockatiel'
import * as mollitia from 'mollitia'
import Opossum from 'opossum'
import pTimeout from 'p-timeout'
import { type AsyncFunction, bare, type Contender, type Subject } from '../harness.ts'
import { returnsTheValue, sink, succeeds } from './functions.ts'

const call = (fn: AsyncFunction): Promise<unknown> => fn()

/** Timeouts that settle the call when they expire, for the subject here and the proofs in the tests. */
export const timeouts = (milliseconds: number): readonly Contender[] => [
  {
    name: 'seaworthy: aggressive',
    build: () => {
      const policy = timeout(milliseconds)
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'cockatiel: aggressive',
    build: () => {
      const policy = cockatiel.timeout(milliseconds, cockatiel.TimeoutStrategy.Aggressive)
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'opossum: breaker with timeout',
    build: () => {
      const breaker = new Opossum(call, {
        timeout: milliseconds,
        enableSnapshots: false,
        rollingPercentilesEnabled: false,
      })
      return (fn) => breaker.fire(fn)
    },
  },
  {
    name: 'mollitia',
    build: () => {
      const timeout = new mollitia.Timeout({ delay: milliseconds })
      const circuit = new mollitia.Circuit({ options: { modules: [timeout] } })
      return (fn) => circuit.fn(fn).execute()
    },
  },
  {
    name: 'p-timeout',
    build: () => {
      const options = { milliseconds }
      return (fn) => pTimeout(fn(), options)
    },
  },
  {
    name: '@lifeomic/attempt: one attempt with timeout',
    build: () => {
      const options = { maxAttempts: 1, timeout: milliseconds }
      return (fn) => attempt.retry(fn, options)
    },
  },
]

/** Only tell the function, through its signal. */
const cooperative: readonly Contender[] = [
  {
    name: 'seaworthy: cooperative',
    build: () => {
      const policy = timeout(1_000, { mode: 'cooperative' })
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'cockatiel: cooperative',
    build: () => {
      const policy = cockatiel.timeout(1_000, cockatiel.TimeoutStrategy.Cooperative)
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'cockatiel: cooperative, abortOnReturn: false',
    build: () => {
      const policy = cockatiel.timeout(1_000, {
        strategy: cockatiel.TimeoutStrategy.Cooperative,
        abortOnReturn: false,
      })
      return (fn) => policy.execute(fn)
    },
  },
]

const byHand: readonly Contender[] = [
  {
    name: 'floor: new Promise and then(resolve, reject)',
    floor: true,
    build: () => (fn) => new Promise((resolve, reject) => fn().then(resolve, reject)),
  },
  {
    name: 'floor: the same with setTimeout and clearTimeout',
    floor: true,
    build: () => (fn) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('late')), 1_000)
        fn().then(
          (result) => {
            clearTimeout(timer)
            resolve(result)
          },
          (error) => {
            clearTimeout(timer)
            reject(error)
          },
        )
      }),
  },
]

const signals: readonly Contender[] = [
  {
    name: 'floor: new AbortController(), signal not read',
    floor: true,
    build: () => (fn) => {
      sink.value = new AbortController()
      return fn()
    },
  },
  {
    name: 'floor: new AbortController().signal',
    floor: true,
    build: () => (fn) => {
      sink.value = new AbortController().signal
      return fn()
    },
  },
  {
    name: 'floor: AbortSignal.timeout(1000)',
    floor: true,
    build: () => (fn) => {
      sink.value = AbortSignal.timeout(1_000)
      return fn()
    },
  },
  {
    name: 'seaworthy: aggressive, signal read',
    build: () => {
      const policy = timeout(1_000)
      return (fn) =>
        policy.execute(({ signal }) => {
          sink.value = signal
          return fn()
        })
    },
  },
  {
    name: 'cockatiel: aggressive, signal read',
    build: () => {
      const policy = cockatiel.timeout(1_000, cockatiel.TimeoutStrategy.Aggressive)
      return (fn) =>
        policy.execute(({ signal }) => {
          sink.value = signal
          return fn()
        })
    },
  },
]

export const timeoutSubjects: readonly Subject[] = [
  {
    name: 'timeout',
    title: 'Timeout of one second, the function succeeds before',
    contenders: [bare, ...byHand, ...timeouts(1_000)],
    functions: () => [succeeds],
    verify: returnsTheValue,
  },
  {
    name: 'timeout.cooperative',
    title: 'Timeout of one second that only tells the function, the function succeeds before',
    contenders: [bare, ...cooperative],
    functions: () => [succeeds],
    verify: returnsTheValue,
  },
  {
    name: 'signal',
    title: 'What a function that reads its AbortSignal pays',
    contenders: [bare, ...signals],
    functions: () => [succeeds],
    verify: returnsTheValue,
  },
]
