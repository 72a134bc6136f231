/** The settings of the admin routes and of logs. */

/** What `createOps` takes. */
export const opsSettings = {
  kind: 'group',
  doc: 'Options of `createOps`.',
  fields: {
    profile: {
      kind: 'word',
      allowed: ['production', 'development', 'testing'],
      default: 'production',
      doc: 'Where the process runs; in development a token is made and logged once.',
    },
    basePath: {
      kind: 'text',
      default: '/',
      pattern: '^(/|(/[\\w.~-]+)+/*)$',
      looks: 'a path such as /ops, of letters, digits and . ~ _ -',
      doc: 'The part of paths before `/health`, `/metrics` and the admin routes.',
    },
    adminPath: {
      kind: 'text',
      default: '/admin/reliability',
      pattern: '^(/[\\w.~-]+)+/*$',
      looks: 'a path such as /admin, of letters, digits and . ~ _ -',
      doc: 'Where the admin routes are, below `basePath`.',
    },
    drillPath: {
      kind: 'text',
      default: '/api/resilience',
      pattern: '^(/[\\w.~-]+)+/*$',
      looks: 'a path such as /drills, of letters, digits and . ~ _ -',
      doc: 'Where the routes of drills are, below `basePath`.',
    },
    details: {
      kind: 'word',
      allowed: ['never', 'authorized', 'always'],
      default: 'authorized',
      doc: 'Who gets details under `/health`.',
    },
    protectMetrics: { kind: 'switch', default: false, doc: 'Whether metrics need the scope `read`.' },
    trustProxy: {
      kind: 'switch',
      default: false,
      doc: 'Whether a proxy in front sets `X-Forwarded-For` and `X-Forwarded-Host`.',
    },
    timeout: {
      kind: 'duration',
      least: 1,
      default: '10s',
      doc: 'How long a request to an admin route may take.',
    },
    csrf: {
      kind: 'group',
      doc: 'Requests from other sites.',
      fields: {
        trustedOrigins: { kind: 'list', default: [], doc: "Sites that may act besides the handler's own." },
      },
    },
    service: {
      kind: 'group',
      doc: 'What the service is called, for answers.',
      fields: {
        name: { kind: 'text', doc: 'Its name.' },
        version: { kind: 'text', doc: 'Its version.' },
        releaseId: { kind: 'text', doc: 'Its release.' },
        serviceId: { kind: 'text', doc: 'This instance of it.' },
        description: { kind: 'text', doc: 'What it is for.' },
      },
    },
  },
} as const

/** Who may do what: one entry of `opsTokens`. */
export const tokenSettings = {
  kind: 'group',
  discreet: true,
  doc: 'A token for the admin routes. The name of the entry is for the audit.',
  fields: {
    token: {
      kind: 'text',
      secret: true,
      required: true,
      least: 16,
      doc: 'What its holder sends as `Authorization: Bearer …`; better 32 random characters.',
    },
    scope: {
      kind: 'word',
      allowed: ['read', 'operate', 'override'],
      required: true,
      doc: 'What its holder may do; each scope includes those before it.',
    },
  },
} as const

/** What `logEvents` takes. */
export const logSettings = {
  kind: 'group',
  doc: 'Options of `logEvents` of `@seaworthy/telemetry`.',
  fields: {
    level: {
      kind: 'word',
      allowed: ['debug', 'info', 'warn', 'error'],
      default: 'info',
      doc: 'Less important events are left out.',
    },
    levels: {
      kind: 'pairs',
      allowed: ['debug', 'info', 'warn', 'error'],
      default: {},
      doc: 'Levels by `kind.type`, such as `retry.retryScheduled`; `false` leaves an event out.',
    },
    repeatAfter: {
      kind: 'duration',
      default: '10s',
      doc: 'The same event of a component is logged once in so long.',
    },
    redact: { kind: 'list', default: [], doc: 'Further names of fields whose values are taken out.' },
  },
} as const

/** Where logs go: what `configuredLogger` goes by. */
export const logOutputSetting = {
  kind: 'word',
  allowed: ['json', 'pretty', 'silent'],
  default: 'json',
  doc: 'How lines of logs are written.',
} as const

/** Where the audit goes: what `configuredAudit` goes by. */
export const auditOutputSetting = {
  kind: 'word',
  allowed: ['memory', 'console'],
  default: 'memory',
  doc: 'Where the audit of the admin routes goes besides memory. Give a sink of your own in production.',
} as const
