/**
 * Metrics, logs and traces of what policies do. Exporters are in sub-paths: `@seaworthy/telemetry/prometheus`, `@seaworthy/telemetry/opentelemetry`.
 *
 * @module @seaworthy/telemetry
 */
export { catalogue, type MetricDefinition, type MetricName } from './catalogue.ts'
export { HubReader, type HubReaderOptions } from './hub-reader.ts'
export { consoleLogger, type LogEventsOptions, type Logger, type LogLevel, logEvents } from './log-events.ts'
export {
  currentRequest,
  type HeadersLike,
  type RequestContext,
  requestFrom,
  withRequest,
} from './request-context.ts'
export type { HistogramKeeper, Labels, Series } from './tallies.ts'
