/** Fallbacks that are not needed. Mollitia's is missing: it can replace the error, not answer the call. */
import { fallback } from '@seaworthy/fallback'
import * as cockatiel from 'cockatiel'
import Opossum from 'opossum'
import { type AsyncFunction, bare, type Contender, type Subject } from '../harness.ts'
import { returnsTheValue, succeeds } from './functions.ts'

const call = (fn: AsyncFunction): Promise<unknown> => fn()

/** What the fallbacks answer. */
export const answer = 'answer'

/** For the subject here and the proofs in the tests. */
export const fallbacks: readonly Contender[] = [
  {
    name: 'seaworthy',
    build: () => {
      const policy = fallback(answer)
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'cockatiel',
    build: () => {
      const policy = cockatiel.fallback(cockatiel.handleAll, answer)
      return (fn) => policy.execute(fn)
    },
  },
  {
    name: 'opossum: breaker.fallback()',
    build: () => {
      const breaker = new Opossum(call, {
        timeout: false,
        enableSnapshots: false,
        rollingPercentilesEnabled: false,
      }).fallback(() => answer)
      return (fn) => breaker.fire(fn)
    },
  },
]

const byHand: Contender = {
  name: 'floor: then(undefined, answer)',
  floor: true,
  build: () => (fn) => fn().then(undefined, () => answer),
}

export const fallbackSubjects: readonly Subject[] = [
  {
    name: 'fallback',
    title: 'Fallback, not needed',
    contenders: [bare, byHand, ...fallbacks],
    functions: () => [succeeds],
    verify: returnsTheValue,
  },
]
