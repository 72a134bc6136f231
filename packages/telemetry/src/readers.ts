/** What components tell when they are asked, as metrics. */
import type { Account } from './account.ts'

/** Plain data of components, read with care: each field may be missing. */
export type Facts = Readonly<Record<string, unknown>>

/** Reads the snapshot of one kind of component. */
type Reader = (account: Account, name: string, snapshot: Facts) => void

export const numberOf = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : 0
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : 'unknown')
/** `halfOpen` and `server-delay` are `half_open` and `server_delay` in metrics, as everywhere there. */
export const snake = (value: unknown): string =>
  textOf(value)
    .replaceAll('-', '_')
    .replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const circuitStates = ['closed', 'open', 'half_open', 'isolated', 'disabled']
const circuitChanges = [
  ['closed', 'open'],
  ['open', 'half_open'],
  ['half_open', 'closed'],
  ['half_open', 'open'],
  ['open', 'closed'],
  ['closed', 'isolated'],
  ['isolated', 'closed'],
] as const
const circuitResults = { success: 'success', failure: 'failure', neutral: 'ignored', rejected: 'rejected' }
const failureReasons = ['transient', 'degraded', 'persistent', 'fatal', 'result']
const retryReasons = [
  'attempts',
  'elapsed',
  'class',
  'budget',
  'server_delay',
  'aborted',
  'deadline',
  'nested',
]
const healthStatuses = ['pass', 'warn', 'fail', 'unknown']
const degradationLevels = ['normal', 'minor', 'moderate', 'severe', 'critical']
const criticalities = ['critical_plus', 'critical', 'sheddable_plus', 'sheddable']
const memoryResults = ['hit', 'miss']
const fallbackResults = ['success', 'failure', ...memoryResults]

const providerStates = ['healthy', 'cooling', 'probing', 'excluded']
const attemptOutcomes = [
  'answered',
  'slow',
  'overtaken',
  'abandoned',
  'transient',
  'degraded',
  'persistent',
  'fatal',
]
const failoverOutcomes = ['first', 'rescued', 'exhausted', 'deadline', 'unavailable', 'refused']
/** As the snapshot and the events call them. */
const idempotencyResults = ['claimed', 'duplicate', 'rejected', 'mismatch', 'unprotected']
const idempotencyIncidents = ['recovered', 'leaseLost', 'outcomeNotRecorded', 'omitted']
const claimOutcomes = ['completed', 'failed', 'retryable', 'abandoned']

/** What providers do besides answering and failing, as the events are called. */
export const providerEvents = ['limited', 'misconfigured', 'interrupted'] as const
/** What becomes of dead letters, by event. */
export const letterResults: ReadonlyMap<string, string> = new Map([
  ['replayed', 'replayed'],
  ['replayFailed', 'replay_failed'],
  ['resolved', 'resolved'],
  ['discarded', 'discarded'],
  ['expired', 'expired'],
  ['dropped', 'dropped'],
])
/** What becomes of tasks, by event. */
export const taskResults: ReadonlyMap<string, string> = new Map([
  ['completed', 'completed'],
  ['retried', 'retried'],
  ['postponed', 'postponed'],
  ['duplicate', 'duplicate'],
  ['deadLettered', 'dead'],
  ['handedBack', 'handed_back'],
  ['lost', 'lost'],
  ['late', 'late'],
])
/** Results whose event says how long the handler ran. */
const timedResults = ['completed', 'retried', 'late']

export const readers: Readonly<Record<string, Reader>> = {
  'circuit-breaker': (account, name, snapshot) => readCircuits(account, name, [['', snapshot]]),
  'circuit-breaker-per-key': (account, name, snapshot) =>
    readCircuits(account, name, Object.entries(snapshot['circuits'] as Record<string, Facts>)),
  retry: (account, name, snapshot) => {
    account.total('retry_calls_total', [name, 'recovered'], numberOf(snapshot['recovered']))
    for (const [reason, calls] of Object.entries((snapshot['gaveUp'] ?? {}) as Facts))
      account.total('retry_calls_total', [name, snake(reason)], numberOf(calls))
  },
  timeout: (account, name, snapshot) =>
    account.total('timeouts_total', [name], numberOf(snapshot['timeouts'])),
  bulkhead: (account, name, snapshot) =>
    readSlots(account, 'bulkhead', name, snapshot, snapshot['concurrency']),
  'adaptive-concurrency': (account, name, snapshot) =>
    readSlots(account, 'adaptive-concurrency', name, snapshot, snapshot['limit']),
  'rate-limit': (account, name, { available, queued }) => {
    account.set('rate_limit_available', [name], numberOf(available))
    account.set('rate_limit_queued', [name], numberOf(queued))
  },
  failover: (account, name, { providers = [], waiting }) => {
    account.set('failover_waiting', [name], numberOf(waiting))
    for (const { provider, state, excluded } of providers as readonly Facts[]) {
      const now = excluded === undefined ? state : 'excluded'
      for (const each of providerStates)
        account.set('failover_provider_state', [name, textOf(provider), each], each === now ? 1 : 0)
      for (const outcome of attemptOutcomes)
        account.count('failover_attempts_total', [name, textOf(provider), outcome], 0)
      for (const event of providerEvents)
        account.count('failover_provider_events_total', [name, textOf(provider), event], 0)
    }
  },
  hedge: (account, name, { denied }) => account.total('hedge_denied_total', [name], numberOf(denied)),
  idempotency: (account, name, snapshot) => {
    for (const result of idempotencyResults)
      account.total('idempotency_calls_total', [name, result], numberOf(snapshot[result]))
    for (const incident of idempotencyIncidents)
      account.total('idempotency_incidents_total', [name, snake(incident)], numberOf(snapshot[incident]))
  },
  fallback: (account, name, snapshot) => {
    for (const { link, answered, failed } of (snapshot['links'] ?? []) as readonly Facts[]) {
      account.total('fallback_usage_total', [name, textOf(link), 'success'], numberOf(answered))
      account.total('fallback_usage_total', [name, textOf(link), 'failure'], numberOf(failed))
    }
  },
  'stale-cache': (account, name, { hits, stale, misses }) => {
    const answered = numberOf(hits) + numberOf(stale)
    account.total('fallback_usage_total', [name, 'stale-cache', 'hit'], answered)
    account.total('fallback_usage_total', [name, 'stale-cache', 'miss'], numberOf(misses))
  },
  'fallback-registry': (account, _name, snapshot) => {
    account.keepParts(new Set(Object.keys(snapshot)))
    for (const [service, { fallbacks }] of Object.entries(snapshot as Record<string, Facts>))
      for (const fallback of fallbacks as readonly string[])
        for (const result of fallbackResults)
          account.part(service).count('fallback_usage_total', [service, fallback, result], 0)
  },
  health: (account, _name, snapshot) => {
    const checks = (snapshot['checks'] ?? []) as readonly Facts[]
    account.keepParts(new Set(checks.map(({ name }) => textOf(name))))
    for (const { name, status: now } of checks) {
      const check = textOf(name)
      const part = account.part(check)
      for (const status of healthStatuses) {
        part.set('health_check_status', [check, status], status === now ? 1 : 0)
        if (status !== 'unknown') part.count('health_check_total', [check, status], 0)
      }
      part.know('health_check_duration_seconds', [check])
    }
  },
  degradation: (account, _name, snapshot) =>
    account.set('system_degradation_level', [], numberOf(snapshot['value'])),
  'dead-letters': (account, name, snapshot) => {
    const counts = snapshot['counts'] as Facts | undefined
    if (counts === undefined) return // Nobody knows; 0 would be a claim.
    const { dead, oldest, now } = counts
    account.set('dlq_messages_total', [name], numberOf(dead))
    account.set('dlq_messages', [name], numberOf(dead))
    const age = typeof oldest === 'number' ? Math.max(0, numberOf(now) - oldest) / 1000 : 0
    account.set('dlq_oldest_message_age_seconds', [name], age)
  },
}

function readCircuits(account: Account, name: string, circuits: readonly (readonly [string, Facts])[]): void {
  const states = new Map(circuitStates.map((state) => [state, 0]))
  account.keepParts(new Set(circuits.map(([key]) => key)))
  for (const [key, circuit] of circuits) {
    const state = circuit['mode'] === 'disabled' ? 'disabled' : snake(circuit['state'])
    states.set(state, (states.get(state) ?? 0) + 1)
    const totals = circuit['totals'] as Facts
    for (const [total, result] of Object.entries(circuitResults))
      account.part(key).total('circuit_breaker_requests_total', [name, result], numberOf(totals[total]))
  }
  for (const [state, number] of states) account.set('circuit_breaker_state', [name, state], number)
}

function readSlots(
  account: Account,
  kind: string,
  name: string,
  { active, queued, rejected = {} }: Facts,
  limit: unknown,
): void {
  for (const [reason, calls] of Object.entries(rejected as Facts))
    account.total('calls_rejected_total', [kind, name, snake(reason)], numberOf(calls))
  account.set('bulkhead_active', [name], numberOf(active))
  account.set('bulkhead_queued', [name], numberOf(queued))
  account.set('bulkhead_limit', [name], numberOf(limit))
}

type Zeros = (account: Account, name: string, kind: string) => void

const zeroCircuits: Zeros = (account, name) => {
  for (const result of Object.values(circuitResults))
    account.count('circuit_breaker_requests_total', [name, result], 0)
  for (const reason of failureReasons) account.count('circuit_breaker_failures_total', [name, reason], 0)
  for (const [from, to] of circuitChanges)
    account.count('circuit_breaker_state_changes_total', [name, from, to], 0)
}
const zeroRefusals =
  (...reasons: readonly string[]): Zeros =>
  (account, name, kind) => {
    for (const reason of reasons) account.count('calls_rejected_total', [kind, name, reason], 0)
  }
const zeroStore: Zeros = (account, name, kind) => account.count('store_failures_total', [kind, name], 0)

/** The series that are known before anything has happened; those with a total come with the first reading. */
export const zeros: Readonly<Record<string, Zeros>> = {
  'circuit-breaker': zeroCircuits,
  'circuit-breaker-per-key': zeroCircuits,
  retry: (account, name) => {
    for (const result of ['success', 'failure']) account.count('retry_attempts_total', [name, result], 0)
    for (const reason of retryReasons) account.count('retry_calls_total', [name, reason], 0)
    account.know('retry_delay_seconds', [name])
  },
  failover: (account, name) => {
    for (const outcome of failoverOutcomes) account.count('failover_calls_total', [name, outcome], 0)
  },
  hedge: (account, name) => {
    for (const cause of ['delay', 'failure']) account.count('hedge_copies_total', [name, cause], 0)
    for (const winner of ['original', 'copy']) account.count('hedge_wins_total', [name, winner], 0)
  },
  idempotency: (account, name, kind) => {
    zeroRefusals('reject', 'max_wait', 'deadline', 'abandoned', 'store')(account, name, kind)
    for (const outcome of claimOutcomes) account.count('idempotency_claims_total', [name, outcome], 0)
  },
  'rate-limit': zeroRefusals('limit', 'max_wait', 'deadline', 'aborted'),
  'load-shed': (account) => {
    for (const criticality of criticalities)
      for (const level of degradationLevels.slice(1))
        account.count('load_shed_total', [criticality, level], 0)
  },
  degradation: (account, name, kind) => {
    zeroStore(account, name, kind)
    for (const [i, from] of degradationLevels.entries())
      for (const [j, to] of degradationLevels.entries()) {
        if (i === j) continue
        for (const trigger of [i < j ? 'rule' : 'recovery', 'manual', 'expiry'])
          account.count('degradation_events_total', [from, to, trigger], 0)
      }
  },
  'dead-letters': (account, name, kind) => {
    zeroStore(account, name, kind)
    for (const result of letterResults.values())
      account.count('dlq_messages_processed_total', [name, result], 0)
    for (const result of ['success', 'failure'])
      account.know('dlq_processing_duration_seconds', [name, result])
  },
  worker: (account, name, kind) => {
    zeroStore(account, name, kind)
    for (const result of taskResults.values()) account.count('worker_tasks_total', [name, result], 0)
    for (const result of timedResults) account.know('worker_task_duration_seconds', [name, result])
    account.count('worker_tasks_claimed_total', [name], 0)
  },
  reaper: zeroStore,
  redis: zeroStore,
  postgres: zeroStore,
}
