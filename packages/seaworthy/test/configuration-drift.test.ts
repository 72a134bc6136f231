/** The table of settings says what the packages say: names, types, defaults; and what is generated from it is up to date. */
import { readFileSync } from 'node:fs'
import { type Duration, duration, Hub } from '@seaworthy/core'
import { type DeadLettersOptions, deadLetters, memoryDeadLetters } from '@seaworthy/dead-letter'
import { type IdempotencyOptions, idempotency, memoryIdempotencyStore } from '@seaworthy/idempotency'
import { memoryStream, type ReaperOptions, reaper, type WorkerOptions, worker } from '@seaworthy/worker'
import {
  type BulkheadOptions,
  type CircuitRules,
  type MoreBreakerOptions,
  type MoreRetryOptions,
  type Overrides,
  type ProfileName,
  presets,
  profiles,
  type RateLimitOptions,
  type RetryBudgetOptions,
} from 'seaworthy'
import {
  type Configuration,
  type circuitRules,
  configurationSchema,
  configurationTables,
  configuredAudit,
  configuredLogger,
  loadConfiguration,
  opsTokens,
} from 'seaworthy/configuration'
import { describe, expect, it } from 'vitest'
// This package depends on none of these.
import { standardShedding } from '../../degradation/src/criticality.ts'
import { createDegradation, type DegradationOptions, standardRules } from '../../degradation/src/index.ts'
import { standardServiceLevels } from '../../degradation/src/levels.ts'
import { type CheckOptions, createHealth, type HealthOptions } from '../../health/src/index.ts'
import { bearer, createOps, type OpsOptions } from '../../ops/src/index.ts'
import { type LogEventsOptions, logEvents } from '../../telemetry/src/index.ts'
import { placesIn } from '../src/configuration/names.ts'
import { everything } from '../src/configuration/settings.ts'
import { badValues, base, goodValues, places, withValue } from './configuration-samples.ts'
import { defaultOf, optionsOf } from './option-interfaces.ts'
import { validates } from './validates.ts'

const common = ['hub', 'clock', 'random', 'wallClock']

/** Where options come from, the settings that stand for them, and options that are no plain data or not for all. */
const sources: ReadonlyArray<
  readonly [path: string, interfaces: readonly string[], notSettings: readonly string[]]
> = [
  ['health', ['health/src/health.ts HealthOptions'], common],
  ['health.contributions', ['health/src/contributions.ts ContributionOptions'], []],
  // These are for one check and not for all.
  [
    'healthChecks',
    ['health/src/check.ts CheckOptions'],
    ['criticality', 'kinds', 'initial', 'componentType'],
  ],
  [
    'degradation',
    ['degradation/src/options.ts DegradationOptions'],
    [...common, 'rules', 'notices', 'store'],
  ],
  ['degradation.features.<name>', ['degradation/src/features.ts FeatureOptions'], []],
  ['degradationRules', ['degradation/src/rule.ts StandardRuleOptions'], []],
  [
    'ops',
    ['ops/src/options.ts OpsOptions'],
    [
      ...common,
      'health',
      'degradation',
      'deadLetters',
      'metrics',
      'upkeep',
      'drills',
      'auth',
      'audit',
      'logger',
    ],
  ],
  // `id` is the name of the entry.
  ['opsTokens.<name>', ['ops/src/auth/authenticate.ts BearerToken'], ['id']],
  ['logs', ['telemetry/src/log-events.ts LogEventsOptions'], [...common, 'logger', 'fields']],
  [
    'deadLetters',
    ['dead-letter/src/options.ts DeadLettersOptions'],
    [...common, 'store', 'replay', 'failures', 'redact', 'codec'],
  ],
  ['deadLetters.recovery', ['dead-letter/src/options.ts RecoveryOptions'], ['strategies', 'when']],
  ['deadLetters.retention', ['dead-letter/src/options.ts RetentionOptions'], []],
  [
    'worker',
    ['worker/src/options.ts TakeOverOptions', 'worker/src/options.ts WorkerOptions'],
    // An owner has to be new for each start.
    [...common, 'stream', 'deadLetters', 'owner', 'handler', 'decode', 'policy', 'idempotency', 'classify'],
  ],
  ['worker.retries', ['worker/src/options.ts RetryOptions'], []],
  ['reaper', ['worker/src/options.ts TakeOverOptions'], [...common, 'stream', 'deadLetters', 'owner']],
  [
    'idempotency',
    ['idempotency/src/options.ts IdempotencyOptions'],
    [...common, 'store', 'key', 'fingerprint', 'codec', 'classify'],
  ],
  ['idempotency.ttl', ['idempotency/src/options.ts RecordLifetimes'], []],
  [
    'policies.<name>',
    ['seaworthy/src/presets.ts Preset', 'seaworthy/src/factories.ts PresetOptions'],
    [...common, 'name', 'profile', 'limits'],
  ],
  [
    'policies.<name>.circuitBreaker',
    ['circuit-breaker/src/options.ts CircuitRules', 'circuit-breaker/src/options.ts CircuitBreakerOptions'],
    [...common, ...Object.keys(presets.messaging), 'name', 'window', 'classify', 'store'],
  ],
  ['policies.<name>.circuitBreaker.halfOpen', ['circuit-breaker/src/options.ts HalfOpenOptions'], []],
  [
    'policies.<name>.retry',
    ['retry/src/options.ts RetryOptions'],
    [
      ...common,
      ...['name', 'attempts', 'delay', 'maxDelay', 'budget'],
      ...['delayFrom', 'classify', 'retryIf', 'retryResult', 'disposeResult'],
    ],
  ],
  ['policies.<name>.retryBudget', ['retry/src/retry-budget.ts RetryBudgetOptions'], common],
  [
    'policies.<name>.bulkhead',
    ['flow/src/queue-options.ts QueueOptions', 'flow/src/bulkhead.ts BulkheadOptions'],
    [...common, 'name', 'priority'],
  ],
  [
    'policies.<name>.rateLimit',
    ['flow/src/rate-limit-options.ts RateLimitOptions'],
    [...common, 'name', 'key', 'maxKeys'],
  ],
]

/** What settings have besides: they choose a preset, or make policies of their own. */
const additions: Readonly<Record<string, readonly string[]>> = {
  'policies.<name>': ['preset', 'retryBudget', 'bulkhead', 'rateLimit'],
}

const table = placesIn(everything, () => ['<name>'])

/** The names right below a path. */
function namesBelow(path: string): string[] {
  const below = table.filter((each) => each.path.startsWith(`${path}.`))
  return [...new Set(below.map((each) => each.path.slice(path.length + 1).split('.')[0] as string))].sort()
}

describe('the table of settings', () => {
  it.each(sources)('has under %s what its interfaces have', (path, interfaces, notSettings) => {
    const options = interfaces.flatMap((each) => optionsOf(...(each.split(' ') as [string, string])))
    const names = options.map(({ name }) => name).filter((name) => !notSettings.includes(name))
    expect(namesBelow(path)).toEqual([...names, ...(additions[path] ?? [])].sort())
  })

  it('has the defaults that the interfaces document', () => {
    const inWords: string[] = []
    let compared = 0
    for (const [path, interfaces] of sources) {
      for (const option of interfaces.flatMap((each) =>
        optionsOf(...(each.split(' ') as [string, string])),
      )) {
        const setting = table.find((each) => each.path === `${path}.${option.name}`)?.setting
        if (setting?.default === undefined) continue
        const documented = defaultOf(option)
        if (documented === undefined) inWords.push(`${path}.${option.name}`)
        else {
          const same = setting.kind === 'duration' && documented !== false && setting.default !== false
          const read = (value: unknown): unknown => (same ? duration(path, value as Duration) : value)
          expect([path, option.name, read(setting.default)]).toEqual([path, option.name, read(documented)])
          compared++
        }
      }
    }
    expect(compared).toBeGreaterThan(65)
    // Empty lists, and what goes by the environment.
    expect(inWords).toMatchInlineSnapshot(`
      [
        "health.contributions.criticalCircuitBreakers",
        "degradation.criticalCircuitBreakers",
        "ops.profile",
        "logs.levels",
        "logs.redact",
      ]
    `)
  })

  it('has the tables that the manager of the level goes by', () => {
    const { degradation } = loadConfiguration({ environment: {} })
    expect(degradation.serviceLevels).toEqual(standardServiceLevels)
    const shed = Object.entries(degradation.shedding).map(([level, shares]) => [
      level,
      Object.fromEntries(Object.entries(shares).filter(([, share]) => share > 0)),
    ])
    expect(Object.fromEntries(shed)).toEqual(standardShedding)
  })

  it('covers the profiles: what they set, there is, and is no default already', () => {
    const set = (tree: object, at: string): string[] =>
      Object.entries(tree).flatMap(([name, value]) =>
        typeof value === 'object' ? set(value as object, `${at}${name}.`) : [`${at}${name}`],
      )
    for (const { name, settings = {} } of Object.values(profiles)) {
      const paths = set(settings, '')
      const configuration = loadConfiguration({ environment: {}, profile: name as ProfileName })
      expect(paths.filter((path) => !table.some((each) => each.path === path))).toEqual([])
      expect(configuration.profile).toBe(name)
      expect(paths.length > 0).toBe(name !== 'production')
    }
  })
})

describe.each(['production', 'development', 'testing'] as const)('the values of %s', (profile) => {
  const environment = {
    SEAWORTHY_OPS_TOKENS__GRACE__TOKEN: 'correct horse battery staple',
    SEAWORTHY_OPS_TOKENS__GRACE__SCOPE: 'read',
    SEAWORTHY_DEGRADATION__FEATURES__SEARCH__MAX_LEVEL: 'minor',
    SEAWORTHY_POLICIES__PAYMENTS__PRESET: 'messaging',
  }
  const configuration = loadConfiguration({ profile, environment })

  it('are what the packages take, as types and at run time', async () => {
    const hub = new Hub()
    const health = createHealth({ ...configuration.health, hub })
    health.register('database', { ...configuration.healthChecks, check: () => true })
    const rules = standardRules(configuration.degradationRules)
    const degradation = createDegradation({ ...configuration.degradation, rules, hub })
    const ops = createOps({
      ...configuration.ops,
      health,
      degradation,
      hub,
      auth: bearer(opsTokens(configuration)),
      audit: configuredAudit(configuration),
    })
    const stop = logEvents({ ...configuration.logs, logger: configuredLogger(configuration), hub })
    const queue = deadLetters({ ...configuration.deadLetters, store: memoryDeadLetters(), hub })
    const stream = memoryStream()
    const handler = (): void => {}
    const workers = [
      worker({ ...configuration.worker, stream, deadLetters: 'discard', handler, hub }),
      reaper({ ...configuration.reaper, stream, deadLetters: 'discard', hub }),
    ]
    const once = idempotency({ ...configuration.idempotency, store: memoryIdempotencyStore(), hub })
    expect(await once.execute(() => 'done', { key: 'a' })).toBe('done')
    expect((await health.report()).checks.map(({ name }) => name)).toContain('database')
    expect(degradation.isOn('search')).toBe(true)
    expect(await ops.fetch(new Request('http://localhost/health/live')).then(({ status }) => status)).toBe(
      200,
    )
    stop()
    for (const each of workers) await each.close()
    for (const each of [ops, degradation, queue, health]) await each.close()
  })
})

/** Checked by the compiler: what a configuration has is what the packages take, without what they need besides. */
export interface Fits {
  health: Fit<Configuration['health'], HealthOptions>
  healthChecks: Fit<Configuration['healthChecks'], CheckOptions>
  degradation: Fit<Configuration['degradation'], DegradationOptions>
  ops: Fit<Configuration['ops'], OpsOptions>
  logs: Fit<Configuration['logs'], LogEventsOptions>
  deadLetters: Fit<Configuration['deadLetters'], Partial<DeadLettersOptions>>
  worker: Fit<Configuration['worker'], Partial<WorkerOptions>>
  reaper: Fit<Configuration['reaper'], Partial<ReaperOptions>>
  idempotency: Fit<Configuration['idempotency'], Partial<IdempotencyOptions>>
  bulkhead: Fit<NonNullable<Policy['bulkhead']>, BulkheadOptions>
  rateLimit: Fit<NonNullable<Policy['rateLimit']>, RateLimitOptions>
  retryBudget: Fit<NonNullable<Policy['retryBudget']>, RetryBudgetOptions>
  circuitBreaker: Fit<Policy['circuitBreaker'], MoreBreakerOptions>
  retry: Fit<Policy['retry'], MoreRetryOptions>
  numbers: Fit<Pick<Policy, keyof Overrides>, Overrides>
  rules: Fit<ReturnType<typeof circuitRules>, CircuitRules>
}

type Policy = Configuration['policies'][string]
type Fit<Values extends Options, Options> = Values

describe('the JSON Schema', () => {
  const schema = configurationSchema()

  it('is the one that the package carries (run `vitest -u` to renew it)', async () => {
    const text = JSON.stringify(schema, null, 2).replaceAll(
      /\[\s+([^[\]{}]*?)\s+\]/g,
      (whole, items: string) => {
        const line = `[${items.replaceAll(/\s*\n\s*/g, ' ')}]`
        return line.length < 70 ? line : whole
      },
    )
    await expect(`${text}\n`).toMatchFileSnapshot('../configuration.schema.json')
  })

  it('takes what is taken, and refuses what is refused', () => {
    expect(validates(schema, base)).toBe(true)
    expect(validates(schema, { $schema: './node_modules/seaworthy/configuration.schema.json' })).toBe(true)
    let refused = 0
    for (const { path, setting } of places) {
      for (const value of goodValues(setting)) {
        const json = withValue(base, path, value)
        try {
          loadConfiguration({ json, environment: {} })
        } catch {
          continue // A rule about several settings, or a pattern of its own.
        }
        expect([path, value, validates(schema, json)]).toEqual([path, value, true])
      }
      for (const value of badValues(setting)) {
        expect([path, value, validates(schema, withValue(base, path, value))]).toEqual([path, value, false])
        refused++
      }
    }
    expect(refused).toBeGreaterThan(500)
  })

  it('refuses names that do not exist or may not', () => {
    for (const json of [
      '{"polices": {}}',
      '{"policies": {"a__b": {"preset": "database"}}}',
      '{"policies": {"a": {}}}',
      '{"policies": {"constructor": {"preset": "database"}}}',
    ])
      expect([json, validates(schema, JSON.parse(json))]).toEqual([json, false])
  })
})

it('docs/configuration.md has all settings (run `vitest -u` to renew it)', async () => {
  const page = '../../../docs/configuration.md'
  const before = readFileSync(new URL(page, import.meta.url), 'utf8')
  const marks = /(<!-- settings: generated -->\n\n).*(\n\n<!-- end of settings -->)/s
  expect(before).toMatch(marks)
  const after = before.replace(marks, (_, begin: string, end: string) => begin + configurationTables() + end)
  await expect(after).toMatchFileSnapshot(page)
})
