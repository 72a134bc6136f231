/** A result in which every claim holds, made by hand: tests break it in one place at a time. */
import type { Sample } from '../src/measure.ts'
import type { Result, SideResult } from '../src/result.ts'
import { badDay, phaseAt } from '../src/script.ts'
import type { UpstreamStats } from '../src/upstream-process.ts'

export const day = badDay(30_000)

const stats: UpstreamStats = {
  at: 30_000,
  busy: 0,
  queued: 0,
  longestQueue: 0,
  calls: { healthy: 500, errors: 5, hangs: 5, throttled: 2, resets: 5, recovering: 100 },
  abandoned: 0,
  throttled: 2,
  early: 0,
  soonest: 1010,
}

/** Ten requests a second of one product, each answered in 20 ms, all day. */
function answered(): Sample[] {
  return Array.from({ length: 300 }, (_, id): Sample => {
    const at = id * 100
    const dead = at >= 5000 && at < 19_000
    return {
      id,
      product: 0,
      at,
      seenBefore: id > 0,
      end: at + 20,
      outcome: dead ? 'stale' : 'live',
      age: dead ? at - 5000 : 0,
    }
  })
}

/** The same requests, lost after the whole patience while the upstream does not answer. */
function lostInTheOutage(): Sample[] {
  return answered().map((sample) =>
    ['healthy', 'recovering'].includes(phaseAt(day, sample.at).mood)
      ? sample
      : { ...sample, end: sample.at + day.patience, outcome: 'failed', error: 'ETIMEDOUT' },
  )
}

/** A new one each time, so a test can change it. */
export function goodResult(): Result {
  const bare: SideResult = {
    name: 'bare fetch',
    samples: lostInTheOutage(),
    upstream: { ...stats, calls: { ...stats.calls, errors: 4000 }, early: 900, longestQueue: 500 },
    upstreamHistory: [{ at: 100, calls: 5, queued: 0 }],
  }
  return {
    seed: 1,
    day,
    startedAt: '2025-01-01T00:00:00.000Z',
    node: 'v20.19.0',
    bare,
    seaworthy: {
      name: 'seaworthy',
      samples: answered(),
      upstream: { ...stats, calls: { ...stats.calls } },
      upstreamHistory: [{ at: 100, calls: 5, queued: 0 }],
      breaker: [
        { at: 5200, state: 'open' },
        { at: 5700, state: 'halfOpen' },
        { at: 5720, state: 'open' },
        { at: 19_100, state: 'halfOpen' },
        { at: 19_600, state: 'closed' },
      ],
      fresh: 1000,
      keep: 60_000,
      explanation: [{ title: 'For everything', text: 'retry  5 attempts <endless>' }],
    },
    leftovers: {
      unsettledRequests: 0,
      unhandledRejections: 0,
      sockets: 0,
      timers: 0,
      childProcesses: 0,
      heldByPolicies: 0,
    },
    eventLoopDelay: 3,
  }
}
