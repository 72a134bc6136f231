/**
 * Metrics and traces for OpenTelemetry, through its API.
 *
 * @module @seaworthy/telemetry/opentelemetry
 */
export { activeSpan, type OpenTelemetryTracingOptions, openTelemetryTracing } from './otel-events.ts'
export {
  type OpenTelemetryMetrics,
  type OpenTelemetryMetricsOptions,
  openTelemetryMetrics,
} from './otel-metrics.ts'
export { type TracedOptions, traced } from './traced.ts'
