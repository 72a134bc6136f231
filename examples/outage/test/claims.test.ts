import { describe, expect, it } from 'vitest'
import { busyMachine, claims } from '../src/claims.ts'
import type { Sample } from '../src/measure.ts'
import type { Result } from '../src/result.ts'
import { day, goodResult } from './good-result.ts'

/** A result with its Seaworthy side changed. */
function ours(change: (side: Result['seaworthy']) => Partial<Result['seaworthy']>): Result {
  const result = goodResult()
  return { ...result, seaworthy: { ...result.seaworthy, ...change(result.seaworthy) } }
}

function samples(change: (sample: Sample) => Sample): Result {
  return ours((side) => ({ samples: side.samples.map(change) }))
}

const lose = (sample: Sample): Sample => ({ ...sample, outcome: 'failed', error: 'ERR_CIRCUIT_OPEN' })

/** What breaks each claim, and it alone. */
const broken: Record<string, Record<string, () => Result>> = {
  'bare-goes-down': {
    'a bare client that loses nothing': () => {
      const result = goodResult()
      const spared = result.bare.samples.map((sample): Sample => ({ ...sample, outcome: 'live' }))
      return { ...result, bare: { ...result.bare, samples: spared } }
    },
  },
  'nothing-lost': {
    'one lost request for a product that had been seen': () =>
      samples((sample) => (sample.id === 100 ? lose(sample) : sample)),
    'one lost request while the upstream was well': () =>
      samples((sample) => (sample.id === 0 ? lose(sample) : sample)),
    'one lost request whose user waited until the upstream was back': () =>
      samples((sample) =>
        sample.at === 18_000 ? { ...lose(sample), seenBefore: false, end: 19_500 } : sample,
      ),
  },
  quick: {
    'four of 300 requests that take too long': () =>
      samples((sample) => (sample.at < 400 ? { ...sample, end: sample.at + 2000 } : sample)),
  },
  'quick-while-hanging': {
    'one of the 50 requests in the hang that takes too long': () =>
      samples((sample) => (sample.at === 9000 ? { ...sample, end: sample.at + 2000 } : sample)),
    'a bare client that gives up early': () => {
      const result = goodResult()
      const early = result.bare.samples.map((sample) => ({ ...sample, end: sample.at + 20 }))
      return { ...result, bare: { ...result.bare, samples: early } }
    },
  },
  'upstream-spared': {
    'a client that goes on calling': () =>
      ours(({ upstream }) => ({ upstream: { ...upstream, calls: { ...upstream.calls, hangs: 400 } } })),
  },
  'breaker-opens': {
    'a breaker that opens late': () =>
      ours(({ breaker }) => ({ breaker: breaker.map((change) => ({ ...change, at: change.at + 1500 })) })),
  },
  'breaker-closes': {
    'a breaker that is open in the end': () => ours(({ breaker }) => ({ breaker: breaker.slice(0, -1) })),
    'a breaker that closes late': () =>
      ours(({ breaker }) => ({ breaker: [...breaker, { at: 23_000, state: 'closed' }] })),
  },
  'retry-after-obeyed': {
    'a call that comes too early': () => ours(({ upstream }) => ({ upstream: { ...upstream, early: 1 } })),
    'no 429 at all, which shows nothing': () =>
      ours(({ upstream }) => ({ upstream: { ...upstream, throttled: 0 } })),
  },
  'right-answers': {
    "an answer for somebody else's question": () =>
      samples((sample) => (sample.id === 7 ? { ...sample, mixedUp: true } : sample)),
    'an answer that is too old': () =>
      samples((sample) => (sample.id === 7 ? { ...sample, age: 60_001 } : sample)),
  },
  'nothing-left': Object.fromEntries(
    Object.keys(goodResult().leftovers).map((name) => [
      name,
      () => ({ ...goodResult(), leftovers: { ...goodResult().leftovers, [name]: 1 } }),
    ]),
  ),
}

function failing(result: Result): string[] {
  return claims(result)
    .filter(({ holds }) => !holds)
    .map(({ id }) => id)
}

describe('claims', () => {
  it('all hold for a good result', () => {
    expect(failing(goodResult())).toEqual([])
  })

  it('can all be broken', () => {
    expect(Object.keys(broken)).toEqual(claims(goodResult()).map(({ id }) => id))
  })

  for (const [id, ways] of Object.entries(broken)) {
    for (const [way, result] of Object.entries(ways)) {
      it(`${id} is broken by ${way}`, () => {
        expect(failing(result())).toEqual([id])
      })
    }
  }

  it('forgive a lost request that nobody could have answered', () => {
    const unseen = samples((sample) => (sample.at === 9000 ? { ...lose(sample), seenBefore: false } : sample))
    expect(failing(unseen)).toEqual([])
  })

  it('fail on an empty result', () => {
    const nothing = { ...goodResult().bare, samples: [] }
    const result = { ...goodResult(), bare: nothing, seaworthy: { ...goodResult().seaworthy, samples: [] } }
    expect(failing(result)).toEqual(['bare-goes-down', 'nothing-lost', 'quick', 'quick-while-hanging'])
  })

  it('allow latencies for how late the timers of the machine were, and say so', () => {
    const slow = samples((sample) => ({ ...sample, end: sample.at + day.patience / 3 + 200 }))
    expect(failing(slow)).toEqual(['quick', 'quick-while-hanging'])
    expect(failing({ ...slow, eventLoopDelay: 300 })).toEqual([])
    expect(busyMachine(slow)).toBeUndefined()
    expect(busyMachine({ ...slow, eventLoopDelay: 300 })).toContain('300 ms')
  })
})
