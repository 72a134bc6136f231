/**
 * What the figures of a report suggest to change. Each rule needs enough of them, and tells them: who reads an advice must be able to judge it.
 * With too little to go by, nothing is said.
 */
import { formatDuration, type Hub } from '@seaworthy/core'
import { circuitKinds, number } from '../figures/circuits.ts'
import type { Recommendation, ReliabilityReport } from '../wire.ts'
import type { Accounts } from './accounts.ts'

type Figures = Omit<ReliabilityReport, 'recommendations'>
/** One rule: none, or some advice. */
type Rule = (report: Figures, accounts: Accounts, hub: Hub) => Recommendation[]

/** A breaker that opens and closes all the time. */
const flapping: Rule = ({ circuitBreakers, window }) =>
  circuitBreakers.flatMap(({ name, openings, meanTimeToRecovery, calls, failures }) => {
    if (openings < 6 || meanTimeToRecovery === null || calls < 100) return []
    const openShare = Math.min(1, (openings * meanTimeToRecovery) / window)
    // Half of the time open is an outage, not a threshold.
    if (openShare > 0.5) return []
    const failureShare = failures / calls
    const rule =
      failureShare < 0.2
        ? 'It opens although most calls succeed: raise failureThreshold, or use failureRate with minimumRequests.'
        : 'It closes before the dependency is well: raise successThreshold or recoveryTimeout.'
    return [
      {
        kind: 'circuit-breaker',
        name,
        option: failureShare < 0.2 ? 'failureThreshold' : 'recoveryTimeout',
        advice: `It opened ${openings} times and was well again after ${formatDuration(meanTimeToRecovery)} on average. ${rule}`,
        evidence: { openings, meanTimeToRecovery, calls, failures, openShare: digits(openShare) },
      },
    ]
  })

/** A breaker that never opens although much fails. */
const tooPatient: Rule = ({ circuitBreakers }) =>
  circuitBreakers.flatMap(({ name, openings, calls, failures }) => {
    const failureShare = failures / calls
    if (calls < 200 || openings > 0 || failureShare < 0.3) return []
    return [
      {
        kind: 'circuit-breaker',
        name,
        option: 'failureRate',
        advice: `${percent(failureShare)} of ${calls} calls failed and it never opened: set failureRate below ${digits(failureShare)}.`,
        evidence: { calls, failures, failureShare: digits(failureShare), openings },
      },
    ]
  })

/** Retries that do not help. */
const vainRetries: Rule = (_report, accounts, hub) =>
  hub.components().flatMap(({ kind, name }) => {
    if (kind !== 'retry') return []
    const saved = accounts.of(kind, 'recovered', name)
    const exhausted = accounts.of(kind, 'exhausted', name)
    const retries = accounts.of(kind, 'retries', name)
    const savedShare = saved / (saved + exhausted)
    if (saved + exhausted < 50 || savedShare >= 0.1) return []
    const guarded = circuitKinds.some((each) => hub.component(each, name) !== undefined)
    const or = guarded ? '' : ', or put a circuit breaker inside'
    return [
      {
        kind,
        name,
        option: 'attempts',
        advice: `Only ${percent(savedShare)} of ${saved + exhausted} retried calls succeeded in the end: make fewer attempts${or}.`,
        evidence: { saved, exhausted, retries },
      },
    ]
  })

/** A time limit far from how long calls take, where breaker and time limit have one name. */
const timeLimits: Rule = ({ circuitBreakers, window }, accounts, hub) =>
  circuitBreakers.flatMap(({ name, calls, p99 }) => {
    const component = hub.component('timeout', name)
    if (component === undefined || calls < 500 || p99 === null) return []
    const limit = number((component.snapshot() as { readonly limit?: unknown }).limit)
    const timeouts = accounts.of('timeout', 'timeouts', name)
    const evidence = { calls, p99, limit, timeouts, window }
    if (limit > 10 * p99 && timeouts === 0)
      return [
        {
          kind: 'timeout',
          name,
          option: 'limit',
          advice: `99 of 100 calls take at most ${formatDuration(p99)}, and the limit is ${formatDuration(limit)}: ${formatDuration(rounded(3 * p99))} would free callers sooner when it hangs.`,
          evidence,
        },
      ]
    if (timeouts / calls > 0.01 && p99 > 0.8 * limit)
      return [
        {
          kind: 'timeout',
          name,
          option: 'limit',
          advice: `${percent(timeouts / calls)} of calls hit the limit of ${formatDuration(limit)}, close to which many still succeed: raise it, or make the dependency faster.`,
          evidence,
        },
      ]
    return []
  })

/** A memory for hard times that does not know the answers. */
const staleCaches: Rule = (_report, accounts, hub) =>
  hub.components().flatMap((component) => {
    const { kind, name } = component
    if (kind !== 'stale-cache') return []
    const hits = accounts.of(kind, 'hits', name) + accounts.of(kind, 'stale', name)
    const misses = accounts.of(kind, 'misses', name)
    const hitRate = hits / (hits + misses)
    if (hits + misses < 200 || hitRate >= 0.8) return []
    const { entries, max } = component.snapshot() as { readonly entries?: unknown; readonly max?: unknown }
    const isFull = number(entries) >= number(max) && number(max) > 0
    // Half empty, it has not seen the keys yet, or they never repeat: room would not help.
    if (!isFull) return []
    return [
      {
        kind,
        name,
        option: 'max',
        advice: `It is full with ${number(max)} answers, and ${percent(1 - hitRate)} of look-ups find none: make it larger.`,
        evidence: { hits, misses, hitRate: digits(hitRate), entries: number(entries), max: number(max) },
      },
    ]
  })

/** More comes into a queue than goes out. */
const growingQueues: Rule = (_report, accounts, hub) =>
  hub.components().flatMap(({ kind, name }) => {
    if (kind !== 'dead-letters') return []
    const of = (what: string): number => accounts.of(kind, what, name)
    const added = of('added')
    const settled = of('replayed') + of('resolved') + of('discarded')
    if (added < 20 || settled * 2 >= added) return []
    return [
      {
        kind,
        name,
        option: 'recovery',
        advice: `${added} letters came in and ${settled} were settled: give the most frequent failures a recovery strategy.`,
        evidence: { added, settled, expired: of('expired') },
      },
    ]
  })

const rules: readonly Rule[] = [flapping, tooPatient, vainRetries, timeLimits, staleCaches, growingQueues]

/** What each rule has to say. A rule that cannot read a component says nothing. */
export function recommendations(report: Figures, accounts: Accounts, hub: Hub): Recommendation[] {
  return rules.flatMap((rule) => {
    try {
      return rule(report, accounts, hub)
    } catch {
      return []
    }
  })
}

const digits = (value: number): number => Math.round(value * 1000) / 1000
const percent = (value: number): string => `${Math.round(value * 1000) / 10} %`
/** To two digits, as people write limits. */
const rounded = (value: number): number => Number(value.toPrecision(2))
