import { readFileSync } from 'node:fs'
import { catalogue, type MetricDefinition } from '@seaworthy/telemetry'
import { describe, expect, it } from 'vitest'
import { alerts, alertsYaml, runbookOf } from '../../../tools/dashboards/alerts.ts'
import { dashboardJson, expressions } from '../../../tools/dashboards/grafana.ts'

const file = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
const all = [...alerts.map(({ expr }) => expr), ...expressions()]

/** What Prometheus adds to the labels of every series. */
const ofTheServer = ['job', 'instance']
const functions = /^(sum|max|min|rate|increase|delta|absent|histogram_quantile|by|and|or)$/

interface Selector {
  readonly metric: string
  readonly labels: readonly string[]
}

/** The selectors of an expression, and the labels that it groups by. */
function read(expr: string): { selectors: Selector[]; groups: string[] } {
  const selectors: Selector[] = []
  const groups = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '))
  const rest = expr.replaceAll(/\bby \([^)]*\)/g, ' ')
  for (const [, metric = '', labels = ''] of rest.matchAll(/([a-z][a-z0-9_]{2,})(?:\{([^}]*)\})?/g)) {
    if (functions.test(metric) || isInText(rest, metric)) continue
    selectors.push({
      metric,
      labels: [...labels.matchAll(/(\w+)(?:=~|!=|!~|=)"/g)].map(([, label = '']) => label),
    })
  }
  return { selectors, groups }
}

/** Whether a word comes only within braces, brackets or variables: a label or its value. */
function isInText(expr: string, word: string): boolean {
  return !new RegExp(`\\b${word}\\b`).test(expr.replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, ''))
}

function definitionOf(metric: string): MetricDefinition | undefined {
  const known: Readonly<Record<string, MetricDefinition>> = catalogue
  const histogram = known[metric.replace(/_(bucket|sum|count)$/, '')]
  return known[metric] ?? (histogram?.type === 'histogram' ? histogram : undefined)
}

describe('what is committed', () => {
  const advice = 'npm run generate:dashboards makes it anew'

  it('is the dashboard that is generated', () => {
    expect(file('packages/telemetry/grafana/seaworthy.json') === dashboardJson(), advice).toBe(true)
  })

  it('is the rules that are generated', () => {
    expect(file('packages/telemetry/prometheus/alerts.yml') === alertsYaml(), advice).toBe(true)
  })
})

describe('every expression', () => {
  it('names metrics of the catalogue, and labels that they have', () => {
    for (const expr of all) {
      const { selectors, groups } = read(expr)
      expect([expr, selectors.length > 0]).toEqual([expr, true])
      for (const { metric, labels } of selectors) {
        const definition = definitionOf(metric)
        expect([expr, metric, definition === undefined]).toEqual([expr, metric, false])
        const known = [
          ...(definition?.labels ?? []),
          ...ofTheServer,
          ...(metric.endsWith('_bucket') ? ['le'] : []),
        ]
        expect([expr, [...labels, ...groups].filter((label) => !known.includes(label))]).toEqual([expr, []])
      }
    }
  })

  it('would be found out if it did not', () => {
    const { selectors, groups } = read(
      'sum by (job, nme) (rate(circuit_breaker_request_total{name="a",x!="b"}[5m]))',
    )
    expect(selectors).toEqual([{ metric: 'circuit_breaker_request_total', labels: ['name', 'x'] }])
    expect(groups).toEqual(['job', 'nme'])
    expect(definitionOf('circuit_breaker_request_total')).toBeUndefined()
    expect(definitionOf('circuit_breaker_state_bucket')).toBeUndefined()
  })

  it('takes rates of counters alone, and quantiles of histograms alone', () => {
    for (const expr of all) {
      for (const [, metric = ''] of expr.matchAll(/(?:rate|increase)\((\w+)/g))
        expect([metric, definitionOf(metric)?.type]).toEqual([
          metric,
          metric.endsWith('_bucket') ? 'histogram' : 'counter',
        ])
      for (const [, metric = ''] of expr.matchAll(/delta\((\w+)/g))
        expect([metric, definitionOf(metric)?.type]).toEqual([metric, 'gauge'])
    }
  })

  it('leaves no metric of the catalogue without a place on the dashboard', () => {
    const shown = new Set(
      expressions().flatMap((expr) => read(expr).selectors.map(({ metric }) => definitionOf(metric)?.name)),
    )
    const hidden = Object.keys(catalogue).filter((name) => !shown.has(name))
    expect(hidden).toEqual(['dlq_messages_total']) // `dlq_messages` is the same
  })
})

describe('every alert', () => {
  const runbook = file('docs/runbook.md')
  const entries = new Map(
    runbook
      .split(/^## /m)
      .slice(1)
      .map((entry) => [entry.slice(0, entry.indexOf('\n')), entry]),
  )

  it('has an entry in the runbook, and every entry is of an alert', () => {
    expect([...entries.keys()]).toEqual(alerts.map(({ name }) => name))
  })

  it.each(alerts.map((alert) => [alert.name, alert] as const))('%s says what to do', (name, alert) => {
    expect(runbookOf(alert)).toBe(`docs/runbook.md#${name.toLowerCase()}`)
    expect(alertsYaml()).toContain(`runbook: "${runbookOf(alert)}"`)
    for (const part of ['Users see', 'Look at', 'Do', 'Over when'])
      expect(entries.get(name)).toContain(`- **${part}** `)
  })
})

describe('the dashboard', () => {
  const { panels, templating, schemaVersion } = JSON.parse(dashboardJson())

  it('has panels that do not overlap, each with its own id', () => {
    const places = new Set<string>()
    for (const { gridPos, title } of panels)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect([title, x < 24, places.has(`${x} ${y}`)]).toEqual([title, true, false])
          places.add(`${x} ${y}`)
        }
    const ids = panels.map(({ id }: { id: number }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('has the shape that Grafana documents, and asks the data source that was chosen', () => {
    const dashboard = JSON.parse(dashboardJson())
    const chosen = { type: 'prometheus', uid: '$datasource' }
    const [input] = dashboard.__inputs
    const [source, ...others] = templating.list
    expect(source).toMatchObject({ type: 'datasource', query: 'prometheus', name: 'datasource' })
    expect(source.current.value).toBe(`\${${input.name}}`)
    for (const { name, type, datasource, query } of others)
      expect([name, type, datasource, query.refId]).toEqual([name, 'query', chosen, name])
    for (const { datasource, expr, enable } of dashboard.annotations.list)
      expect([datasource, typeof expr, enable]).toEqual([chosen, 'string', true])
    const titles = new Set<string>()
    for (const { type, title, id, gridPos, datasource, targets, fieldConfig, options } of panels) {
      expect([title, Number.isInteger(id), Object.keys(gridPos)]).toEqual([title, true, ['x', 'y', 'w', 'h']])
      if (type === 'row') continue
      expect([title, ['timeseries', 'stat', 'state-timeline', 'table'].includes(type)]).toEqual([title, true])
      expect([title, datasource]).toEqual([title, chosen])
      const { unit, mappings } = fieldConfig.defaults
      expect([title, ['short', 'percentunit', 's', 'reqps'].includes(unit)]).toEqual([title, true])
      // A state without words and colours is a number that has to be looked up.
      if (type === 'state-timeline') expect([title, mappings.length]).toEqual([title, 1])
      expect([title, typeof options]).toEqual([title, 'object'])
      for (const { datasource: asked, expr, legendFormat } of targets)
        expect([title, asked, typeof expr, typeof legendFormat]).toEqual([title, chosen, 'string', 'string'])
      const refIds = targets.map(({ refId }: { refId: string }) => refId)
      expect([title, refIds.length > 0, new Set(refIds).size]).toEqual([title, true, refIds.length])
      titles.add(title)
    }
    expect(titles.size).toBeGreaterThan(30)
  })

  it('uses no variable that it does not have', () => {
    const own = templating.list.map(({ name }: { name: string }) => name)
    const used = new Set([...dashboardJson().matchAll(/\$\{?([a-z]\w*)/g)].map(([, name]) => name))
    expect([...used].filter((name) => !own.includes(name))).toEqual([])
    expect(schemaVersion).toBeGreaterThanOrEqual(39)
  })
})
