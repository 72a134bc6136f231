/**
 * Metrics for Prometheus, through prom-client.
 *
 * @module @seaworthy/telemetry/prometheus
 */
import { type Clock, type Hub, knownOptions } from '@seaworthy/core'
import {
  catalogue,
  type HistogramKeeper,
  HubReader,
  type Labels,
  type MetricName,
} from '@seaworthy/telemetry'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Options of {@link prometheusMetrics}. */
export interface PrometheusOptions {
  /** Where the metrics are registered. @defaultValue a registry of their own */
  readonly registry?: Registry
  /** How many calls a second are timed at most, for `circuit_breaker_response_time`; 0 for none. @defaultValue 1000 */
  readonly callsTimedPerSecond?: number
  /** @defaultValue the hub of the process */
  readonly hub?: Hub
  /** @defaultValue the system clock */
  readonly clock?: Clock
}

/** Metrics for Prometheus. Made by {@link prometheusMetrics}. */
export interface PrometheusMetrics {
  /** prom-client's registry, with these metrics and whatever else you put in. */
  readonly registry: Registry
  /** The value of the header `content-type`. */
  readonly contentType: string
  /** All metrics of the registry as text. Waits half a second at most for stores that are asked how many dead letters they have. */
  metrics(): Promise<string>
  /** Listens no more, and takes its metrics out of the registry. */
  close(): void
}

/**
 * Counts what the policies of the hub do, for Prometheus. Components that come later are seen as well; the series of those that are disposed
 * of go. A call pays nothing for it, but for the thousand a second that are timed.
 *
 * A metric of the same name that the registry has already is replaced: after a reload of a module, or when two parts of a program do this, the
 * last one counts.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { circuitBreaker } from '@seaworthy/circuit-breaker'
 * import { prometheusMetrics } from '@seaworthy/telemetry/prometheus'
 *
 * const prometheus = prometheusMetrics()
 * const breaker = circuitBreaker({ name: 'payments' })
 * await breaker.execute(() => 'paid')
 * const text = await prometheus.metrics()
 * console.log(text.match(/^circuit_breaker_requests_total.*success.*$/m)?.[0])
 * // circuit_breaker_requests_total{name="payments",result="success"} 1
 * prometheus.close()
 * breaker.dispose()
 * ```
 */
export function prometheusMetrics(options: PrometheusOptions = {}): PrometheusMetrics {
  knownOptions('prometheusMetrics', options, ['registry', 'callsTimedPerSecond', 'hub', 'clock'])
  const { registry = new Registry(), callsTimedPerSecond, hub, clock } = options
  const histograms = new Histograms()
  const reader = new HubReader({ hub, clock, callsTimedPerSecond, histograms })
  const readOnce = oncePerScrape(() => reader.read())
  function metricOf(name: MetricName): Counter | Gauge | Histogram {
    const { type, help, labels } = catalogue[name]
    if (type === 'histogram') return histograms.of(name)
    const show = function (this: Counter | Gauge): void {
      readOnce()
      this.reset()
      for (const { labels: values, value } of reader.series(name)) this.inc(values, value)
    }
    const collect = !askedFor.has(name)
      ? show
      : async function (this: Counter | Gauge): Promise<void> {
          await reader.refresh()
          show.call(this)
        }
    const common = { name, help, labelNames: [...labels], registers: [], collect }
    return type === 'counter' ? new Counter(common) : new Gauge(common)
  }
  const places = namesFor(registry).map((name) => ({ name, metric: metricOf(name) }))
  for (const { name, metric } of places) {
    registry.removeSingleMetric(name)
    registry.registerMetric(metric)
  }
  return {
    registry,
    contentType: registry.contentType,
    metrics: () => registry.metrics(),
    close() {
      reader.close()
      // Others may have put theirs in place of ours.
      for (const { name, metric } of places)
        if (registry.getSingleMetric(name) === metric) registry.removeSingleMetric(name)
    },
  }
}

/** The histograms of prom-client, which has its own arithmetic for them. */
class Histograms implements HistogramKeeper {
  readonly #made = new Map<MetricName, Histogram>()

  of(name: MetricName): Histogram {
    const known = this.#made.get(name)
    if (known !== undefined) return known
    const { help, labels, buckets = [] } = catalogue[name]
    const made = new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers: [] })
    this.#made.set(name, made)
    return made
  }

  know(metric: MetricName, labels: Labels): void {
    this.of(metric).zero(labels)
  }

  observe(metric: MetricName, labels: Labels, value: number): void {
    this.of(metric).observe(labels, value)
  }

  forget(metric: MetricName, labels: Labels): void {
    this.of(metric).remove(labels)
  }
}

/** What only stores know. */
const askedFor: ReadonlySet<MetricName> = new Set([
  'dlq_messages_total',
  'dlq_messages',
  'dlq_oldest_message_age_seconds',
])

/** OpenMetrics has no gauges whose names end in `_total`. */
function namesFor(registry: Registry): MetricName[] {
  const names = Object.keys(catalogue) as MetricName[]
  const openMetrics = registry.contentType.startsWith('application/openmetrics-text')
  return openMetrics ? names.filter((name) => name !== 'dlq_messages_total') : names
}

/** All metrics of a scrape are collected in one go, and the first of them reads for all. */
function oncePerScrape(read: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    queueMicrotask(() => {
      done = false
    })
    read()
  }
}
