/** The dashboard of Grafana. */

type Unit = 'short' | 'percentunit' | 's' | 'reqps'

/** A question to Prometheus, and what its answers are called. */
interface Query {
  readonly expr: string
  readonly legend: string
}

interface PanelOptions {
  readonly type?: 'timeseries' | 'stat' | 'state-timeline' | 'table'
  readonly unit?: Unit
  readonly description?: string
  /** Of the 24 columns. @defaultValue 8 */
  readonly width?: number
  readonly mappings?: object
  readonly stacked?: boolean
}

interface Panel extends PanelOptions {
  readonly title: string
  readonly queries: readonly Query[]
}

const datasource = { type: 'prometheus', uid: '$datasource' }
const at = 'job=~"$job",instance=~"$instance"'
const named = `${at},name=~"$name"`
const height = 8

const panel = (title: string, queries: readonly Query[], options: PanelOptions = {}): Panel => ({
  title,
  queries,
  ...options,
})
const query = (expr: string, legend: string): Query => ({ expr, legend })
const rate = (metric: string, labels: string, ...by: string[]): string =>
  `sum by (${by.join(', ')}) (rate(${metric}{${labels}}[$__rate_interval]))`
const quantiles = (metric: string, labels: string, by: string): Query[] =>
  [0.5, 0.95, 0.99].map((share) =>
    query(
      `histogram_quantile(${share}, ${rate(`${metric}_bucket`, labels, 'le', by)})`,
      `{{${by}}} p${share * 100}`,
    ),
  )
/** Numbers as coloured words. */
const words = (...each: readonly (readonly [word: string, color: string])[]): object => ({
  type: 'value',
  options: Object.fromEntries(each.map(([text, color], i) => [i, { text, color, index: i }])),
})

const levels = words(
  ['normal', 'green'],
  ['minor', 'yellow'],
  ['moderate', 'orange'],
  ['severe', 'red'],
  ['critical', 'dark-red'],
)
const states = words(['closed', 'green'], ['half-open', 'yellow'], ['open', 'red'], ['isolated', 'purple'])
const providerStates = words(
  ['healthy', 'green'],
  ['probing', 'yellow'],
  ['cooling', 'red'],
  ['excluded', 'purple'],
)
const providerIn = (state: string): string => `(failover_provider_state{${named},state="${state}"} > 0)`
const inState = (state: string): string => `(circuit_breaker_state{${named},state="${state}"} > 0)`

const rows: readonly (readonly [title: string, panels: readonly Panel[]])[] = [
  [
    'Overview',
    [
      panel('Level of degradation', [query(`max(system_degradation_level{${at}})`, 'level')], {
        type: 'stat',
        width: 6,
        mappings: levels,
      }),
      panel(
        'Circuits that let nothing through',
        [query(`sum(circuit_breaker_state{${named},state=~"open|isolated"})`, 'circuits')],
        { type: 'stat', width: 6 },
      ),
      panel('Health checks that fail', [query(`sum(health_check_status{${at},status="fail"})`, 'checks')], {
        type: 'stat',
        width: 6,
      }),
      panel('Dead letters', [query(`sum(max by (queue) (dlq_messages{${at}}))`, 'letters')], {
        type: 'stat',
        width: 6,
        description: 'All instances show the same queues, so the highest answer counts.',
      }),
    ],
  ],
  [
    'Circuit breakers',
    [
      panel(
        'States',
        [
          query(
            `max by (name) (3 * ${inState('isolated')} or 2 * ${inState('open')} or ${inState('half_open')} or 0 * ${inState('closed')})`,
            '{{name}}',
          ),
        ],
        { type: 'state-timeline', width: 24, mappings: states, description: 'Of all instances, the worst.' },
      ),
      panel('Calls', [query(rate('circuit_breaker_requests_total', named, 'result'), '{{result}}')], {
        unit: 'reqps',
        stacked: true,
      }),
      panel(
        'Share of failures',
        [
          query(
            `${rate('circuit_breaker_requests_total', `${named},result="failure"`, 'name')} / ${rate('circuit_breaker_requests_total', `${named},result=~"success|failure"`, 'name')}`,
            '{{name}}',
          ),
        ],
        { unit: 'percentunit' },
      ),
      panel('Response times', quantiles('circuit_breaker_response_time', named, 'name'), {
        unit: 's',
        description: 'Of a sample of the calls.',
      }),
      panel(
        'Failures by class',
        [query(rate('circuit_breaker_failures_total', named, 'reason'), '{{reason}}')],
        { unit: 'reqps', stacked: true, width: 12 },
      ),
      panel(
        'Changes of state',
        [
          query(
            `sum by (name, to) (increase(circuit_breaker_state_changes_total{${named}}[$__rate_interval]))`,
            '{{name}} {{to}}',
          ),
        ],
        { width: 12 },
      ),
    ],
  ],
  [
    'Retries, timeouts, limits',
    [
      panel(
        'Retries',
        [query(rate('retry_attempts_total', named, 'name', 'result'), '{{name}} {{result}}')],
        {
          unit: 'reqps',
        },
      ),
      panel(
        'Retries, as a share of calls',
        [
          query(
            `sum(rate(retry_attempts_total{${at}}[$__rate_interval])) / sum(rate(circuit_breaker_requests_total{${at}}[$__rate_interval]))`,
            'share',
          ),
        ],
        {
          unit: 'percentunit',
          description: 'Calls are counted by circuit breakers. More than a tenth is a storm.',
        },
      ),
      panel(
        'Calls that were retried, by outcome',
        [query(rate('retry_calls_total', named, 'outcome'), '{{outcome}}')],
        {
          unit: 'reqps',
          stacked: true,
        },
      ),
      panel('Delays', quantiles('retry_delay_seconds', named, 'name'), { unit: 's' }),
      panel('Timeouts', [query(rate('timeouts_total', named, 'name'), '{{name}}')], { unit: 'reqps' }),
      panel(
        'Turned away',
        [
          query(
            rate('calls_rejected_total', named, 'kind', 'name', 'reason'),
            '{{kind}} {{name}} {{reason}}',
          ),
        ],
        { unit: 'reqps' },
      ),
      panel(
        'Places in use',
        [
          query(
            `sum by (name) (bulkhead_active{${named}}) / sum by (name) (bulkhead_limit{${named}})`,
            '{{name}}',
          ),
        ],
        { unit: 'percentunit' },
      ),
      panel('Waiting for a place or a turn', [
        query(`sum by (name) (bulkhead_queued{${named}})`, '{{name}}'),
        query(`sum by (name) (rate_limit_queued{${named}})`, '{{name}} rate limit'),
      ]),
      panel('Calls that a rate limit would let pass', [
        query(`min by (name) (rate_limit_available{${named}})`, '{{name}}'),
      ]),
    ],
  ],
  [
    'Failover, hedges, idempotency',
    [
      panel(
        'Providers',
        [
          query(
            `max by (name, provider) (3 * ${providerIn('excluded')} or 2 * ${providerIn('cooling')} or ${providerIn('probing')} or 0 * ${providerIn('healthy')})`,
            '{{name}} {{provider}}',
          ),
        ],
        {
          type: 'state-timeline',
          width: 24,
          mappings: providerStates,
          description: 'Of all instances, the worst.',
        },
      ),
      panel('Calls of failovers', [query(rate('failover_calls_total', named, 'outcome'), '{{outcome}}')], {
        unit: 'reqps',
        stacked: true,
        description: 'Rescued: another provider answered than the one that was asked first.',
      }),
      panel(
        'Outcomes of attempts',
        [
          query(
            rate('failover_attempts_total', named, 'name', 'provider', 'outcome'),
            '{{name}} {{provider}} {{outcome}}',
          ),
        ],
        { unit: 'reqps' },
      ),
      panel(
        'Limited, misconfigured, interrupted',
        [
          query(
            rate('failover_provider_events_total', named, 'name', 'provider', 'event'),
            '{{name}} {{provider}} {{event}}',
          ),
        ],
        { unit: 'reqps' },
      ),
      panel('Waiting for a provider', [query(`sum by (name) (failover_waiting{${named}})`, '{{name}}')]),
      panel(
        'Hedges',
        [
          query(rate('hedge_copies_total', named, 'name', 'cause'), '{{name}} copy, {{cause}}'),
          query(rate('hedge_wins_total', named, 'name', 'winner'), '{{name}} won by {{winner}}'),
          query(rate('hedge_denied_total', named, 'name'), '{{name}} no budget'),
        ],
        { unit: 'reqps', description: 'Copies that never win are load for nothing: raise the delay.' },
      ),
      panel(
        'Calls with a key, by result',
        [query(rate('idempotency_calls_total', named, 'name', 'result'), '{{name}} {{result}}')],
        { unit: 'reqps' },
      ),
      panel(
        'Claims that ended, by outcome',
        [query(rate('idempotency_claims_total', named, 'name', 'outcome'), '{{name}} {{outcome}}')],
        { unit: 'reqps', width: 12 },
      ),
      panel(
        'What weakens "once"',
        [
          query(
            `sum by (name, incident) (increase(idempotency_incidents_total{${named}}[$__rate_interval]))`,
            '{{name}} {{incident}}',
          ),
        ],
        { width: 12 },
      ),
    ],
  ],
  [
    'Health',
    [
      panel(
        'Checks',
        [query(`max by (check, status) (health_check_status{${at}}) == 1`, '{{check}} {{status}}')],
        { type: 'table', width: 12 },
      ),
      panel('Answers', [query(rate('health_check_total', at, 'check', 'status'), '{{check}} {{status}}')], {
        unit: 'reqps',
        width: 6,
      }),
      panel('Durations', quantiles('health_check_duration_seconds', at, 'check'), { unit: 's', width: 6 }),
    ],
  ],
  [
    'Degradation and fallbacks',
    [
      panel('Level', [query(`max by (job) (system_degradation_level{${at}})`, '{{job}}')], {
        type: 'state-timeline',
        width: 24,
        mappings: levels,
      }),
      panel(
        'Changes of the level',
        [
          query(
            `sum by (from, to, trigger) (increase(degradation_events_total{${at}}[$__rate_interval])) > 0`,
            '{{from}} to {{to}}, {{trigger}}',
          ),
        ],
        { width: 6 },
      ),
      panel(
        'Answers of fallbacks',
        [
          query(
            rate('fallback_usage_total', at, 'name', 'fallback', 'result'),
            '{{name}} {{fallback}} {{result}}',
          ),
        ],
        { unit: 'reqps', width: 6 },
      ),
      panel(
        'Answers from memory, as a share',
        [
          query(
            `${rate('fallback_usage_total', `${at},fallback="stale-cache",result="hit"`, 'name')} / ${rate('fallback_usage_total', `${at},fallback="stale-cache"`, 'name')}`,
            '{{name}}',
          ),
        ],
        { unit: 'percentunit', width: 6 },
      ),
      panel(
        'Shed',
        [query(rate('load_shed_total', at, 'criticality', 'level'), '{{criticality}} at {{level}}')],
        {
          unit: 'reqps',
          width: 6,
        },
      ),
    ],
  ],
  [
    'Dead letters and workers',
    [
      panel('Dead letters', [query(`max by (queue) (dlq_messages{${at}})`, '{{queue}}')]),
      panel(
        'Age of the oldest',
        [query(`max by (queue) (dlq_oldest_message_age_seconds{${at}})`, '{{queue}}')],
        {
          unit: 's',
        },
      ),
      panel('Batches', quantiles('dlq_processing_duration_seconds', at, 'queue'), { unit: 's' }),
      panel('In', [query(rate('dlq_messages_added_total', at, 'queue', 'reason'), '{{queue}} {{reason}}')], {
        unit: 'reqps',
        width: 12,
      }),
      panel(
        'Out',
        [query(rate('dlq_messages_processed_total', at, 'queue', 'result'), '{{queue}} {{result}}')],
        {
          unit: 'reqps',
          width: 12,
        },
      ),
      panel('Tasks', [query(rate('worker_tasks_total', at, 'name', 'result'), '{{name}} {{result}}')], {
        unit: 'reqps',
      }),
      panel('Duration of tasks', quantiles('worker_task_duration_seconds', at, 'name'), { unit: 's' }),
      panel('Tasks taken over from silent workers', [
        query(`sum by (name) (increase(worker_tasks_claimed_total{${at}}[$__rate_interval]))`, '{{name}}'),
      ]),
    ],
  ],
  [
    'This telemetry itself',
    [
      panel(
        'Failures of stores',
        [query(rate('store_failures_total', at, 'kind', 'name'), '{{kind}} {{name}}')],
        {
          unit: 'reqps',
        },
      ),
      panel('Errors of listeners', [query(rate('resilience_listener_errors_total', at, 'job'), '{{job}}')], {
        unit: 'reqps',
      }),
      panel(
        'Counted under __other__',
        [query(rate('resilience_metrics_overflow_total', at, 'metric'), '{{metric}}')],
        { unit: 'reqps' },
      ),
    ],
  ],
]

const variable = (name: string, label: string, metric: string, from: string): object => ({
  name,
  label,
  type: 'query',
  datasource,
  query: { query: `label_values(${metric}, ${from})`, refId: name },
  refresh: 2,
  includeAll: true,
  multi: true,
  allValue: '.*',
  current: { selected: true, text: ['All'], value: ['$__all'] },
  sort: 1,
})

/** Every expression of the dashboard. */
export function expressions(): string[] {
  const queries = rows.flatMap(([, panels]) => panels.flatMap((each) => each.queries))
  return [...queries.map(({ expr }) => expr), changes]
}

const changes = `sum by (job) (increase(degradation_events_total{${at}}[$__interval])) > 0`

/** The dashboard as JSON, formatted as all of this repository is. */
export function dashboardJson(): string {
  const text = JSON.stringify(dashboard(), undefined, 2)
  return `${text.replaceAll(/\[\n\s+("[^"\n]*")\n\s+\]/g, '[$1]')}\n`
}

function dashboard(): object {
  return {
    __inputs: [
      {
        name: 'DS_PROMETHEUS',
        label: 'Prometheus',
        type: 'datasource',
        pluginId: 'prometheus',
        pluginName: 'Prometheus',
      },
    ],
    __requires: [
      { type: 'grafana', id: 'grafana', name: 'Grafana', version: '10.0.0' },
      { type: 'datasource', id: 'prometheus', name: 'Prometheus', version: '1.0.0' },
    ],
    uid: 'seaworthy',
    title: 'Seaworthy',
    description:
      'What circuit breakers, retries, limits, failovers, fallbacks, health checks, degradation, dead letters and workers do.',
    tags: ['resilience'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    timezone: 'browser',
    templating: {
      list: [
        {
          name: 'datasource',
          label: 'Data source',
          type: 'datasource',
          query: 'prometheus',
          // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills in what was chosen at the import
          current: { text: 'Prometheus', value: '${DS_PROMETHEUS}' },
        },
        variable('job', 'Job', 'system_degradation_level', 'job'),
        variable('instance', 'Instance', 'system_degradation_level{job=~"$job"}', 'instance'),
        variable(
          'name',
          'Name',
          '{__name__=~"circuit_breaker_state|retry_calls_total|bulkhead_limit|timeouts_total|calls_rejected_total|failover_waiting|hedge_denied_total",job=~"$job"}',
          'name',
        ),
      ],
    },
    annotations: {
      list: [
        {
          name: 'Changes of the level of degradation',
          datasource,
          enable: true,
          iconColor: 'orange',
          expr: changes,
          titleFormat: 'Degradation changed in {{job}}',
        },
      ],
    },
    panels: placed(),
  }
}

/** Rows of panels, from left to right, as far as there are columns. */
function placed(): object[] {
  const result: object[] = []
  let y = 0
  for (const [title, panels] of rows) {
    result.push({
      id: result.length + 1,
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: 24, h: 1 },
    })
    y++
    let x = 0
    for (const each of panels) {
      const { width = 8 } = each
      if (x + width > 24) {
        x = 0
        y += height
      }
      result.push({ id: result.length + 1, ...rendered(each), gridPos: { x, y, w: width, h: height } })
      x += width
    }
    y += height
  }
  return result
}

function rendered({
  title,
  description,
  type = 'timeseries',
  unit = 'short',
  mappings,
  stacked,
  queries,
}: Panel): object {
  const custom = stacked ? { stacking: { mode: 'normal' }, fillOpacity: 30 } : {}
  return {
    type,
    title,
    ...(description !== undefined && { description }),
    datasource,
    targets: queries.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource,
      expr,
      legendFormat: legend,
      ...(type === 'table' && { instant: true, format: 'table' }),
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: type === 'timeseries' ? 0 : undefined,
        custom,
        mappings: mappings === undefined ? [] : [mappings],
      },
      overrides: [],
    },
    options: optionsOf(type),
  }
}

function optionsOf(type: NonNullable<PanelOptions['type']>): object {
  switch (type) {
    case 'stat':
      return { reduceOptions: { calcs: ['lastNotNull'] }, colorMode: 'background', graphMode: 'area' }
    case 'state-timeline':
      return { showValue: 'auto', mergeValues: true, rowHeight: 0.8 }
    case 'table':
      return { showHeader: true }
    default:
      return {
        legend: { displayMode: 'list', placement: 'bottom' },
        tooltip: { mode: 'multi', sort: 'desc' },
      }
  }
}
