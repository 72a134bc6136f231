/** What happens to calls, as events of the spans in which it happens. */
import { type Attributes, trace } from '@opentelemetry/api'
import { defaultHub, type Hub, knownOptions } from '@seaworthy/core'

/** Options of {@link openTelemetryTracing}. */
export interface OpenTelemetryTracingOptions {
  /** @defaultValue the hub of the process */
  readonly hub?: Hub
}

const refusal = ['reason', 'retryAfter', 'level', 'criticality']

/** Which fields of which events, by type and kind. None of them is anybody's words, and keys, which may name people, are not among them. */
const told: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  stateChange: {
    'circuit-breaker': ['from', 'to', 'reason'],
    'circuit-breaker-per-key': ['from', 'to', 'reason'],
    failover: ['provider', 'from', 'to'],
  },
  rejected: {
    'circuit-breaker': ['state', 'retryAfter'],
    'circuit-breaker-per-key': ['state', 'retryAfter'],
    bulkhead: refusal,
    'rate-limit': refusal,
    'adaptive-concurrency': refusal,
    'load-shed': refusal,
    idempotency: refusal,
  },
  retryScheduled: { retry: ['attempt', 'failureClass', 'delay'] },
  gaveUp: { retry: ['attempts', 'reason', 'failureClass'] },
  timeout: { timeout: ['limit', 'by'] },
  answered: { fallback: ['link', 'position', 'failureClass'], failover: ['provider', 'hops'] },
  linkFailed: { fallback: ['link', 'position', 'failureClass'] },
  stale: { 'stale-cache': ['age', 'reason'] },
  hedged: { hedge: ['copy', 'after', 'cause'] },
  hop: { failover: ['provider', 'attempt', 'reason', 'outcome'] },
  used: { 'fallback-registry': ['service', 'fallback', 'result', 'level'] },
  duplicate: { idempotency: ['outcome', 'source'] },
}

/**
 * Adds what policies with a name do to the active span, as events such as `resilience.circuit_breaker.rejected`. It makes no spans: {@link traced}
 * does.
 *
 * @returns A function that ends it.
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { circuitBreaker } from '@seaworthy/circuit-breaker'
 * import { openTelemetryTracing } from '@seaworthy/telemetry/opentelemetry'
 *
 * const stop = openTelemetryTracing()
 * const breaker = circuitBreaker({ name: 'payments' })
 * breaker.trip() // resilience.circuit_breaker.state_change, if a span is active
 * stop()
 * breaker.dispose()
 * ```
 */
export function openTelemetryTracing(options: OpenTelemetryTracingOptions = {}): () => void {
  knownOptions('openTelemetryTracing', options, ['hub'])
  const { hub = defaultHub } = options
  const leave = Object.entries(told).map(([type, byKind]) =>
    hub.on(type, ({ kind, name, payload }) => {
      const fields = byKind[kind]
      const span = fields && trace.getActiveSpan()
      if (fields === undefined || !span?.isRecording()) return
      span.addEvent(`resilience.${snake(kind)}.${snake(type)}`, {
        'resilience.policy.name': name,
        ...attributesOf(payload as Readonly<Record<string, unknown>>, fields), // events are plain data
      })
    }),
  )
  return () => {
    for (const each of leave) each()
  }
}

/** The ids of the active span, for lines of a log: `logEvents({ fields: activeSpan })`. Empty where there is none. */
export function activeSpan(): { readonly trace_id?: string; readonly span_id?: string } {
  const context = trace.getActiveSpan()?.spanContext()
  return context === undefined ? {} : { trace_id: context.traceId, span_id: context.spanId }
}

function attributesOf(payload: Readonly<Record<string, unknown>>, fields: readonly string[]): Attributes {
  const attributes: Attributes = {}
  for (const field of fields) {
    const value = payload[field]
    if (typeof value === 'string' || typeof value === 'number')
      attributes[`resilience.${snake(field)}`] = value
  }
  return attributes
}

const snake = (text: string): string =>
  text.replaceAll('-', '_').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
