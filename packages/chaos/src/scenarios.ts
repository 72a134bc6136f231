/** The ten scenarios, as plain data. */
import type { ExtensionScenarioId, Scenario, ScenarioId } from './scenario.ts'

/**
 * The ten scenarios by id. Each says what goes wrong, what should save the service, and how to tell. Give a controller's `scenarios`
 * others under the same id to change them.
 */
export const scenarios: Readonly<Record<ScenarioId, Scenario>> = frozen({
  provider_timeout: {
    id: 'provider_timeout',
    covers: 'A provider accepts calls and never answers some of them.',
    defence: 'A timeout, then a retry or another provider.',
    passes: 'Every call ends by its deadline and 50 ms; no slot of a bulkhead is lost.',
    faults: [{ kind: 'hang', rate: 0.1 }, { kind: 'partition' }, { kind: 'pause' }],
  },
  valuation_exception: {
    id: 'valuation_exception',
    covers: 'A provider fails half of the calls for a reason of its own that another try does not mend.',
    defence: 'The failure class: no retries; a fallback that says so.',
    passes: 'No call is tried again; answers without it are marked as degraded.',
    faults: [
      {
        kind: 'error',
        rate: 0.5,
        error: {
          name: 'ValuationError',
          message: 'The value cannot be computed',
          failureClass: 'persistent',
        },
      },
    ],
  },
  latency_spike: {
    id: 'latency_spike',
    covers: 'A few calls take a second or much more.',
    defence: 'A timeout, a hedge, a circuit breaker that counts slow calls.',
    passes: 'The 99th percentile stays within the deadline; slow calls can be seen.',
    faults: [
      {
        kind: 'latency',
        rate: 0.05,
        delay: { distribution: 'lognormal', median: '1s', sigma: 0.8, cap: '10s' },
      },
    ],
  },
  provider_outage: {
    id: 'provider_outage',
    covers: 'A provider is gone.',
    defence: 'Another provider, and the way back to the first.',
    passes: 'The first answer of another within 5 s; no request lost; back within 30 s after the end.',
    faults: [{ kind: 'error', error: { code: 'ECONNREFUSED' } }, { kind: 'refuse' }, { kind: 'kill' }],
  },
  rate_limit_storm: {
    id: 'rate_limit_storm',
    covers: 'A provider turns calls away, and says when to come back: well, badly, or not at all.',
    defence: 'Back-off that obeys Retry-After, with jitter; a queue.',
    passes: 'No attempt before the time given; afterwards no burst beyond the limit.',
    faults: [{ kind: 'throttle', retryAfter: ['200ms', '2s', '10s', 'missing', 'garbage'] }],
  },
  flapping_errors: {
    id: 'flapping_errors',
    covers: 'A provider is well for some seconds and ill for some seconds.',
    defence: 'A window and a minimum of calls before a circuit breaker judges.',
    passes: 'Two changes of state for each bad time at most; availability above its floor.',
    faults: [
      {
        kind: 'error',
        rate: { good: 0.005, bad: 0.6, goodFor: '5s', badFor: '2s' },
        error: { status: 503, message: 'Service Unavailable' },
      },
    ],
  },
  network_partition: {
    id: 'network_partition',
    covers: 'The network between two parts is interrupted, and comes back.',
    defence: 'Timeouts, circuit breakers, leases that expire.',
    passes: 'Nothing waits for ever; steady within 30 s after the end; no effect twice.',
    faults: [{ kind: 'partition' }, { kind: 'hang' }, { kind: 'pause' }],
  },
  connection_reset: {
    id: 'connection_reset',
    covers: 'Connections break after the request and before the answer.',
    defence: 'Retries only where that is safe; idempotency keys.',
    passes: 'The effect happens exactly once for each key.',
    faults: [
      { kind: 'reset', every: '1s' },
      { kind: 'dropResponse', rate: 0.2 },
    ],
  },
  datastore_outage: {
    id: 'datastore_outage',
    covers: 'A database or cache is down, or its pool has no connection left.',
    defence: 'Stale data from a cache, lower levels of service, read-only.',
    passes: 'Above 80 % of the reads of known keys answered; nothing corrupted.',
    faults: [
      { kind: 'kill' },
      { kind: 'refuse' },
      { kind: 'error', error: { code: 'ECONNREFUSED' } },
      { kind: 'exhaust', slots: 10 },
    ],
  },
  resource_pressure: {
    id: 'resource_pressure',
    covers: 'Memory, the event loop and the slots of a pool run out.',
    defence: 'Load shedding by priority.',
    passes: 'Critical requests above 99.9 %; low priority goes first; memory back to its floor.',
    faults: [
      { kind: 'ballast', megabytes: 256 },
      { kind: 'stall', block: '200ms', every: '2s' },
      { kind: 'exhaust', slots: 8 },
    ],
    use: 'all',
  },
})

/** The ids of the ten, in order. */
export const scenarioIds: readonly ScenarioId[] = Object.freeze(Object.keys(scenarios) as ScenarioId[])

/** Further scenarios by id, beyond the ten. */
export const extensionScenarios: Readonly<Record<ExtensionScenarioId, Scenario>> = frozen({
  corrupted_response: {
    id: 'corrupted_response',
    covers: 'Answers come back damaged.',
    defence: 'Schemas and checksums; a poisoned message goes to the dead letters.',
    passes: 'No damaged value reaches a user or a store.',
    faults: [{ kind: 'corrupt', rate: 0.1 }],
  },
  clock_jump: {
    id: 'clock_jump',
    covers: 'The calendar jumps by five minutes.',
    defence: 'Monotonic clocks for everything that is decided; server time in stores.',
    passes: 'No time-out, lease or limit changes by it.',
    faults: [{ kind: 'skew', by: '5m' }],
  },
  worker_crash: {
    id: 'worker_crash',
    covers: 'A worker dies in the middle of its work.',
    defence: 'Leases, the reaper, idempotency keys.',
    passes: 'No work lost, none done twice.',
    faults: [{ kind: 'kill' }, { kind: 'crash', phase: 'after', rate: 0.1 }],
  },
  duplicate_delivery: {
    id: 'duplicate_delivery',
    covers: 'Calls are carried out twice.',
    defence: 'Idempotency keys.',
    passes: 'The effect happens once.',
    faults: [{ kind: 'duplicate', rate: 0.2 }],
  },
  cancel_storm: {
    id: 'cancel_storm',
    covers: 'Many calls are given up while they run.',
    defence: 'Slots, timers and listeners that are given back on every path.',
    passes: 'All gauges are what they were before.',
    faults: [{ kind: 'abort', after: '20ms', rate: 0.5 }],
  },
  slow_drip: {
    id: 'slow_drip',
    covers: 'Answers come in drops.',
    defence: 'A time limit for the whole answer, not only for its first byte.',
    passes: 'Every call ends by its deadline.',
    faults: [
      { kind: 'slowDrip', every: '500ms' },
      { kind: 'bandwidth', bytesPerSecond: 100 },
    ],
  },
  cold_cache_stampede: {
    id: 'cold_cache_stampede',
    covers: 'A cache has lost everything, and everybody asks for the same.',
    defence: 'One call for all who ask for one key; a limit on concurrency.',
    passes: 'Load of the source at most 1.5 times its capacity.',
    faults: [{ kind: 'outcome', value: null }, { kind: 'kill' }],
  },
  gray_failure: {
    id: 'gray_failure',
    covers:
      'Health checks are fine while the calls of users fail or are slow. Break the calls, not the check.',
    defence: 'Judgement by real calls: circuit breakers, outlier detection.',
    passes: 'The failing instance is left out although its check passes.',
    faults: [
      { kind: 'error', rate: 0.3, error: { status: 500, message: 'Internal Server Error' } },
      { kind: 'latency', rate: 0.5, delay: '2s' },
    ],
    use: 'all',
  },
})

/** Data that everybody shares must stay as it is. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) frozen(inner)
  return Object.freeze(value)
}
