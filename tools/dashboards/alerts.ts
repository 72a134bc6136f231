/** When somebody should be told. Each alert has an entry in docs/runbook.md. */

/** An alert of Prometheus. */
export interface Alert {
  readonly name: string
  /** In PromQL. */
  readonly expr: string
  /** How long it must hold, as Prometheus writes durations. */
  readonly for: string
  /** `critical` wakes somebody, `warning` waits for the morning, `info` is for whoever looks. */
  readonly severity: 'critical' | 'warning' | 'info'
  /** What is wrong, in a line; a template of Prometheus. */
  readonly summary: string
}

const requests = 'sum by (job) (rate(circuit_breaker_requests_total[5m]))'
/** Of nothing, every share is large. */
const someRequests = `${requests} > 0.2`

export const alerts: readonly Alert[] = [
  {
    name: 'CircuitBreakerOpen',
    // An open circuit is half-open at times, while it tries; that must not begin the wait anew.
    expr: 'max by (job, name) (circuit_breaker_state{state=~"open|half_open"}) > 0',
    for: '2m',
    severity: 'warning',
    summary: 'The circuit of {{ $labels.name }} is open',
  },
  {
    name: 'CircuitBreakerFlapping',
    // From half-open it opens again and again while the dependency is down; that is no flapping.
    expr: 'max by (job, name) (increase(circuit_breaker_state_changes_total{from="closed",to="open"}[15m])) > 3',
    for: '0m',
    severity: 'warning',
    summary: 'The circuit of {{ $labels.name }} opens and closes all the time',
  },
  {
    name: 'CircuitBreakerIsolated',
    expr: 'max by (job, name) (circuit_breaker_state{state="isolated"}) > 0',
    for: '1h',
    severity: 'info',
    summary: 'Somebody isolated {{ $labels.name }} an hour ago',
  },
  {
    name: 'HighFailureRatio',
    expr: [
      'sum by (job, name) (rate(circuit_breaker_requests_total{result="failure"}[5m]))',
      '/ sum by (job, name) (rate(circuit_breaker_requests_total{result=~"success|failure"}[5m])) > 0.25',
      'and sum by (job, name) (rate(circuit_breaker_requests_total[5m])) > 0.2',
    ].join('\n'),
    for: '5m',
    severity: 'warning',
    summary: '{{ $value | humanizePercentage }} of the calls to {{ $labels.name }} fail',
  },
  {
    name: 'RetryStorm',
    // Calls that succeed at once are not counted by retries, so breakers say how many there are.
    expr: `sum by (job) (rate(retry_attempts_total[5m]))\n/ ${requests} > 0.1\nand ${someRequests}`,
    for: '10m',
    severity: 'warning',
    summary: 'Retries add {{ $value | humanizePercentage }} to the calls of {{ $labels.job }}',
  },
  {
    name: 'HealthCheckFailing',
    expr: 'max by (job, check) (health_check_status{status="fail"}) == 1',
    for: '3m',
    severity: 'critical',
    summary: 'The health check {{ $labels.check }} fails',
  },
  {
    name: 'HealthCheckStale',
    expr: 'max by (job, check) (health_check_status{status="unknown"}) == 1',
    for: '5m',
    severity: 'warning',
    summary: 'The health check {{ $labels.check }} does not answer',
  },
  {
    name: 'SystemDegraded',
    expr: 'max by (job) (system_degradation_level) >= 2',
    for: '10m',
    severity: 'warning',
    summary: '{{ $labels.job }} is degraded, level {{ $value }} of 4',
  },
  {
    name: 'SystemSeverelyDegraded',
    expr: 'max by (job) (system_degradation_level) >= 3',
    for: '1m',
    severity: 'critical',
    summary: '{{ $labels.job }} is severely degraded, level {{ $value }} of 4',
  },
  {
    name: 'FallbackRatioHigh',
    // Hits of caches are not among them: most are of fresh answers.
    expr: `sum by (job) (rate(fallback_usage_total{result="success"}[5m]))\n/ ${requests} > 0.2\nand ${someRequests}`,
    for: '10m',
    severity: 'warning',
    summary: 'Fallbacks answer {{ $value | humanizePercentage }} of the calls of {{ $labels.job }}',
  },
  {
    name: 'ProviderDown',
    // While it is tried, one call at a time, it is not back yet.
    expr: 'max by (job, name, provider) (failover_provider_state{state=~"cooling|probing"}) > 0',
    for: '10m',
    severity: 'warning',
    summary: 'The provider {{ $labels.provider }} of {{ $labels.name }} is down',
  },
  {
    name: 'FailoverUnanswered',
    // What a provider refuses is the fault of the request.
    expr: [
      'sum by (job, name) (rate(failover_calls_total{outcome=~"exhausted|deadline|unavailable"}[5m]))',
      '/ sum by (job, name) (rate(failover_calls_total[5m])) > 0.01',
    ].join('\n'),
    for: '5m',
    severity: 'critical',
    summary:
      '{{ $value | humanizePercentage }} of the calls of {{ $labels.name }} get no answer from any provider',
  },
  {
    name: 'IdempotencyWeakened',
    expr: [
      'sum by (job, name) (increase(idempotency_incidents_total{incident=~"lease_lost|outcome_not_recorded"}[15m]))',
      '+ sum by (job, name) (increase(idempotency_calls_total{result="unprotected"}[15m]))',
      '+ sum by (job, name) (increase(idempotency_claims_total{outcome="abandoned"}[15m])) > 0',
    ].join('\n'),
    for: '0m',
    severity: 'warning',
    summary: 'Work of {{ $labels.name }} may have been done twice, or is left undone',
  },
  {
    name: 'StaleCacheHitLow',
    expr: [
      'sum by (job) (rate(fallback_usage_total{fallback="stale-cache",result="hit"}[10m]))',
      '/ sum by (job) (rate(fallback_usage_total{fallback="stale-cache"}[10m])) < 0.8',
      'and max by (job) (system_degradation_level) >= 3',
    ].join('\n'),
    for: '5m',
    severity: 'warning',
    summary: 'Only {{ $value | humanizePercentage }} of the questions are answered from memory',
  },
  {
    name: 'DlqGrowing',
    // All instances show the same queue.
    expr: 'max by (job, queue) (delta(dlq_messages[30m])) > 0\nand max by (job, queue) (dlq_messages) > 100',
    for: '10m',
    severity: 'warning',
    summary: 'Dead letters pile up in {{ $labels.queue }}',
  },
  {
    name: 'DlqOld',
    expr: 'max by (job, queue) (dlq_oldest_message_age_seconds) > 3600',
    for: '10m',
    severity: 'warning',
    summary: 'A dead letter in {{ $labels.queue }} has waited for {{ $value | humanizeDuration }}',
  },
  {
    name: 'StoreFailing',
    expr: 'sum by (job, kind, name) (rate(store_failures_total[5m])) > 0.1',
    for: '5m',
    severity: 'warning',
    summary: 'The store behind {{ $labels.kind }} {{ $labels.name }} fails',
  },
  {
    name: 'ResilienceMetricsOverflow',
    expr: 'sum by (job, metric) (increase(resilience_metrics_overflow_total[1h])) > 0',
    for: '0m',
    severity: 'info',
    summary: 'The metric {{ $labels.metric }} of {{ $labels.job }} has too many names',
  },
  {
    name: 'ResilienceMetricsMissing',
    expr: 'absent(system_degradation_level)',
    for: '5m',
    severity: 'warning',
    summary: 'No process shows metrics of resilience',
  },
]

/** Where in the runbook an alert is. */
export function runbookOf({ name }: Pick<Alert, 'name'>): string {
  return `docs/runbook.md#${name.toLowerCase()}`
}

/** The rules as Prometheus reads them. What is in quotes in YAML is as in JSON. */
export function alertsYaml(): string {
  const rules = alerts.map((alert) =>
    [
      `      - alert: ${alert.name}`,
      '        expr: |-',
      ...alert.expr.split('\n').map((line) => `          ${line}`),
      `        for: ${alert.for}`,
      '        labels:',
      `          severity: ${alert.severity}`,
      '        annotations:',
      `          summary: ${JSON.stringify(alert.summary)}`,
      `          runbook: ${JSON.stringify(runbookOf(alert))}`,
    ].join('\n'),
  )
  return [
    '# Made by `npm run generate:dashboards`.',
    'groups:',
    '  - name: seaworthy',
    '    rules:',
    ...rules,
    '',
  ].join('\n')
}
