/** Reads a configuration from all its sources. */
import { InvalidOptionError, knownOptions } from '@seaworthy/core'
import {
  type PresetName,
  type Profile,
  type ProfileName,
  presets,
  profileNameOf,
  profiles,
  resolveOptions,
} from 'seaworthy'
import { InvalidConfigurationError } from '../configuration-errors.ts'
import { crossProblems } from './cross-rules.ts'
import { type ComputedDefault, effective, namesIn, overlay } from './effective.ts'
import { environmentLayer } from './environment.ts'
import { readText } from './files.ts'
import { JsonSyntaxProblem, readJson } from './json-text.ts'
import { emptyLayer, type Layer, layerOf, type Provenance } from './layer.ts'
import { isPlace, join } from './names.ts'
import { isPlainObject } from './plain.ts'
import { type Configuration, everything, type PartialConfiguration } from './settings.ts'
import { remember } from './store.ts'

/** Where {@link loadConfiguration} looks. */
export interface ConfigurationSources {
  /** A file with JSON. @defaultValue what the environment variable `SEAWORTHY_FILE` says; none if it says nothing */
  readonly file?: string | undefined
  /** JSON in place of a file: its text, or what is in it. */
  readonly json?: string | PartialConfiguration | undefined
  /** Environment variables. @defaultValue `process.env` */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
  /** How the names of variables begin: capitals, digits and `_`, with `_` at the end. @defaultValue `'SEAWORTHY_'` */
  readonly prefix?: string | undefined
  /** The profile, whatever the other sources say. @defaultValue what they say; else by `NODE_ENV` as {@link seaworthy!profile} does */
  readonly profile?: ProfileName | undefined
  /** Values that replace all others, from the command line for example. */
  readonly overrides?: PartialConfiguration | undefined
}

/**
 * Reads a configuration. Later sources win, setting by setting: what is built in, the preset of a policy, the profile, the
 * file, environment variables, overrides.
 *
 * @throws {@link InvalidConfigurationError} when something is wrong with it: it lists everything that is.
 * @throws {@link @seaworthy/core!InvalidOptionError} when the sources themselves make no sense.
 *
 * @example
 * ```ts
 * import { formatConfiguration, loadConfiguration } from 'seaworthy/configuration'
 *
 * const environment = { SEAWORTHY_POLICIES__PAYMENTS__ATTEMPTS: '3' }
 * const json = { policies: { payments: { preset: 'messaging' } } } as const
 * console.log(formatConfiguration(loadConfiguration({ json, environment }), { changedOnly: true }))
 * ```
 */
export function loadConfiguration(sources: ConfigurationSources = {}): Configuration {
  knownOptions('loadConfiguration', sources, [
    'file',
    'json',
    'environment',
    'prefix',
    'profile',
    'overrides',
  ])
  const { environment = process.env, prefix = 'SEAWORTHY_' } = sources
  if (!/^[A-Z][A-Z0-9_]*_$/.test(prefix))
    throw new InvalidOptionError('prefix', "capitals, digits and '_', with '_' at the end", prefix)
  const given = fileLayer(sources, environment, `${prefix}FILE`)
  const overrides = layerOf(everything, withProfile(sources), () => ({
    origin: 'override',
    text: 'overrides',
  }))
  const known = overlay([given, overrides])
  const variables = environmentLayer(everything, {
    prefix,
    environment,
    ignored: [`${prefix}FILE`],
    namesOf: (path) => namesIn(known, path),
  })
  const [profile, profileDefault] = profileIn([given, variables, overrides], environment)
  const layer = overlay([profileLayer(profile), given, variables, overrides])
  const { tree, settings } = effective(everything, layer, computedDefaults(layer, profile, profileDefault))
  // The tree was built from the table that the type was made of. What may be missing in it is among the problems.
  const configuration = tree as Configuration
  const wrong = layer.problems
    .filter(({ path }) => path !== '' && isPlace(everything, path))
    .map(({ path }) => path)
  const problems = [
    ...layer.problems,
    ...crossProblems(configuration, {
      sources: new Map(settings.map(({ path, from }) => [path, from.text])),
      isBroken: (section) => wrong.some((path) => path.startsWith(`${section}.`)),
    }),
  ]
  if (problems.length > 0) throw new InvalidConfigurationError(problems)
  remember(configuration, { prefix, settings })
  return configuration
}

function withProfile({ overrides = {}, profile }: ConfigurationSources): unknown {
  return profile === undefined || !isPlainObject(overrides) ? overrides : { ...overrides, profile }
}

function fileLayer(
  { file: path, json }: ConfigurationSources,
  environment: NonNullable<ConfigurationSources['environment']>,
  variable: string,
): Layer {
  if (json !== undefined) {
    if (path !== undefined) throw new InvalidOptionError('json', 'given without file', 'both')
    if (typeof json === 'string') return textLayer(json, 'json')
    return layerOf(everything, json, () => ({ origin: 'file', text: 'json' }))
  }
  const file = path ?? environment[variable]
  if (file === undefined) return emptyLayer()
  if (file === '' && path === undefined) return broken(variable, 'is empty; take it away to read no file')
  const content = readText(file)
  if ('text' in content) return textLayer(content.text, `file ${file}`)
  const source = path === undefined ? `file ${file} of ${variable}` : `file ${file}`
  return broken(source, `cannot be read (${content.problem})`)
}

/** A source of which nothing can be read. */
const broken = (source: string, message: string): Layer => ({
  ...emptyLayer(),
  problems: [{ path: '', source, message }],
})

function textLayer(text: string, source: string): Layer {
  const read = readJson(text)
  if (read instanceof JsonSyntaxProblem) return broken(source, read.message)
  const at = (line: number | undefined): string => (line === undefined ? source : `${source}:${line}`)
  const from = (path: string): Provenance => ({ origin: 'file', text: at(read.lines.get(path)) })
  const layer = layerOf(everything, read.value, from)
  for (const [path, line] of read.twice)
    layer.problems.push({ path, source: at(line), message: 'is given twice in one object' })
  return layer
}

/** The profile that the sources name, and where it is from if none does. */
function profileIn(
  layers: readonly Layer[],
  environment: NonNullable<ConfigurationSources['environment']>,
): [Profile, ComputedDefault] {
  const byNode = environment['NODE_ENV']
  const name = profileNameOf(byNode)
  const origin: Provenance =
    byNode === undefined
      ? { origin: 'default', text: 'default' }
      : { origin: 'environment', text: 'NODE_ENV' }
  const said = layers.flatMap(({ entries }) => entries.get('profile')?.value ?? []).at(-1)
  return [profiles[(said as ProfileName | undefined) ?? name], { value: name, from: origin }]
}

const profileLayer = ({ name, settings = {} }: Profile): Layer =>
  layerOf(everything, settings, () => ({ origin: 'profile', text: `profile ${name}` }))

/** The numbers of presets, as the profile changes them. */
function computedDefaults(
  layer: Layer,
  profile: Profile,
  profileDefault: ComputedDefault,
): Map<string, ComputedDefault> {
  const computed = new Map([['profile', profileDefault]])
  const byProfile: Provenance = { origin: 'profile', text: `profile ${profile.name}` }
  for (const name of namesIn(layer, 'policies')) {
    const path = join('policies', name)
    const preset = layer.entries.get(join(path, 'preset'))?.value as PresetName | undefined
    if (preset === undefined) continue
    const { options, sources } = resolveOptions(presets[preset], profile)
    const byPreset: Provenance = { origin: 'preset', text: `preset ${preset}` }
    for (const [option, value] of Object.entries(options)) {
      const from = sources[option as keyof typeof sources] === 'profile' ? byProfile : byPreset
      computed.set(join(path, option), { value, from })
    }
    const jitter = profile.jitter === false ? 'none' : 'full'
    computed.set(join(path, 'retry.jitter'), {
      value: jitter,
      from: profile.jitter === false ? byProfile : { origin: 'default', text: 'default' },
    })
  }
  return computed
}
