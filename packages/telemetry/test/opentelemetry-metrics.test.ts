import { metrics } from '@opentelemetry/api'
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { Hub, InvalidOptionError } from '@seaworthy/core'
import { openTelemetryMetrics } from '@seaworthy/telemetry/opentelemetry'
import { prometheusMetrics } from '@seaworthy/telemetry/prometheus'
import { VirtualClock } from '@seaworthy/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { secret, service } from './service.ts'
import { parseMetrics } from './text-format.ts'

/** An SDK that exports when it is asked. */
function sdk() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 31 - 1 })
  const meterProvider = new MeterProvider({ readers: [reader] })
  const collect = async (): Promise<ResourceMetrics> => {
    const { resourceMetrics, errors } = await reader.collect()
    expect(errors).toEqual([])
    return resourceMetrics
  }
  const read = async (): Promise<readonly MetricData[]> =>
    (await collect()).scopeMetrics.flatMap((scope) => scope.metrics)
  return { meterProvider, collect, read, end: () => meterProvider.shutdown() }
}

type Wanted = Readonly<Record<string, string>>

/** What a metric says about a series. */
const pointOf = (all: readonly MetricData[], name: string, attributes: Wanted) =>
  all
    .find(({ descriptor }) => descriptor.name === name)
    ?.dataPoints.find((point) =>
      Object.entries(attributes).every(([key, value]) => point.attributes[key] === value),
    )?.value

const sorted = (labels: Wanted): string => JSON.stringify(Object.entries(labels).sort())

afterEach(() => metrics.disable())

describe('openTelemetryMetrics', () => {
  it('says the same as the exporter for Prometheus, under the same names', async () => {
    const { hub, clock, run } = service()
    const { meterProvider, collect, end } = sdk()
    const prometheus = prometheusMetrics({ hub, clock })
    const telemetry = openTelemetryMetrics({ hub, clock, meterProvider })
    await run()
    const serializer = new PrometheusSerializer(undefined, false, undefined, true, true)
    const text = serializer.serialize(await collect()).replaceAll(/^# UNIT .*\n/gm, '')
    const bridged = parseMetrics(text)
    let compared = 0
    for (const { name, type, help, samples } of parseMetrics(await prometheus.metrics()).values()) {
      const series = bridged.get(name)
      // Instruments know no series before their first value.
      if (samples.length > 0) expect([name, series?.type, series?.help]).toEqual([name, type, help])
      const histogramsKnown = new Set(series?.samples.map(({ labels: { le, ...labels } }) => sorted(labels)))
      for (const { name: sampleName, labels, value } of samples) {
        const { le, ...others } = labels
        if (type === 'histogram' && !histogramsKnown.has(sorted(others))) continue
        const same = series?.samples.find(
          (each) => each.name === sampleName && sorted(each.labels) === sorted(labels),
        )
        expect([sampleName, labels, same?.value]).toEqual([sampleName, labels, value])
        compared++
      }
    }
    expect(compared).toBeGreaterThan(200)
    expect(text).not.toContain(secret)
    telemetry.close()
    prometheus.close()
    await end()
  })

  it('has names and units that a collector spells the same way', async () => {
    const { hub, clock, run } = service()
    const { meterProvider, read, end } = sdk()
    const telemetry = openTelemetryMetrics({ hub, clock, meterProvider })
    await run()
    for (const { descriptor } of await read())
      expect([descriptor.name, descriptor.unit]).toEqual([
        descriptor.name,
        descriptor.name.endsWith('_seconds') ? 's' : '',
      ])
    telemetry.close()
    await end()
  })

  it('has names in the style of OpenTelemetry where they are wanted', async () => {
    const { hub, clock, run } = service()
    const { meterProvider, read, end } = sdk()
    const telemetry = openTelemetryMetrics({ hub, clock, meterProvider, names: 'otel' })
    await run()
    const all = await read()
    const payments = { 'resilience.policy.name': 'payments' }
    expect(
      pointOf(all, 'resilience.circuit_breaker.requests', { ...payments, 'resilience.outcome': 'failure' }),
    ).toBe(3)
    expect(
      pointOf(all, 'resilience.circuit_breaker.failures', { ...payments, 'error.type': 'transient' }),
    ).toBe(3)
    expect(pointOf(all, 'resilience.circuit_breaker.call.duration', payments)).toMatchObject({ count: 1 })
    expect(pointOf(all, 'resilience.degradation.level', {})).toBe(3)
    expect(pointOf(all, 'resilience.dead_letters.waiting', { 'resilience.queue': 'letters' })).toBe(2)
    const descriptors = all.map(({ descriptor }) => descriptor)
    expect(descriptors.filter(({ name }) => !/^resilience\.[a-z_.]+[a-z]$/.test(name))).toEqual([])
    expect(descriptors.find(({ name }) => name.endsWith('call.duration'))?.unit).toBe('s')
    expect(descriptors.find(({ name }) => name.endsWith('circuit_breaker.requests'))?.unit).toBe('{request}')
    expect(new Set(descriptors.map(({ name }) => name)).size).toBe(descriptors.length)
    telemetry.close()
    await end()
  })

  it('uses the buckets of the catalogue', async () => {
    const hub = new Hub()
    const { meterProvider, read, end } = sdk()
    const telemetry = openTelemetryMetrics({ hub, meterProvider })
    const breaker = circuitBreaker({ name: 'a', hub })
    await breaker.execute(() => 1)
    const times = pointOf(await read(), 'circuit_breaker_response_time', { name: 'a' })
    expect(times).toMatchObject({ buckets: { boundaries: expect.arrayContaining([0.005, 60]) } })
    telemetry.close()
    breaker.dispose()
    await end()
  })

  it('makes its instruments anew when the SDK is set up after it', async () => {
    const hub = new Hub()
    const clock = new VirtualClock()
    const telemetry = openTelemetryMetrics({ hub, clock })
    const breaker = circuitBreaker({ name: 'a', hub, clock })
    await breaker.execute(() => 1)
    const first = sdk()
    metrics.setGlobalMeterProvider(first.meterProvider)
    await clock.advance('1s')
    await breaker.execute(() => 1)
    const success = { name: 'a', result: 'success' }
    const all = await first.read()
    expect(pointOf(all, 'circuit_breaker_requests_total', success)).toBe(2)
    expect(pointOf(all, 'circuit_breaker_response_time', success)).toMatchObject({ count: 1 })

    // And once more, with another.
    metrics.disable()
    const second = sdk()
    metrics.setGlobalMeterProvider(second.meterProvider)
    await clock.advance('1s')
    expect(pointOf(await second.read(), 'circuit_breaker_requests_total', success)).toBe(2)

    // SDKs show the last values of instruments that nobody observes any more.
    telemetry.close()
    await breaker.execute(() => 1)
    expect(pointOf(await first.read(), 'circuit_breaker_requests_total', success)).toBe(2)
    expect(pointOf(await second.read(), 'circuit_breaker_requests_total', success)).toBe(2)
    expect([hub.silent, clock.pendingTimers]).toEqual([true, 0])
    breaker.dispose()
    await first.end()
    await second.end()
  })

  it('records a value that comes before it has looked again', async () => {
    const hub = new Hub()
    const clock = new VirtualClock()
    const telemetry = openTelemetryMetrics({ hub, clock })
    const breaker = circuitBreaker({ name: 'a', hub, clock })
    const { meterProvider, read, end } = sdk()
    metrics.setGlobalMeterProvider(meterProvider)
    await breaker.execute(() => 1)
    expect(pointOf(await read(), 'circuit_breaker_response_time', { name: 'a' })).toMatchObject({ count: 1 })
    telemetry.close()
    breaker.dispose()
    await end()
  })

  it('refuses options that make no sense', () => {
    expect(() => openTelemetryMetrics({ names: 'mine' as 'otel' })).toThrow(InvalidOptionError)
    expect(() => openTelemetryMetrics({ meter: 1 } as object)).toThrow(InvalidOptionError)
  })
})
