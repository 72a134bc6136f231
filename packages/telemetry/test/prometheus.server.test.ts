import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { Hub } from '@seaworthy/core'
import { prometheusMetrics } from '@seaworthy/telemetry/prometheus'
import { type PrometheusServer, promtool, startPrometheus } from '@seaworthy/testing/servers'
import { afterAll, describe, expect, it } from 'vitest'
import { alerts, runbookOf } from '../../../tools/dashboards/alerts.ts'
import { expressions } from '../../../tools/dashboards/grafana.ts'
import { alertCases } from './alert-cases.ts'
import { secret, service } from './service.ts'

const folder = mkdtempSync(join(tmpdir(), 'seaworthy-telemetry-'))
const rules = fileURLToPath(new URL('../prometheus/alerts.yml', import.meta.url))
afterAll(() => rmSync(folder, { recursive: true }))

/** JSON is YAML. */
function file(name: string, content: object): string {
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify(content))
  return path
}

function tool(
  args: readonly string[],
  input = '',
): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(promtool(), args, { input, encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

describe('promtool', () => {
  it('takes the alert rules', () => {
    const { status, output } = tool(['check', 'rules', rules])
    expect([status, output]).toEqual([0, expect.stringContaining(`${alerts.length} rules found`)])
  })

  it('takes every expression of the dashboard', () => {
    const recorded = expressions().map((expr, i) => ({
      record: `panel_${i}`,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$__interval', '1m'),
    }))
    const path = file('panels.yml', { groups: [{ name: 'panels', rules: recorded }] })
    const { status, output } = tool(['check', 'rules', path])
    expect([status, output]).toEqual([0, expect.stringContaining(`${recorded.length} rules found`)])
  })

  it('takes the metrics, and objects to nothing but the names that are kept for the sake of dashboards that exist', async () => {
    const { hub, clock, run } = service()
    const prometheus = prometheusMetrics({ hub, clock })
    await run()
    const { output } = tool(['check', 'metrics'], await prometheus.metrics())
    const complaints = output.split('\n').filter((line) => line !== '')
    expect(complaints).toEqual(['dlq_messages_total non-counter metrics should not have "_total" suffix'])
    prometheus.close()
  })
})

describe('every alert', () => {
  it('is tested with series that make it fire and others that do not', () => {
    for (const { name } of alerts) {
      const own = alertCases.filter(({ alert }) => alert === name)
      expect([name, new Set(own.map(({ fires }) => fires.length > 0))]).toEqual([
        name,
        new Set([true, false]),
      ])
    }
  })

  it('fires when it should, and only then', () => {
    const tests = alertCases.map(({ alert, about, series, at, fires, says = '' }) => ({
      name: `${alert}: ${about}`,
      interval: '1m',
      input_series: Object.entries(series).map(([selector, values]) => ({ series: selector, values })),
      alert_rule_test: [
        { alertname: alert, eval_time: at, exp_alerts: fires.map((labels) => expected(alert, labels, says)) },
      ],
    }))
    const path = file('tests.yml', { rule_files: [rules], evaluation_interval: '1m', tests })
    const { output } = tool(['test', 'rules', path])
    const wrong = output.split('\n').filter((line) => line.includes('name: '))
    expect([wrong, output.includes('SUCCESS')], output).toEqual([[], true])
  })
})

function expected(alert: string, labels: Readonly<Record<string, string>>, summary: string): object {
  const severity = alerts.find(({ name }) => name === alert)?.severity
  return {
    exp_labels: { severity, ...labels },
    exp_annotations: { summary, runbook: runbookOf({ name: alert }) },
  }
}

describe('a server that scrapes', () => {
  const hub = new Hub()
  const { clock, run } = service(hub)
  const prometheus = prometheusMetrics({ hub, clock })
  const http = createServer(async (_request, response) => {
    response.setHeader('content-type', prometheus.contentType).end(await prometheus.metrics())
  })
  let server: PrometheusServer | undefined
  afterAll(async () => {
    await server?.stop()
    http.close()
    prometheus.close()
  })

  it('has all the metrics, evaluates the rules, and fires', { timeout: 60_000 }, async () => {
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const target = `127.0.0.1:${(http.address() as AddressInfo).port}`
    server = await startPrometheus({
      configuration: JSON.stringify({
        global: { scrape_interval: '1s', evaluation_interval: '1s' },
        rule_files: [rules],
        scrape_configs: [{ job_name: 'shop', static_configs: [{ targets: [target] }] }],
      }),
    })
    const { url } = server
    const ask = async (path: string): Promise<Answer> =>
      (await fetch(`${url}/api/v1/${path}`)).json() as Promise<Answer>
    const query = async (expr: string): Promise<readonly Result[]> =>
      (await ask(`query?query=${encodeURIComponent(expr)}`)).data.result ?? []

    // A first look before anything has happened: what happens later is an increase.
    await until(async () => (await query('up{job="shop"} == 1')).length > 0)
    await run()
    await until(
      async () => (await query('circuit_breaker_state{name="payments",state="open"} == 1')).length > 0,
    )
    const [open] = await query('max by (job, name) (circuit_breaker_state{name="payments",state="open"})')
    expect(open).toMatchObject({
      metric: { job: 'shop', name: 'payments' },
      value: [expect.any(Number), '1'],
    })
    // Each question of the dashboard is one that a server can answer, and has an answer: a panel without series is a panel that lies.
    let unanswered = expressions()
    await until(async () => {
      const left: string[] = []
      for (const expr of unanswered) {
        const filled = expr.replaceAll('$__rate_interval', '5m').replaceAll('$__interval', '1m')
        const asked = filled.replaceAll(/"\$\w+"/g, '".*"')
        const { status, data } = await ask(`query?query=${encodeURIComponent(asked)}`)
        expect([expr, status]).toEqual([expr, 'success'])
        if ((data.result ?? []).length === 0) left.push(expr)
      }
      unanswered = left
      return left.length <= 1
    })
    // Nothing has too many names here.
    expect(unanswered).toEqual([expect.stringContaining('resilience_metrics_overflow_total')])
    // A breaker that trips between two scrapes is seen by the second, and an alert begins to wait.
    const late = circuitBreaker({ name: 'late', hub, clock })
    late.trip('1h')
    await until(async () => {
      const { data } = await ask('alerts')
      return (data.alerts ?? []).some(
        ({ labels }) => labels['alertname'] === 'CircuitBreakerOpen' && labels['name'] === 'late',
      )
    })
    const known = await (await fetch(`${url}/api/v1/label/__name__/values`)).text()
    expect(known).not.toContain(secret)
    expect(JSON.stringify(await query('{job="shop"}'))).not.toContain(secret)
  })
})

interface Result {
  readonly metric: object
  readonly value: readonly [number, string]
}

interface Answer {
  readonly status: string
  readonly data: {
    readonly result?: readonly Result[]
    readonly alerts?: readonly { readonly labels: Readonly<Record<string, string>> }[]
  }
}

/** Waits for a real server, which takes its time. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 45_000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('It did not happen within 45 seconds')
    await sleep(200)
  }
}
