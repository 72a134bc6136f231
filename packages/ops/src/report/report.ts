/** The reliability report: what went well and what did not, and what the figures suggest. */
import type { Desk } from '../desk.ts'
import { circuitKinds } from '../figures/circuits.ts'
import { failedAs } from '../figures/rare-events.ts'
import type { LevelWord, ReliabilityReport } from '../wire.ts'
import { Accounts, share } from './accounts.ts'
import { recommendations } from './recommendations.ts'

const mostFailures = 10
const levels: readonly LevelWord[] = ['normal', 'minor', 'moderate', 'severe', 'critical']

/** @param window - In milliseconds; what is remembered may be less. */
export function reliabilityReport(desk: Desk, window: number): ReliabilityReport {
  const { recorder, settings, board, wall } = desk
  const now = settings.clock.now()
  const reach = Math.round(recorder.ledger.reach(now, window))
  const accounts = new Accounts(recorder.ledger.sums(now, window))
  const time = wall()
  const breakers = breakersOf(desk, accounts, window)
  const fallbacks = fallbacksOf(accounts)
  const report = {
    time,
    from: time - reach,
    window: reach,
    availability: availabilityOf(accounts, fallbacks.answered + fallbacks.hits),
    circuitBreakers: breakers,
    retries: {
      retries: accounts.of('retry', 'retries'),
      saved: accounts.of('retry', 'recovered'),
      gaveUp: accounts.of('retry', 'gaveUp'),
    },
    fallbacks,
    timeAtLevel: Object.fromEntries(
      levels.map((level) => [level, Math.round(accounts.of('degradation', level))]),
    ) as ReliabilityReport['timeAtLevel'], // one for each level
    deadLetters: {
      added: accounts.of('dead-letters', 'added'),
      replayed: accounts.of('dead-letters', 'replayed'),
      replayFailed: accounts.of('dead-letters', 'replayFailed'),
      resolved: accounts.of('dead-letters', 'resolved'),
      discarded: accounts.of('dead-letters', 'discarded'),
      expired: accounts.of('dead-letters', 'expired'),
      depth: board.views().reduce((sum, { counts }) => sum + (counts?.dead ?? 0), 0),
    },
    topFailures: topFailuresOf(accounts),
  }
  return { ...report, recommendations: recommendations(report, accounts, settings.hub) }
}

function availabilityOf(accounts: Accounts, inPlace: number): ReliabilityReport['availability'] {
  const success = accounts.of(circuitKinds, 'success')
  const failures = accounts.of(circuitKinds, 'failure')
  const rejected = accounts.of(circuitKinds, 'rejected')
  const calls = success + failures
  const all = calls + rejected
  // Answers of memories and fallbacks need not be for calls through breakers.
  const answered = Math.min(all, success + inPlace)
  return {
    calls,
    failures,
    rejected,
    share: share(success, all),
    shareWithFallbacks: share(answered, all),
  }
}

function breakersOf(
  { settings, recorder }: Desk,
  accounts: Accounts,
  window: number,
): ReliabilityReport['circuitBreakers'] {
  const components = settings.hub.components().filter(({ kind }) => circuitKinds.includes(kind))
  return components.map(({ kind, name }) => {
    const of = (what: string): number => accounts.of(kind, what, name)
    const times = recorder.timesOf(kind, name, window)
    const recoveries = of('recoveries')
    return {
      name,
      calls: of('success') + of('failure') + of('neutral'),
      failures: of('failure'),
      rejected: of('rejected'),
      openings: of('openings'),
      meanTimeToRecovery: recoveries === 0 ? null : Math.round(of('recoveryTime') / recoveries),
      p50: times.quantile(0.5) ?? null,
      p99: times.quantile(0.99) ?? null,
    }
  })
}

function fallbacksOf(accounts: Accounts): ReliabilityReport['fallbacks'] {
  const kinds = ['fallback', 'fallback-registry']
  const hits = accounts.of('stale-cache', 'hits') + accounts.of('stale-cache', 'stale')
  const misses = accounts.of('stale-cache', 'misses')
  return {
    answered: accounts.of(kinds, 'answered'),
    failed: accounts.of(kinds, 'failed') + accounts.of(kinds, 'unanswered'),
    hits,
    misses,
    hitRate: share(hits, hits + misses),
  }
}

const topFailuresOf = (accounts: Accounts): ReliabilityReport['topFailures'] =>
  accounts
    .startingWith(failedAs)
    .map(({ kind, name, what, value }) => ({
      kind,
      name,
      failureClass: what.slice(failedAs.length),
      count: value,
    }))
    .sort((a, b) => b.count - a.count)
    .slice(0, mostFailures)
