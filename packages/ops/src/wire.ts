/**
 * What goes over the wire: the JSON answers of the routes, and the events of the stream.
 *
 * Points in time are milliseconds since 1970, durations are milliseconds, shares go from 0 to 1, and what is not known is left out, unless a
 * field says otherwise. Fields that readers without permission do not get are optional.
 */

/**
 * What a caller may do. `read`: look; `operate`: act on parts; `override`: act on the whole; each of these includes those before it. `chaos`:
 * look, and break the service on purpose; no other scope includes it, and it includes none but `read`.
 */
export type Scope = 'read' | 'operate' | 'override' | 'chaos'

/** Every answer that is not a success. */
export interface ErrorAnswer {
  readonly error: {
    /** For programs, for example `not_found`. */
    readonly code: string
    /** For people. Never the text of an error of yours. */
    readonly message: string
    /** All that is wrong with the request, each with its field. With status 422. */
    readonly problems?: readonly { readonly path: string; readonly message: string }[]
    /** Which gate of a drill was closed, for example `disarmed`. */
    readonly reason?: string
  }
}

/** `GET {admin}/session`: who is asking. */
export interface SessionAnswer {
  readonly actor: string
  readonly scopes: readonly Scope[]
  readonly service: ServiceFacts
  /** The base of the admin routes, for example `/admin/reliability`. */
  readonly adminPath: string
  readonly time: number
}

/** What the service says about itself. */
export interface ServiceFacts {
  readonly name?: string
  readonly version?: string
  readonly releaseId?: string
  /** Seconds since the handler was made. */
  readonly uptime: number
}

// Health

/** How something does. */
export type HealthWord = 'pass' | 'warn' | 'fail'

/** Why a status is not simply a check's own word. */
export type HealthCodeWord = 'error' | 'timeout' | 'hung' | 'stale' | 'pending' | 'refused'

/** `GET /health`, `/health/live`, `/health/ready`, `/health/startup`, `/health/detailed`: `application/health+json`. */
export interface HealthAnswer {
  readonly status: HealthWord
  /** The version of the service, if it was told. */
  readonly version?: string
  readonly releaseId?: string
  readonly serviceId?: string
  readonly description?: string
  /** As ISO 8601, as the format wants it. */
  readonly time: string
  /** In seconds. */
  readonly uptime: number
  /** `starting`, `draining`; with permission, also why. */
  readonly notes: readonly string[]
  /** How many checks have which status. In `/health/detailed` and with `?verbose`. */
  readonly summary?: HealthSummary
  /** By name of the check. With permission, in `/health/detailed` and with `?verbose`. */
  readonly checks?: Readonly<Record<string, readonly HealthCheckView[]>>
  /** With permission, in `/health/detailed`. */
  readonly components?: {
    readonly circuitBreakers: CircuitSummary
    readonly degradation?: DegradationView
    readonly deadLetters: readonly DeadLetterQueueView[]
  }
}

/** How many checks have which status, and how many which code. */
export interface HealthSummary {
  readonly total: number
  readonly pass: number
  readonly warn: number
  readonly fail: number
  readonly unknown: number
  readonly codes: Readonly<Partial<Record<HealthCodeWord, number>>>
}

/** One check. */
export interface HealthCheckView {
  readonly name: string
  readonly status: HealthWord | 'unknown'
  /** What the check said last, before thresholds. */
  readonly lastStatus: HealthWord | 'unknown'
  readonly code?: HealthCodeWord
  readonly criticality: 'critical' | 'important' | 'optional'
  readonly kinds: readonly ('liveness' | 'readiness' | 'startup')[]
  readonly componentType?: string
  readonly observedValue?: number
  readonly observedUnit?: string
  /** What went wrong in words, without secrets. */
  readonly output?: string
  readonly checkedAt?: number
  readonly age?: number
  readonly duration?: number
  /** Since when it has its status. */
  readonly since?: number
  /** How many answers in a row were the last one. */
  readonly consecutive: number
  readonly flapping: boolean
}

/** The health of the process, in the stream. */
export interface HealthView {
  readonly status: HealthWord
  readonly time: number
  readonly draining: boolean
  readonly notes: readonly string[]
  readonly checks: readonly HealthCheckView[]
}

// Circuit breakers

/** The state of a circuit. */
export type CircuitWord = 'closed' | 'open' | 'halfOpen' | 'isolated' | 'disposed'

/** One circuit: that of a breaker, or of one key of a breaker per key. */
export interface CircuitView {
  /** The name of the breaker: the `{name}` in paths. */
  readonly name: string
  /** Which circuit of a breaker per key: give it as `?key=` with every action. */
  readonly key?: string
  readonly state: CircuitWord
  /** `observe`: it counts and lets all calls through. `disabled`: it does nothing. */
  readonly mode: 'enabled' | 'observe' | 'disabled'
  /** Since when it has its state. */
  readonly since: number
  /** When the next trial may come, while it is open. */
  readonly retryAt?: number
  /** Openings since it was well. */
  readonly openings: number
  /** The rule that opened it, for example `failureRate`. */
  readonly cause?: string
  /** Why it is isolated: an operator's words. */
  readonly isolation?: string
  /** Calls in its window, and those of them that failed. */
  readonly calls: number
  readonly failures: number
  readonly failureRate: number
  readonly slowCallRate: number
  /** Since the breaker was made. */
  readonly totals: {
    readonly success: number
    readonly failure: number
    readonly neutral: number
    readonly rejected: number
    readonly slow: number
  }
  /** What may be done with it. */
  readonly actions: readonly CircuitAction[]
  /** Whether several instances share it: with `everywhere`, an action is for all of them. */
  readonly shared?: boolean
}

/**
 * What an operator does with a circuit: `reset` closes it; `force-open` isolates it until `auto` or `force-close`; `force-close` ends
 * that and closes it, after which its rules hold as ever; `auto` ends the isolation.
 */
export type CircuitAction = 'reset' | 'force-open' | 'force-close' | 'auto'

/** How many circuits are in which state. */
export interface CircuitSummary {
  readonly total: number
  readonly closed: number
  readonly open: number
  readonly halfOpen: number
  /** Isolated by an operator. */
  readonly forcedOpen: number
}

/** `GET /health/circuit-breakers`, `GET {admin}/circuit-breakers`. */
export interface CircuitBreakersAnswer {
  /** `warn` unless all are closed. */
  readonly status: 'pass' | 'warn'
  readonly time: number
  readonly summary: CircuitSummary
  /** With permission. */
  readonly circuitBreakers?: readonly CircuitView[]
}

/** `POST {admin}/circuit-breakers/{name}/{action}`; takes `reason`; for a breaker per key, `key`; for one that is shared, `everywhere`. */
export interface CircuitActionAnswer {
  readonly message: string
  readonly name: string
  readonly key?: string
  readonly oldState: CircuitWord
  readonly newState: CircuitWord
}

// Components

/** One component of the hub. */
export interface ComponentView {
  readonly kind: string
  readonly name: string
  /** Plain data, as the component tells it: see the package of its kind. */
  readonly snapshot: Readonly<Record<string, unknown>>
  /** What the component lets others do. */
  readonly actions: readonly string[]
}

/** `GET {admin}/components?kind=`. */
export interface ComponentsAnswer {
  readonly time: number
  readonly components: readonly ComponentView[]
}

// Degradation

/** How much the process tries to do. */
export type LevelWord = 'normal' | 'minor' | 'moderate' | 'severe' | 'critical'

/** What users get. */
export type ServiceLevelWord = 'full' | 'degraded' | 'limited' | 'cache-only'

/** The level. What an operator typed, rules and features: with permission. */
export interface DegradationView {
  readonly level: LevelWord
  /** 0 for `normal` to 4. */
  readonly value: number
  readonly serviceLevel: ServiceLevelWord
  readonly readOnly?: boolean
  readonly since: number
  readonly source: 'rules' | 'override' | 'recovery'
  readonly reason?: string
  readonly override?: {
    readonly level: LevelWord
    readonly mode: 'pin' | 'floor'
    readonly reason: string
    readonly actor: string
    /** Left out: until somebody ends it. */
    readonly expiresAt?: number
  }
  /** What is called for now. */
  readonly target?: LevelWord
  readonly activeRules?: readonly { readonly id: string; readonly level: LevelWord; readonly since: number }[]
  /** All rules, with what each reads now. */
  readonly rules?: readonly RuleView[]
  readonly features?: readonly FeatureView[]
  /** What users are told. */
  readonly notice?: {
    readonly id: string
    readonly title: string
    readonly message: string
    readonly affected: readonly string[]
    readonly since: number
    readonly retryAfterSeconds: number
  }
  /** Oldest first. */
  readonly recentEvents?: readonly {
    readonly time: number
    readonly from: LevelWord
    readonly to: LevelWord
    readonly trigger: 'rule' | 'recovery' | 'manual' | 'expiry'
    readonly rules: readonly string[]
  }[]
  /** Milliseconds at each level since the start. */
  readonly timeAt?: Readonly<Record<LevelWord, number>>
}

/** A rule, and what it goes by. */
export interface RuleView {
  readonly id: string
  /** What it calls for: now if it counts, else whenever it will. */
  readonly level: LevelWord
  /** Whether it counts. */
  readonly active: boolean
  /** Since when it counts. */
  readonly since?: number
  /** It counts, but holds no more: when it will count no more. */
  readonly until?: number
  /** Left out by rules that do not tell. */
  readonly reading?: {
    readonly value: number
    /** From which value on it holds. */
    readonly limit: number
    /** Left out: a count. */
    readonly unit?: 'count' | 'share' | 'ms'
    /** What the value comes from, such as names of circuits. */
    readonly about?: readonly string[]
  }
}

/** A feature, and whether it is on. */
export interface FeatureView {
  readonly name: string
  readonly on: boolean
  /** The worst level at which it is on. */
  readonly maxLevel: LevelWord
  readonly killed?: { readonly reason: string; readonly actor: string; readonly expiresAt?: number }
}

/** `GET /health/degradation`, `GET {admin}/degradation`. */
export interface DegradationAnswer extends DegradationView {
  /** `warn` unless the level is `normal`. */
  readonly status: 'pass' | 'warn'
  readonly time: number
}

/**
 * `POST {admin}/degradation/set-level` (`level`, `reason`, `ttl`: a duration such as `30m`, or `never`; `mode`: `pin` or `floor`) and
 * `POST {admin}/degradation/clear` (`reason`).
 */
export interface LevelActionAnswer {
  readonly message: string
  readonly oldLevel: LevelWord
  readonly newLevel: LevelWord
  readonly reason?: string
  readonly expiresAt?: number
}

/** `POST {admin}/degradation/features/{name}/kill` (`reason`, `ttl`) and `…/restore`. */
export interface FeatureActionAnswer {
  readonly message: string
  readonly feature: FeatureView
}

// Dead letters

/** A queue of dead letters. */
export interface DeadLetterQueueView {
  readonly queue: string
  /** Letters in each state; left out while the store does not answer and never has. */
  readonly counts?: {
    readonly dead: number
    readonly leased: number
    readonly replaying: number
    readonly replayed: number
    readonly resolved: number
    readonly discarded: number
  }
  /** The age of the oldest letter that is dead. */
  readonly oldestAge?: number
  /** Whether the counts are from earlier, since the store does not answer. */
  readonly stale: boolean
}

/** `GET /health/dlq`. Anonymous readers get no names of queues. */
export interface DeadLetterHealthAnswer {
  readonly status: 'pass' | 'warn'
  readonly time: number
  /** Dead letters in all queues. */
  readonly depth: number
  readonly oldestAgeSeconds: number
  /** What happened since the handler began. */
  readonly added: number
  readonly processed: number
  readonly failed: number
  /** Whether a store does not answer. */
  readonly stale: boolean
  /** With permission: added letters by type. */
  readonly byReason?: Readonly<Record<string, number>>
  /** With permission. */
  readonly queues?: readonly DeadLetterQueueView[]
}

/** `GET {admin}/dlq`. */
export interface DeadLetterQueuesAnswer {
  readonly time: number
  readonly queues: readonly DeadLetterQueueView[]
}

/** The state of a letter. */
export type LetterStateWord = 'dead' | 'leased' | 'replaying' | 'replayed' | 'resolved' | 'discarded'

/** A letter in a list: all but its content. */
export interface LetterView {
  readonly id: string
  readonly state: LetterStateWord
  readonly type: string
  /** The kind of failure. */
  readonly failure: string
  readonly failureClass: 'transient' | 'degraded' | 'persistent' | 'fatal'
  /** What errors of one cause share. */
  readonly errorClass: string
  /** Without secrets, at most 200 characters. */
  readonly error: { readonly name: string; readonly message: string; readonly code?: string }
  readonly diedAt: number
  readonly firstFailedAt?: number
  readonly settledAt?: number
  /** How often replaying it has failed. */
  readonly attempts: number
  /** How often the work had been replayed before. */
  readonly replays: number
  readonly retryCount?: number
  readonly maxRetries?: number
  readonly taskId?: string
  readonly source?: string
  readonly journey?: string
  /** When recovery may look at it. */
  readonly due?: number
  readonly leasedUntil?: number
}

/** `GET {admin}/dlq/{queue}?limit=1..500&cursor=&type=&state=&order=newest|oldest`. */
export interface LettersAnswer {
  readonly queue: string
  readonly letters: readonly LetterView[]
  /** The `cursor` of the next page; left out at the end. */
  readonly next?: string
  /** The time of the store. */
  readonly time: number
}

/** `GET {admin}/dlq/{queue}/{id}`; with scope `operate`, `?content=true` adds the content, which the queue audits. */
export interface LetterAnswer extends LetterView {
  readonly queue: string
  readonly causes: readonly { readonly name: string; readonly message: string; readonly code?: string }[]
  readonly history: readonly { readonly at: number; readonly event: string; readonly by?: string }[]
  readonly content?: {
    /** The message as one line of JSON without secrets, at most 200 characters. */
    readonly preview: string
    /** The same in full, indented, at most 16,384 characters. */
    readonly message: string
    /** Whether `message` is cut off. */
    readonly truncated: boolean
  }
}

/** `POST {admin}/dlq/{queue}/{id}/retry` (`reason`): 404 unknown, 409 somebody works on it, 502 it ran and failed. */
export interface LetterRetryAnswer {
  readonly message: string
  readonly id: string
  /** `already`: it had been settled. */
  readonly outcome: 'replayed' | 'already'
  readonly replayId?: string
}

/** `DELETE {admin}/dlq/{queue}/{id}` (`reason`). */
export interface LetterDiscardAnswer {
  readonly message: string
  readonly id: string
  readonly outcome: 'discarded' | 'already'
}

/**
 * `POST {admin}/dlq/{queue}/retry-batch`: either `ids` (a list of at most 100), or `type`, `errorClass` and `limit` (at most 1000);
 * `dryRun` counts only. Takes at most 20 seconds; what is left then is `remaining: true`.
 */
export interface RetryBatchAnswer {
  readonly message: string
  readonly examined: number
  readonly replayed: number
  readonly already: number
  readonly leased: number
  readonly missing: number
  readonly failed: number
  readonly remaining: boolean
}

/** `POST {admin}/dlq/{queue}/purge` (`olderThan`, `keep`, `reason`), scope `override`. */
export interface PurgeAnswer {
  readonly message: string
  readonly byAge: number
  readonly byCount: number
  readonly settled: number
}

// Audit

/** What somebody did, or was not let to do. */
export interface AuditEntryView {
  /** Grows with time. */
  readonly id: number
  readonly time: number
  /** `anonymous` if nobody was authenticated. */
  readonly actor: string
  readonly scopes: readonly Scope[]
  /** For example `circuitBreaker.reset`. */
  readonly action: string
  /** For example `payments`. */
  readonly target: string
  /** The state before and after, in a word, if there is one. */
  readonly before?: string
  readonly after?: string
  readonly reason?: string
  readonly remote?: string
  readonly requestId?: string
  readonly outcome: 'ok' | 'denied' | 'error'
  /** The code of the answer, unless it went well. */
  readonly code?: string
}

/** `GET {admin}/audit?limit=`: newest first. */
export interface AuditAnswer {
  readonly time: number
  readonly entries: readonly AuditEntryView[]
  /** How many entries the sink did not take. */
  readonly lost: number
}

// Charts

/** A run of seconds in one state. */
export interface StateSpan {
  readonly since: number
  readonly state: CircuitWord
}

/** One breaker, second by second; of a breaker per key, all its circuits together. All lists have one entry a second, oldest first. */
export interface SeriesView {
  readonly kind: string
  readonly name: string
  readonly calls: readonly number[]
  readonly failures: readonly number[]
  readonly rejections: readonly number[]
  /** Response times in milliseconds, of a sample; `null` where none was timed. */
  readonly p50: readonly (number | null)[]
  readonly p95: readonly (number | null)[]
  readonly p99: readonly (number | null)[]
  /** The states it was in, oldest first; of several circuits, the worst. */
  readonly states: readonly StateSpan[]
}

/** `GET {admin}/series?seconds=1..900&kind=&name=`. */
export interface SeriesAnswer {
  /** When the second of the last entries ended. */
  readonly end: number
  /** Milliseconds from one entry to the next: 1000. */
  readonly step: number
  readonly series: readonly SeriesView[]
}

/** What happened in one second. Of a breaker that had no calls nothing is sent: zeros are meant. */
export interface SeriesPoint {
  readonly kind: string
  readonly name: string
  readonly calls: number
  readonly failures: number
  readonly rejections: number
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
}

/** The figures at the top, of the last minute. `null`: nothing to tell it from. */
export interface KeyFigures {
  readonly callsPerSecond: number
  readonly failureShare: number | null
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
  /** Circuits that are not closed. */
  readonly openCircuits: number
  readonly circuits: number
  /** Fallback answers among all calls and rejections. */
  readonly fallbackShare: number | null
  /** Answers from memory among all look-ups. */
  readonly staleHitRate: number | null
  readonly deadLetters: number
  readonly oldestDeadLetterAge: number | null
}

// Stream: GET {admin}/events

/** `event: snapshot`: everything, at the start and whenever something was missed. It takes the place of what you knew. */
export interface SnapshotEvent {
  /** The number of the last event before it. */
  readonly seq: number
  readonly time: number
  readonly session: SessionAnswer
  readonly figures: KeyFigures
  readonly health?: HealthView
  readonly degradation?: DegradationView
  readonly circuitBreakers: readonly CircuitView[]
  /** All but circuit breakers, health, degradation and dead letters, which have places of their own. */
  readonly components: readonly ComponentView[]
  readonly deadLetters: readonly DeadLetterQueueView[]
  /** Oldest first: those after `Last-Event-ID` if `resumed`, else the last ones. */
  readonly transitions: readonly TransitionEvent[]
  /** Whether `transitions` go on where the reader was: nothing is missing. */
  readonly resumed: boolean
}

/** `event: delta`: once a second, what is different from the delta before. What is left out is unchanged. */
export interface DeltaEvent {
  readonly seq: number
  readonly time: number
  readonly figures: KeyFigures
  readonly health?: HealthView
  readonly degradation?: DegradationView
  /** Those that changed, whole; by name and key. */
  readonly circuitBreakers?: readonly CircuitView[]
  /** Those that changed, whole; by kind and name. */
  readonly components?: readonly ComponentView[]
  /** Those that are gone; a circuit of a breaker per key has its key. */
  readonly removed?: readonly { readonly kind: string; readonly name: string; readonly key?: string }[]
  /** All of them, if one changed. */
  readonly deadLetters?: readonly DeadLetterQueueView[]
  /** The second that has just ended. */
  readonly points: readonly SeriesPoint[]
}

/** `event: transition`: something rare and important happened, told at once. */
export interface TransitionEvent {
  /** The number of the event. Its `id:` in the stream also says which process it is from; give it back as `Last-Event-ID`. */
  readonly seq: number
  readonly time: number
  readonly kind: string
  readonly name: string
  /** As on the hub, for example `stateChange`; `adminAction` of kind `ops` for what an operator did. */
  readonly type: string
  /** Names, states, counts and durations of the event; never texts of errors. */
  readonly facts: Readonly<Record<string, string | number | boolean>>
  /** How many like it were left out before it: of many alike within a second the first five are told, and the last. */
  readonly suppressed?: number
}

/** `event: bye`: the server ends the stream; come back after `retry:`. */
export interface ByeEvent {
  /** `renew`: the stream is an hour old, and who reads it must say again who they are. */
  readonly reason: 'closing' | 'renew'
}

// Report

/** `GET {admin}/reports/reliability?window=1h&format=json|markdown`; at most 24 hours, which is what is remembered. */
export interface ReliabilityReport {
  /** When it was made, and what it covers: less than was asked for if the process is younger. */
  readonly time: number
  readonly from: number
  readonly window: number
  readonly availability: {
    /** Calls through breakers that were let in and counted, and those that were turned away. */
    readonly calls: number
    readonly failures: number
    readonly rejected: number
    /** Successes among calls and rejections; `null` without any. */
    readonly share: number | null
    /** The same with answers of fallbacks as successes. */
    readonly shareWithFallbacks: number | null
  }
  readonly circuitBreakers: readonly {
    readonly name: string
    readonly calls: number
    readonly failures: number
    readonly rejected: number
    readonly openings: number
    /** From opening to closed again, on average; `null` if it never recovered in the window. */
    readonly meanTimeToRecovery: number | null
    readonly p50: number | null
    readonly p99: number | null
  }[]
  readonly retries: {
    readonly retries: number
    /** Calls that succeeded only because of a retry. */
    readonly saved: number
    /** Calls that failed all the same, tried again or not. */
    readonly gaveUp: number
  }
  readonly fallbacks: {
    readonly answered: number
    readonly failed: number
    /** Of caches of stale answers. */
    readonly hits: number
    readonly misses: number
    readonly hitRate: number | null
  }
  readonly timeAtLevel: Readonly<Record<LevelWord, number>>
  readonly deadLetters: {
    readonly added: number
    readonly replayed: number
    readonly replayFailed: number
    readonly resolved: number
    readonly discarded: number
    readonly expired: number
    readonly depth: number
  }
  /** Most frequent first, at most 10. */
  readonly topFailures: readonly {
    readonly kind: string
    readonly name: string
    readonly failureClass: string
    readonly count: number
  }[]
  readonly recommendations: readonly Recommendation[]
}

/** What the figures suggest to change. */
export interface Recommendation {
  readonly kind: string
  readonly name: string
  /** The option it is about, for example `failureThreshold`. */
  readonly option: string
  /** What to do, in a sentence. */
  readonly advice: string
  /** The figures it comes from. */
  readonly evidence: Readonly<Record<string, number>>
}

// Upkeep: GET {admin}/upkeep, POST {admin}/upkeep/{job}/run

/** A job of upkeep. */
export interface UpkeepJobView {
  readonly name: string
  readonly every: number
  readonly state: 'stopped' | 'waiting' | 'running'
  /** Runs that ended here, those of them that failed, and how many failed last in a row. */
  readonly runs: number
  readonly failed: number
  readonly failures: number
  readonly last?: {
    readonly outcome: 'done' | 'failed' | 'elsewhere'
    readonly endedAt: number
    readonly duration: number
  }
  readonly nextAt?: number
}

/** `GET {admin}/upkeep`. */
export interface UpkeepAnswer {
  readonly time: number
  readonly jobs: readonly UpkeepJobView[]
}

/** `POST {admin}/upkeep/{job}/run`. */
export interface UpkeepRunAnswer {
  readonly message: string
  readonly name: string
  readonly outcome: 'done' | 'failed' | 'elsewhere'
  readonly duration: number
}

// Drills: what `@seaworthy/drill` answers, below {drills}

/** Something that was started. */
export interface DrillStartedAnswer {
  readonly id: string
  /** Who started it. */
  readonly startedBy?: string
  readonly startedAt: number
  readonly endedAt?: number
}

/** `POST {drills}/chaos/start`, `GET {drills}/chaos/{id}/status`, `POST {drills}/chaos/{id}/stop`. */
export interface DrillChaosAnswer extends DrillStartedAnswer {
  /** `stopping`: its faults are gone, and the service is not well yet. */
  readonly state: 'running' | 'stopping' | 'stopped'
  readonly armed: boolean
  readonly dryRun: boolean
  readonly killed: boolean
  readonly maxConcurrentChaos: number
  /** What may be broken, and how. */
  readonly targets: readonly string[]
  readonly scenarios: readonly string[]
  readonly injections: readonly DrillInjectionAnswer[]
}

/** `POST {drills}/chaos/{id}/inject`: its faults are in place when it is answered. */
export interface DrillInjectionAnswer {
  readonly id: string
  /** The chaos service that it belongs to. */
  readonly service: string
  readonly scenario: string
  readonly targets: readonly string[]
  /** For example `active` or `recovered`. */
  readonly phase: string
  readonly duration: number
  readonly startedAt?: number
  readonly endsAt?: number
  /** Calls that were looked at, and hit. */
  readonly decided: number
  readonly affected: number
  readonly outcome?: string
  /** From the end of the faults until the service was well. */
  readonly recoveryTook?: number
}

/** `POST {drills}/memory/start`, `GET {drills}/memory/{id}/status`, `POST {drills}/memory/{id}/stop`. Sizes are bytes. */
export interface DrillMemoryAnswer extends DrillStartedAnswer {
  readonly state: 'running' | 'stopped'
  readonly verdict: {
    readonly verdict: string
    readonly outcome: 'pass' | 'warn' | 'fail' | 'inconclusive'
    readonly reason: string
    readonly growthPercent?: number
  }
  readonly overhead: { readonly busy: number; readonly elapsed: number; readonly percent: number }
  readonly peakRss: number
}

/** `GET {drills}/memory/{id}/history?hours=`. */
export interface DrillMemoryHistoryAnswer {
  readonly id: string
  /** `at` of a point counts from here. */
  readonly startedAt: number
  readonly points: readonly {
    readonly at: number
    readonly rss: number
    readonly rssHighest: number
    readonly heapFloor?: number
  }[]
}

/** `POST {drills}/circuit-breakers/test?circuit_name=`. */
export interface DrillBreakerAnswer {
  readonly circuitName: string
  readonly passed: boolean
  readonly passedTests: number
  readonly tests: readonly {
    readonly id: string
    readonly name: string
    readonly passed: boolean
    readonly evidence: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  }[]
  readonly took: number
}

/** `POST {drills}/circuit-breakers/cascade-test?only=`. */
export interface DrillCascadeAnswer {
  readonly passed: boolean
  readonly cascades: readonly {
    readonly id: string
    readonly name: string
    readonly fault: string
    readonly passed: boolean
    readonly notApplicable?: string
    /** The same without the defence. It must not pass. */
    readonly control?: { readonly leftOut: string; readonly passed: boolean }
    readonly recommendations: readonly string[]
  }[]
  readonly interrupted: boolean
  readonly took: number
}

/** `POST {drills}/tests/comprehensive` (202), `GET {drills}/tests/{id}/status`, `POST {drills}/tests/{id}/stop`. */
export interface DrillTestAnswer extends DrillStartedAnswer {
  readonly state: 'running' | 'stopping' | 'finished'
  readonly profile: string
  readonly seed: string
  readonly elapsed: number
  readonly phase: string
  /** Those that are over, in order. */
  readonly phases: readonly {
    readonly phase: string
    readonly outcome: 'completed' | 'failed' | 'skipped'
    readonly reason?: string
  }[]
  readonly chaosEventsTriggered: number
  readonly successfulRecoveries: number
  /** Why it was stopped before its time. */
  readonly interrupted?: string
  readonly result?: 'PASSED' | 'FAILED' | 'PARTIAL'
  readonly exitCode?: number
}

/** `GET {drills}/tests`. */
export interface DrillTestsAnswer {
  readonly time: number
  readonly tests: readonly DrillTestAnswer[]
}

/**
 * `GET {drills}/tests/{id}/report?partial=1&events=1`. Its names are those of the documents that ask for them; what was not measured is null.
 */
export interface DrillReportAnswer {
  readonly test_id: string
  readonly overall_result: 'PASSED' | 'FAILED' | 'PARTIAL'
  readonly exit_criteria_met: boolean
  readonly test_duration_hours: number
  readonly memory_leak_detected: boolean
  readonly phases_completed: readonly string[]
  readonly chaos_events_triggered: number
  readonly successful_recoveries: number
  readonly recovery_success_rate: number
  readonly memory_growth_percent: number | null
  readonly max_memory_usage_mb: number | null
  readonly circuit_breaker_tests_passed: number
  readonly cascading_failure_recovery: boolean
  /** Whether the test goes on. */
  readonly partial: boolean
}

/** `GET {drills}/status`. */
export interface DrillStatusAnswer {
  readonly time: number
  readonly armed: boolean
  readonly targets: readonly string[]
  /** Faults that are in place now. */
  readonly faults: number
  readonly chaos: readonly (DrillStartedAnswer & { readonly state: string })[]
  readonly memory: readonly (DrillStartedAnswer & { readonly state: string })[]
  readonly tests: readonly DrillTestAnswer[]
  readonly circuitBreakers: readonly string[]
  readonly profiles: readonly string[]
}

/** `POST {drills}/cleanup`: what it has ended, by id. */
export interface DrillCleanupAnswer {
  readonly chaos: readonly string[]
  readonly memory: readonly string[]
  readonly tests: readonly string[]
  /** Faults that could not be taken away yet. Another call tries again. */
  readonly faults: number
}
