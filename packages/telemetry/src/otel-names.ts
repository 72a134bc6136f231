/** What the metrics and their labels are called in OpenTelemetry, where the names of the catalogue are not wanted. */
import type { MetricDefinition, MetricName } from '@seaworthy/telemetry'

const names: Readonly<Partial<Record<MetricName, string>>> = {
  circuit_breaker_requests_total: 'resilience.circuit_breaker.requests',
  circuit_breaker_state: 'resilience.circuit_breaker.state',
  circuit_breaker_failures_total: 'resilience.circuit_breaker.failures',
  circuit_breaker_state_changes_total: 'resilience.circuit_breaker.state_changes',
  circuit_breaker_response_time: 'resilience.circuit_breaker.call.duration',
  retry_attempts_total: 'resilience.retry.attempts',
  retry_calls_total: 'resilience.retry.calls',
  retry_delay_seconds: 'resilience.retry.delay',
  timeouts_total: 'resilience.timeout.expired',
  bulkhead_active: 'resilience.bulkhead.active',
  bulkhead_queued: 'resilience.bulkhead.queued',
  bulkhead_limit: 'resilience.bulkhead.limit',
  calls_rejected_total: 'resilience.calls.rejected',
  rate_limit_available: 'resilience.rate_limit.available',
  rate_limit_queued: 'resilience.rate_limit.queued',
  fallback_usage_total: 'resilience.fallback.answers',
  failover_calls_total: 'resilience.failover.calls',
  failover_attempts_total: 'resilience.failover.attempts',
  failover_provider_state: 'resilience.failover.provider.state',
  failover_provider_events_total: 'resilience.failover.provider.events',
  failover_waiting: 'resilience.failover.waiting',
  hedge_copies_total: 'resilience.hedge.copies',
  hedge_wins_total: 'resilience.hedge.wins',
  hedge_denied_total: 'resilience.hedge.denied',
  idempotency_calls_total: 'resilience.idempotency.calls',
  idempotency_claims_total: 'resilience.idempotency.claims',
  idempotency_incidents_total: 'resilience.idempotency.incidents',
  health_check_status: 'resilience.health_check.status',
  health_check_total: 'resilience.health_check.answers',
  health_check_duration_seconds: 'resilience.health_check.duration',
  system_degradation_level: 'resilience.degradation.level',
  degradation_events_total: 'resilience.degradation.changes',
  load_shed_total: 'resilience.load_shed.rejected',
  dlq_messages: 'resilience.dead_letters.waiting',
  dlq_oldest_message_age_seconds: 'resilience.dead_letters.oldest_age',
  dlq_messages_added_total: 'resilience.dead_letters.added',
  dlq_messages_processed_total: 'resilience.dead_letters.processed',
  dlq_processing_duration_seconds: 'resilience.dead_letters.batch.duration',
  worker_tasks_total: 'resilience.worker.tasks',
  worker_task_duration_seconds: 'resilience.worker.task.duration',
  worker_tasks_claimed_total: 'resilience.worker.tasks_claimed',
  store_failures_total: 'resilience.store.failures',
  resilience_listener_errors_total: 'resilience.listener.errors',
  resilience_metrics_overflow_total: 'resilience.metrics.overflow',
}

const attributes: Readonly<Record<string, string>> = {
  name: 'resilience.policy.name',
  kind: 'resilience.policy.kind',
  result: 'resilience.outcome',
  outcome: 'resilience.outcome',
}

/** How metrics are called. */
export interface Naming {
  /** Undefined for a metric that is there under another name already. */
  name(definition: MetricDefinition): string | undefined
  unit(definition: MetricDefinition): string
  attribute(definition: MetricDefinition, label: string): string
}

/** The ways there are. */
export const namings: Readonly<Record<'seed' | 'otel', Naming>> = {
  /**
   * As in the catalogue. Collectors add the unit to names on the way to Prometheus, so none has a unit that its name has not, and both ways lead to
   * one spelling.
   */
  seed: {
    name: ({ name }) => name,
    unit: ({ name }) => (name.endsWith('_seconds') ? 's' : ''),
    attribute: (_definition, label) => label,
  },
  /** In the style of OpenTelemetry's conventions. */
  otel: {
    name: ({ name }) => names[name as MetricName], // the catalogue has no others
    unit: ({ unit }) => unit,
    attribute: ({ name }, label) =>
      name === 'circuit_breaker_failures_total' && label === 'reason'
        ? 'error.type'
        : (attributes[label] ?? `resilience.${label}`),
  },
}
