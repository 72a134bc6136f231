/** The figures at the top of a dashboard, of the last minute. */
import type { Clock } from '@seaworthy/core'
import type { CircuitView, DeadLetterQueueView, KeyFigures } from '../wire.ts'
import { circuitKinds } from './circuits.ts'
import type { Ledger } from './ledger.ts'
import type { Recorder } from './recorder.ts'

const minute = 60

/** @param letters - What is known of the queues. */
export function keyFigures(
  recorder: Recorder,
  circuits: readonly CircuitView[],
  letters: readonly DeadLetterQueueView[],
  clock: Clock,
): KeyFigures {
  let calls = 0
  let failures = 0
  for (const timeline of recorder.timelines()) {
    const sums = timeline.sums(minute)
    calls += sums.calls
    failures += sums.failures
  }
  const times = recorder.recentTimes()
  const { answered, hits, lookups, asked } = answersOf(recorder.ledger, clock.now())
  const ages = letters.flatMap(({ oldestAge }) => oldestAge ?? [])
  return {
    callsPerSecond: Math.round((calls / minute) * 100) / 100,
    failureShare: share(failures, calls),
    p50: times.quantile(0.5) ?? null,
    p95: times.quantile(0.95) ?? null,
    p99: times.quantile(0.99) ?? null,
    openCircuits: circuits.filter(({ state }) => state !== 'closed').length,
    circuits: circuits.length,
    fallbackShare: share(answered, Math.max(answered, asked)),
    staleHitRate: share(hits, lookups),
    deadLetters: letters.reduce((sum, { counts }) => sum + (counts?.dead ?? 0), 0),
    oldestDeadLetterAge: ages.length === 0 ? null : Math.max(...ages),
  }
}

/** Calls and answers in their place. The ledger counts in slots, so it is the last minutes rather than the last one. */
function answersOf(ledger: Ledger, now: number): Record<'answered' | 'hits' | 'lookups' | 'asked', number> {
  const sums = { answered: 0, hits: 0, lookups: 0, asked: 0 }
  for (const { kind, what, value } of ledger.sums(now, minute * 1000)) {
    if (what === 'answered') sums.answered += value
    if (circuitKinds.includes(kind) && asked.has(what)) sums.asked += value
    if (kind !== 'stale-cache') continue
    if (what === 'hits' || what === 'stale') sums.hits += value
    if (what === 'hits' || what === 'stale' || what === 'misses') sums.lookups += value
  }
  return sums
}

const asked: ReadonlySet<string> = new Set(['success', 'failure', 'neutral', 'rejected'])

const share = (part: number, whole: number): number | null =>
  whole === 0 ? null : Math.round((part / whole) * 10_000) / 10_000
