/** For each alert, series that make it fire and series that must not, in the notation of `promtool test rules`. */

/** Series by selector: `0+5x60` begins at 0 and grows by 5, sixty times; one value a minute. */
type SeriesOfTest = Readonly<Record<string, string>>

export interface AlertCase {
  readonly alert: string
  readonly about: string
  readonly series: SeriesOfTest
  /** When to look. */
  readonly at: string
  /** The labels of those that fire, without `severity`; none for silence. */
  readonly fires: readonly Readonly<Record<string, string>>[]
  /** The summary of what fires. */
  readonly says?: string
}

const at = 'job="shop",instance="a"'
const b = 'job="shop",instance="b"'
const requests = (result: string, values: string): SeriesOfTest => ({
  [`circuit_breaker_requests_total{${at},name="payments",result="${result}"}`]: values,
})
const circuit = (state: string, values: string, where = at): SeriesOfTest => ({
  [`circuit_breaker_state{${where},name="payments",state="${state}"}`]: values,
})
const payments = { job: 'shop', name: 'payments' }
const job = { job: 'shop' }
const level = (values: string): SeriesOfTest => ({ [`system_degradation_level{${at}}`]: values })
const depth = (values: string, where = at): SeriesOfTest => ({
  [`dlq_messages{${where},queue="mails"}`]: values,
})
const mails = { job: 'shop', queue: 'mails' }
const provider = (state: string, values: string, where = at): SeriesOfTest => ({
  [`failover_provider_state{${where},name="models",provider="primary",state="${state}"}`]: values,
})
const outcome = (word: string, values: string): SeriesOfTest => ({
  [`failover_calls_total{${at},name="models",outcome="${word}"}`]: values,
})
const once = (values: Readonly<Record<'lost' | 'unprotected' | 'abandoned', string>>): SeriesOfTest => ({
  [`idempotency_incidents_total{${at},name="charges",incident="lease_lost"}`]: values.lost,
  [`idempotency_calls_total{${at},name="charges",result="unprotected"}`]: values.unprotected,
  [`idempotency_claims_total{${at},name="charges",outcome="abandoned"}`]: values.abandoned,
})

const cases = (alert: string, ...each: readonly Omit<AlertCase, 'alert'>[]): AlertCase[] =>
  each.map((one) => ({ alert, ...one }))

export const alertCases: readonly AlertCase[] = [
  ...cases(
    'CircuitBreakerOpen',
    {
      about: 'open in one of two instances, half-open now and then',
      series: {
        ...circuit('open', '1 1 0 1 1'),
        ...circuit('half_open', '0 0 1 0 0'),
        ...circuit('open', '0x5', b),
      },
      at: '4m',
      fires: [payments],
      says: 'The circuit of payments is open',
    },
    { about: 'open for a minute only', series: circuit('open', '0 0 1 0 0'), at: '4m', fires: [] },
  ),
  ...cases(
    'CircuitBreakerFlapping',
    {
      about: 'opens every other minute',
      series: {
        [`circuit_breaker_state_changes_total{${at},name="payments",from="closed",to="open"}`]:
          '0 0 1 1 2 2 3 3 4 4 5',
      },
      at: '10m',
      fires: [payments],
      says: 'The circuit of payments opens and closes all the time',
    },
    {
      about: 'is down, and tries in vain every minute',
      series: {
        [`circuit_breaker_state_changes_total{${at},name="payments",from="half_open",to="open"}`]: '0+1x20',
        [`circuit_breaker_state_changes_total{${at},name="payments",from="closed",to="open"}`]: '0 1x20',
      },
      at: '20m',
      fires: [],
    },
  ),
  ...cases(
    'CircuitBreakerIsolated',
    {
      about: 'isolated for more than an hour',
      series: circuit('isolated', '1x70'),
      at: '65m',
      fires: [payments],
      says: 'Somebody isolated payments an hour ago',
    },
    { about: 'isolated for half an hour', series: circuit('isolated', '1x30 0x40'), at: '65m', fires: [] },
  ),
  ...cases(
    'HighFailureRatio',
    {
      about: 'every other call fails',
      series: { ...requests('success', '0+60x20'), ...requests('failure', '0+60x20') },
      at: '15m',
      fires: [payments],
      says: '50% of the calls to payments fail',
    },
    {
      about: 'one in ten fails, and many are turned away',
      series: {
        ...requests('success', '0+90x20'),
        ...requests('failure', '0+10x20'),
        ...requests('rejected', '0+900x20'),
      },
      at: '15m',
      fires: [],
    },
    {
      about: 'all fail, but there is one in five minutes',
      series: { ...requests('success', '0x20'), ...requests('failure', '0 0 0 0 1 1 1 1 1 2 2 2 2 2 3 3') },
      at: '15m',
      fires: [],
    },
  ),
  ...cases(
    'RetryStorm',
    {
      about: 'one call in five is tried again',
      series: {
        ...requests('success', '0+100x30'),
        [`retry_attempts_total{${at},name="mails",result="failure"}`]: '0+20x30',
      },
      at: '25m',
      fires: [job],
      says: 'Retries add 20% to the calls of shop',
    },
    {
      about: 'one in twenty is',
      series: {
        ...requests('success', '0+100x30'),
        [`retry_attempts_total{${at},name="mails",result="success"}`]: '0+5x30',
      },
      at: '25m',
      fires: [],
    },
    {
      about: 'there are retries, and no calls that breakers see',
      series: {
        ...requests('success', '5x30'),
        [`retry_attempts_total{${at},name="mails",result="success"}`]: '0+5x30',
      },
      at: '25m',
      fires: [],
    },
  ),
  ...cases(
    'HealthCheckFailing',
    {
      about: 'fails in one instance',
      series: {
        [`health_check_status{${at},check="database",status="fail"}`]: '0 1x10',
        [`health_check_status{${b},check="database",status="fail"}`]: '0x11',
      },
      at: '6m',
      fires: [{ ...job, check: 'database' }],
      says: 'The health check database fails',
    },
    {
      about: 'fails for two minutes',
      series: { [`health_check_status{${at},check="database",status="fail"}`]: '0 0 1 1 0 0 0' },
      at: '6m',
      fires: [],
    },
  ),
  ...cases(
    'HealthCheckStale',
    {
      about: 'unknown',
      series: { [`health_check_status{${at},check="database",status="unknown"}`]: '1x10' },
      at: '6m',
      fires: [{ ...job, check: 'database' }],
      says: 'The health check database does not answer',
    },
    {
      about: 'known',
      series: {
        [`health_check_status{${at},check="database",status="unknown"}`]: '0x10',
        [`health_check_status{${at},check="database",status="pass"}`]: '1x10',
      },
      at: '6m',
      fires: [],
    },
  ),
  ...cases(
    'SystemDegraded',
    {
      about: 'moderate',
      series: level('2x20'),
      at: '12m',
      fires: [job],
      says: 'shop is degraded, level 2 of 4',
    },
    { about: 'minor', series: level('1x20'), at: '12m', fires: [] },
  ),
  ...cases(
    'SystemSeverelyDegraded',
    {
      about: 'severe',
      series: level('0 3 3 4'),
      at: '3m',
      fires: [job],
      says: 'shop is severely degraded, level 4 of 4',
    },
    { about: 'moderate', series: level('2x5'), at: '3m', fires: [] },
  ),
  ...cases(
    'FallbackRatioHigh',
    {
      about: 'half of the answers are those of fallbacks',
      series: {
        ...requests('rejected', '0+60x30'),
        ...requests('success', '0+60x30'),
        [`fallback_usage_total{${at},name="answers",fallback="canned",result="success"}`]: '0+60x30',
      },
      at: '25m',
      fires: [job],
      says: 'Fallbacks answer 50% of the calls of shop',
    },
    {
      about: 'a cache answers most',
      series: {
        ...requests('success', '0+60x30'),
        [`fallback_usage_total{${at},name="cache",fallback="stale-cache",result="hit"}`]: '0+600x30',
      },
      at: '25m',
      fires: [],
    },
  ),
  ...cases(
    'ProviderDown',
    {
      about: 'cools down and is tried in turns in one of two instances',
      series: {
        ...provider('cooling', '0 1 1 1 0 1 1 1 1 1 1 1 1 1 1'),
        ...provider('probing', '0 0 0 0 1 0 0 0 0 0 0 0 0 0 0'),
        ...provider('healthy', '1x15', b),
      },
      at: '13m',
      fires: [{ job: 'shop', name: 'models', provider: 'primary' }],
      says: 'The provider primary of models is down',
    },
    { about: 'was taken out by hand', series: provider('excluded', '1x15'), at: '13m', fires: [] },
  ),
  ...cases(
    'FailoverUnanswered',
    {
      about: 'every tenth call has no answer',
      series: { ...outcome('first', '0+90x15'), ...outcome('deadline', '0+10x15') },
      at: '14m',
      fires: [{ job: 'shop', name: 'models' }],
      says: '10% of the calls of models get no answer from any provider',
    },
    {
      about: 'half of the calls are rescued, and some are refused as wrong',
      series: {
        ...outcome('first', '0+40x15'),
        ...outcome('rescued', '0+50x15'),
        ...outcome('refused', '0+10x15'),
        ...outcome('deadline', '0x15'),
      },
      at: '14m',
      fires: [],
    },
  ),
  ...cases(
    'IdempotencyWeakened',
    {
      about: 'a lease is lost',
      series: once({ lost: '0 0 0 1 1 1', unprotected: '0x5', abandoned: '0x5' }),
      at: '5m',
      fires: [{ job: 'shop', name: 'charges' }],
      says: 'Work of charges may have been done twice, or is left undone',
    },
    {
      about: 'nobody knows how a claim ended',
      series: once({ lost: '0x5', unprotected: '0x5', abandoned: '0 0 0 1 1 1' }),
      at: '5m',
      fires: [{ job: 'shop', name: 'charges' }],
      says: 'Work of charges may have been done twice, or is left undone',
    },
    {
      about: 'crashes are taken over, as they should be',
      series: {
        ...once({ lost: '0x5', unprotected: '0x5', abandoned: '0x5' }),
        [`idempotency_incidents_total{${at},name="charges",incident="recovered"}`]: '0+1x5',
      },
      at: '5m',
      fires: [],
    },
  ),
  ...cases(
    'StaleCacheHitLow',
    {
      about: 'half of the questions find nothing, and things are bad',
      series: {
        ...level('3x30'),
        [`fallback_usage_total{${at},name="cache",fallback="stale-cache",result="hit"}`]: '0+60x30',
        [`fallback_usage_total{${at},name="cache",fallback="stale-cache",result="miss"}`]: '0+60x30',
      },
      at: '25m',
      fires: [job],
      says: 'Only 50% of the questions are answered from memory',
    },
    {
      about: 'the same while all is well',
      series: {
        ...level('0x30'),
        [`fallback_usage_total{${at},name="cache",fallback="stale-cache",result="hit"}`]: '0+60x30',
        [`fallback_usage_total{${at},name="cache",fallback="stale-cache",result="miss"}`]: '0+60x30',
      },
      at: '25m',
      fires: [],
    },
  ),
  ...cases(
    'DlqGrowing',
    {
      about: 'grows, and all instances say so',
      series: { ...depth('90+1x60'), ...depth('90+1x60', b) },
      at: '45m',
      fires: [mails],
      says: 'Dead letters pile up in mails',
    },
    { about: 'is large and shrinks', series: depth('900-1x60'), at: '45m', fires: [] },
    { about: 'grows and is small', series: depth('0+1x60'), at: '45m', fires: [] },
  ),
  ...cases(
    'DlqOld',
    {
      about: 'more than an hour',
      series: { [`dlq_oldest_message_age_seconds{${at},queue="mails"}`]: '3500+60x30' },
      at: '20m',
      fires: [mails],
      says: 'A dead letter in mails has waited for 1h 18m 20s',
    },
    {
      about: 'half an hour',
      series: { [`dlq_oldest_message_age_seconds{${at},queue="mails"}`]: '1800x30' },
      at: '20m',
      fires: [],
    },
  ),
  ...cases(
    'StoreFailing',
    {
      about: 'fails every other second',
      series: { [`store_failures_total{${at},kind="redis",name="main"}`]: '0+30x20' },
      at: '15m',
      fires: [{ ...job, kind: 'redis', name: 'main' }],
      says: 'The store behind redis main fails',
    },
    {
      about: 'fails once a minute',
      series: { [`store_failures_total{${at},kind="redis",name="main"}`]: '0+1x20' },
      at: '15m',
      fires: [],
    },
  ),
  ...cases(
    'ResilienceMetricsOverflow',
    {
      about: 'grows',
      series: { [`resilience_metrics_overflow_total{${at},metric="circuit_breaker_state"}`]: '1+1x10' },
      at: '5m',
      fires: [{ ...job, metric: 'circuit_breaker_state' }],
      says: 'The metric circuit_breaker_state of shop has too many names',
    },
    { about: 'does not exist', series: level('0x10'), at: '5m', fires: [] },
  ),
  ...cases(
    'ResilienceMetricsMissing',
    {
      about: 'nobody shows any',
      series: { 'up{job="shop"}': '1x20' },
      at: '12m',
      fires: [{}],
      says: 'No process shows metrics of resilience',
    },
    { about: 'somebody does', series: level('0x20'), at: '12m', fires: [] },
  ),
]
