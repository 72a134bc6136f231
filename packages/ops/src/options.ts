/** What can be set on the handler. */
import { randomBytes } from 'node:crypto'
import {
  type Clock,
  type Duration,
  defaultHub,
  duration,
  type Hub,
  InvalidOptionError,
  knownOptions,
  oneOf,
  optionalFunction,
  systemClock,
  systemWallClock,
  type WallClock,
} from '@seaworthy/core'
import type { AuditSink } from './audit.ts'
import { type Authenticate, bearer } from './auth/authenticate.ts'
import type {
  DeadLettersLike,
  DegradationLike,
  DrillControlLike,
  HealthLike,
  MetricsLike,
  OpsLogger,
} from './parts.ts'
import type { UpkeepLike } from './upkeep/status.ts'

/** Where the process runs. */
export type OpsProfile = 'production' | 'development' | 'testing'

/** Options of {@link createOps}. */
export interface OpsOptions {
  /** Health checks, for the probes. @defaultValue none: probes pass */
  readonly health?: HealthLike
  /** The manager of the level. @defaultValue none */
  readonly degradation?: DegradationLike
  /** Queues of dead letters by name. @defaultValue none */
  readonly deadLetters?: Readonly<Record<string, DeadLettersLike>>
  /** What `GET /metrics` answers with. @defaultValue none: 404 */
  readonly metrics?: MetricsLike
  /** Whether `GET /metrics` needs the scope `read`. @defaultValue false */
  readonly protectMetrics?: boolean
  /** Jobs that can be looked at and run by hand. @defaultValue none */
  readonly upkeep?: UpkeepLike
  /** Starts and stops drills: `drillControl` of `@seaworthy/drill`. What starts something needs the scope `chaos`. @defaultValue none: 404 */
  readonly drills?: DrillControlLike
  /** Who may do what: {@link bearer}, or a function of yours. @defaultValue nobody anything, see `profile` */
  readonly auth?: Authenticate
  /** The part of paths before `/health`, `/metrics` and the admin routes. @defaultValue `'/'` */
  readonly basePath?: string
  /** Where the admin routes are, below `basePath`. @defaultValue `'/admin/reliability'` */
  readonly adminPath?: string
  /** Where the routes of drills are, below `basePath`. @defaultValue `'/api/resilience'` */
  readonly drillPath?: string
  /**
   * Who gets details under `/health`: names, reasons, what went wrong. @defaultValue `'authorized'`; `'always'` in development and testing
   */
  readonly details?: 'never' | 'authorized' | 'always'
  /** Which sites may act besides the handler's own, where a hook of yours goes by cookies. */
  readonly csrf?: { readonly trustedOrigins?: readonly string[] }
  /** Whether a proxy in front sets `X-Forwarded-For` and `X-Forwarded-Host`. @defaultValue false */
  readonly trustProxy?: boolean
  /** Where the audit goes besides memory. It may fail or hang: nobody waits for it. */
  readonly audit?: { readonly sink?: AuditSink }
  /** What the service is called, for answers. */
  readonly service?: {
    readonly name?: string
    readonly version?: string
    readonly releaseId?: string
    readonly serviceId?: string
    readonly description?: string
  }
  /** How long a request to an admin route may take before it is answered with 504. @defaultValue `'10s'` */
  readonly timeout?: Duration
  /**
   * Sets what is not set otherwise. In development without `auth`, a token is made and logged once. @defaultValue by `NODE_ENV`: `test` is
   * testing, and what is not known is production
   */
  readonly profile?: OpsProfile
  /** Where warnings go. @defaultValue `console`; in testing nowhere */
  readonly logger?: OpsLogger
  /** @defaultValue the hub of the process */
  readonly hub?: Hub
  /** @defaultValue the system clock */
  readonly clock?: Clock
  /** @defaultValue the calendar of the machine */
  readonly wallClock?: WallClock
}

/** The options, checked. */
export interface OpsSettings {
  readonly health: HealthLike | undefined
  readonly degradation: DegradationLike | undefined
  readonly deadLetters: Readonly<Record<string, DeadLettersLike>>
  readonly metrics: MetricsLike | undefined
  readonly protectMetrics: boolean
  readonly upkeep: UpkeepLike | undefined
  readonly drills: DrillControlLike | undefined
  readonly authenticate: Authenticate | undefined
  /** Without a slash at the end: empty, or `/ops`. */
  readonly basePath: string
  /** In full, without a slash at the end. */
  readonly adminPath: string
  /** The same. */
  readonly drillPath: string
  readonly details: 'never' | 'authorized' | 'always'
  readonly trustedOrigins: readonly string[]
  readonly trustProxy: boolean
  readonly auditSink: AuditSink | undefined
  readonly service: NonNullable<OpsOptions['service']>
  readonly timeout: number
  readonly logger: OpsLogger
  readonly hub: Hub
  readonly clock: Clock
  readonly wallClock: WallClock
}

const names = [
  'health',
  'degradation',
  'deadLetters',
  'metrics',
  'protectMetrics',
  'upkeep',
  'drills',
  'auth',
  'basePath',
  'adminPath',
  'drillPath',
  'details',
  'csrf',
  'trustProxy',
  'audit',
  'service',
  'timeout',
  'profile',
  'logger',
  'hub',
  'clock',
  'wallClock',
]

/** Checks the options. @throws {@link @seaworthy/core!InvalidOptionError} when one makes no sense. */
export function opsSettings(options: OpsOptions): OpsSettings {
  knownOptions('createOps', options, names)
  knownOptions('csrf', options.csrf ?? {}, ['trustedOrigins'])
  knownOptions('audit', options.audit ?? {}, ['sink'])
  const profile = oneOf('profile', options.profile ?? profileOf(process.env['NODE_ENV']), [
    'production',
    'development',
    'testing',
  ])
  const logger = patient(options.logger ?? (profile === 'testing' ? silent : consoleWarnings))
  const basePath = path('basePath', options.basePath ?? '/')
  const details = options.details ?? (profile === 'production' ? 'authorized' : 'always')
  const deadLetters = options.deadLetters ?? {}
  if (typeof deadLetters !== 'object' || deadLetters === null)
    throw new InvalidOptionError('deadLetters', 'queues by name', deadLetters)
  return {
    health: options.health,
    degradation: options.degradation,
    deadLetters,
    metrics: options.metrics,
    protectMetrics: options.protectMetrics ?? false,
    upkeep: options.upkeep,
    drills: options.drills,
    authenticate: optionalFunction('auth', options.auth) ?? withoutAuth(profile, logger),
    basePath,
    adminPath: basePath + path('adminPath', options.adminPath ?? '/admin/reliability', 1),
    drillPath: basePath + path('drillPath', options.drillPath ?? '/api/resilience', 1),
    details: oneOf('details', details, ['never', 'authorized', 'always']),
    trustedOrigins: options.csrf?.trustedOrigins ?? [],
    trustProxy: options.trustProxy ?? false,
    auditSink: optionalFunction('audit.sink', options.audit?.sink),
    service: options.service ?? {},
    timeout: duration('timeout', options.timeout ?? '10s', 1),
    logger,
    hub: options.hub ?? defaultHub,
    clock: options.clock ?? systemClock,
    wallClock: options.wallClock ?? systemWallClock,
  }
}

/** Nobody may do anything; in development whoever can read the log may do everything. */
function withoutAuth(profile: OpsProfile, logger: OpsLogger): Authenticate | undefined {
  if (profile !== 'development') {
    logger.warn({ event: 'opsWithoutAuth' }, 'createOps has no auth: every admin route answers 401')
    return undefined
  }
  const token = randomBytes(24).toString('base64url')
  logger.warn({ event: 'opsToken', token }, `createOps has no auth: this process takes the token ${token}`)
  return bearer([{ id: 'developer', token, scope: ['override', 'chaos'] }])
}

function profileOf(environment: string | undefined): OpsProfile {
  if (environment === 'test') return 'testing'
  return environment === 'development' ? 'development' : 'production'
}

/** A path without a slash at its end; `/` becomes an empty one. */
function path(option: string, value: string, leastSegments = 0): string {
  const trimmed = typeof value === 'string' ? value.replace(/\/+$/, '') : undefined
  const good = trimmed !== undefined && /^(\/[\w.~-]+)*$/.test(trimmed)
  if (good && trimmed.split('/').length > leastSegments) return trimmed
  throw new InvalidOptionError(option, 'a path such as /ops, of letters, digits and . ~ _ -', value)
}

/** A logger that fails must not fail what it was told about. */
const patient = (logger: OpsLogger): OpsLogger => ({
  warn: (fields, message) => {
    try {
      logger.warn(fields, message)
    } catch {
      // Nobody is left to tell.
    }
  },
})

const silent: OpsLogger = { warn: () => {} }
const consoleWarnings: OpsLogger = {
  warn: (fields, message) => console.warn(JSON.stringify({ level: 'warn', ...fields, message })),
}
