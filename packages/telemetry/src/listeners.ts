/** What components tell as it happens, as metrics. */
import type { Account } from './account.ts'
import { type Facts, letterResults, numberOf, providerEvents, snake, taskResults, textOf } from './readers.ts'

/** An event of a component. */
interface Told {
  readonly kind: string
  readonly name: string
  readonly type: string
  readonly payload: Facts
}

/** Takes in an event of one kind of component. */
type Listener = (account: Account, event: Told) => void

const circuitFailure: Listener = (account, { name, payload }) =>
  // Without a class it was no error, but a result that the breaker judges a failure.
  account.count('circuit_breaker_failures_total', [name, textOf(payload['failureClass'] ?? 'result')])
const circuitChange: Listener = (account, { name, payload }) =>
  account.count('circuit_breaker_state_changes_total', [name, snake(payload['from']), snake(payload['to'])])
const refusal: Listener = (account, { kind, name, payload }) =>
  account.count('calls_rejected_total', [kind, name, snake(payload['reason'])])
const storeFailure: Listener = (account, { kind, name }) =>
  account.count('store_failures_total', [kind, name])
const settledLetter: Listener = (account, { name, type }) =>
  account.count('dlq_messages_processed_total', [name, letterResults.get(type) ?? type])
const providerEvent: Listener = (account, { name, type, payload }) =>
  account.count('failover_provider_events_total', [name, textOf(payload['provider']), type])
const endedTask: Listener = (account, { name, type, payload }) => {
  const result = taskResults.get(type) ?? type
  account.count('worker_tasks_total', [name, result])
  const { duration } = payload
  if (typeof duration === 'number')
    account.observe('worker_task_duration_seconds', [name, result], duration / 1000)
}

/**
 * Who listens to which event of which kind of component. Events of every call that succeeds must not be among them, unless the call is work that
 * takes far longer than to tell of it: a task, a claim in a store, an attempt at a provider.
 */
export const listeners: Readonly<Record<string, Readonly<Record<string, Listener>>>> = {
  failure: { 'circuit-breaker': circuitFailure, 'circuit-breaker-per-key': circuitFailure },
  stateChange: { 'circuit-breaker': circuitChange, 'circuit-breaker-per-key': circuitChange },
  attemptFailed: {
    retry: (account, { name, payload }) => {
      if (numberOf(payload['attempt']) > 1) account.count('retry_attempts_total', [name, 'failure'])
    },
  },
  succeeded: {
    retry: (account, { name }) => account.count('retry_attempts_total', [name, 'success']),
  },
  retryScheduled: {
    retry: (account, { name, payload }) =>
      account.observe('retry_delay_seconds', [name], numberOf(payload['delay']) / 1000),
  },
  rejected: {
    'rate-limit': refusal,
    idempotency: refusal,
    'load-shed': (account, { payload }) =>
      account.count('load_shed_total', [snake(payload['criticality']), textOf(payload['level'])]),
  },
  used: {
    'fallback-registry': (account, { payload }) => {
      const service = textOf(payload['service'])
      const values = [service, textOf(payload['fallback']), textOf(payload['result'])]
      account.part(service).count('fallback_usage_total', values)
    },
  },
  checked: {
    health: (account, { payload }) => {
      const check = textOf(payload['check'])
      const part = account.part(check)
      part.count('health_check_total', [check, textOf(payload['status'])])
      part.observe('health_check_duration_seconds', [check], numberOf(payload['duration']) / 1000)
    },
  },
  changed: {
    degradation: (account, { payload }) =>
      account.count('degradation_events_total', [
        textOf(payload['from']),
        textOf(payload['to']),
        textOf(payload['trigger']),
      ]),
  },
  added: {
    'dead-letters': (account, { name, payload }) =>
      account.count('dlq_messages_added_total', [name, textOf(payload['failure'])]),
  },
  recovered: {
    'dead-letters': (account, { name, payload }) => {
      const result = numberOf(payload['failed']) > 0 ? 'failure' : 'success'
      account.observe('dlq_processing_duration_seconds', [name, result], numberOf(payload['duration']) / 1000)
    },
  },
  answered: {
    failover: (account, { name, payload }) =>
      account.count('failover_calls_total', [name, payload['hops'] === 1 ? 'first' : 'rescued']),
  },
  hop: {
    failover: (account, { name, payload }) =>
      account.count('failover_attempts_total', [
        name,
        textOf(payload['provider']),
        textOf(payload['outcome']),
      ]),
  },
  ...Object.fromEntries(providerEvents.map((type) => [type, { failover: providerEvent }])),
  hedged: {
    hedge: (account, { name, payload }) =>
      account.count('hedge_copies_total', [name, textOf(payload['cause'])]),
  },
  won: {
    hedge: (account, { name, payload }) =>
      account.count('hedge_wins_total', [name, payload['copy'] === 1 ? 'original' : 'copy']),
  },
  finished: {
    idempotency: (account, { name, payload }) => {
      const { outcome } = payload
      // Nobody can say how it ended: the record stays behind as abandoned.
      account.count('idempotency_claims_total', [name, outcome === 'unknown' ? 'abandoned' : textOf(outcome)])
    },
  },
  ...Object.fromEntries([...letterResults.keys()].map((type) => [type, { 'dead-letters': settledLetter }])),
  ...Object.fromEntries([...taskResults.keys()].map((type) => [type, { worker: endedTask }])),
  claimed: {
    worker: (account, { name }) => account.count('worker_tasks_claimed_total', [name]),
  },
  storeFailed: { 'dead-letters': storeFailure, degradation: storeFailure },
  storeError: { worker: storeFailure, reaper: storeFailure },
  failed: {
    redis: storeFailure,
    postgres: storeFailure,
    failover: (account, { name, payload }) =>
      account.count('failover_calls_total', [name, textOf(payload['reason'])]),
  },
}
