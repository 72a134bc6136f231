/**
 * Every metric there is: the one list from which exporters, dashboards, alert rules and documentation are made.
 *
 * A state is one series for each state, 1 for the present one and 0 for the others: a number would have to be looked up.
 */

/** A metric. */
export interface MetricDefinition {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Of a histogram, in its unit. */
  readonly buckets?: readonly number[]
  /** In OpenTelemetry's words: `s`, `1`, `{request}`. */
  readonly unit: string
}

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

const counter = (name: string, help: string, unit: string, ...labels: string[]): MetricDefinition => ({
  name,
  type: 'counter',
  help,
  labels,
  unit,
})
const gauge = (name: string, help: string, unit: string, ...labels: string[]): MetricDefinition => ({
  name,
  type: 'gauge',
  help,
  labels,
  unit,
})
const histogram = (
  name: string,
  help: string,
  buckets: readonly number[],
  ...labels: string[]
): MetricDefinition => ({ name, type: 'histogram', help, labels, buckets, unit: 's' })

/** The name of a metric. */
export type MetricName =
  | 'circuit_breaker_requests_total'
  | 'circuit_breaker_state'
  | 'circuit_breaker_failures_total'
  | 'circuit_breaker_state_changes_total'
  | 'circuit_breaker_response_time'
  | 'retry_attempts_total'
  | 'retry_calls_total'
  | 'retry_delay_seconds'
  | 'timeouts_total'
  | 'bulkhead_active'
  | 'bulkhead_queued'
  | 'bulkhead_limit'
  | 'calls_rejected_total'
  | 'rate_limit_available'
  | 'rate_limit_queued'
  | 'fallback_usage_total'
  | 'failover_calls_total'
  | 'failover_attempts_total'
  | 'failover_provider_state'
  | 'failover_provider_events_total'
  | 'failover_waiting'
  | 'hedge_copies_total'
  | 'hedge_wins_total'
  | 'hedge_denied_total'
  | 'idempotency_calls_total'
  | 'idempotency_claims_total'
  | 'idempotency_incidents_total'
  | 'health_check_status'
  | 'health_check_total'
  | 'health_check_duration_seconds'
  | 'system_degradation_level'
  | 'degradation_events_total'
  | 'load_shed_total'
  | 'dlq_messages_total'
  | 'dlq_messages'
  | 'dlq_oldest_message_age_seconds'
  | 'dlq_messages_added_total'
  | 'dlq_messages_processed_total'
  | 'dlq_processing_duration_seconds'
  | 'worker_tasks_total'
  | 'worker_task_duration_seconds'
  | 'worker_tasks_claimed_total'
  | 'store_failures_total'
  | 'resilience_listener_errors_total'
  | 'resilience_metrics_overflow_total'

/** All metrics, by subject. */
export const catalogue: Readonly<Record<MetricName, MetricDefinition>> = {
  circuit_breaker_requests_total: counter(
    'circuit_breaker_requests_total',
    'Calls that a circuit breaker saw, by result: success, failure, ignored (they say nothing about the dependency) or rejected (turned away).',
    '{request}',
    'name',
    'result',
  ),
  circuit_breaker_state: gauge(
    'circuit_breaker_state',
    'How many circuits of a breaker are in a state: 1 or 0 for a breaker with one circuit.',
    '1',
    'name',
    'state',
  ),
  circuit_breaker_failures_total: counter(
    'circuit_breaker_failures_total',
    'Failures that a circuit breaker counted, by failure class, or result: a result that was judged a failure.',
    '{failure}',
    'name',
    'reason',
  ),
  circuit_breaker_state_changes_total: counter(
    'circuit_breaker_state_changes_total',
    'Changes of state of the circuits of a breaker.',
    '{change}',
    'name',
    'from',
    'to',
  ),
  circuit_breaker_response_time: histogram(
    'circuit_breaker_response_time',
    'How long calls took, in seconds, of a sample of the calls: use it for quantiles, and circuit_breaker_requests_total for rates.',
    seconds,
    'name',
    'result',
  ),
  retry_attempts_total: counter(
    'retry_attempts_total',
    'Attempts after the first one, by result.',
    '{attempt}',
    'name',
    'result',
  ),
  retry_calls_total: counter(
    'retry_calls_total',
    'Calls that needed more than one attempt or failed, by outcome: recovered, or the reason they were given up for.',
    '{call}',
    'name',
    'outcome',
  ),
  retry_delay_seconds: histogram(
    'retry_delay_seconds',
    'Delays before attempts after the first one.',
    [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    'name',
  ),
  timeouts_total: counter('timeouts_total', 'Calls whose time was up.', '{call}', 'name'),
  bulkhead_active: gauge(
    'bulkhead_active',
    'Calls that run in a bulkhead, or under an adaptive limit, now.',
    '{call}',
    'name',
  ),
  bulkhead_queued: gauge(
    'bulkhead_queued',
    'Calls that wait for a place in a bulkhead, or under an adaptive limit, now.',
    '{call}',
    'name',
  ),
  bulkhead_limit: gauge(
    'bulkhead_limit',
    'Calls that may run in a bulkhead, or under an adaptive limit, at once.',
    '{call}',
    'name',
  ),
  calls_rejected_total: counter(
    'calls_rejected_total',
    'Calls that a bulkhead, a rate limit, an adaptive limit or a policy of idempotency turned away, or that gave up while they waited.',
    '{call}',
    'kind',
    'name',
    'reason',
  ),
  rate_limit_available: gauge(
    'rate_limit_available',
    'Calls that would pass a rate limit at once now; of a limit with keys, those without a key.',
    '{call}',
    'name',
  ),
  rate_limit_queued: gauge('rate_limit_queued', 'Calls that wait for a rate limit now.', '{call}', 'name'),
  fallback_usage_total: counter(
    'fallback_usage_total',
    'Answers in place of a service, by result: success and failure of a fallback, hit and miss of a cache.',
    '{answer}',
    'name',
    'fallback',
    'result',
  ),
  failover_calls_total: counter(
    'failover_calls_total',
    'Calls of a failover, by outcome: first (the first attempt answered), rescued (a later one did), or why there is no answer: exhausted, deadline, unavailable or refused.',
    '{call}',
    'name',
    'outcome',
  ),
  failover_attempts_total: counter(
    'failover_attempts_total',
    'Outcomes of attempts at a provider: answered, slow, overtaken, abandoned or a failure class. One that was slow and ended after all has two.',
    '{attempt}',
    'name',
    'provider',
    'outcome',
  ),
  failover_provider_state: gauge(
    'failover_provider_state',
    'Whether a provider of a failover is in a state: 1 or 0. Excluded: taken out by hand.',
    '1',
    'name',
    'provider',
    'state',
  ),
  failover_provider_events_total: counter(
    'failover_provider_events_total',
    'What a provider did besides answering and failing: limited (it was asked too often), misconfigured (only its operator can mend it) or interrupted (a stream broke off).',
    '{event}',
    'name',
    'provider',
    'event',
  ),
  failover_waiting: gauge(
    'failover_waiting',
    'Calls of a failover that wait now, since no provider can be asked.',
    '{call}',
    'name',
  ),
  hedge_copies_total: counter(
    'hedge_copies_total',
    'Copies of calls that were started beside the original, by cause: delay (it was slow) or failure.',
    '{copy}',
    'name',
    'cause',
  ),
  hedge_wins_total: counter(
    'hedge_wins_total',
    'Answers of calls with several copies, by where they came from: original or copy.',
    '{call}',
    'name',
    'winner',
  ),
  hedge_denied_total: counter(
    'hedge_denied_total',
    'Copies that were not started, since the budget had none left.',
    '{copy}',
    'name',
  ),
  idempotency_calls_total: counter(
    'idempotency_calls_total',
    'Calls with a key, by what became of them: claimed (its function ran), duplicate (got the outcome of an earlier one), rejected, mismatch (the key came again with another payload) or unprotected (ran, though the store did not answer).',
    '{call}',
    'name',
    'result',
  ),
  idempotency_claims_total: counter(
    'idempotency_claims_total',
    'Claims that ended, by outcome: completed, failed, retryable or abandoned (nobody knows how the work ended).',
    '{claim}',
    'name',
    'outcome',
  ),
  idempotency_incidents_total: counter(
    'idempotency_incidents_total',
    'What weakens the promise that work is done once: recovered (taken over from a silent owner), lease_lost, outcome_not_recorded or omitted (the result was not kept).',
    '{event}',
    'name',
    'incident',
  ),
  health_check_status: gauge(
    'health_check_status',
    'Whether a health check has a status: 1 or 0.',
    '1',
    'check',
    'status',
  ),
  health_check_total: counter(
    'health_check_total',
    'Answers of a health check, by status.',
    '{answer}',
    'check',
    'status',
  ),
  health_check_duration_seconds: histogram(
    'health_check_duration_seconds',
    'How long a health check took.',
    [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10],
    'check',
  ),
  system_degradation_level: gauge(
    'system_degradation_level',
    'How bad things are: 0 normal, 1 minor, 2 moderate, 3 severe, 4 critical.',
    '1',
  ),
  degradation_events_total: counter(
    'degradation_events_total',
    'Changes of the level of degradation, by cause: rule, recovery, manual or expiry.',
    '{change}',
    'from',
    'to',
    'trigger',
  ),
  load_shed_total: counter(
    'load_shed_total',
    'Work that was turned away because of the level of degradation.',
    '{call}',
    'criticality',
    'level',
  ),
  dlq_messages_total: gauge(
    'dlq_messages_total',
    'Dead letters that wait for somebody now. A gauge, in spite of its name, which is kept for the sake of dashboards that exist.',
    '{message}',
    'queue',
  ),
  dlq_messages: gauge(
    'dlq_messages',
    'Dead letters that wait for somebody now: the same as dlq_messages_total under the name that OpenMetrics allows.',
    '{message}',
    'queue',
  ),
  dlq_oldest_message_age_seconds: gauge(
    'dlq_oldest_message_age_seconds',
    'How long the oldest dead letter has waited; 0 if none does.',
    's',
    'queue',
  ),
  dlq_messages_added_total: counter(
    'dlq_messages_added_total',
    'Dead letters that were added, by kind of failure.',
    '{message}',
    'queue',
    'reason',
  ),
  dlq_messages_processed_total: counter(
    'dlq_messages_processed_total',
    'Dead letters that were dealt with, by result: replayed, replay_failed, resolved, discarded, expired or dropped.',
    '{message}',
    'queue',
    'result',
  ),
  dlq_processing_duration_seconds: histogram(
    'dlq_processing_duration_seconds',
    'How long a batch of dead letters took to process.',
    [0.1, 0.5, 1, 5, 10, 30, 60, 300],
    'queue',
    'result',
  ),
  worker_tasks_total: counter(
    'worker_tasks_total',
    'What became of the tasks of a worker: completed, retried, postponed, duplicate, dead, handed_back, lost or late.',
    '{task}',
    'name',
    'result',
  ),
  worker_task_duration_seconds: histogram(
    'worker_task_duration_seconds',
    'How long the handler of a worker ran, by what became of the task.',
    seconds,
    'name',
    'result',
  ),
  worker_tasks_claimed_total: counter(
    'worker_tasks_claimed_total',
    'Tasks that were taken over from workers that fell silent.',
    '{task}',
    'name',
  ),
  store_failures_total: counter(
    'store_failures_total',
    'Operations of a store that failed.',
    '{operation}',
    'kind',
    'name',
  ),
  resilience_listener_errors_total: counter(
    'resilience_listener_errors_total',
    'Errors that listeners threw.',
    '{error}',
  ),
  resilience_metrics_overflow_total: counter(
    'resilience_metrics_overflow_total',
    'How often something was counted under __other__, since a metric had too many names.',
    '{value}',
    'metric',
  ),
}
