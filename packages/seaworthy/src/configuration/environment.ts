/** What environment variables say. */
import { readText } from './files.ts'
import { addValue, emptyLayer, type Layer } from './layer.ts'
import { camelCase, constantCase, environmentName, isName, join, nearest, placesIn } from './names.ts'
import { type GroupSetting, isSecret, type LeafSetting, type Setting } from './setting.ts'

/** The end of the name of a variable that names a file with a secret. */
const fileSuffix = '_FILE'

/** The variables that are ours, and the names of groups that other sources know. */
export interface EnvironmentOptions {
  readonly prefix: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Variables with the prefix that are no settings. */
  readonly ignored: readonly string[]
  namesOf(path: string): readonly string[]
}

/** What environment variables with the prefix say. */
export function environmentLayer(table: GroupSetting, options: EnvironmentOptions): Layer {
  const { prefix, environment, ignored } = options
  const layer = emptyLayer()
  const variables = Object.keys(environment).filter(
    (name) => name.startsWith(prefix) && !ignored.includes(name),
  )
  for (const variable of variables.sort()) {
    const given = environment[variable]
    if (given === undefined) continue
    const found = find(table, variable.slice(prefix.length).split('__'), options)
    if (typeof found === 'string') layer.problems.push({ path: found, source: variable, message: ambiguous })
    else if (found === undefined)
      layer.problems.push({ path: '', source: variable, message: unknown(variable, table, options) })
    else read(layer, variable, found, given)
  }
  return layer
}

interface Found {
  readonly path: string
  readonly setting: LeafSetting
  readonly quiet: boolean
  /** Groups on the way: they are there, even if nothing else is given in them. */
  readonly groups: readonly string[]
  /** Whether the variable names a file. */
  readonly file: boolean
}

const ambiguous = 'could mean several names that differ only in case and separators'

/** The setting that the parts of a name lead to; a path that is ambiguous; or undefined. */
function find(
  table: GroupSetting,
  parts: readonly string[],
  options: EnvironmentOptions,
): Found | string | undefined {
  let setting: Setting = table
  let path = ''
  let quiet = false
  let file = false
  const groups: string[] = []
  for (const part of parts) {
    if (setting.kind === 'map') {
      const name = nameFor(part, options.namesOf(path))
      if (name === undefined) return undefined
      if (Array.isArray(name)) return join(path, part)
      path = join(path, name)
      groups.push(path)
      setting = setting.entry
    } else if (setting.kind === 'group') {
      quiet ||= setting.discreet === true
      const { fields }: GroupSetting = setting
      const plain = fieldFor(fields, part)
      const name = plain ?? secretFor(fields, part)
      if (name === undefined) return undefined
      file = plain === undefined
      path = join(path, name)
      setting = fields[name] as Setting
      if (setting.kind === 'group') groups.push(path)
    } else return undefined
  }
  if (setting.kind === 'group' || setting.kind === 'map') return undefined
  return { path, setting, quiet, groups, file }
}

type Fields = GroupSetting['fields']

const fieldFor = (fields: Fields, part: string): string | undefined =>
  Object.keys(fields).find((name) => constantCase(name) === part)

/** The secret that is in the file that a variable names. */
function secretFor(fields: Fields, part: string): string | undefined {
  const name = part.endsWith(fileSuffix) ? fieldFor(fields, part.slice(0, -fileSuffix.length)) : undefined
  return name !== undefined && isSecret(fields[name]) ? name : undefined
}

/** The name that is meant: one that is known, or a new one; several if that is not clear. */
function nameFor(part: string, known: readonly string[]): string | string[] | undefined {
  const meant = known.filter((name) => constantCase(name) === part)
  if (meant.length > 1) return meant
  const name = meant[0] ?? camelCase(part)
  return isName(name) && constantCase(name) === part ? name : undefined
}

function read(
  layer: Layer,
  variable: string,
  { path, setting, quiet, groups, file }: Found,
  given: string,
): void {
  const from = { origin: 'environment', text: variable } as const
  const problem = (message: string): unknown => layer.problems.push({ path, source: variable, message })
  for (const group of groups) if (!layer.present.has(group)) layer.present.set(group, from)
  const before = layer.entries.get(path)
  if (before !== undefined) problem(`is given twice: also by ${before.from.text}`)
  else if (given === '') problem('is empty; take the variable away to leave the setting as it is')
  else if (file) {
    const content = readText(given)
    if ('problem' in content) return void problem(`names a file that cannot be read (${content.problem})`)
    // Editors and `echo` end files with a line feed that is not part of the secret.
    addValue(layer, path, setting, content.text.replace(/\r?\n$/, ''), { form: 'text', from, quiet })
  } else addValue(layer, path, setting, given, { form: 'text', from, quiet })
}

/** What to say of a name that leads nowhere: the value is not shown, it may be a secret. */
function unknown(variable: string, table: GroupSetting, options: EnvironmentOptions): string {
  const { prefix, ignored, namesOf } = options
  const guess = camelCase(variable.slice(prefix.length).split('__')[1] ?? '')
  const namesOrGuess = (path: string): readonly string[] => {
    const known = namesOf(path)
    return isName(guess) && !known.includes(guess) ? [...known, guess] : known
  }
  const valid = placesIn(table, namesOrGuess).flatMap(({ path, setting }) => {
    const name = environmentName(prefix, path)
    return setting.secret ? [name, name + fileSuffix] : [name]
  })
  const meant = nearest(variable, [...valid, ...ignored])
  return `is not a setting${meant === undefined ? '' : `; did you mean ${meant}?`}`
}
