import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { VirtualClock } from '@seaworthy/testing'
import { Hub, InvalidOptionError, profiles } from 'seaworthy'
import {
  type ConfigurationSources,
  circuitRules,
  configuredAudit,
  configuredLogger,
  configuredPipeline,
  describeConfiguration,
  formatConfiguration,
  InvalidConfigurationError,
  loadConfiguration,
  opsTokens,
  policyConfiguration,
  sourceOf,
} from 'seaworthy/configuration'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'seaworthy-configuration-'))
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => vi.restoreAllMocks())

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** Sources as a mistaken program or file would have them: of any type. */
type Mistaken = { readonly [K in keyof ConfigurationSources]: unknown }

function failure(sources: Mistaken): InvalidConfigurationError {
  try {
    loadConfiguration({ environment: {}, ...sources } as ConfigurationSources)
  } catch (error) {
    if (error instanceof InvalidConfigurationError) return error
    throw error
  }
  throw new Error('it was accepted')
}

const payments = { policies: { payments: { preset: 'messaging' } } } as const

describe('a configuration', () => {
  it('is plain frozen data, all the way down', () => {
    const configuration = loadConfiguration({ json: payments, environment: {} })
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(frozen))
    expect(frozen(configuration)).toBe(true)
    expect(structuredClone(configuration)).toEqual(configuration)
  })

  it('shares nothing with what it was made of, and changes nothing of it', () => {
    const json = { ...payments, health: { contributions: { criticalCircuitBreakers: ['users'] } } }
    const before = JSON.stringify([json, profiles])
    const configuration = loadConfiguration({ json, profile: 'testing', environment: {} })
    expect(configuration.health.contributions.criticalCircuitBreakers).toEqual(['users'])
    expect(configuration.health.contributions.criticalCircuitBreakers).not.toBe(
      json.health.contributions.criticalCircuitBreakers,
    )
    expect(JSON.stringify([json, profiles])).toBe(before)
    expect(Object.isFrozen(json.health.contributions)).toBe(false)
    const other = loadConfiguration({ environment: {} })
    expect(other.logs.redact).not.toBe(loadConfiguration({ environment: {} }).logs.redact)
  })

  it('goes by NODE_ENV where nobody names a profile', () => {
    const of = (environment: Record<string, string>) => loadConfiguration({ environment }).profile
    expect(of({})).toBe('production')
    expect(of({ NODE_ENV: 'test' })).toBe('testing')
    expect(of({ NODE_ENV: 'development' })).toBe('development')
    expect(of({ NODE_ENV: 'staging' })).toBe('production')
    expect(of({ NODE_ENV: 'staging', SEAWORTHY_PROFILE: 'testing' })).toBe('testing')
  })

  it('takes the profile of the file, of the environment over it, and the argument over both', () => {
    const json = { profile: 'development' } as const
    const environment = { SEAWORTHY_PROFILE: 'testing', NODE_ENV: 'production' }
    expect(loadConfiguration({ json, environment: {} }).ops.details).toBe('always')
    expect(loadConfiguration({ json, environment }).health.mode).toBe('on-demand')
    const configuration = loadConfiguration({ json, environment, profile: 'production' })
    expect(configuration.health.mode).toBe('background')
    expect(sourceOf(configuration, 'profile')).toEqual({ origin: 'override', text: 'overrides' })
  })

  it.each([
    [
      'production',
      'background',
      '30s',
      '30s',
      '800ms',
      '5s',
      '30s',
      '1m',
      '1m',
      'authorized',
      'info',
      'json',
      'memory',
      'full',
    ],
    [
      'development',
      'background',
      '10s',
      '5s',
      '5s',
      '10s',
      '10s',
      '10s',
      '5s',
      'always',
      'debug',
      'pretty',
      'console',
      'full',
    ],
    ['testing', 'on-demand', '30s', 0, '1h', '1s', '1d', 0, 0, 'always', 'error', 'silent', 'memory', 'none'],
  ] as const)('has the values of %s', (profile, ...expected) => {
    const it = loadConfiguration({ json: payments, profile, environment: {} })
    const { health, healthChecks: checks, degradation } = it
    expect([
      health.mode,
      checks.interval,
      checks.ttl,
      health.deadline,
      checks.timeout,
      degradation.interval,
      degradation.recoverAfter,
      it.degradationRules.exitAfter,
      it.ops.details,
      it.logs.level,
      it.logOutput,
      it.auditOutput,
      it.policies['payments']?.retry.jitter,
    ]).toEqual(expected)
    expect(it.ops.profile).toBe(profile)
  })

  it('takes the numbers of a policy from its preset, as the profile changes them', () => {
    const configuration = loadConfiguration({ json: payments, profile: 'development', environment: {} })
    expect(policyConfiguration(configuration, 'payments')).toMatchObject({
      timeout: 15_000,
      attempts: 3,
      windowSize: 100,
    })
    expect(sourceOf(configuration, 'policies.payments.attempts')?.text).toBe('profile development')
    expect(sourceOf(configuration, 'policies.payments.windowSize')?.text).toBe('preset messaging')
    expect(sourceOf(configuration, 'policies.payments.colour')).toBeUndefined()
  })
})

describe('environment variables', () => {
  const json = { policies: { 'card-payments': { preset: 'database' } } } as const

  it('reach names of the file in whatever spelling', () => {
    const environment = { SEAWORTHY_POLICIES__CARD_PAYMENTS__FAILURE_THRESHOLD: '3' }
    const configuration = loadConfiguration({ json, environment })
    expect(configuration.policies['card-payments']?.failureThreshold).toBe(3)
    expect(Object.keys(configuration.policies)).toEqual(['card-payments'])
  })

  it('can make a policy of their own, if they say its preset', () => {
    const environment = { SEAWORTHY_POLICIES__CARD_PAYMENTS__PRESET: 'aiProvider' }
    expect(loadConfiguration({ environment }).policies['cardPayments']?.failureThreshold).toBe(3)
  })

  it('do not make a new policy of a mistyped name', () => {
    const { problems } = failure({ json, environment: { SEAWORTHY_POLICIES__CARD_PAYMENT__TIMEOUT: '2s' } })
    expect(problems).toEqual([
      {
        path: 'policies.cardPayment.preset',
        source: 'SEAWORTHY_POLICIES__CARD_PAYMENT__TIMEOUT',
        message:
          "must be given: one of 'messaging', 'aiProvider', 'database'; or did you mean policies.card-payments?",
      },
    ])
  })

  it('say so where two names look the same', () => {
    const both = {
      policies: { cardPayments: { preset: 'database' }, 'card-payments': { preset: 'database' } },
    }
    const { message } = failure({
      json: both,
      environment: { SEAWORTHY_POLICIES__CARD_PAYMENTS__TIMEOUT: '2s' },
    })
    expect(message).toContain('could mean several names')
  })

  it('can have another prefix, and do not look at others', () => {
    const environment = { SHOP_HEALTH__DEADLINE: '1s', SEAWORTHY_NO_SUCH_THING: '1', SHOPPING: 'list' }
    expect(loadConfiguration({ prefix: 'SHOP_', environment }).health.deadline).toBe('1s')
    for (const prefix of ['', 'shop_', 'SHOP', '_', 5 as unknown as string])
      expect(() => loadConfiguration({ prefix, environment: {} })).toThrow(InvalidOptionError)
  })

  it.each([
    ['SEAWORTHY_HEALTH_DEADLINE', 'SEAWORTHY_HEALTH__DEADLINE'],
    ['SEAWORTHY_FIEL', 'SEAWORTHY_FILE'],
    ['SEAWORTHY_HEALTH__DEADLNE', 'SEAWORTHY_HEALTH__DEADLINE'],
    ['SEAWORTHY_POLICES__PAYMENTS__TIMEOUT', 'SEAWORTHY_POLICIES__PAYMENTS__TIMEOUT'],
    ['SEAWORTHY_POLICIES__PAYMENTS__TIMEOUTT', 'SEAWORTHY_POLICIES__PAYMENTS__TIMEOUT'],
    ['SEAWORTHY_OPS_TOKENS__GRACE__TOKN_FILE', 'SEAWORTHY_OPS_TOKENS__GRACE__TOKEN_FILE'],
  ])('%s is refused, and %s suggested', (given, meant) => {
    const { problems } = failure({ json: payments, environment: { [given]: '1s' } })
    expect(problems).toEqual([
      { path: '', source: given, message: `is not a setting; did you mean ${meant}?` },
    ])
  })

  it('are refused where nothing is like them, where they stop half way and where they go too far', () => {
    const environment = {
      SEAWORTHY_X: '1',
      SEAWORTHY_POLICIES: '1',
      SEAWORTHY_PROFILE__X: '1',
      SEAWORTHY_HEALTH__MODE_FILE: '1',
    }
    expect(
      failure({ environment })
        .problems.map(({ source }) => source)
        .sort(),
    ).toEqual(Object.keys(environment).sort())
  })

  it('are no way to take a value away', () => {
    const { problems } = failure({ environment: { SEAWORTHY_HEALTH__MODE: '' } })
    expect(problems[0]?.message).toBe('is empty; take the variable away to leave the setting as it is')
  })

  it('name the file', () => {
    const path = file('named.json', '{ "logs": { "level": "warn" } }')
    const configuration = loadConfiguration({ environment: { SEAWORTHY_FILE: path } })
    expect(configuration.logs.level).toBe('warn')
    expect(failure({ environment: { SEAWORTHY_FILE: '' } }).message).toContain('SEAWORTHY_FILE is empty')
    expect(failure({ environment: { SEAWORTHY_FILE: 'none' } }).message).toContain(
      'file none of SEAWORTHY_FILE cannot be read',
    )
  })
})

describe('files', () => {
  it('are named with the line of a value', () => {
    const path = file('lines.json', '{\n  "logs": {\n    "level": "loud",\n    "levle": "warn"\n  }\n}')
    expect(failure({ file: path }).problems).toEqual([
      {
        path: 'logs.level',
        source: `file ${path}:3`,
        message: "must be one of 'debug', 'info', 'warn', 'error'; got \"loud\"",
      },
      { path: 'logs.levle', source: `file ${path}:4`, message: "is not a setting; did you mean 'level'?" },
    ])
  })

  it.each([
    ['{\n"logs": {,}\n}', 'is not JSON'],
    ['', 'is not JSON'],
    ['[]', 'must be an object; got a list'],
    ['null', 'must be an object; got null'],
    ['"text"', 'must be an object; got a text'],
    ['{"logs": 5}', 'logs (json:1) must be an object; got a number'],
    ['{"logs": {},\n"logs": {}}', 'logs (json:2) is given twice in one object'],
    ['{"policies": {"a.b": {"preset": "database"}}}', 'must have a name of letters and digits'],
    ['{"policies": {"a__b": {"preset": "database"}}}', 'must have a name of letters and digits'],
    ['{"policies": {"a": {}}}', 'policies.a.preset (json:1) must be given'],
  ])('%j is refused', (json, message) => {
    expect(failure({ json }).message).toContain(message)
  })

  it('can begin with a mark of byte order, and name their schema', () => {
    const json = '\uFEFF{ "$schema": "./configuration.schema.json", "logOutput": "silent" }'
    expect(loadConfiguration({ json, environment: {} }).logOutput).toBe('silent')
  })

  it('may be lists and texts with brackets in them, and lines stay right', () => {
    const json = '{\n"logs": { "redact": ["a{", "b\\"]",\n"c"] },\n"worker": { "concurrency": 0 } }'
    expect(failure({ json }).problems[0]?.source).toBe('json:4')
  })

  it('have to be there', () => {
    expect(failure({ file: join(folder, 'none.json') }).message).toMatch(
      /file .*none\.json cannot be read \(ENOENT\)/,
    )
    expect(() => loadConfiguration({ file: 'a.json', json: {}, environment: {} })).toThrow(InvalidOptionError)
    expect(() => loadConfiguration({ fil: 'a.json' } as ConfigurationSources)).toThrow(InvalidOptionError)
  })
})

describe('an invalid configuration', () => {
  it('is told of as a whole: every problem of every source, and what does not fit together', () => {
    const error = failure({
      json: {
        policies: {
          payments: { preset: 'messaging', minimumRequests: 300, timeot: '2s' },
          users: { preset: 'x' },
        },
        worker: { minIdle: '10s' },
        reaper: { maxStarts: 30 },
        healthChecks: { maxStale: '10s' },
        degradation: { serviceLevels: { severe: 'full' }, shedding: { critical: { sheddable: 0.5 } } },
      },
      environment: { SEAWORTHY_LOGS__LEVEL: 'loud' },
      overrides: { ops: { timeout: 'soon' } },
    })
    expect(error.code).toBe('ERR_INVALID_CONFIGURATION')
    expect(error.failureClass).toBe('fatal')
    expect(error.problems.map(({ path, source }) => `${path} ${source}`)).toEqual([
      'policies.payments.timeot json',
      'policies.users.preset json',
      'logs.level SEAWORTHY_LOGS__LEVEL',
      'ops.timeout overrides',
      'policies.payments.minimumRequests json',
      'worker.minIdle json',
      'reaper.maxDeliveries default',
      'healthChecks.maxStale json',
      'degradation.serviceLevels.severe json',
      'degradation.shedding.critical.sheddable json',
      'degradation.shedding.critical.sheddable json',
    ])
    expect(error.message.split('\n')).toHaveLength(12)
    expect(error.message).toContain(
      'policies.payments.minimumRequests (json) must be at most window.calls (100); got 300',
    )
  })

  it('has an error of a bearable length, with all problems in it', () => {
    const json = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`unknown${index}`, 1]))
    const error = failure({ json })
    expect(error.problems).toHaveLength(200)
    expect(error.message.split('\n')).toHaveLength(52)
    expect(error.message).toContain('and 150 more')
  })

  it('can be an override of the wrong kind', () => {
    expect(failure({ overrides: new Map() }).message).toContain('must be an object')
    expect(failure({ overrides: [] }).message).toContain('must be an object; got a list')
    expect(failure({ json: 5 }).message).toContain('must be an object; got a number')
  })
})

describe('the prototype of all objects', () => {
  it.each([
    '{"__proto__": {"polluted": true}}',
    '{"constructor": {"prototype": {"polluted": true}}}',
    '{"policies": {"__proto__": {"preset": "messaging"}}}',
    '{"policies": {"constructor": {"preset": "messaging"}}}',
    '{"policies": {"payments": {"preset": "messaging", "__proto__": {"attempts": 1}}}}',
    '{"health": {"__proto__": {"polluted": true}}}',
    '{"logs": {"levels": {"__proto__": "debug"}}}',
    '{"logs": {"levels": {"constructor": "debug"}}}',
    '{"policies": {"toString": {}}}',
  ])('is not reached by %s', (json) => {
    expect(failure({ json }).problems.length).toBeGreaterThan(0)
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it.each([
    'SEAWORTHY___PROTO____POLLUTED',
    'SEAWORTHY_POLICIES____PROTO____PRESET',
    'SEAWORTHY_POLICIES__CONSTRUCTOR__PRESET',
    'SEAWORTHY_POLICIES__PROTOTYPE__PRESET',
    'SEAWORTHY_CONSTRUCTOR__PROTOTYPE__POLLUTED',
  ])('is not reached by %s', (variable) => {
    expect(failure({ environment: { [variable]: 'messaging' } }).problems).toHaveLength(1)
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it('lends no settings and no policies', () => {
    const configuration = loadConfiguration({ json: payments, environment: {} })
    expect(() => policyConfiguration(configuration, 'toString')).toThrow(InvalidOptionError)
    expect(failure({ json: '{"toString": 1}' }).problems).toHaveLength(1)
  })
})

describe('a secret', () => {
  const secret = 'PLANTED-9f8e7d6c5b4a3f2e1d0c'

  /** Everything that can end up on a screen or in a log. */
  function shown(thing: unknown): string {
    const texts = [String(thing), inspect(thing, { depth: null, showHidden: false }), JSON.stringify(thing)]
    if (thing instanceof InvalidConfigurationError)
      return [...texts, thing.message, thing.stack, JSON.stringify(thing.problems), String(thing.cause)].join(
        '\n',
      )
    const configuration = thing as Parameters<typeof formatConfiguration>[0]
    const described = describeConfiguration(configuration)
    return [
      ...texts,
      formatConfiguration(configuration),
      JSON.stringify(described),
      inspect(described, { depth: null }),
    ].join('\n')
  }

  const token = 'SEAWORTHY_OPS_TOKENS__GRACE__TOKEN'
  const scope = { SEAWORTHY_OPS_TOKENS__GRACE__SCOPE: 'operate' }

  it.each([
    ['a variable', { environment: { ...scope, [token]: secret } }],
    ['a file', { environment: { ...scope, [`${token}_FILE`]: file('secret', `${secret}\n`) } }],
    ['JSON', { environment: {}, json: { opsTokens: { grace: { token: secret, scope: 'operate' } } } }],
    [
      'overrides',
      { environment: {}, overrides: { opsTokens: { grace: { token: secret, scope: 'operate' } } } },
    ],
  ] as const)('from %s works and is never shown', (_, sources) => {
    const configuration = loadConfiguration(sources)
    expect(opsTokens(configuration)).toEqual([{ id: 'grace', token: secret, scope: 'operate' }])
    expect(shown(configuration)).not.toContain(secret)
    expect(shown(configuration)).toContain('[redacted]')
  })

  it('of an option stays a plain property, so that options can be made of it', () => {
    const environment = { SEAWORTHY_IDEMPOTENCY__FINGERPRINT_SECRET: secret }
    const configuration = loadConfiguration({ environment })
    expect({ ...configuration.idempotency }.fingerprintSecret).toBe(secret)
    expect(shown(configuration)).not.toContain(secret)
  })

  it.each<[string, Mistaken]>([
    ['under a mistyped variable', { environment: { SEAWORTHY_OPS_TOKENS__GRACE__TOKN: secret } }],
    ['as the name of a file', { environment: { ...scope, [`${token}_FILE`]: secret } }],
    ['twice', { environment: { ...scope, [token]: secret, [`${token}_FILE`]: file('twice', secret) } }],
    ['in the wrong field', { environment: { [token]: secret, SEAWORTHY_OPS_TOKENS__GRACE__SCOPE: secret } }],
    ['without a scope', { environment: { [token]: secret } }],
    ['too long', { environment: { ...scope, [token]: secret.repeat(1000) } }],
    ['that is an option, as an object', { json: { idempotency: { fingerprintSecret: { value: secret } } } }],
    [
      'that is an option, too long',
      { environment: { SEAWORTHY_IDEMPOTENCY__FINGERPRINT_SECRET: secret.repeat(1000) } },
    ],
    ['in place of the group', { json: { opsTokens: secret } }],
    ['in place of the entry', { json: { opsTokens: { grace: secret } } }],
    ['as an object', { json: { opsTokens: { grace: { token: { value: secret }, scope: [secret] } } } }],
    ['in text that is no JSON', { json: `{"opsTokens": {"grace": {"token": "${secret}",}}}` }],
    ['in text that breaks off', { json: `{"opsTokens": {"grace": {"token": "${secret}` }],
    ['in text that is nothing else', { json: secret }],
    [
      'given twice',
      { json: `{"opsTokens": {"grace": {"token": "${secret}", "token": "${secret}", "scope": "read"}}}` },
    ],
    [
      'beside another problem',
      { json: { opsTokens: { grace: { token: secret, scope: 'read', x: secret } } } },
    ],
  ])('%s is not in the error', (_, sources) => {
    expect(shown(failure(sources))).not.toContain(secret)
  })

  it('is not the mask that stands for it', () => {
    const configuration = loadConfiguration({
      environment: { SEAWORTHY_IDEMPOTENCY__FINGERPRINT_SECRET: secret },
    })
    const printed = JSON.parse(JSON.stringify(configuration)) as unknown
    expect(failure({ json: printed }).problems.map(({ path }) => path)).toEqual([
      'idempotency.fingerprintSecret',
    ])
  })
})

describe('a configured pipeline', () => {
  const json = {
    policies: {
      payments: {
        preset: 'messaging',
        attempts: 2,
        retryDelay: '10ms',
        bulkhead: { concurrency: 3, queue: 2 },
        rateLimit: { limit: 100, per: '1s' },
        retryBudget: { ratio: 0.5 },
        circuitBreaker: { mode: 'observe', halfOpen: { concurrency: 2 } },
        timeoutMode: 'cooperative',
      },
      users: { preset: 'database' },
    },
  } as const
  const configuration = loadConfiguration({ json, environment: {} })

  it('has its policies in the recommended order, with their options', () => {
    const hub = new Hub()
    const policy = configuredPipeline(configuration, 'payments', { hub, clock: new VirtualClock() })
    const described = policy.describe()
    expect(described.map(({ kind }) => kind)).toEqual([
      'retry',
      'rate-limit',
      'bulkhead',
      'circuit-breaker',
      'timeout',
    ])
    expect(described[2]?.options).toMatchObject({ concurrency: 3, queue: 2 })
    expect(described[3]?.options).toMatchObject({
      mode: 'observe',
      halfOpen: { concurrency: 2, failures: 0, lease: 30_000 },
    })
    expect(described[4]?.options).toMatchObject({ limit: '30s', mode: 'cooperative' })
    expect(policy.options).toMatchObject({ attempts: 2, retryDelay: '10ms', failureThreshold: 5 })
    expect(hub.components().map(({ name }) => name)).toEqual([
      'payments',
      'payments',
      'payments',
      'payments',
      'payments',
    ])
    expect(configuredPipeline(configuration, 'users', { hub: new Hub() }).describe()).toHaveLength(3)
  })

  it('works', async () => {
    const clock = new VirtualClock()
    const policy = configuredPipeline(configuration, 'payments', { hub: new Hub(), clock })
    let calls = 0
    const flaky = (): string => {
      if (++calls === 1) throw Object.assign(new Error('down'), { code: 'ECONNRESET' })
      return 'paid'
    }
    expect(await clock.runUntilSettled(policy.execute(flaky))).toBe('paid')
    expect(calls).toBe(2)
  })

  it('leaves nothing on the hub when it is checked or cannot be made', () => {
    const hub = new Hub()
    expect(() => configuredPipeline(configuration, 'payment', { hub })).toThrow(
      /one of payments, users; did you mean payments\?/,
    )
    expect(() => configuredPipeline(loadConfiguration({ environment: {} }), 'x', { hub })).toThrow(/has none/)
    expect(hub.components()).toEqual([])
  })

  it('can be given the rules of a changed file while it works', () => {
    const { breaker } = configuredPipeline(configuration, 'users', { hub: new Hub() })
    const changed = loadConfiguration({
      json: { policies: { users: { preset: 'database', failureThreshold: 2 } } },
      environment: {},
    })
    breaker.reconfigure(circuitRules(changed, 'users'))
    const options = breaker.describe()[0]?.options
    expect(options).toMatchObject({ failureThreshold: 2, window: { calls: 100 } })
  })
})

describe('what is printed', () => {
  it('has every value with its source, aligned', () => {
    const environment = { NODE_ENV: 'test', SEAWORTHY_POLICIES__PAYMENTS__FAILURE_THRESHOLD: '3' }
    const path = file(
      'app.json',
      '{ "policies": { "payments": {\n "preset": "messaging",\n "timeout": "2s" } } }',
    )
    const configuration = loadConfiguration({
      file: path,
      environment,
      overrides: { logs: { redact: ['iban', 'a\nb'] } },
    })
    const text = formatConfiguration(configuration, { changedOnly: true }).replaceAll(folder, '/etc/shop')
    expect(text.split('\n').slice(0, 8).join('\n')).toMatchInlineSnapshot(`
      "setting                              value          from
      profile                              testing        NODE_ENV
      policies.payments.preset             messaging      file /etc/shop/app.json:2
      policies.payments.timeout            2s             file /etc/shop/app.json:3
      policies.payments.attempts           2              profile testing
      policies.payments.retryDelay         1ms            profile testing
      policies.payments.maxRetryDelay      30ms           profile testing
      policies.payments.failureThreshold   3              SEAWORTHY_POLICIES__PAYMENTS__FAILURE_THRESHOLD"
    `)
    expect(text).toContain('iban, "a\\nb"')
    expect(formatConfiguration(configuration).split('\n')).toHaveLength(
      describeConfiguration(configuration).settings.length + 1,
    )
  })

  it('is there as JSON, too', () => {
    const { profile, settings } = describeConfiguration(
      loadConfiguration({ environment: {}, prefix: 'SHOP_' }),
    )
    expect(profile).toBe('production')
    expect(settings.find(({ path }) => path === 'health.deadline')).toEqual({
      path: 'health.deadline',
      value: '800ms',
      origin: 'default',
      source: 'default',
      environment: 'SHOP_HEALTH__DEADLINE',
    })
  })

  it('needs the configuration itself, since a copy knows no sources', () => {
    const copy = { ...loadConfiguration({ environment: {} }) }
    expect(() => formatConfiguration(copy)).toThrow(InvalidOptionError)
  })
})

describe('logs and audit', () => {
  const entry = { event: 'opened' }

  it.each([
    ['json', '{"level":"warn","time":5,"message":"circuit","event":"opened"}'],
    ['pretty', 'warn  circuit {"event":"opened"}'],
    ['silent', undefined],
  ] as const)('go where %s says', (logOutput, line) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    configuredLogger(loadConfiguration({ json: { logOutput }, environment: {} }), () => 5).warn(
      entry,
      'circuit',
    )
    expect(warn.mock.calls).toEqual(line === undefined ? [] : [[line]])
  })

  it('go to the console in development, and nowhere else', () => {
    const info = vi.spyOn(console, 'info').mockImplementation(() => {})
    expect(configuredAudit(loadConfiguration({ environment: {} }))).toEqual({})
    configuredAudit(loadConfiguration({ environment: {}, profile: 'development' })).sink?.(entry)
    expect(info.mock.calls).toEqual([['{"event":"opened"}']])
  })
})
