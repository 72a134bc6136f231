/** Shows the configuration in effect, without its secrets. */
import { formatDuration } from '@seaworthy/core'
import type { EffectiveSetting } from './effective.ts'
import type { Origin } from './layer.ts'
import { environmentName } from './names.ts'
import { mask } from './read-value.ts'
import type { Configuration } from './settings.ts'
import { backgroundOf } from './store.ts'

/** A setting in effect, as plain data. */
export interface DescribedSetting {
  /** For example `policies.payments.timeout`. */
  readonly path: string
  /** `[redacted]` for a secret. */
  readonly value: unknown
  readonly origin: Origin
  /** Where it came from, for people. */
  readonly source: string
  /** The environment variable that would set it. */
  readonly environment: string
}

/** A configuration as plain data, secrets masked. */
export interface ConfigurationDescription {
  readonly profile: string
  readonly settings: readonly DescribedSetting[]
}

/** What {@link formatConfiguration} shows. */
export interface FormatOptions {
  /** Whether to leave out what is as built in. @defaultValue false */
  readonly changedOnly?: boolean
}

/**
 * Every setting in effect with its source, as JSON.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when it was not made by `loadConfiguration`.
 */
export function describeConfiguration(configuration: Configuration): ConfigurationDescription {
  const { prefix, settings } = backgroundOf(configuration)
  return {
    profile: configuration.profile,
    settings: settings.map(({ path, setting, value, from }) => ({
      path,
      value: setting.secret ? mask : value,
      origin: from.origin,
      source: from.text,
      environment: environmentName(prefix, path),
    })),
  }
}

/**
 * Every setting in effect with its source, as aligned text.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when it was not made by `loadConfiguration`.
 */
export function formatConfiguration(configuration: Configuration, options: FormatOptions = {}): string {
  const { settings } = backgroundOf(configuration)
  const shown = settings.filter(({ from }) => !options.changedOnly || from.origin !== 'default')
  const rows = shown.map((each) => [each.path, valueText(each), each.from.text] as const)
  return table([['setting', 'value', 'from'], ...rows])
}

function valueText({ setting, value }: EffectiveSetting): string {
  if (setting.secret) return mask
  if (setting.kind === 'duration' && typeof value === 'number') return formatDuration(value)
  if (setting.kind === 'list') return (value as readonly string[]).map(printable).join(', ') || 'none'
  if (setting.kind === 'pairs')
    return (
      Object.entries(value as object)
        .map(([name, word]) => `${printable(name)}=${word}`)
        .join(', ') || 'none'
    )
  return printable(String(value))
}

/** A text with line feeds must not look like another setting. */
const printable = (text: string): string => (/^[\P{C}]*$/u.test(text) ? text : JSON.stringify(text))

function table(rows: ReadonlyArray<readonly [string, string, string]>): string {
  const width = (column: 0 | 1): number =>
    Math.max(...rows.map((row) => row[column].length).filter((length) => length <= 40))
  const [first, second] = [Math.max(...rows.map(([path]) => path.length)), width(1)]
  return rows
    .map(([path, value, from]) => `${path.padEnd(first)}   ${value.padEnd(second)}   ${from}`)
    .join('\n')
}
