import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { Hub, InvalidOptionError } from '@seaworthy/core'
import { deadLetters, memoryDeadLetters } from '@seaworthy/dead-letter'
import { createDegradation } from '@seaworthy/degradation'
import { createHealth } from '@seaworthy/health'
import { catalogue } from '@seaworthy/telemetry'
import { type PrometheusMetrics, prometheusMetrics } from '@seaworthy/telemetry/prometheus'
import { VirtualClock } from '@seaworthy/testing'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { leakyError, secret, service } from './service.ts'
import { type MetricFamily, parseMetrics } from './text-format.ts'

const read = async (prometheus: PrometheusMetrics): Promise<Map<string, MetricFamily>> =>
  parseMetrics(await prometheus.metrics())

type Wanted = Readonly<Record<string, string>>

/** The samples that have these labels, whatever others they have. */
const samplesOf = (families: Map<string, MetricFamily>, name: string, labels: Wanted = {}) =>
  (families.get(name.replace(/_(bucket|sum|count)$/, '')) ?? families.get(name))?.samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  ) ?? []

/** The sum of those samples; undefined if there are none. */
const sumOf = (
  families: Map<string, MetricFamily>,
  name: string,
  labels: Wanted = {},
): number | undefined => {
  const samples = samplesOf(families, name, labels)
  return samples.length === 0 ? undefined : samples.reduce((sum, { value }) => sum + value, 0)
}

describe('prometheusMetrics', () => {
  it('tells, in each of its metrics, what the real components do', async () => {
    const { hub, clock, run } = service()
    const prometheus = prometheusMetrics({ hub, clock })
    await run()
    const families = await read(prometheus)
    const value = (name: string, labels?: Wanted) => sumOf(families, name, labels)
    expect({
      success: value('circuit_breaker_requests_total', { name: 'payments', result: 'success' }),
      failure: value('circuit_breaker_requests_total', { name: 'payments', result: 'failure' }),
      rejected: value('circuit_breaker_requests_total', { name: 'payments', result: 'rejected' }),
      ignored: value('circuit_breaker_requests_total', { name: 'payments', result: 'ignored' }),
      failures: value('circuit_breaker_failures_total', { name: 'payments' }),
      opened: value('circuit_breaker_state_changes_total', { name: 'payments', from: 'closed', to: 'open' }),
      open: value('circuit_breaker_state', { name: 'payments', state: 'open' }),
      closed: value('circuit_breaker_state', { name: 'payments', state: 'closed' }),
      timed: value('circuit_breaker_response_time_count', { name: 'payments', result: 'failure' }),
    }).toEqual({
      success: 1,
      failure: 3,
      rejected: 1,
      ignored: 0,
      failures: 3,
      opened: 1,
      open: 1,
      closed: 0,
      timed: 3,
    })
    expect({
      open: value('circuit_breaker_state', { name: 'hosts', state: 'open' }),
      closed: value('circuit_breaker_state', { name: 'hosts', state: 'closed' }),
      requests: value('circuit_breaker_requests_total', { name: 'hosts' }),
    }).toEqual({ open: 1, closed: 1, requests: 2 })
    expect({
      succeeded: value('retry_attempts_total', { name: 'mails', result: 'success' }),
      failed: value('retry_attempts_total', { name: 'mails', result: 'failure' }),
      recovered: value('retry_calls_total', { name: 'mails', outcome: 'recovered' }),
      exhausted: value('retry_calls_total', { name: 'mails', outcome: 'attempts' }),
      delays: value('retry_delay_seconds_count', { name: 'mails' }),
      delay: value('retry_delay_seconds_sum', { name: 'mails' }),
    }).toEqual({ succeeded: 1, failed: 3, recovered: 1, exhausted: 1, delays: 4, delay: 4 })
    expect({
      timeouts: value('timeouts_total', { name: 'slow' }),
      limit: value('bulkhead_limit', { name: 'orders' }),
      active: value('bulkhead_active', { name: 'orders' }),
      queued: value('bulkhead_queued', { name: 'orders' }),
      full: value('calls_rejected_total', { kind: 'bulkhead', name: 'orders', reason: 'full' }),
      limited: value('calls_rejected_total', { kind: 'rate-limit', name: 'quota', reason: 'limit' }),
    }).toEqual({ timeouts: 1, limit: 1, active: 0, queued: 0, full: 1, limited: 1 })
    expect({
      rescued: value('failover_calls_total', { name: 'models', outcome: 'rescued' }),
      unanswered:
        (value('failover_calls_total', { name: 'models' }) ?? 0) -
        (value('failover_calls_total', { name: 'models', outcome: 'rescued' }) ?? 0),
      answered: value('failover_attempts_total', { provider: 'secondary', outcome: 'answered' }),
      neverAsked: value('failover_attempts_total', { provider: 'spare' }),
      excluded: value('failover_provider_state', { provider: 'spare', state: 'excluded' }),
      states: value('failover_provider_state', { name: 'models' }),
      waiting: value('failover_waiting', { name: 'models' }),
    }).toEqual({
      rescued: 1,
      unanswered: 1,
      answered: 1,
      neverAsked: 0,
      excluded: 1,
      states: 3,
      waiting: 0,
    })
    expect(value('failover_attempts_total', { provider: 'primary', outcome: 'transient' })).toBeGreaterThan(0)
    expect({
      copies: value('hedge_copies_total', { name: 'quotes', cause: 'delay' }),
      wins: value('hedge_wins_total', { name: 'quotes', winner: 'copy' }),
      denied: value('hedge_denied_total', { name: 'quotes' }),
    }).toEqual({ copies: 1, wins: 1, denied: 0 })
    expect({
      claimed: value('idempotency_calls_total', { name: 'charges', result: 'claimed' }),
      duplicate: value('idempotency_calls_total', { name: 'charges', result: 'duplicate' }),
      mismatch: value('idempotency_calls_total', { name: 'charges', result: 'mismatch' }),
      completed: value('idempotency_claims_total', { name: 'charges', outcome: 'completed' }),
      abandoned: value('idempotency_claims_total', { name: 'charges', outcome: 'abandoned' }),
      incidents: value('idempotency_incidents_total', { name: 'charges' }),
    }).toEqual({ claimed: 1, duplicate: 1, mismatch: 1, completed: 1, abandoned: 0, incidents: 0 })
    expect({
      available: value('rate_limit_available', { name: 'quota' }),
      queued: value('rate_limit_queued', { name: 'quota' }),
    }).toEqual({ available: 0, queued: 0 })
    expect({
      second: value('fallback_usage_total', { name: 'answers', fallback: 'second', result: 'failure' }),
      canned: value('fallback_usage_total', { name: 'answers', fallback: 'canned', result: 'success' }),
      hit: value('fallback_usage_total', { name: 'cache', fallback: 'stale-cache', result: 'hit' }),
      miss: value('fallback_usage_total', { name: 'cache', fallback: 'stale-cache', result: 'miss' }),
      assistant: value('fallback_usage_total', { name: 'assistant', result: 'success' }),
    }).toEqual({ second: 1, canned: 1, hit: 1, miss: 1, assistant: 1 })
    expect({
      down: value('health_check_status', { check: 'database', status: 'fail' }),
      up: value('health_check_status', { check: 'memory', status: 'pass' }),
      asked: value('health_check_total', { check: 'database', status: 'fail' }),
      timed: value('health_check_duration_seconds_count', { check: 'memory' }),
      level: value('system_degradation_level'),
      changes: value('degradation_events_total', { from: 'normal', to: 'severe', trigger: 'manual' }),
      shed: value('load_shed_total', { criticality: 'sheddable', level: 'severe' }),
    }).toEqual({ down: 1, up: 1, asked: 1, timed: 1, level: 3, changes: 1, shed: 1 })
    expect({
      waiting: value('dlq_messages_total', { queue: 'letters' }),
      added: value('dlq_messages_added_total', { queue: 'letters' }),
      failed: value('dlq_messages_processed_total', { queue: 'letters', result: 'replay_failed' }),
      batches: value('dlq_processing_duration_seconds_count', { queue: 'letters', result: 'failure' }),
      completed: value('worker_tasks_total', { name: 'tasks', result: 'completed' }),
      retried: value('worker_tasks_total', { name: 'tasks', result: 'retried' }),
      dead: value('worker_tasks_total', { name: 'tasks', result: 'dead' }),
      timed: value('worker_task_duration_seconds_count', { name: 'tasks' }),
    }).toEqual({ waiting: 2, added: 2, failed: 1, batches: 1, completed: 1, retried: 1, dead: 1, timed: 2 })
    prometheus.close()
  })

  it('shows all metrics, with the labels of the catalogue, in a text that a strict reader takes', async () => {
    const { hub, clock, run } = service()
    const prometheus = prometheusMetrics({ hub, clock })
    await run()
    const families = await read(prometheus)
    expect([...families.keys()].sort()).toEqual(Object.keys(catalogue).sort())
    for (const { name, type, help, samples } of families.values()) {
      const definition = catalogue[name as keyof typeof catalogue]
      expect({ type, help }).toEqual({ type: definition.type, help: definition.help })
      for (const { labels } of samples)
        expect(Object.keys(labels).filter((label) => label !== 'le')).toEqual([...definition.labels])
    }
    // Without a name among the overflowed, and where no task was claimed, there is nothing to show.
    const silent = [...families.values()].filter(({ samples }) => samples.length === 0)
    expect(silent.map(({ name }) => name)).toEqual(['resilience_metrics_overflow_total'])
    prometheus.close()
  })

  it('begins every series that is known beforehand at 0', async () => {
    const { hub, clock } = service()
    const prometheus = prometheusMetrics({ hub, clock })
    const families = await read(prometheus)
    for (const { name, type, samples } of families.values()) {
      if (name === 'resilience_metrics_overflow_total' || name === 'dlq_messages_added_total') continue
      if (name === 'circuit_breaker_response_time') continue
      expect([name, samples.length > 0]).toEqual([name, true])
      if (type !== 'gauge') expect([name, samples.some(({ value }) => value !== 0)]).toEqual([name, false])
    }
    expect(sumOf(families, 'circuit_breaker_state', { name: 'payments', state: 'closed' })).toBe(1)
    expect(sumOf(families, 'retry_calls_total', { name: 'mails', outcome: 'server_delay' })).toBe(0)
    prometheus.close()
  })

  it('has no series appear that it could have known beforehand', async () => {
    const { hub, clock, run } = service()
    const prometheus = prometheusMetrics({ hub, clock })
    const keysOf = (families: Map<string, MetricFamily>) =>
      [...families.values()].flatMap(({ samples }) =>
        samples.map(({ name, labels }) => `${name} ${Object.values(labels).join(' ')}`),
      )
    const before = new Set(keysOf(await read(prometheus)))
    await run()
    const appeared = keysOf(await read(prometheus)).filter((key) => !before.has(key))
    // Kinds of failure are named by users; times and depths are not 0 but unknown before, and what health makes of depths, too.
    const mayAppear =
      /^(dlq_messages|dlq_oldest|circuit_breaker_response_time)|^health_check_\w+ .*dead-letters:letters/
    expect(appeared.filter((key) => !mayAppear.test(key))).toEqual([])
    prometheus.close()
  })

  it('counts what happened before it came, where the component has kept count', async () => {
    const { hub, clock, run } = service()
    await run()
    const prometheus = prometheusMetrics({ hub, clock })
    const families = await read(prometheus)
    expect(sumOf(families, 'circuit_breaker_requests_total', { name: 'payments' })).toBe(5)
    expect(sumOf(families, 'circuit_breaker_state', { name: 'payments', state: 'open' })).toBe(1)
    expect(sumOf(families, 'fallback_usage_total', { name: 'answers', fallback: 'canned' })).toBe(1)
    expect(sumOf(families, 'calls_rejected_total', { kind: 'bulkhead', reason: 'full' })).toBe(1)
    expect(sumOf(families, 'idempotency_calls_total', { result: 'duplicate' })).toBe(1)
    prometheus.close()
  })

  it('takes the series of a component away with it', async () => {
    const { hub, clock, run, close } = service()
    const prometheus = prometheusMetrics({ hub, clock })
    await run()
    await read(prometheus)
    await close()
    const families = await read(prometheus)
    const left = [...families.values()].filter(({ samples }) => samples.length > 0)
    expect(left.map(({ name }) => name).sort()).toEqual([
      'resilience_listener_errors_total',
      'system_degradation_level',
    ])
    expect(sumOf(families, 'system_degradation_level')).toBe(0)
    prometheus.close()
  })

  it('hears nothing of the last calls of a breaker that was disposed of', async () => {
    const { hub, clock } = service()
    const prometheus = prometheusMetrics({ hub, clock })
    const breaker = circuitBreaker({ name: 'old', hub, clock })
    let fail = (): void => {}
    const call = breaker.settle(() => new Promise((_, reject) => (fail = () => reject(leakyError()))))
    breaker.dispose()
    fail()
    await call
    expect(samplesOf(await read(prometheus), 'circuit_breaker_failures_total', { name: 'old' })).toEqual([])
    prometheus.close()
  })

  it('never lets a counter go back but to begin anew, when a component is replaced by another of its name', async () => {
    const hub = new Hub()
    const clock = new VirtualClock()
    const prometheus = prometheusMetrics({ hub, clock })
    const counted = async () =>
      sumOf(await read(prometheus), 'circuit_breaker_requests_total', { name: 'a', result: 'success' })
    const first = circuitBreaker({ name: 'a', hub, clock })
    await first.execute(() => 1)
    await first.execute(() => 1)
    expect(await counted()).toBe(2)
    first.dispose()
    const second = circuitBreaker({ name: 'a', hub, clock })
    expect(await counted()).toBe(0)
    await second.execute(() => 1)
    expect([await counted(), await counted()]).toEqual([1, 1])
    prometheus.close()
  })

  it('counts on when the total of a component begins anew', async () => {
    const hub = new Hub()
    const totals = { recovered: 5 }
    hub.register({ kind: 'retry', name: 'r', snapshot: () => totals, actions: {} })
    const prometheus = prometheusMetrics({ hub, callsTimedPerSecond: 0 })
    const recovered = async () =>
      sumOf(await read(prometheus), 'retry_calls_total', { name: 'r', outcome: 'recovered' })
    expect(await recovered()).toBe(5)
    totals.recovered = 2
    expect(await recovered()).toBe(7)
    totals.recovered = 3
    expect(await recovered()).toBe(8)
    prometheus.close()
  })

  it('drops the series of a health check that is taken out, and keeps the others', async () => {
    const hub = new Hub()
    const clock = new VirtualClock()
    const health = createHealth({ hub, clock, mode: 'on-demand' })
    const takeOut = health.register('a', { check: () => true })
    health.register('b', { check: () => true })
    const prometheus = prometheusMetrics({ hub, clock })
    await health.report()
    expect(sumOf(await read(prometheus), 'health_check_duration_seconds_count', { check: 'a' })).toBe(1)
    takeOut()
    const families = await read(prometheus)
    const checks = ['health_check_status', 'health_check_total', 'health_check_duration_seconds'].map(
      (name) => new Set(families.get(name)?.samples.map(({ labels }) => labels['check'])),
    )
    expect(checks).toEqual([new Set(['b']), new Set(['b']), new Set(['b'])])
    await health.close()
    prometheus.close()
  })

  it('shows the worst level of several managers', async () => {
    const hub = new Hub()
    const clock = new VirtualClock()
    const managers = ['a', 'b', 'c'].map((name) => createDegradation({ name, hub, clock, rules: [] }))
    managers[1]?.set('critical', { reason: 'rehearsal', actor: 'ada' })
    const prometheus = prometheusMetrics({ hub, clock })
    expect(sumOf(await read(prometheus), 'system_degradation_level')).toBe(4)
    managers[1]?.close()
    expect(sumOf(await read(prometheus), 'system_degradation_level')).toBe(0)
    for (const manager of managers) manager.close()
    prometheus.close()
  })

  it('counts what is too much under one name, and says so', async () => {
    const hub = new Hub()
    const clock = new VirtualClock()
    const prometheus = prometheusMetrics({ hub, clock })
    const breakers = Array.from({ length: 210 }, (_, i) => circuitBreaker({ name: `b${i}`, hub, clock }))
    for (const breaker of breakers) await breaker.execute(() => 1)
    const families = await read(prometheus)
    const names = new Set(samplesOf(families, 'circuit_breaker_state').map(({ labels }) => labels['name']))
    expect(names.size).toBe(201)
    expect(sumOf(families, 'circuit_breaker_state', { name: '__other__', state: 'closed' })).toBe(10)
    expect(sumOf(families, 'circuit_breaker_requests_total', { name: '__other__', result: 'success' })).toBe(
      10,
    )
    expect(
      sumOf(families, 'resilience_metrics_overflow_total', { metric: 'circuit_breaker_state' }),
    ).toBeGreaterThan(0)
    // Gauges are set, not added up, from scrape to scrape.
    const again = await read(prometheus)
    expect(sumOf(again, 'circuit_breaker_state', { name: '__other__', state: 'closed' })).toBe(10)
    for (const breaker of breakers) breaker.dispose()
    expect(samplesOf(await read(prometheus), 'circuit_breaker_state')).toEqual([])
    // Whoever comes later has the places of those who left.
    const late = circuitBreaker({ name: 'late', hub, clock })
    expect(sumOf(await read(prometheus), 'circuit_breaker_state', { name: 'late', state: 'closed' })).toBe(1)
    late.dispose()
    prometheus.close()
  })

  it('bounds series whose other labels grow as well', async () => {
    const hub = new Hub()
    hub.register({ kind: 'dead-letters', name: 'q', snapshot: () => ({}), actions: {} })
    const prometheus = prometheusMetrics({ hub })
    for (let i = 0; i < 5000; i++) hub.publish('dead-letters', 'q', 'added', { failure: `f${i}` }, undefined)
    const families = await read(prometheus)
    expect(samplesOf(families, 'dlq_messages_added_total').length).toBe(1001)
    expect(sumOf(families, 'dlq_messages_added_total', { reason: '__other__' })).toBe(4000)
    expect(sumOf(families, 'dlq_messages_added_total')).toBe(5000)
    prometheus.close()
  })

  it('tells no secrets: no messages, payloads, keys, ids or addresses', async () => {
    const { hub, clock, run } = service()
    const prometheus = prometheusMetrics({ hub, clock })
    await run()
    const text = await prometheus.metrics()
    expect(text).toContain('dlq_messages_added_total{queue="letters",reason="')
    expect(text).not.toContain(secret)
    expect(text).not.toMatch(/root|db\.internal|tenant|session/)
    prometheus.close()
  })

  it('quotes names as the format wants it', async () => {
    const hub = new Hub()
    const name = 'a"b\\c\nd{e}=,é'
    const breaker = circuitBreaker({ name, hub })
    const prometheus = prometheusMetrics({ hub })
    expect(sumOf(await read(prometheus), 'circuit_breaker_state', { name, state: 'closed' })).toBe(1)
    prometheus.close()
    breaker.dispose()
  })

  it('goes on when the snapshot of a component throws', async () => {
    const hub = new Hub()
    let broken = false
    const snapshot = () => {
      if (broken) throw leakyError()
      return { active: 3, queued: 0, concurrency: 5 }
    }
    hub.register({ kind: 'bulkhead', name: 'b', snapshot, actions: {} })
    const prometheus = prometheusMetrics({ hub })
    expect(sumOf(await read(prometheus), 'bulkhead_active', { name: 'b' })).toBe(3)
    broken = true
    expect(sumOf(await read(prometheus), 'bulkhead_active', { name: 'b' })).toBe(3)
    prometheus.close()
  })

  it('counts the errors of listeners', async () => {
    const hub = new Hub()
    const breaker = circuitBreaker({ name: 'a', hub })
    const prometheus = prometheusMetrics({ hub })
    breaker.on('stateChange', () => {
      throw leakyError()
    })
    breaker.trip()
    expect(sumOf(await read(prometheus), 'resilience_listener_errors_total')).toBe(1)
    prometheus.close()
    breaker.dispose()
  })

  it('times no more calls in a second than it was told', async () => {
    const hub = new Hub()
    const clock = new VirtualClock()
    const breaker = circuitBreaker({ name: 'a', hub, clock })
    const prometheus = prometheusMetrics({ hub, clock, callsTimedPerSecond: 10 })
    const timed = async () => sumOf(await read(prometheus), 'circuit_breaker_response_time_count')
    for (let i = 0; i < 50; i++) await breaker.execute(() => 1)
    expect(await timed()).toBe(10)
    await clock.advance('1.2s')
    for (let i = 0; i < 50; i++) await breaker.execute(() => 1)
    expect(await timed()).toBe(20)
    prometheus.close()
    expect([hub.wants('call'), clock.pendingTimers]).toEqual([false, 0])
    breaker.dispose()
  })

  it('refuses options that make no sense', () => {
    expect(() => prometheusMetrics({ callsTimedPerSecond: -1 })).toThrow(InvalidOptionError)
    expect(() => prometheusMetrics({ prefix: 'x' } as object)).toThrow(InvalidOptionError)
  })
})

describe('a registry', () => {
  it('may be shared: the last registration counts, and the first takes nothing of it away', async () => {
    const hub = new Hub()
    const registry = new Registry()
    const breaker = circuitBreaker({ name: 'a', hub })
    const first = prometheusMetrics({ hub, registry })
    const second = prometheusMetrics({ hub, registry })
    await breaker.execute(() => 1)
    expect(sumOf(await read(second), 'circuit_breaker_requests_total')).toBe(1)
    first.close()
    expect(sumOf(await read(second), 'circuit_breaker_requests_total')).toBe(1)
    second.close()
    expect(registry.getMetricsAsArray()).toEqual([])
    expect(hub.silent).toBe(true)
    breaker.dispose()
  })

  it('may be one of two on a hub, and several scrapes may run at once', async () => {
    const { hub, clock, run } = service()
    const all = [prometheusMetrics({ hub, clock }), prometheusMetrics({ hub, clock })]
    await run()
    const texts = await Promise.all([...all, ...all].map((prometheus) => prometheus.metrics()))
    expect(new Set(texts).size).toBe(1)
    for (const prometheus of all) prometheus.close()
  })

  it('of OpenMetrics gets no gauge whose name ends in _total', async () => {
    const { hub, clock, run } = service()
    const registry = new Registry<'application/openmetrics-text; version=1.0.0; charset=utf-8'>()
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    // Its type is about what it was made with.
    const prometheus = prometheusMetrics({ hub, clock, registry: registry as unknown as Registry })
    await run()
    const text = await prometheus.metrics()
    expect(text).toMatch(/^dlq_messages\{queue="letters"\} 2$/m)
    expect(text).not.toMatch(/^dlq_messages_total/m)
    expect(text).toContain('# TYPE circuit_breaker_requests counter\ncircuit_breaker_requests_total{')
    expect(text.endsWith('# EOF\n')).toBe(true)
    prometheus.close()
  })
})

describe('the depth of dead letters', () => {
  it('is asked for at a scrape, once in five seconds', async () => {
    const hub = new Hub()
    const clock = new VirtualClock()
    const queue = deadLetters({ name: 'q', store: memoryDeadLetters({ clock }), hub, clock })
    const prometheus = prometheusMetrics({ hub, clock })
    const depth = async () => sumOf(await read(prometheus), 'dlq_messages_total', { queue: 'q' })
    await queue.add({}, new Error('no'))
    expect(await depth()).toBe(1)
    await queue.add({}, new Error('no'))
    expect(await depth()).toBe(1)
    await clock.advance('5s')
    expect(await depth()).toBe(2)
    const families = await read(prometheus)
    expect(sumOf(families, 'dlq_oldest_message_age_seconds')).toBe(5)
    expect(sumOf(families, 'dlq_messages')).toBe(2)
    prometheus.close()
    await queue.close()
  })

  it('does not hold up a scrape for more than half a second, and a store that hangs is asked once', async () => {
    const hub = new Hub()
    const clock = new VirtualClock()
    let asked = 0
    let answer = (): void => {}
    const counts: { value?: object } = {}
    hub.register({
      kind: 'dead-letters',
      name: 'q',
      snapshot: () => ({ counts: counts.value }),
      actions: {
        stats: () => {
          asked++
          return new Promise<void>((resolve) => {
            answer = resolve
          })
        },
      },
    })
    const prometheus = prometheusMetrics({ hub, clock, callsTimedPerSecond: 0 })
    const scrape = async () => {
      const scraped = read(prometheus)
      await clock.advance('500ms')
      return sumOf(await scraped, 'dlq_messages_total')
    }
    expect(await scrape()).toBeUndefined()
    await clock.advance('1m')
    expect(await scrape()).toBeUndefined()
    expect(asked).toBe(1)
    counts.value = { dead: 7, now: 0 }
    answer()
    expect(await scrape()).toBe(7)
    expect(clock.pendingTimers).toBe(0)
    prometheus.close()
  })

  it('stays what it was when the store fails', async () => {
    const hub = new Hub()
    const clock = new VirtualClock()
    const actions = { stats: () => Promise.reject(leakyError()) }
    const snapshot = () => ({ counts: { dead: 3, now: 1000, oldest: 0 } })
    hub.register({ kind: 'dead-letters', name: 'q', snapshot, actions })
    const prometheus = prometheusMetrics({ hub, clock })
    const families = await read(prometheus)
    expect(sumOf(families, 'dlq_messages_total')).toBe(3)
    expect(sumOf(families, 'dlq_oldest_message_age_seconds')).toBe(1)
    prometheus.close()
  })
})

describe('what no component of these tests does by itself', () => {
  it.each([
    ['redis', 'failed', 'store_failures_total', { kind: 'redis' }],
    ['postgres', 'failed', 'store_failures_total', { kind: 'postgres' }],
    ['degradation', 'storeFailed', 'store_failures_total', { kind: 'degradation' }],
    ['dead-letters', 'storeFailed', 'store_failures_total', { kind: 'dead-letters' }],
    ['worker', 'storeError', 'store_failures_total', { kind: 'worker' }],
    ['reaper', 'storeError', 'store_failures_total', { kind: 'reaper' }],
    ['worker', 'claimed', 'worker_tasks_claimed_total', {}],
    ['worker', 'lost', 'worker_tasks_total', { result: 'lost' }],
    ['worker', 'handedBack', 'worker_tasks_total', { result: 'handed_back' }],
    ['dead-letters', 'discarded', 'dlq_messages_processed_total', { result: 'discarded' }],
    ['dead-letters', 'expired', 'dlq_messages_processed_total', { result: 'expired' }],
  ] as const)('is counted from the events of %s: %s', async (kind, type, metric, labels) => {
    const hub = new Hub()
    const prometheus = prometheusMetrics({ hub })
    hub.register({ kind, name: 'main', snapshot: () => ({}), actions: {} })
    hub.publish(kind, 'main', type, {}, undefined)
    expect(sumOf(await read(prometheus), metric, labels)).toBe(1)
    prometheus.close()
  })
})
