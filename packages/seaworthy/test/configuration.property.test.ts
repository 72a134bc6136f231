import fc from 'fast-check'
import {
  type ConfigurationSources,
  configurationReference,
  InvalidConfigurationError,
  loadConfiguration,
  sourceOf,
} from 'seaworthy/configuration'
import { describe, expect, it } from 'vitest'
import { environmentName, nearest } from '../src/configuration/names.ts'
import {
  badTexts,
  badValues,
  base,
  goodValues,
  places,
  textOf,
  valueAt,
  withValue,
} from './configuration-samples.ts'

/** Written by hand as JSON would be: the types of the input are none of its concern. */
type Json = NonNullable<ConfigurationSources['json']>
const load = (json: unknown, environment: Record<string, string> = {}, more: ConfigurationSources = {}) =>
  loadConfiguration({ json: json as Json, environment, ...more })

function problemsOf(run: () => unknown) {
  try {
    run()
  } catch (error) {
    if (error instanceof InvalidConfigurationError) return error.problems
    throw error
  }
  return []
}

/** Rules about several settings may refuse a value that is good by itself. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (error instanceof InvalidConfigurationError) return undefined
    throw error
  }
}

describe('every setting', () => {
  it('is in the reference once', () => {
    const paths = configurationReference().map(({ path }) => path)
    expect(new Set(paths).size).toBe(paths.length)
    expect(paths.length).toBe(places.length)
    expect(places.length).toBeGreaterThan(130)
  })

  it.each(places)('$path can be set in JSON', ({ path, setting }) => {
    const accepted = goodValues(setting).filter((value) => {
      const json = withValue(base, path, value)
      const configuration = attempt(() => load(json))
      if (configuration === undefined) return false
      expect(valueAt(configuration, path)).toEqual(value)
      expect(sourceOf(configuration, path)).toEqual({ origin: 'file', text: 'json' })
      return true
    })
    expect(accepted.length).toBeGreaterThan(0)
  })

  it.each(places)('$path can be set by an environment variable', ({ path, setting }) => {
    const variable = environmentName('SEAWORTHY_', path)
    const accepted = goodValues(setting).filter((value) => {
      const text = textOf(setting, value)
      const configuration = text && attempt(() => load(base, { [variable]: text }))
      if (!configuration) return false
      const read = setting.kind === 'duration' && typeof value === 'number' ? text : value
      expect(valueAt(configuration, path)).toEqual(read)
      expect(sourceOf(configuration, path)).toEqual({ origin: 'environment', text: variable })
      return true
    })
    expect(accepted.length).toBeGreaterThan(0)
  })

  /** All bad values of one round at once: every one of them has to be told of. */
  const rounds = Array.from({ length: 12 }, (_, round) => round)
  const inRound = <T>(round: number, values: readonly T[]): T => values[round % values.length] as T

  it.each(rounds)('refuses bad JSON, and the error names path and source: round %i', (round) => {
    const json = places.reduce(
      (all, { path, setting }) => withValue(all, path, inRound(round, badValues(setting))),
      base as Record<string, unknown>,
    )
    const problems = problemsOf(() => load(json)).map(({ path, source }) => `${path} ${source}`)
    expect(problems.sort()).toEqual(places.map(({ path }) => `${path} json`).sort())
  })

  it.each(rounds)('refuses bad texts, and the error names path and variable: round %i', (round) => {
    const variables = places.map(({ path, setting }) => ({
      path,
      variable: environmentName('SEAWORTHY_', path),
      text: inRound(round, badTexts(setting)),
    }))
    const environment = Object.fromEntries(variables.map(({ variable, text }) => [variable, text]))
    const problems = problemsOf(() => load(base, environment)).map(({ path, source }) => `${path} ${source}`)
    expect(problems.sort()).toEqual(variables.map(({ path, variable }) => `${path} ${variable}`).sort())
  })

  it.each(places)(
    '$path: a variable with a typing error is refused, and the right one suggested',
    ({ path }) => {
      const variable = environmentName('SEAWORTHY_', path)
      const mistyped = `${variable.slice(0, -1)}X${variable.slice(-1)}`
      const [problem, ...more] = problemsOf(() => load(base, { [mistyped]: 'whatever it is' }))
      expect(more).toEqual([])
      expect(problem).toMatchObject({ path: '', source: mistyped })
      expect(problem?.message).toContain(`did you mean ${nearest(mistyped, [variable])}`)
      expect(problem?.message).not.toContain('whatever')
    },
  )
})

/** Settings that no rule ties to others. */
const free = places.filter(
  ({ path, setting }) =>
    !setting.secret &&
    !/^profile$|shedding|serviceLevels|minIdle|heartbeat|max(Starts|Deliveries|Stale)|minimumRequests|windowSize|preset$/.test(
      path,
    ) &&
    !/^healthChecks/.test(path),
)
const accepted = new Map(
  free.map(({ path, setting }) => [
    path,
    goodValues(setting).filter((value) => problemsOf(() => load(withValue(base, path, value))).length === 0),
  ]),
)

/** Values for some of the settings. */
const some = fc
  .uniqueArray(fc.constantFrom(...free), { minLength: 1, maxLength: 8, selector: ({ path }) => path })
  .chain((chosen) =>
    fc.tuple(
      ...chosen.map(({ path }) =>
        fc.constantFrom(...(accepted.get(path) as unknown[])).map((value) => [path, value] as const),
      ),
    ),
  )
  .map((pairs) => new Map(pairs))

const tree = (values: ReadonlyMap<string, unknown>, start: unknown = {}): Record<string, unknown> =>
  [...values].reduce((all, [path, value]) => withValue(all, path, value), start as Record<string, unknown>)

describe('loading', () => {
  it('follows the order: built in, preset, profile, file, environment, overrides', () => {
    const won: Record<string, number> = {}
    fc.assert(
      fc.property(
        some,
        some,
        some,
        fc.constantFrom('production', 'development', 'testing'),
        (file, variables, overrides, profile) => {
          const environment: Record<string, string> = {}
          for (const { path, setting } of free) {
            const text = variables.has(path) ? textOf(setting, variables.get(path)) : undefined
            if (text !== undefined) environment[environmentName('SEAWORTHY_', path)] = text
          }
          const sources = { profile, overrides: tree(overrides) } as ConfigurationSources
          const configuration = load(tree(file, base), environment, sources)
          const plain = load(base, {}, { profile: profile as 'testing' })
          for (const { path, setting } of free) {
            const variable = environmentName('SEAWORTHY_', path)
            const text = environment[variable]
            const [origin, value] = overrides.has(path)
              ? ['override', overrides.get(path)]
              : text !== undefined
                ? [
                    'environment',
                    setting.kind === 'duration' && text !== 'false' ? text : variables.get(path),
                  ]
                : file.has(path)
                  ? ['file', file.get(path)]
                  : [sourceOf(plain, path)?.origin, valueAt(plain, path)]
            expect(valueAt(configuration, path)).toEqual(value)
            expect(sourceOf(configuration, path)?.origin).toBe(origin)
            won[origin ?? 'nothing'] = (won[origin ?? 'nothing'] ?? 0) + 1
          }
        },
      ),
      { numRuns: 40 },
    )
    expect(Object.keys(won).sort()).toEqual(
      ['default', 'environment', 'file', 'nothing', 'override', 'preset', 'profile'].sort(),
    )
  })

  it('goes round: the configuration in effect as a file gives the same configuration', () => {
    let different = 0
    fc.assert(
      fc.property(some, (values) => {
        const { opsTokens: _secrets, ...json } = tree(values, base)
        const configuration = load(json)
        const again = load(JSON.parse(JSON.stringify(configuration)))
        expect(again).toEqual(configuration)
        expect(JSON.stringify(again)).toBe(JSON.stringify(configuration))
        if (JSON.stringify(configuration) !== JSON.stringify(load({}))) different++
      }),
      { numRuns: 60 },
    )
    expect(different).toBeGreaterThan(30)
  })

  it('survives any JSON: it takes it or says what is wrong with it', () => {
    let taken = 0
    let refused = 0
    const leaf = fc.oneof(fc.constantFrom('2s', 'messaging', 5, 0.5, true, false, null), fc.jsonValue())
    const key = fc.oneof(
      fc.constantFrom(
        'policies',
        'payments',
        'preset',
        'timeout',
        'health',
        'ops',
        'logs',
        '__proto__',
        'constructor',
      ),
      fc.string(),
    )
    const any = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(fc.tuple(key, tie('node')), { maxLength: 3 }).map((pairs) => Object.fromEntries(pairs)),
      ),
    })).node
    fc.assert(
      fc.property(any, (value) => {
        if (
          problemsOf(() => loadConfiguration({ json: JSON.stringify(value) ?? 'null', environment: {} }))
            .length > 0
        )
          refused++
        else taken++
        expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
      }),
      { numRuns: 300 },
    )
    expect(taken).toBeGreaterThan(0)
    expect(refused).toBeGreaterThan(0)
  })
})
