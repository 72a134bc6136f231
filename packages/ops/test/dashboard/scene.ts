/** A service as the dashboard sees it: made up, always the same, and with something of everything. */
import type {
  AuditEntryView,
  CircuitView,
  CircuitWord,
  ComponentView,
  HealthCheckView,
  KeyFigures,
  LetterView,
  ReliabilityReport,
  Scope,
  SeriesView,
  SnapshotEvent,
  StateSpan,
  TransitionEvent,
  UpkeepJobView,
} from '../../src/wire.ts'

const second = 1000
const minute = 60 * second

export interface Scene {
  readonly snapshot: SnapshotEvent
  readonly series: readonly SeriesView[]
  readonly letters: readonly LetterView[]
  readonly audit: readonly AuditEntryView[]
  readonly upkeep: readonly UpkeepJobView[]
  readonly report: ReliabilityReport
}

/** @param strange - Names that try to become markup. */
export function scene(time: number, scopes: readonly Scope[], strange: readonly string[] = []): Scene {
  const breakers = [
    breaker('payments', 'open', time - 95 * second, {
      cause: 'failureRate',
      retryAt: time + 12_400,
      openings: 3,
    }),
    breaker('inventory', 'halfOpen', time - 3 * second, { openings: 1 }),
    breaker('search', 'isolated', time - 21 * minute, { isolation: 'index is being rebuilt' }),
    breaker('catalogue', 'closed', time - 6 * 3_600_000),
    breaker('recommendations', 'closed', time - 40 * minute),
    breaker('mail', 'closed', time - 2 * minute, { mode: 'observe' }),
    breaker('warehouse', 'closed', time - 9 * 3_600_000, { key: 'eu-central-1' }),
    ...strange.map((name) => breaker(name, 'open', time - minute, { cause: 'failureRate' })),
  ]
  return {
    snapshot: {
      seq: 40,
      time,
      session: {
        actor: 'ada',
        scopes,
        service: { name: 'orders', version: '2.3.1', uptime: 86_400 },
        adminPath: '/admin/reliability',
        time,
      },
      figures: figures(breakers.length),
      health: {
        status: 'warn',
        time,
        draining: false,
        notes: ['circuit breaker payments is open'],
        checks: checks(time),
      },
      degradation: {
        level: 'moderate',
        value: 2,
        serviceLevel: 'degraded',
        since: time - 96 * second,
        source: 'rules',
        reason: 'two circuits are open',
        target: 'minor',
        activeRules: [
          { id: 'circuits-open', level: 'moderate', since: time - 96 * second },
          { id: 'event-loop-late', level: 'minor', since: time - 40 * second },
        ],
        rules: [
          {
            id: 'critical-dependency-down',
            level: 'severe',
            active: false,
            reading: { value: 0, limit: 1, about: [] },
          },
          {
            id: 'several-circuits-open',
            level: 'moderate',
            active: true,
            since: time - 96 * second,
            reading: { value: 3, limit: 2, about: ['payments', 'inventory', 'search'] },
          },
          { id: 'heap', level: 'minor', active: false, reading: { value: 0.41, limit: 0.85, unit: 'share' } },
          {
            id: 'event-loop',
            level: 'minor',
            active: true,
            since: time - 40 * second,
            until: time + 21 * second,
            reading: { value: 12.4, limit: 500, unit: 'ms' },
          },
          { id: 'warehouse closed', level: 'minor', active: false },
        ],
        features: [
          { name: 'recommendations', on: false, maxLevel: 'minor' },
          { name: 'checkout', on: true, maxLevel: 'severe' },
          {
            name: 'gift wrapping',
            on: false,
            maxLevel: 'moderate',
            killed: {
              reason: 'wrong prices since the release',
              actor: 'grace',
              expiresAt: time + 42 * minute,
            },
          },
        ],
        recentEvents: [
          {
            time: time - 96 * second,
            from: 'normal',
            to: 'moderate',
            trigger: 'rule',
            rules: ['circuits-open'],
          },
        ],
        timeAt: { normal: 82_000_000, minor: 340_000, moderate: 96_000, severe: 0, critical: 0 },
      },
      circuitBreakers: breakers,
      components,
      deadLetters: [
        {
          queue: 'orders',
          counts: { dead: 27, leased: 1, replaying: 0, replayed: 312, resolved: 4, discarded: 9 },
          oldestAge: 3 * 3_600_000,
          stale: false,
        },
        {
          queue: 'mails',
          counts: { dead: 0, leased: 0, replaying: 0, replayed: 12, resolved: 0, discarded: 0 },
          stale: false,
        },
      ],
      transitions: transitions(time),
      resumed: false,
    },
    series: breakers.map(({ name, state, since }) => series(name, state, since, time)),
    letters: Array.from({ length: 27 }, (_, index) => letter(index, time)),
    upkeep: [
      {
        name: 'processDeadLetters',
        every: 5 * minute,
        state: 'waiting',
        runs: 288,
        failed: 3,
        failures: 3,
        last: { outcome: 'failed', endedAt: time - 70 * second, duration: 2014 },
        nextAt: time + 20 * second,
      },
      {
        name: 'healthReport',
        every: minute,
        state: 'running',
        runs: 1440,
        failed: 0,
        failures: 0,
        last: { outcome: 'done', endedAt: time - 61 * second, duration: 41 },
      },
      {
        name: 'tidyUp',
        every: 24 * 60 * minute,
        state: 'waiting',
        runs: 0,
        failed: 0,
        failures: 0,
        nextAt: time + 9 * minute,
      },
    ],
    report: report(time),
    audit: [
      {
        id: 2,
        time: time - 21 * minute,
        actor: 'grace',
        scopes: ['read', 'operate'],
        action: 'circuitBreaker.force-open',
        target: 'search',
        before: 'closed',
        after: 'isolated',
        reason: 'index is being rebuilt',
        outcome: 'ok',
      },
      {
        id: 1,
        time: time - 34 * minute,
        actor: 'anonymous',
        scopes: [],
        action: 'circuitBreaker.reset',
        target: 'payments',
        outcome: 'denied',
        code: 'unauthorized',
      },
    ],
  }
}

export function figures(circuits: number): KeyFigures {
  return {
    callsPerSecond: 87.4,
    failureShare: 0.043,
    p50: 18,
    p95: 240,
    p99: 1830,
    openCircuits: 3,
    circuits,
    fallbackShare: 0.031,
    staleHitRate: 0.92,
    deadLetters: 27,
    oldestDeadLetterAge: 3 * 3_600_000,
  }
}

function report(time: number): ReliabilityReport {
  const breaker = (
    name: string,
    openings: number,
    meanTimeToRecovery: number | null,
  ): ReliabilityReport['circuitBreakers'][number] => ({
    name,
    calls: 12_400,
    failures: openings * 90,
    rejected: openings * 310,
    openings,
    meanTimeToRecovery,
    p50: 18,
    p99: 1830,
  })
  return {
    time,
    from: time - 60 * minute,
    window: 60 * minute,
    availability: {
      calls: 48_210,
      failures: 1204,
      rejected: 912,
      share: 0.957,
      shareWithFallbacks: 0.9993,
    },
    circuitBreakers: [breaker('payments', 3, 42_000), breaker('catalogue', 0, null)],
    retries: { retries: 830, saved: 611, gaveUp: 44 },
    fallbacks: { answered: 702, failed: 3, hits: 4100, misses: 320, hitRate: 0.927 },
    timeAtLevel: { normal: 50 * minute, minor: 4 * minute, moderate: 6 * minute, severe: 0, critical: 0 },
    deadLetters: {
      added: 31,
      replayed: 4,
      replayFailed: 2,
      resolved: 0,
      discarded: 0,
      expired: 0,
      depth: 27,
    },
    topFailures: [
      { kind: 'circuit-breaker', name: 'payments', failureClass: 'transient', count: 870 },
      { kind: 'circuit-breaker', name: 'inventory', failureClass: 'degraded', count: 41 },
    ],
    recommendations: [
      {
        kind: 'timeout',
        name: 'payments',
        option: 'limit',
        advice: '99 of 100 calls take at most 1.8 s, and the limit is 30 s: 5.5 s would free callers sooner.',
        evidence: { calls: 12_400, p99: 1830, limit: 30_000, timeouts: 0 },
      },
    ],
  }
}

function breaker(
  name: string,
  state: CircuitWord,
  since: number,
  more: Partial<CircuitView> = {},
): CircuitView {
  return {
    name,
    state,
    mode: 'enabled',
    since,
    openings: 0,
    calls: 100,
    failures: state === 'closed' ? 1 : 62,
    failureRate: state === 'closed' ? 0.01 : 0.62,
    slowCallRate: 0,
    totals: { success: 812_000, failure: 310, neutral: 0, rejected: 84, slow: 12 },
    actions: ['reset', 'force-open', 'force-close', 'auto'],
    shared: name === 'payments',
    ...more,
  }
}

const components: readonly ComponentView[] = [
  component('bulkhead', 'payments', { concurrency: 20, active: 20, queue: 50, queued: 31 }),
  component('bulkhead', 'catalogue', { concurrency: 40, active: 6, queue: 0, queued: 0 }),
  component('rate-limit', 'partner api', { limit: 100, per: 1000, burst: 100, available: 14, queued: 0 }),
  component('adaptive-concurrency', 'search', { limit: 18.4, active: 16, queue: 10, queued: 0 }),
  component('timeout', 'payments', { limit: 2000, mode: 'abort', active: 20, abandoned: 0, timeouts: 311 }),
]

function component(kind: string, name: string, snapshot: Readonly<Record<string, unknown>>): ComponentView {
  return { kind, name, snapshot, actions: [] }
}

function checks(time: number): HealthCheckView[] {
  const check = (name: string, more: Partial<HealthCheckView>): HealthCheckView => ({
    name,
    status: 'pass',
    lastStatus: 'pass',
    criticality: 'critical',
    kinds: ['readiness'],
    checkedAt: time - 4000,
    age: 4000,
    duration: 3.2,
    since: time - 3 * 3_600_000,
    consecutive: 40,
    flapping: false,
    ...more,
  })
  return [
    check('postgres', { componentType: 'datastore', duration: 4.2 }),
    check('redis', {
      componentType: 'datastore',
      criticality: 'important',
      status: 'fail',
      lastStatus: 'fail',
      code: 'timeout',
      duration: 5000,
      since: time - 80_000,
      consecutive: 9,
      output: 'no answer within 5 s',
    }),
    check('event loop', { kinds: ['liveness'], observedValue: 12, observedUnit: 'ms' }),
    check('disk', {
      criticality: 'optional',
      status: 'warn',
      lastStatus: 'pass',
      consecutive: 1,
      flapping: true,
      observedValue: 81,
      observedUnit: '%',
    }),
    check('mail server', { criticality: 'optional', status: 'unknown', lastStatus: 'pass', code: 'hung' }),
  ]
}

function transitions(time: number): TransitionEvent[] {
  const event = (
    seq: number,
    ago: number,
    kind: string,
    name: string,
    type: string,
    facts: TransitionEvent['facts'],
  ): TransitionEvent => ({ seq, time: time - ago * second, kind, name, type, facts })
  return [
    event(31, 1260, 'ops', 'ops', 'adminAction', {
      actor: 'grace',
      action: 'circuitBreaker.force-open',
      target: 'search',
      outcome: 'ok',
    }),
    event(32, 1260, 'circuit-breaker', 'search', 'stateChange', {
      from: 'closed',
      to: 'isolated',
      reason: 'isolate',
    }),
    event(33, 97, 'circuit-breaker', 'inventory', 'stateChange', {
      from: 'closed',
      to: 'open',
      reason: 'failureRate',
    }),
    event(34, 96, 'degradation', 'default', 'changed', { from: 'normal', to: 'moderate', trigger: 'rule' }),
    event(35, 95, 'circuit-breaker', 'payments', 'stateChange', {
      from: 'closed',
      to: 'open',
      reason: 'failureRate',
    }),
    event(36, 80, 'health', 'default', 'changed', {
      check: 'redis',
      from: 'pass',
      to: 'fail',
      code: 'timeout',
    }),
    event(37, 80, 'health', 'default', 'overallChanged', { from: 'pass', to: 'warn' }),
    event(38, 61, 'dead-letters', 'orders', 'added', { type: 'timeout', failure: 'timeout', replays: 0 }),
    event(39, 3, 'circuit-breaker', 'inventory', 'stateChange', {
      from: 'open',
      to: 'halfOpen',
      reason: 'recoveryTimeout',
    }),
    event(40, 2, 'degradation', 'default', 'featureChanged', { feature: 'recommendations', on: false }),
  ]
}

/** Waves, with failures and rejections while the circuit is not closed. */
function series(name: string, state: CircuitWord, since: number, time: number): SeriesView {
  const length = 900
  const busy = 4 + (name.length % 5) * 4
  const wave = (index: number): number =>
    Math.round(busy * (1 + 0.4 * Math.sin(index / 40 + name.length)) + (index % 3))
  const seconds = Array.from({ length }, (_, index) => ({ index, at: time - (length - index) * second }))
  const bad = (at: number): boolean => state !== 'closed' && at >= since - 30 * second
  const away = (at: number): boolean => state !== 'closed' && at >= since
  const states: StateSpan[] = [{ since: time - length * second, state: 'closed' }]
  if (state !== 'closed') {
    if (since - 300 * second > time - length * second)
      states.push(
        { since: since - 300 * second, state: 'open' },
        { since: since - 240 * second, state: 'halfOpen' },
        { since: since - 225 * second, state: 'closed' },
      )
    states.push({ since, state })
  }
  return {
    kind: 'circuit-breaker',
    name,
    calls: seconds.map(({ index, at }) => (away(at) && state !== 'halfOpen' ? 0 : wave(index))),
    failures: seconds.map(({ index, at }) =>
      bad(at) && !away(at) ? Math.round(wave(index) * 0.7) : index % 97 === 0 ? 1 : 0,
    ),
    rejections: seconds.map(({ index, at }) => (away(at) ? wave(index) : 0)),
    p50: seconds.map(({ index }) => 14 + (index % 9)),
    p95: seconds.map(({ index }) => 120 + (index % 50)),
    p99: seconds.map(({ index, at }) => (bad(at) ? 1800 : 300 + (index % 80))),
    states,
  }
}

function letter(index: number, time: number): LetterView {
  const kinds = [
    {
      type: 'capture-payment',
      failure: 'timeout',
      name: 'Error',
      code: 'ETIMEDOUT',
      message: 'no answer within 30 s',
    },
    {
      type: 'send-receipt',
      failure: 'rejected',
      name: 'SmtpError',
      message: '550 mailbox [email] does not exist',
    },
    {
      type: 'reserve-stock',
      failure: 'unavailable',
      name: 'CircuitOpenError',
      code: 'ERR_CIRCUIT_OPEN',
      message: "circuit 'inventory' is open",
    },
  ] as const
  const kind = kinds[index % kinds.length] as (typeof kinds)[number]
  return {
    id: `17${String(index).padStart(11, '0')}-${(index * 7919).toString(36)}`,
    state: 'dead',
    type: kind.type,
    failure: kind.failure,
    failureClass: kind.failure === 'rejected' ? 'persistent' : 'transient',
    errorClass: `${kind.name}: ${kind.message}`,
    error: { name: kind.name, message: kind.message, ...('code' in kind && { code: kind.code }) },
    diedAt: time - (20 + index * 370) * second,
    attempts: index % 2,
    replays: 0,
    retryCount: 4,
    maxRetries: 4,
  }
}
