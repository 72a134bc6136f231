/** The metrics of the catalogue, through whatever meter provider there is. */
import {
  type Attributes,
  type BatchObservableCallback,
  type Histogram,
  type Meter,
  type MeterProvider,
  metrics,
  type Observable,
} from '@opentelemetry/api'
import {
  type Clock,
  type Hub,
  knownOptions,
  oneOf,
  Periodic,
  systemClock,
  systemRandom,
} from '@seaworthy/core'
import { catalogue, HubReader, type Labels, type MetricName } from '@seaworthy/telemetry'
import { type Naming, namings } from './otel-names.ts'

/** Options of {@link openTelemetryMetrics}. */
export interface OpenTelemetryMetricsOptions {
  /** @defaultValue the global one, also if it is set later */
  readonly meterProvider?: MeterProvider
  /**
   * `seed`: the names of the catalogue, the same as `@seaworthy/telemetry/prometheus` gives, for dashboards and alerts that exist. `otel`: names in
   * OpenTelemetry's style, `resilience.circuit_breaker.requests`.
   *
   * @defaultValue `'seed'`
   */
  readonly names?: 'seed' | 'otel'
  /** How many calls a second are timed at most, for the response times of circuit breakers; 0 for none. @defaultValue 1000 */
  readonly callsTimedPerSecond?: number
  /** @defaultValue the hub of the process */
  readonly hub?: Hub
  /** @defaultValue the system clock */
  readonly clock?: Clock
}

/** Metrics for OpenTelemetry. Made by {@link openTelemetryMetrics}. */
export interface OpenTelemetryMetrics {
  /** Listens no more, and takes its callbacks off the meter. */
  close(): void
}

/** How often it is looked whether there is another global provider, in milliseconds. */
const lookEvery = 1000

/**
 * Counts what the policies of the hub do, for OpenTelemetry. Counters and gauges are read when the SDK collects; histograms are recorded as their
 * values come.
 *
 * It may be called before the SDK is set up: it looks once a second whether there is another global provider and makes its instruments anew.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { circuitBreaker } from '@seaworthy/circuit-breaker'
 * import { openTelemetryMetrics } from '@seaworthy/telemetry/opentelemetry'
 *
 * const telemetry = openTelemetryMetrics({ names: 'otel' })
 * const breaker = circuitBreaker({ name: 'payments' })
 * await breaker.execute(() => 'paid') // resilience.circuit_breaker.requests grows
 * telemetry.close()
 * breaker.dispose()
 * ```
 */
export function openTelemetryMetrics(options: OpenTelemetryMetricsOptions = {}): OpenTelemetryMetrics {
  knownOptions('openTelemetryMetrics', options, [
    'meterProvider',
    'names',
    'callsTimedPerSecond',
    'hub',
    'clock',
  ])
  const naming = namings[oneOf('names', options.names ?? 'seed', ['seed', 'otel'])]
  return new Bridge(options, naming)
}

class Bridge implements OpenTelemetryMetrics {
  readonly #given: MeterProvider | undefined
  readonly #naming: Naming
  readonly #reader: HubReader
  readonly #looks: Periodic
  #provider: MeterProvider | undefined = undefined
  #instruments: Instruments | undefined = undefined

  constructor(
    { meterProvider, callsTimedPerSecond, hub, clock = systemClock }: OpenTelemetryMetricsOptions,
    naming: Naming,
  ) {
    this.#given = meterProvider
    this.#naming = naming
    const nothing = (): void => {}
    const observe = (metric: MetricName, labels: Labels, value: number): void => {
      this.#look()
      this.#instruments?.record(metric, labels, value)
    }
    // Instruments know no series before their first value, and forget none.
    const histograms = { know: nothing, observe, forget: nothing }
    this.#reader = new HubReader({ hub, clock, callsTimedPerSecond, histograms })
    const run = async (): Promise<void> => this.#look()
    this.#looks = new Periodic({ clock, random: systemRandom, interval: lookEvery, keepAlive: false, run })
    if (meterProvider === undefined) this.#looks.start()
    this.#look()
  }

  close(): void {
    void this.#looks.stop()
    this.#reader.close()
    this.#instruments?.close()
    this.#instruments = undefined
  }

  /** Before the SDK is set up there is a provider that does nothing, and its meters never learn of the real one. */
  #look(): void {
    const provider = this.#given ?? metrics.getMeterProvider()
    if (provider === this.#provider) return
    this.#provider = provider
    this.#instruments?.close()
    this.#instruments = new Instruments(provider.getMeter('@seaworthy/telemetry'), this.#reader, this.#naming)
  }
}

/** The instruments of one meter. */
class Instruments {
  readonly #meter: Meter
  readonly #naming: Naming
  readonly #observables = new Map<MetricName, Observable>()
  readonly #histograms = new Map<MetricName, Histogram>()
  readonly #observe: BatchObservableCallback

  constructor(meter: Meter, reader: HubReader, naming: Naming) {
    this.#meter = meter
    this.#naming = naming
    for (const name of Object.keys(catalogue) as MetricName[]) this.#make(name)
    this.#observe = async (result) => {
      await reader.refresh()
      reader.read()
      for (const [name, instrument] of this.#observables)
        for (const { labels, value } of reader.series(name))
          result.observe(instrument, value, this.#attributes(name, labels))
    }
    meter.addBatchObservableCallback(this.#observe, [...this.#observables.values()])
  }

  record(metric: MetricName, labels: Labels, value: number): void {
    this.#histograms.get(metric)?.record(value, this.#attributes(metric, labels))
  }

  close(): void {
    this.#meter.removeBatchObservableCallback(this.#observe, [...this.#observables.values()])
  }

  #make(metric: MetricName): void {
    const definition = catalogue[metric]
    const name = this.#naming.name(definition)
    if (name === undefined) return
    const options = { description: definition.help, unit: this.#naming.unit(definition) }
    switch (definition.type) {
      case 'counter':
        this.#observables.set(metric, this.#meter.createObservableCounter(name, options))
        break
      case 'gauge':
        this.#observables.set(metric, this.#meter.createObservableGauge(name, options))
        break
      case 'histogram': {
        const advice = { explicitBucketBoundaries: [...(definition.buckets ?? [])] }
        this.#histograms.set(metric, this.#meter.createHistogram(name, { ...options, advice }))
      }
    }
  }

  #attributes(metric: MetricName, labels: Labels): Attributes {
    const definition = catalogue[metric]
    return Object.fromEntries(
      Object.entries(labels).map(([label, value]) => [this.#naming.attribute(definition, label), value]),
    )
  }
}
