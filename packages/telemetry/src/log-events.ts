/** What policies tell, as structured logs. */
import {
  type Clock,
  type Duration,
  defaultHub,
  duration,
  type Hub,
  type HubEvent,
  knownOptions,
  oneOf,
  systemClock,
  systemWallClock,
} from '@seaworthy/core'
import { redacted } from './redact.ts'
import { currentRequest } from './request-context.ts'

/** How important a line is. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** A logger as pino has it: fields first, then a message. */
export type Logger = Readonly<Record<LogLevel, (fields: object, message: string) => unknown>>

/** Options of {@link logEvents}. */
export interface LogEventsOptions {
  /** @defaultValue {@link consoleLogger} */
  readonly logger?: Logger
  /** Less important events are left out. With `'debug'` every call tells, which costs it some hundred nanoseconds. @defaultValue `'info'` */
  readonly level?: LogLevel
  /** Levels of your own, by `kind.type`, for example `'retry.retryScheduled'`; `false` leaves an event out. */
  readonly levels?: Readonly<Record<string, LogLevel | false>>
  /** The same event of a component is logged once in so long; the next line says how many were left out. @defaultValue `'10s'` */
  readonly repeatAfter?: Duration
  /** Further names of fields whose values are taken out, in whatever case. @defaultValue none; passwords, tokens and their like always are */
  readonly redact?: readonly string[]
  /** Adds to the fields of every line: `activeSpan` of `@seaworthy/telemetry/opentelemetry`, for example. What it throws is ignored. */
  readonly fields?: () => object
  /** @defaultValue the hub of the process */
  readonly hub?: Hub
  /** @defaultValue the system clock */
  readonly clock?: Clock
}

const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** What happens at every call is not for logs, not even for those of level `debug`. */
const everyCall = new Set([
  'circuit-breaker.success',
  'circuit-breaker.call',
  'circuit-breaker.neutral',
  'circuit-breaker-per-key.success',
  'circuit-breaker-per-key.call',
  'circuit-breaker-per-key.neutral',
  'stale-cache.hit',
  'stale-cache.miss',
  'stale-cache.refresh',
  'idempotency.claimed',
  'idempotency.finished',
  'worker.started',
  'worker.completed',
  'health.checked',
])

/** By kind and type. What is not here is for `debug`. */
const levelsByDefault: Readonly<Record<string, LogLevel>> = {
  'circuit-breaker.stateChange': 'warn',
  'circuit-breaker.wouldOpen': 'warn',
  'circuit-breaker-per-key.stateChange': 'warn',
  'circuit-breaker-per-key.wouldOpen': 'warn',
  'dead-letters.added': 'warn',
  'dead-letters.refused': 'error',
  'dead-letters.dropped': 'error',
  'dead-letters.replayed': 'info',
  'dead-letters.replayFailed': 'warn',
  'dead-letters.resolved': 'info',
  'dead-letters.discarded': 'info',
  'dead-letters.strategyFailed': 'warn',
  'dead-letters.storeFailed': 'error',
  'degradation.changed': 'warn',
  'degradation.overrideSet': 'info',
  'degradation.overrideExpired': 'info',
  'degradation.overrideCleared': 'info',
  'degradation.featureChanged': 'warn',
  'degradation.ruleFailed': 'error',
  'degradation.storeFailed': 'warn',
  'failover.excluded': 'info',
  'failover.included': 'info',
  'failover.misconfigured': 'error',
  'failover.stateChange': 'warn',
  'health.changed': 'warn',
  'health.overallChanged': 'warn',
  'health.draining': 'info',
  'idempotency.leaseLost': 'warn',
  'idempotency.mismatch': 'error',
  'idempotency.outcomeNotRecorded': 'error',
  'idempotency.unprotected': 'warn',
  'ops.adminAction': 'info',
  'ops.auditFailed': 'error',
  'postgres.down': 'error',
  'postgres.up': 'info',
  'reaper.storeError': 'error',
  'redis.degraded': 'warn',
  'redis.down': 'error',
  'redis.up': 'info',
  'retry.budgetExhausted': 'warn',
  'retry.gaveUp': 'info',
  'upkeep.ran': 'info',
  'upkeep.storeFailed': 'warn',
  'worker.claimed': 'warn',
  'worker.deadLettered': 'warn',
  'worker.lag': 'warn',
  'worker.lost': 'warn',
  'worker.stalled': 'warn',
  'worker.stateChange': 'info',
  'worker.storeError': 'error',
  'worker.storeRecovered': 'info',
}

/** Where the outcome says how important it is. A level of your own for the event takes its place. */
const levelsByOutcome: Readonly<Record<string, Readonly<Record<string, LogLevel>>>> = {
  'ops.adminAction': { denied: 'warn', error: 'warn' },
  'upkeep.ran': { failed: 'warn', elsewhere: 'debug' },
}

/**
 * Logs what the policies of the hub tell. Lines carry `event`, `kind`, `name`, the fields of the event, the id of the work (`journey`) and of
 * the request, if they are known; never arguments, results or error texts.
 *
 * @returns A function that ends it.
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { circuitBreaker } from '@seaworthy/circuit-breaker'
 * import { logEvents } from '@seaworthy/telemetry'
 *
 * const lines: string[] = []
 * const log = (fields: object, message: string) => lines.push(message)
 * const stop = logEvents({ logger: { debug: log, info: log, warn: log, error: log } })
 * const breaker = circuitBreaker({ name: 'payments' })
 * breaker.trip()
 * console.log(lines[0]) // circuit-breaker 'payments': stateChange
 * stop()
 * breaker.dispose()
 * ```
 */
export function logEvents(options: LogEventsOptions = {}): () => void {
  knownOptions('logEvents', options, [
    'logger',
    'level',
    'levels',
    'repeatAfter',
    'redact',
    'fields',
    'hub',
    'clock',
  ])
  const { logger = consoleLogger, hub = defaultHub, clock = systemClock, fields, redact = [] } = options
  const least = order.indexOf(oneOf('level', options.level ?? 'info', order))
  const levels = levelsOf(options.levels)
  const recent = new Recent(clock, duration('repeatAfter', options.repeatAfter ?? '10s'))
  const hear = (event: HubEvent): void => {
    const { kind, name, type, payload } = event
    const level = levelOf(event, levels)
    if (level === undefined || order.indexOf(level) < least) return
    const suppressed = recent.take(event)
    if (suppressed === undefined) return
    const line = {
      ...flat(redacted(payload, redact)),
      event: type,
      kind,
      name,
      ...circumstances(event),
      ...(fields && quietly(fields)),
      ...(suppressed > 0 && { suppressed }),
    }
    logger[level](line, `${kind} '${name}': ${type}`)
  }
  const leave = typesFrom(levels, least).map((type) => hub.on(type, hear))
  return () => {
    for (const each of leave) each()
  }
}

/** Writes lines of JSON to the standard output, errors and warnings to the standard error. */
export const consoleLogger: Logger = {
  debug: (fields, message) => console.debug(lineOf('debug', fields, message)),
  info: (fields, message) => console.info(lineOf('info', fields, message)),
  warn: (fields, message) => console.warn(lineOf('warn', fields, message)),
  error: (fields, message) => console.error(lineOf('error', fields, message)),
}

function lineOf(level: LogLevel, fields: object, message: string): string {
  return JSON.stringify({ level, time: systemWallClock(), message, ...fields })
}

type Levels = Readonly<Record<string, LogLevel | false>>

function levelsOf(own: Levels = {}): Levels {
  for (const [key, level] of Object.entries(own)) if (level !== false) oneOf(`levels['${key}']`, level, order)
  return { ...levelsByDefault, ...own }
}

/** The events to listen to. To listen to all would make policies tell of every call. */
function typesFrom(levels: Levels, least: number): string[] {
  if (least === 0) return ['*']
  const wanted = Object.entries(levels).filter(([key, level]) =>
    [level, ...Object.values(outcomesOf(key, levels))].some(
      (each) => each !== false && order.indexOf(each) >= least,
    ),
  )
  return [...new Set(wanted.map(([key]) => key.slice(key.lastIndexOf('.') + 1)))]
}

function levelOf({ kind, type, payload }: HubEvent, levels: Levels): LogLevel | undefined {
  const key = `${kind}.${type}`
  const level = levels[key]
  if (level === false || (level === undefined && everyCall.has(key))) return undefined
  // The first status of a health check is no change.
  if (key === 'health.changed' && (payload as { readonly from?: unknown }).from === undefined) return 'info'
  const { outcome } = payload as { readonly outcome?: unknown }
  return outcomesOf(key, levels)[String(outcome)] ?? level ?? 'debug'
}

/** The levels of an event by its outcome, unless somebody wants it otherwise. */
function outcomesOf(key: string, levels: Levels): Readonly<Record<string, LogLevel>> {
  return levels[key] === levelsByDefault[key] ? (levelsByOutcome[key] ?? {}) : {}
}

/** What lines have from elsewhere: loggers, and the rest of the line. */
const taken = new Set(['level', 'time', 'pid', 'hostname', 'message', 'msg', 'event', 'kind'])

function flat(payload: unknown): object {
  return Object.fromEntries(
    Object.entries(payload as object).map(([key, value]) => [taken.has(key) ? `event_${key}` : key, value]),
  )
}

/** The work and the request that an event belongs to. */
function circumstances({ journey }: HubEvent): object {
  const request = currentRequest()
  return {
    ...(journey !== undefined && { journey }),
    ...(request !== undefined && { requestId: request.id }),
    ...(request?.traceId !== undefined && { trace_id: request.traceId }),
  }
}

function quietly(fields: () => object): object {
  try {
    return fields()
  } catch {
    return {}
  }
}

/** So many different events are remembered; when there are more, all begin anew. */
const mostKeys = 1000

/** When what was logged last, and how much was left out since. */
class Recent {
  readonly #clock: Clock
  readonly #after: number
  readonly #seen = new Map<string, { at: number; suppressed: number }>()

  constructor(clock: Clock, after: number) {
    this.#clock = clock
    this.#after = after
  }

  /** How many of its like were left out before this one; undefined if this one is left out. */
  take(event: HubEvent): number | undefined {
    const key = likenessOf(event)
    const now = this.#clock.now()
    const seen = this.#seen.get(key)
    if (seen === undefined || now - seen.at >= this.#after) {
      if (this.#seen.size >= mostKeys) this.#seen.clear()
      this.#seen.set(key, { at: now, suppressed: 0 })
      return seen?.suppressed ?? 0
    }
    seen.suppressed++
    return undefined
  }
}

/** Fields that make two events different news. All of them have few values, but targets: of what somebody did by hand, nothing is left out. */
const telling = [
  'from',
  'to',
  'check',
  'feature',
  'rule',
  'operation',
  'provider',
  'reason',
  'outcome',
  'key',
  'job',
  'actor',
  'action',
  'target',
]

function likenessOf({ kind, name, type, payload }: HubEvent): string {
  const facts = payload as Readonly<Record<string, unknown>>
  return [kind, name, type, ...telling.map((field) => facts[field])].join('\u0000')
}
