/** All settings as a list, for pages and programs. */
import { formatDuration } from '@seaworthy/core'
import { environmentName, placesIn } from './names.ts'
import { allowedValues } from './read-value.ts'
import type { LeafSetting } from './setting.ts'
import { everything } from './settings.ts'

/** A setting as plain data. Names of your own are `<name>` in `path` and `<NAME>` in `environment`. */
export interface SettingReference {
  readonly path: string
  readonly environment: string
  readonly kind: string
  /** What is allowed, in words. */
  readonly allowed: string
  /** Undefined if there is none, or it depends on other settings. */
  readonly default: unknown
  readonly required: boolean
  readonly secret: boolean
  readonly doc: string
}

/** All settings that there are. @param prefix - @defaultValue `'SEAWORTHY_'` */
export function configurationReference(prefix = 'SEAWORTHY_'): SettingReference[] {
  return placesIn(everything, () => ['<name>']).map(({ path, setting }) => ({
    path,
    environment: environmentName(prefix, path),
    kind: setting.kind,
    allowed: allowedValues(setting),
    default: setting.default,
    required: setting.required === true,
    secret: setting.secret === true,
    doc: setting.doc,
  }))
}

/** The same as a table in Markdown for each section. */
export function configurationTables(prefix?: string): string {
  const places = new Map(placesIn(everything, () => ['<name>']).map(({ path, setting }) => [path, setting]))
  const rows = configurationReference(prefix).map((each) => {
    const setting = places.get(each.path) as LeafSetting
    return [
      `\`${each.path}\``,
      `\`${each.environment}\``,
      allowedText(setting),
      defaultText(setting),
      each.doc,
    ]
  })
  const sections = Object.entries(everything.fields).flatMap(([name, { kind, doc }]) => {
    const inside = rows.filter(([path = '']) => path.slice(1, -1).split('.')[0] === name)
    const alone = kind !== 'group' && kind !== 'map'
    return [`### \`${name}\``, ...(alone ? [] : [doc]), table([header, ...inside])]
  })
  return sections.join('\n\n')
}

const header = ['setting', 'environment variable', 'allowed', 'default', 'meaning']

/** Shorter than in errors: the page explains durations and lists once. */
function allowedText(setting: LeafSetting): string {
  const off = 'off' in setting && setting.off ? ' or `false`' : ''
  switch (setting.kind) {
    case 'duration': {
      const { least = 0 } = setting
      return `duration${least > 1 ? ` ≥ ${formatDuration(least)}` : ''}${off}`
    }
    case 'word':
      return setting.allowed.map((word) => `\`${word}\``).join(' ')
    case 'switch':
      return '`true` `false`'
    case 'list':
      return 'list'
    case 'pairs':
      return 'pairs'
    default:
      return `${allowedValues(setting).replace(', or false', '')}${off}`.replace(/^a /, '')
  }
}

function defaultText(setting: LeafSetting): string {
  if (setting.required) return setting.secret ? 'must be given; secret' : 'must be given'
  if (setting.secret) return 'none; secret'
  if (setting.computed) return 'by preset and profile'
  const { default: value } = setting
  if (value === undefined) return ''
  if (setting.kind === 'duration' && value === 0) return '`0ms`'
  return typeof value === 'object' ? 'none' : `\`${value}\``
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = header.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [first = [], ...rest] = rows
  return [line(first), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rest.map(line)].join(
    '\n',
  )
}
