/** Retries: three at most, without delay, in every library. */
import * as attempt from '@lifeomic/attempt'
import { retry } from '@seaworthy/retry'
import asyncRetry from 'async-retry'
import * as cockatiel from 'cockatiel'
import * as mollitia from 'mollitia'
import pRetry from 'p-retry'
import { bare, type Contender, type Subject } from '../harness.ts'
import { returnsTheValue, succeeds, succeedsAtThirdTry, triesThreeTimes } from './functions.ts'

/** For the subjects here and the proofs in the tests. */
export const retries: readonly Contender[] = [
  {
    name: 'seaworthy',
    build: () => {
      const policy = retry({ attempts: 4, delay: 0 })
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'cockatiel',
    build: () => {
      const policy = cockatiel.retry(cockatiel.handleAll, {
        maxAttempts: 3,
        backoff: new cockatiel.ConstantBackoff(0),
      })
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'mollitia',
    build: () => {
      const retry = new mollitia.Retry({ attempts: 3, interval: 0 })
      const circuit = new mollitia.Circuit({ options: { modules: [retry] } })
      return (fn) => circuit.fn(fn).execute()
    },
  },
  {
    name: 'p-retry',
    build: () => {
      const options = { retries: 3, minTimeout: 0 }
      return (fn) => pRetry(fn, options)
    },
  },
  {
    name: 'async-retry',
    build: () => {
      const options = { retries: 3, minTimeout: 0, maxTimeout: 0, randomize: false }
      return (fn) => asyncRetry(fn, options)
    },
  },
  {
    name: '@lifeomic/attempt',
    build: () => {
      const options = { maxAttempts: 4, delay: 0 }
      return (fn) => attempt.retry(fn, options)
    },
  },
]

const byHand: Contender = {
  name: 'for loop with try and catch',
  floor: true,
  build: () => async (fn) => {
    for (;;) {
      try {
        return await fn()
      } catch {}
    }
  },
}

export const retrySubjects: readonly Subject[] = [
  {
    name: 'retry',
    title: 'Retry, success at the first try',
    contenders: [bare, ...retries],
    functions: () => [succeeds],
    verify: returnsTheValue,
  },
  {
    name: 'retry.failures',
    title: 'Retry, two failures, then success; no delay between tries',
    contenders: [byHand, ...retries],
    functions: () => [succeedsAtThirdTry()],
    verify: triesThreeTimes,
  },
]
